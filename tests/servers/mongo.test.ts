/** The adapters on MongoDB (MONGO_URL): the contracts, and what is particular to the server. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Company } from '../../src/canonical/incoming.ts'
import type { AppError } from '../../src/errors.ts'
import type { Claim, ItemResult, Ledger, NewChunk } from '../../src/ledger/ports.ts'
import type { Calls } from '../../src/stores/calls.ts'
import { mongoDocuments } from '../../src/stores/documents.mongo.ts'
import { mongoLedger } from '../../src/stores/ledger.mongo.ts'
import { type Mongo, openMongo } from '../../src/stores/mongo.ts'
import { migrate, schemaState } from '../../src/stores/schema.ts'
import { documentsContract } from '../contracts/documents.ts'
import { chunk, lawHolds, ledgerContract, p1, p2, work } from '../contracts/ledger.ts'
import { openProxy } from '../tcp-proxy.ts'

const MONGO_URL = process.env.MONGO_URL

describe.skipIf(!MONGO_URL)('on MongoDB', () => {
  let mongo: Mongo
  beforeAll(() => {
    const url = new URL(MONGO_URL!)
    url.pathname = `/looma_test_${randomBytes(6).toString('hex')}`
    mongo = openMongo(url.href)
  })
  afterAll(async () => {
    await mongo?.db.dropDatabase()
    await mongo?.close()
  })
  const emptied = async () => {
    for (const { name } of await mongo.db.listCollections().toArray())
      if (name !== 'migrations') await mongo.db.collection(name).deleteMany({})
  }

  documentsContract('documents', async () => {
    const store = mongoDocuments(mongo)
    await migrate(store.schema, 'test')
    await emptied()
    return { store, close: () => undefined }
  })

  ledgerContract(
    'the ledger',
    async (now) => {
      const ledger = mongoLedger(mongo, now)
      await migrate(ledger.schema, 'test')
      await emptied()
      return { ...ledger, close: async () => undefined }
    },
    15,
  )

  describe('a process that dies in the middle of a change', () => {
    /** A process that dies at its call `at`: before the server got it, or after it did it. Nothing of it goes on after that. */
    function dying(at: number, when: 'before' | 'after') {
      const death = Promise.withResolvers<'died'>()
      let n = 0
      const calls: Calls = Object.assign(
        async <T>(query: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> => {
          const mine = n++
          if (mine < at) return mongo.calls(query, run)
          if (mine === at && when === 'after') await mongo.calls(query, run)
          if (mine === at) death.resolve('died')
          return new Promise<never>(() => undefined)
        },
        { queries: () => [] },
      )
      return { calls, died: death.promise }
    }

    const rejected: NewChunk = {
      ...chunk(0),
      stages: [],
      items: [{ n: 9, type: 'talent', key: 'bad', input: null, rejected: 'invalid-item' }],
    }
    /** Everything a process does with a batch: in 2 stages of which one item fails, and a second batch that is cancelled. */
    async function live(ledger: Ledger): Promise<void> {
      const stages: NewChunk['stages'] = ['ingest', 'match']
      await ledger.idempotencyStart('acme', 'k', p1)
      await ledger.submit('acme', { id: 'b1' }, [chunk(2, 0, { stages, barrier: 1 }), chunk(2, 2, { stages, barrier: 1 }), rejected], {
        key: 'k',
        hash: 'h',
        holder: p1,
      })
      await ledger.submit('acme', { id: 'b2' }, [chunk(3, 0, { stages, barrier: 1 })])
      await work(ledger, failOne, 1)
      await ledger.cancel('acme', 'b2')
      await work(ledger, failOne)
    }
    const failOne = (claim: Claim): ItemResult[] =>
      claim.items.map(({ n, ms }) =>
        claim.batchId === 'b1' && n === 1
          ? { n, ms, to: 'end', outcome: 'failed', code: 'internal', attempt: true }
          : { n, ms, to: 'pass' },
      )

    it('opens no batch of a request that stood still until another one had its key', async () => {
      await emptied()
      const clock = { t: 1_000_000 }
      const reached = Promise.withResolvers<void>()
      const goOn = Promise.withResolvers<void>()
      const calls: Calls = Object.assign(
        async <T>(query: string, ...rest: [(signal: AbortSignal) => Promise<T>]): Promise<T> => {
          if (query === 'batches.open') {
            reached.resolve()
            await goOn.promise
          }
          return mongo.calls(query, ...rest)
        },
        { queries: () => [] },
      )
      const slow = mongoLedger({ ...mongo, calls }, () => clock.t)
      const ledger = mongoLedger(mongo, () => clock.t)
      await slow.idempotencyStart('acme', 'k', p1)
      const late = slow.submit('acme', { id: 'slow' }, [chunk(2)], { key: 'k', hash: 'h', holder: p1 })
      late.catch(() => undefined)
      await reached.promise
      clock.t += 20_000
      expect(await ledger.idempotencyStart('acme', 'k', p2)).toEqual({ state: 'new' })
      goOn.resolve()
      await expect(late).rejects.toMatchObject({ code: 'idempotency-in-flight' })
      await ledger.submit('acme', { id: 'b1' }, [chunk(1)], { key: 'k', hash: 'h', holder: p2 })
      expect((await ledger.batches('acme', { limit: 10 })).map(({ id }) => id)).toEqual(['b1'])
      expect(await ledger.idempotencyStart('acme', 'k', p1)).toMatchObject({ state: 'done', location: '/v1/batches/b1' })
    })

    it.each(['before', 'after'] as const)('loses and doubles nothing, wherever it was: %s the write', async (when) => {
      let calls = 0
      for (let at = 0; ; at++) {
        await emptied()
        const clock = { t: 1_000_000 }
        const process = dying(at, when)
        const end = await Promise.race([process.died, live(mongoLedger({ ...mongo, calls: process.calls }, () => clock.t))])
        calls = at
        if (end !== 'died') break
        // Another process, a minute later.
        clock.t += 60_000
        const ledger = mongoLedger(mongo, () => clock.t)
        for (let round = 0; round < 4; round++) {
          await work(ledger, failOne)
          clock.t += 60_000
          for (const lost of await ledger.idle(30_000)) await ledger.recover(lost, { maxLost: 25 })
        }
        for (const id of ['b1', 'b2']) {
          const batch = await ledger.batch('acme', id)
          if (batch === null || batch.state === 'receiving') continue
          const where = `${id} after call ${at}`
          await lawHolds(ledger, 'acme', id)
          expect(batch.state, where).toBe('closed')
          const events = await ledger.events('acme', id, 0, 1000)
          expect(events.filter(({ type }) => type === 'opened').length, where).toBe(1)
          expect(events.filter(({ type }) => type === 'closed').length, where).toBe(1)
          expect(events.at(0)?.type, where).toBe('opened')
          expect(events.at(-1)?.type, where).toBe('closed')
          expect(
            events.map(({ seq }) => seq),
            where,
          ).toEqual(events.map((_, i) => i + 1))
          const ended = events.flatMap(({ type, data }) =>
            type === 'items'
              ? (data as { items: { n: number; to: string }[] }).items.filter(({ to }) => to !== 'passed').map(({ n }) => n)
              : [],
          )
          expect(ended.sort(), where).toEqual(id === 'b1' ? [0, 1, 2, 3, 9] : [0, 1, 2])
          if (id === 'b1') expect(batch.counts, where).toMatchObject({ submitted: 5, done: 3, failed: 2 })
          else expect(batch.cancelRequestedAt === null ? batch.counts.done : batch.counts.cancelled + batch.counts.done, where).toBe(3)
          if (id === 'b1')
            expect(await ledger.idempotencyStart('acme', 'k', p2), where).toMatchObject({ state: 'done', location: '/v1/batches/b1' })
        }
        expect(
          (await ledger.deadLetters('acme', {}, { limit: 10 })).map(({ batchId, n, id }) => [batchId, n, id]),
          `after call ${at}`,
        ).toEqual((await ledger.batch('acme', 'b1'))?.state === 'closed' ? [['b1', 1, 1]] : [])
      }
      expect(calls).toBeGreaterThan(60)
    })
  })

  it('says what is to be migrated, migrates once, and refuses what a newer version wrote', async () => {
    await mongo.db.collection('migrations').deleteMany({})
    const { schema } = mongoDocuments(mongo)
    const steps = schema.steps.map(({ name }) => name)
    expect(await schemaState(schema)).toMatchObject({ pending: steps, fault: expect.stringContaining('looma migrate') })
    // As the first version left it, which did not mark companies.
    await migrate({ ...schema, steps: schema.steps.slice(0, 1) }, 'old')
    expect((await schemaState(schema)).pending).toEqual(steps.slice(1))
    const documents = mongoDocuments(mongo)
    await documents.put('migrated', [{ kind: 'company', id: 'c', data: Company.parse({ name: 'Brindle' }), source: { by: 'sync' } }])
    await documents.clean('graph', await documents.dirty('graph', { tenant: 'migrated', limit: 9 }))
    expect(await migrate(schema, 'one')).toEqual(steps.slice(1))
    expect((await documents.dirty('graph', { tenant: 'migrated', limit: 9 })).map(({ kind, id }) => [kind, id])).toEqual([['company', 'c']])
    expect(await migrate(schema, 'two')).toEqual([])
    expect(await schemaState(schema)).toEqual({ pending: [], fault: null, hopeless: false })
    await schema.journal.write({ n: steps.length, name: '9999-later', sum: 'x', done: true })
    expect((await schemaState(schema)).fault).toContain('newer version')
    await expect(migrate(schema, 'three')).rejects.toMatchObject({ code: 'store-down' })
  })

  it('none of the queries that the tests above sent reads a whole collection', async () => {
    const plans = await mongo.inspect.plans()
    expect(plans.length).toBeGreaterThan(40)
    // Once, when a process starts that has the ledger for itself.
    const atStart = 'idempotency.free'
    expect(plans.filter(({ query, full }) => full.length > 0 && query !== atStart)).toEqual([])
    // The check bites: the feeder's query without its index.
    await mongo.db.collection('chunks').dropIndex('state_1_job_1_ready_at_1')
    await mongo.db.collection('chunks').dropIndex('state_1_job_1_tenant_1_created_at_1_batch_id_1_chunk_1')
    await mongo.db.collection('chunks').dropIndex('state_1_touched_at_1')
    const found = (await mongo.inspect.plans()).flatMap(({ query, full }) => (full.length > 0 && query !== atStart ? [query] : []))
    expect(found).toContain('chunks.idle')
  })

  it('finds a server that was away when it was first asked', async () => {
    const url = new URL(MONGO_URL!)
    const proxy = await openProxy(Number(url.port || 27_017))
    url.host = `127.0.0.1:${proxy.port}`
    proxy.down()
    const late = openMongo(url.href)
    try {
      const ask = () => late.calls('test', () => late.db.collection('any').countDocuments())
      await expect(late.check()).rejects.toMatchObject({ code: 'store-down' })
      await expect(ask()).rejects.toMatchObject({ code: 'store-down' })
      proxy.up()
      await expect
        .poll(
          () =>
            ask().then(
              () => 'answers',
              (error: AppError) => error.code,
            ),
          { timeout: 20_000 },
        )
        .toBe('answers')
      await late.check()
    } finally {
      await late.close()
      await proxy.close()
    }
  })

  it('says that the server cannot be reached, whatever its line does in the middle of calls', async () => {
    const url = new URL(MONGO_URL!)
    const proxy = await openProxy(Number(url.port || 27_017))
    url.host = `127.0.0.1:${proxy.port}`
    const through = openMongo(url.href)
    const codes = new Map<string, number>()
    const update = (_id: number) =>
      through.calls('test', () => through.db.collection<{ _id: number }>('cut').updateOne({ _id }, { $set: { at: 1 } }, { upsert: true }), {
        once: true,
      })
    try {
      for (let round = 0; round < 40; round++) {
        // Every other time the line breaks before they are sent, and the client does not know yet.
        if (round % 2 === 1) proxy.down()
        const sent = Array.from({ length: 15 }, (_, i) =>
          update(i).then(
            () => 'done',
            (error: AppError) => error.code,
          ),
        )
        if (round % 4 === 0) await delay(Math.random() * 10)
        proxy.down()
        for (const code of await Promise.all(sent)) codes.set(code, (codes.get(code) ?? 0) + 1)
        proxy.up()
        await Promise.allSettled(Array.from({ length: 15 }, (_, i) => update(i)))
      }
      expect([...codes.keys()].filter((code) => code !== 'done' && code !== 'store-down')).toEqual([])
      expect(codes.get('store-down')).toBeGreaterThan(15)
    } finally {
      await through.close()
      await proxy.close()
    }
  })
})
