/** Erasing a person: everywhere, for good, whoever dies on the way. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { erasureId } from '../src/canonical/erasure.ts'
import { Relation } from '../src/canonical/incoming.ts'
import { Talent } from '../src/canonical/schema.ts'
import type { SourceRecord } from '../src/canonical/sync.ts'
import { createLog } from '../src/log.ts'
import { project } from '../src/matching/project.ts'
import { edgesOf, searchEntryOf } from '../src/matching/projections.ts'
import type { Signals } from '../src/queues/signals.ts'
import { openBlobs } from '../src/stores/blobs.folder.ts'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import { openGraph } from '../src/stores/graph.sqlite.ts'
import { openLedgerHere } from '../src/stores/ledger.sqlite.ts'
import type { Doc } from '../src/stores/ports.ts'
import { openSearch } from '../src/stores/search.sqlite.ts'
import { carryOut, type EraseDeps, orderErasure, resumeErasures } from '../src/sync/erase.ts'
import { NO_RULES } from '../src/sync/merge.ts'
import { settle, settleDirty } from '../src/sync/settle.ts'
import { NO_MODEL } from './no-model.ts'
import { type Client, type System, startSystem, tempDir } from './support.ts'

const RESUME = 'Zephyrine Quist\nzephyrine@example.com\n\nSkills\nSQL, Go\n\nExperience\n2020 - 2024 Example Ltd, Engineer\n'
type Erasure = { id: string; subject: string; status: string; removed: Record<string, number>; proof: string; genuine: boolean }

describe('through the whole system', () => {
  let system: System
  let folder: string
  let recruiter: Client
  beforeAll(async () => {
    folder = await tempDir()
    const mapping = { system: 'hr', entity: 'staff', kind: 'talent', id: 'no', fields: { name: 'name', title: 'title' } }
    const source = (file: string) => ({ tenant: 'acme', kind: 'csv', path: join(folder, file), mapping })
    const end = (id: string) => ({ kind: 'talent', system: 'hr', entity: 'staff', id })
    const ties = {
      system: 'hr',
      entity: 'ties',
      kind: 'relation',
      id: 'no',
      from: end('who'),
      to: end('whom'),
      fields: { type: { is: 'colleague' } },
    }
    const tied = (file: string) => ({ tenant: 'acme', kind: 'csv', path: join(folder, file), mapping: ties })
    const sources = { payroll: source('payroll.csv'), crm: source('crm.csv'), ties: tied('ties.csv'), others: tied('others.csv') }
    await writeFile(join(folder, 'sources.json'), JSON.stringify({ sources }))
    system = await startSystem({ SOURCES_FILE: join(folder, 'sources.json') })
    recruiter = await system.as('acme')
  })
  afterAll(() => system[Symbol.asyncDispose]())

  const erase = async (id: string): Promise<Erasure> => {
    const answer = await recruiter.call(`/v1/talents/${id}/erasure`, { method: 'POST' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('location')).toMatch(/^\/v1\/erasures\/e_/)
    return (await answer.json()) as Erasure
  }
  // Search by meaning always finds somebody: who is called so counts here.
  const found = async (q: string) =>
    (await recruiter.get<{ data: { id: string; talent: Talent }[] }>(`/v1/talents?q=${q}`)).data.filter(({ talent }) =>
      talent.name?.includes(q),
    )
  const sync = async (name: string, rows: string, columns = 'no,name,title') => {
    await writeFile(join(folder, `${name}.csv`), `${columns}\n${rows}`)
    const answer = await recruiter.call(`/v1/sources/${name}/runs`, { json: {}, headers: { prefer: 'wait=30' } })
    return (await answer.json()) as { counts: Record<string, number> }
  }
  const upload = async () => {
    const body = { method: 'POST', body: RESUME, headers: { 'content-type': 'application/octet-stream' } }
    return ((await (await recruiter.call('/v1/blobs', body)).json()) as { blob: string }).blob
  }

  it('takes a résumé away with everything that was made from it, and takes it no more', async () => {
    const blob = await upload()
    const batch = await recruiter.batch([
      { type: 'position', id: 'p', title: 'SQL engineer', mustSkills: ['SQL'] },
      { type: 'resume', blob, fileName: 'Quist CV.txt' },
    ])
    const items = await recruiter.get<{ data: { type: string; subject: { kind: string; id: string } }[] }>(`/v1/batches/${batch.id}/items`)
    const [position, talent] = items.data.map(({ subject }) => subject.id)
    await recruiter.batch([{ type: 'match', positionId: position }])
    const matches = () => recruiter.get<{ results: { id: string }[] }>(`/v1/positions/${position}/matches`)
    expect(JSON.stringify(await matches())).toContain(talent)

    const erasure = await erase(talent!)
    expect(erasure).toMatchObject({
      subject: talent,
      status: 'done',
      genuine: true,
      removed: { talent: 1, reading: 1, file: 1, 'match of a position': 1 },
    })
    const claims = Buffer.from(erasure.proof.split('.')[1]!, 'base64url').toString()
    expect(JSON.parse(claims)).toMatchObject({ tenant: 'acme', subject: talent, removed: erasure.removed })
    expect(JSON.stringify(erasure) + claims).not.toMatch(/Quist|zephyrine/i)

    expect((await recruiter.call(`/v1/talents/${talent}`)).status).toBe(404)
    expect(await found('Quist')).toEqual([])
    expect(JSON.stringify(await matches())).not.toContain(talent)
    const left = await (await recruiter.call(`/v1/batches/${batch.id}/items`)).text()
    expect(left).not.toContain('Quist')
    expect(await (await recruiter.call(`/v1/batches/${batch.id}/receipt`)).text()).not.toContain('Quist')

    const again = await recruiter.batch([{ type: 'resume', blob: await upload() }])
    const refused = await recruiter.get<{ data: { code: string }[] }>(`/v1/batches/${again.id}/items`)
    expect(refused.data.map(({ code }) => code)).toEqual(['person-erased'])
    expect(await found('Quist')).toEqual([])
    // Asked again, the same answer.
    expect(await erase(talent!)).toEqual(erasure)
    expect((await recruiter.get<{ data: { id: string }[] }>('/v1/erasures')).data.map(({ id }) => id)).toContain(erasure.id)
  })

  it('is not undone by a sync, nor by another source that names the same person, nor by a batch', async () => {
    await sync('payroll', '1,Orla Finch,Analyst\n2,Omar Reyes,Clerk')
    const [orla] = await found('Orla')
    const erasure = await erase(orla!.id)
    expect(erasure.removed).toMatchObject({ talent: 1, record: 1 })
    expect((await sync('payroll', '1,Orla Finch,Director\n2,Omar Reyes,Clerk')).counts).toMatchObject({ read: 2, stale: 1, unchanged: 1 })
    await sync('crm', '1,Orla Finch,Director\n2,Omar Reyes,Clerk')
    expect(await found('Orla')).toEqual([])
    expect((await recruiter.call(`/v1/talents/${orla!.id}`)).status).toBe(404)
    expect((await found('Omar')).length).toBe(1)

    await recruiter.batch([{ type: 'talent', id: 'ann', name: 'Ann Vesper' }])
    const [ann] = await found('Vesper')
    await erase(ann!.id)
    const batch = await recruiter.batch([
      { type: 'talent', id: 'ann', name: 'Ann Vesper' },
      { type: 'talent', id: 'bob', name: 'Bob Vesper' },
    ])
    expect(batch.counts).toMatchObject({ done: 1, failed: 1 })
    expect((await found('Vesper')).map(({ id }) => id)).not.toContain(ann!.id)
  })

  it('takes relations along, and another source does not bring them back until it is lifted', async () => {
    await sync('payroll', '2,Omar Reyes,Clerk\n8,Nia Brandt,Welder\n9,Odd Field,Mason')
    const [nia] = await found('Brandt')
    const related = async () => (await recruiter.get<{ data: unknown[] }>(`/v1/relations?of=${nia!.id}`)).data.length
    const tie = (name: string) => sync(name, '1,8,9\n2,9,2', 'no,who,whom')
    expect((await tie('ties')).counts).toMatchObject({ inserted: 2 })
    await vi.waitFor(async () => expect(await related()).toBe(1), 10_000)
    const erasure = await erase(nia!.id)
    expect(erasure.removed).toMatchObject({ talent: 1, relation: 1 })
    expect(await related()).toBe(0)
    await tie('ties')
    await tie('others')
    const left = (await recruiter.get<{ data: { relation: { from: { id: string } } }[] }>('/v1/relations')).data
    expect(left.map(({ relation }) => relation.from.id)).not.toContain(nia!.id)
    expect(left).toHaveLength(1)
    // Corrected, it is about somebody else.
    await sync('others', '1,2,9\n2,9,2', 'no,who,whom')
    const now = (await recruiter.get<{ data: { relation: { from: { id: string } } }[] }>('/v1/relations')).data
    expect(now).toHaveLength(2)
    await recruiter.call(`/v1/erasures/${erasure.id}/lift`, { json: { reason: 'has applied again' } })
    await tie('others')
    await vi.waitFor(async () => expect(await related()).toBe(1), 10_000)
  })

  it('can be lifted for who comes back, and ordered again', async () => {
    await sync('payroll', '1,Orla Finch,Director\n2,Omar Reyes,Clerk\n7,Iris Vane,Nurse')
    const [iris] = await found('Vane')
    const first = await erase(iris!.id)
    const lift = (json: unknown, id = first.id) => recruiter.call(`/v1/erasures/${id}/lift`, { json })
    expect((await lift({})).status).toBe(400)
    const lifted = await lift({ reason: 'has applied again' })
    expect(lifted.status).toBe(200)
    expect(await lifted.json()).toMatchObject({ status: 'lifted', proof: first.proof, lifted: { reason: 'has applied again' } })
    expect((await lift({ reason: 'twice' })).status).toBe(409)

    const back = await sync('payroll', '1,Orla Finch,Director\n2,Omar Reyes,Clerk\n7,Iris Vane,Head nurse')
    expect(back.counts).toMatchObject({ read: 3, inserted: 1, stale: 1, unchanged: 1 })
    expect((await found('Vane')).map(({ id, talent }) => [id, talent.title])).toEqual([[iris!.id, 'Head nurse']])

    const second = await erase(iris!.id)
    expect(second).toMatchObject({
      id: first.id,
      status: 'done',
      earlier: [{ proof: first.proof, lifted: { reason: 'has applied again' } }],
    })
    expect(second.proof).not.toBe(first.proof)
    expect((await sync('payroll', '2,Omar Reyes,Clerk\n7,Iris Vane,Nurse')).counts).toMatchObject({ stale: 1 })
    expect(await found('Vane')).toEqual([])
  })

  it('is lifted for files too, of which nothing was kept while they were refused', async () => {
    const body = 'Jarek Vossmer\njarek@example.com\n\nSkills\nSQL\n'
    const upload = async () => {
      const answer = await recruiter.call('/v1/blobs', { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } })
      return ((await answer.json()) as { blob: string }).blob
    }
    const send = async (blob: string) => {
      const { id } = await recruiter.batch([{ type: 'resume', blob, fileName: 'Vossmer.txt' }])
      return (
        await recruiter.get<{ data: { key: string | null; code: string | null; subject: { id: string } | null }[] }>(
          `/v1/batches/${id}/items`,
        )
      ).data[0]!
    }
    const blob = await upload()
    const erasure = await erase((await send(blob)).subject!.id)
    expect(await send(await upload())).toMatchObject({ key: null, code: 'person-erased' })
    await recruiter.call(`/v1/erasures/${erasure.id}/lift`, { json: { reason: 'has applied again' } })
    expect(await send(blob)).toMatchObject({ code: 'blob-missing' })
    expect(await send(await upload())).toMatchObject({ code: null, subject: { id: erasure.subject } })
  })

  it('is for those who may delete, and of those who are there', async () => {
    const viewer = await system.as('acme', 'viewer')
    expect((await viewer.call('/v1/talents/t_x/erasure', { method: 'POST' })).status).toBe(403)
    expect((await recruiter.call('/v1/talents/t_x/erasure', { method: 'POST' })).status).toBe(404)
  })
})

const ENDS = { from: { kind: 'talent', id: 't_1' }, to: { kind: 'company', id: 'c_1' } } as const

const TIE: SourceRecord = {
  source: 'crm',
  key: { system: 'crm', entity: 'ties', id: '2' },
  subject: { kind: 'relation', id: 'rel_2' },
  at: null,
  fetch: 1,
  rev: 1,
  says: { type: 'friend', ...ENDS },
  extra: {},
  faults: [],
  gone: false,
}

/** Stores with somebody in all of them. */
async function world(): Promise<EraseDeps & { talent: Doc<'talent'>; forgotten: string[] }> {
  const [documents, graph, search, ledger] = [
    openDocuments(':memory:'),
    openGraph(':memory:'),
    openSearch(':memory:'),
    openLedgerHere(':memory:'),
  ]
  onTestFinished(async () => {
    for (const store of [documents, graph, search]) store.close()
    await ledger.close()
  })
  const blobs = await openBlobs(await tempDir())
  const { sha256 } = await blobs.put('acme', Readable.from(['Ada Quill']), { maxBytes: 100 })
  const data = Talent.parse({ name: 'Ada Quill', skills: ['SQL'] })
  const source = { by: 'resume' as const, blob: sha256 }
  await documents.put('acme', [
    { kind: 'talent', id: 't_1', data, source },
    { kind: 'correction', id: 't_1', data: { fields: {} }, source },
    { kind: 'relation', id: 'rel_1', data: Relation.parse({ type: 'applied', ...ENDS }), source },
  ])
  const talent = (await documents.get('acme', 'talent', 't_1'))!
  await search.put('acme', [searchEntryOf(talent)])
  const relation = (await documents.get('acme', 'relation', 'rel_1'))!
  await graph.put(
    'acme',
    [talent, relation].map((doc) => ({ kind: doc.kind, id: doc.id, ver: doc.ver, edges: edgesOf(doc) })),
  )
  const sign = async (claims: Record<string, unknown>) => JSON.stringify(claims)
  const forgotten: string[] = []
  const signals = { send: (signal: Parameters<Signals['send']>[0]) => void (signal.type === 'forget' && forgotten.push(signal.keys)) }
  const sources = { rules: () => NO_RULES }
  return { stores: { documents, graph, search, blobs }, ledger, embedder: NO_MODEL, signals, sources, sign, talent, forgotten }
}

/** Stores whose call number `at`, counted once `counts` allows it, fails as a killed process would, and so do all after it. */
function killedAt(at: number, counts: () => boolean = () => true) {
  const state = { dead: false }
  let calls = 0
  const mortal = <T extends object>(store: T, before: (method: PropertyKey, args: unknown[]) => Promise<void> = async () => undefined): T =>
    new Proxy(store, {
      get(target, key) {
        const method = Reflect.get(target, key) as (...args: unknown[]) => Promise<unknown>
        return async (...args: unknown[]) => {
          await before(key, args)
          if (state.dead || (counts() && calls++ === at)) {
            state.dead = true
            throw new Error('dead')
          }
          return method.apply(target, args)
        }
      },
    })
  return { mortal, state }
}

describe('whoever carries it out may die at any call', () => {
  it('and the next one goes on', async () => {
    const log = createLog('silent')
    let died = 0
    for (let at = 0; ; at++) {
      const { talent, forgotten, ...deps } = await world()
      const { documents, search, graph, blobs } = deps.stores
      const order = await orderErasure(
        { documents, embedder: NO_MODEL },
        { tenant: 'acme', subject: 't_1', talent, by: 'tester' },
        new Date(),
      )
      const { mortal, state } = killedAt(at)
      const stores = { documents: mortal(documents), search: mortal(search), graph: mortal(graph), blobs: mortal(blobs) }
      await resumeErasures({ ...deps, stores, ledger: mortal(deps.ledger) }, log, 10).catch(() => undefined)
      if (state.dead) died++
      await resumeErasures(deps, log, 10)

      expect((await documents.get('acme', 'erasure', order.id))!.data).toMatchObject({ status: 'done', traces: null })
      for (const kind of ['talent', 'correction', 'relation'] as const) expect(await documents.count('acme', kind)).toBe(0)
      expect(forgotten.join()).toContain('SQL')
      expect(await search.named('acme', 'talent', 'Ada', { limit: 5 })).toEqual([])
      expect(await graph.edges('acme', 'talent', 't_1')).toEqual([])
      expect(await graph.relationsOf('acme', { kind: 'talent', id: 't_1' }, { limit: 5 })).toEqual([])
      expect(await blobs.has('acme', talent.source.blob!)).toBe(false)
      expect((await documents.dirty('canonical', { limit: 10 })).filter(({ kind }) => kind === 'erasure')).toEqual([])
      if (!state.dead) break
    }
    expect(died).toBeGreaterThan(15)
  })

  it('nor does a relation stay that was being written at the time', async () => {
    let died = 0
    for (let at = 0; ; at++) {
      const { talent, ...deps } = await world()
      const { documents, graph } = deps.stores
      await documents.put('acme', [{ kind: 'record', id: 'r_2', data: TIE, source: { by: 'sync' } }])
      let ordered = false
      const { mortal, state } = killedAt(at, () => ordered)
      const slow = mortal(documents, async (method, args) => {
        if (ordered || method !== 'put' || !(args[1] as { kind: string }[]).some(({ kind }) => kind === 'relation')) return
        ordered = true
        await orderErasure({ documents, embedder: NO_MODEL }, { tenant: 'acme', subject: 't_1', talent, by: 'tester' }, new Date())
        await resumeErasures(deps, createLog('silent'), 10)
      })
      await settle(slow, 'acme', [{ ...TIE.subject, records: ['r_2'] }], NO_RULES).catch(() => undefined)
      if (state.dead) died++
      await settleDirty(documents, () => NO_RULES, { limit: 10 })
      await project(deps.stores, NO_MODEL, await documents.dirty('graph', { limit: 10 }))
      expect(await documents.count('acme', 'relation'), `after call ${at}`).toBe(0)
      expect(await documents.count('acme', 'record'), `after call ${at}`).toBe(0)
      expect(await graph.relationsOf('acme', { kind: 'talent', id: 't_1' }, { limit: 5 })).toEqual([])
      expect((await documents.get('acme', 'erasure', erasureId('acme', 't_1')))!.data.status).toBe('done')
      if (!state.dead) break
    }
    expect(died).toBeGreaterThan(8)
  })

  it('what other sources say of a relation stays, without what the one said that named the person', async () => {
    let died = 0
    for (const erased of ['t_1', 't_2'])
      for (let at = 0; ; at++) {
        const { talent, ...deps } = await world()
        const { documents, graph } = deps.stores
        // The first wins: it is the newer one.
        const says = (from: string, context?: string) => ({ type: 'friend', from: { kind: 'talent', id: from }, to: ENDS.to, context })
        await documents.put('acme', [
          { kind: 'talent', id: 't_2', data: Talent.parse({ name: 'Bo Quill' }), source: { by: 'api' } },
          { kind: 'record', id: 'r_2', data: { ...TIE, at: 2, says: says('t_1', 'of Ada') }, source: { by: 'sync' } },
          { kind: 'record', id: 'r_3', data: { ...TIE, source: 'hr', at: 1, says: says('t_2', 'of Bo') }, source: { by: 'sync' } },
        ])
        await settle(documents, 'acme', [{ ...TIE.subject, records: ['r_2', 'r_3'] }], NO_RULES)
        await project(deps.stores, NO_MODEL, await documents.dirty('graph', { limit: 10 }))
        const subject = { tenant: 'acme', subject: erased, talent: null, by: 'tester' }
        const order = await orderErasure({ documents, embedder: NO_MODEL }, subject, new Date())
        const { mortal, state } = killedAt(at)
        await carryOut({ ...deps, stores: { ...deps.stores, documents: mortal(documents) } }, order, new Date()).catch(() => undefined)
        if (state.dead) died++
        await resumeErasures(deps, createLog('silent'), 10)
        await resumeErasures(deps, createLog('silent'), 10)
        const left = erased === 't_1' ? ['t_2', 'of Bo', 'r_3'] : ['t_1', 'of Ada', 'r_2']
        const relation = (await documents.get('acme', 'relation', 'rel_2'))!
        expect([relation.data.from.id, relation.data.context, ...(relation.source.records ?? [])], `after call ${at}`).toEqual(left)
        expect((await documents.page('acme', 'record', { limit: 5 })).map(({ id }) => id)).toEqual(left.slice(2))
        expect(await graph.relationsOf('acme', { kind: 'talent', id: erased }, { limit: 5 })).toEqual([])
        expect(await graph.relationsOf('acme', { kind: 'talent', id: left[0]! }, { limit: 5 })).toContain('rel_2')
        if (!state.dead) break
      }
    expect(died).toBeGreaterThan(20)
  })

  it('nor does a relation stay whose record stood behind too many marks to be seen', async () => {
    const { talent, ...deps } = await world()
    const { documents } = deps.stores
    const marked = Array.from({ length: 1000 }, (_, i) => ({
      ...TIE,
      subject: { kind: 'company' as const, id: `c_${i}` },
      says: { name: 'Brindle' },
    }))
    const source = { by: 'sync' as const }
    await documents.put(
      'acme',
      marked.map((data, i) => ({ kind: 'record', id: `r_other_${i}`, data, source })),
    )
    await documents.put('acme', [{ kind: 'record', id: 'r_2', data: TIE, source }])
    let ordered = false
    const slow = killedAt(-1).mortal(documents, async (method, args) => {
      if (ordered || method !== 'put' || !(args[1] as { kind: string }[]).some(({ kind }) => kind === 'relation')) return
      ordered = true
      const order = await orderErasure(
        { documents, embedder: NO_MODEL },
        { tenant: 'acme', subject: 't_1', talent, by: 'tester' },
        new Date(),
      )
      expect((await carryOut(deps, order, new Date())).data.status).toBe('done')
      expect(await documents.get('acme', 'record', 'r_2')).toMatchObject({ deleted: false })
    })
    await settle(slow, 'acme', [{ ...TIE.subject, records: ['r_2'] }], NO_RULES)
    expect(await documents.count('acme', 'relation')).toBe(0)
    expect(await documents.get('acme', 'record', 'r_2')).toMatchObject({ deleted: true })
  })

  it('nor does somebody who was about to be written for the first time', async () => {
    const { talent: _, ...deps } = await world()
    const { documents } = deps.stores
    const order = await orderErasure(
      { documents, embedder: NO_MODEL },
      { tenant: 'acme', subject: 't_9', talent: null, by: 'tester' },
      new Date(),
    )
    expect((await carryOut(deps, order, new Date())).data).toMatchObject({ status: 'done', removed: {} })
    const late = {
      kind: 'talent' as const,
      id: 't_9',
      data: Talent.parse({ name: 'Cy Quill' }),
      source: { by: 'sync' as const },
      expect: 0,
    }
    expect(await documents.put('acme', [late])).toMatchObject([{ outcome: 'stale' }])
  })

  it('while items of the person are being worked on, the order stays open', async () => {
    const { talent, ...deps } = await world()
    const { documents } = deps.stores
    const item = { n: 0, type: 'resume', key: 'Ada.pdf', input: { blob: talent.source.blob, fileName: 'Ada.pdf' } }
    await deps.ledger.submit('acme', { id: 'b1' }, [{ stages: ['resume-parse'], barrier: null, items: [item] }])
    await orderErasure({ documents, embedder: NO_MODEL }, { tenant: 'acme', subject: 't_1', talent, by: 'tester' }, new Date())
    const status = async () => (await documents.get('acme', 'erasure', erasureId('acme', 't_1')))!.data.status
    await resumeErasures(deps, createLog('silent'), 10)
    expect([await status(), await documents.count('acme', 'talent')]).toEqual(['open', 0])
    const [dispatch] = (await deps.ledger.feed({ perTenant: 1 })).dispatches
    const claim = (await deps.ledger.claim(dispatch!))!
    await deps.ledger.finish(claim, {
      results: [{ n: 0, ms: 1, to: 'end', outcome: 'failed', code: 'person-erased', attempt: true }],
      retryInMs: 0,
      attempted: true,
    })
    await resumeErasures(deps, createLog('silent'), 10)
    expect(await status()).toBe('done')
    expect(await deps.ledger.deadLetters('acme', {}, { limit: 5 })).toMatchObject([{ key: null, code: 'person-erased' }])
  })
})
