/** Dead letters, idempotency keys, the register of processes, the operators' audit log, and retention. */
import type { Filter } from 'mongodb'
import { takeOut, withoutKeys } from '../ledger/person.ts'
import type { DeadLetter, NewItem } from '../ledger/ports.ts'
import type { LedgerFile } from './ledger.front.ts'
import { type Core, changeChunk, statesOf, writeInputs } from './ledger.mongo.core.ts'
import { chunkId, type DeadDoc } from './ledger.mongo.schema.ts'
import { idempotencyId, removeBatch } from './ledger.mongo.submit.ts'
import { ownerOf, processOf } from './ledger.rows.ts'
import { isDuplicate } from './mongo.ts'
import { unpack } from './packing.ts'
import { AUDIT_DAYS, DAY_MS, ENDED_MINUTES, OWNER_MS, RECEIVING_MS } from './retention.ts'

type Part = Pick<
  LedgerFile,
  | 'deadLetters'
  | 'deadLetterInputs'
  | 'markReplayed'
  | 'idempotencyStart'
  | 'idempotencyEnd'
  | 'beat'
  | 'gone'
  | 'processes'
  | 'audited'
  | 'auditLog'
  | 'erase'
  | 'tidy'
>

export function keepPart(core: Core): Part {
  const { col, calls, now } = core
  return {
    async deadLetters(tenant, filter, { after = 0, limit }) {
      const where: Filter<DeadDoc> = { tenant, id: { $gt: after } }
      if (filter.code !== undefined) where.code = filter.code as DeadDoc['code']
      if (filter.job !== undefined) where.job = filter.job as DeadDoc['job']
      if (filter.batchId !== undefined) where.batch_id = filter.batchId
      if (filter.since !== undefined) where.at = { $gte: Date.parse(filter.since) }
      if (!filter.includeReplayed) where.replayed_as = null
      const rows = await calls('dead.read', () => col.dead.find(where).sort({ id: 1 }).limit(limit).toArray())
      return rows.map(
        ({ id, batch_id, chunk, n, key, type, job, code, attempts, at, replayed_as }): DeadLetter => ({
          id,
          batchId: batch_id,
          chunk,
          n,
          key,
          type,
          job,
          code,
          attempts,
          at: new Date(at).toISOString(),
          replayedAs: replayed_as,
        }),
      )
    },

    async deadLetterInputs(tenant, ids) {
      const letters = await calls('dead.read', () => col.dead.find({ tenant, id: { $in: ids } }).toArray())
      const byId = new Map(letters.map((letter) => [letter.id, letter]))
      const found: NewItem[] = []
      for (const id of ids) {
        const letter = byId.get(id)
        if (!letter) continue
        const _id = chunkId({ batchId: letter.batch_id, chunk: letter.chunk })
        const [row, inputs] = await Promise.all([
          calls('chunks.read', () => col.chunks.findOne({ _id, tenant })),
          calls('inputs.read', () => col.inputs.findOne({ _id })),
        ])
        if (!row || !inputs) continue
        const items = statesOf(row)
        const at = items.findIndex((item) => item.n === letter.n)
        const input = (JSON.parse(unpack(inputs.inputs)) as unknown[])[at]
        if (at >= 0 && input !== null) found.push({ n: found.length, type: items[at]!.type, key: items[at]!.key, input })
      }
      return found
    },

    async markReplayed(tenant, ids, batchId) {
      await calls('dead.replayed', () => col.dead.updateMany({ tenant, id: { $in: ids } }, { $set: { replayed_as: batchId } }))
    },

    async idempotencyStart(tenant, key, holder) {
      const _id = idempotencyId(tenant, key)
      const owner = ownerOf(holder)
      const row = await calls('idempotency.start', async () => {
        try {
          await col.idempotency.insertOne({ _id, at: now(), owner })
        } catch (error) {
          if (!isDuplicate(error)) throw error
        }
        return col.idempotency.findOne({ _id })
      })
      if (!row) return { state: 'in-flight' }
      if (row.owner === owner && row.status === undefined) return { state: 'new' }
      if (row.status !== undefined)
        return { state: 'done', hash: row.hash ?? '', status: row.status, body: row.body ?? null, location: row.location ?? null }
      const by = processOf(row.owner)
      if (by !== holder.processId) {
        const seen = { _id: by, seen_at: { $gte: now() - OWNER_MS } }
        if (await calls('processes.alive', () => col.processes.findOne(seen))) return { state: 'in-flight' }
      }
      // Either its batch is open and is the answer, or it can be opened no more.
      if (row.batch !== undefined && !(await removeBatch(core, row.batch))) {
        const batch = await calls('batches.read', () => col.batches.findOne({ _id: row.batch!, tenant }))
        return { state: 'done', hash: batch?.idem?.hash ?? '', status: 202, body: null, location: `/v1/batches/${row.batch}` }
      }
      const { matchedCount } = await calls('idempotency.take', () =>
        col.idempotency.updateOne(
          { _id, owner: row.owner, batch: (row.batch ?? null) as never, status: null as never },
          { $set: { owner, at: now() }, $unset: { batch: '' } },
        ),
      )
      return { state: matchedCount > 0 ? 'new' : 'in-flight' }
    },

    async idempotencyEnd(tenant, key, holder, answer) {
      const mine = { _id: idempotencyId(tenant, key), owner: ownerOf(holder) }
      if (answer) await calls('idempotency.answer', () => col.idempotency.updateOne(mine, { $set: answer }))
      // With a batch that may be open without our knowing the key stays: the next request finds out.
      else await calls('idempotency.free', () => col.idempotency.deleteOne({ ...mine, batch: null as never, status: null as never }))
    },

    async beat(info) {
      await calls('processes.beat', () =>
        col.processes.updateOne({ _id: info.id }, { $set: { info, seen_at: info.seenAt } }, { upsert: true }),
      )
    },
    async gone(processId) {
      await calls('processes.gone', () => col.processes.deleteOne({ _id: processId }))
    },
    async processes(seenWithinMs) {
      const rows = await calls('processes.read', () =>
        col.processes
          .find({ seen_at: { $gte: now() - seenWithinMs } })
          .sort({ _id: 1 })
          .toArray(),
      )
      return rows.map(({ info }) => info)
    },

    async audited(entry) {
      await calls('audit.write', () => col.audit.insertOne({ at: now(), ...entry }), { once: true })
    },
    async auditLog(limit) {
      const rows = await calls('audit.read', () => col.audit.find().sort({ at: -1, _id: -1 }).limit(limit).toArray())
      return rows.map(({ at, actor, role, action, target, outcome }) => ({
        at: new Date(at).toISOString(),
        actor,
        role,
        action,
        target,
        outcome,
      }))
    },

    async erase(tenant, person, { after, limit }) {
      const rows = await calls('chunks.erase', () =>
        col.chunks
          .find({ tenant, ...(after !== null && { _id: { $gt: after } }) }, { projection: { batch_id: 1, chunk: 1 } })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      )
      let [changed, waiting] = [0, 0]
      for (const { _id, batch_id, chunk } of rows) {
        const stored = await calls('inputs.read', () => col.inputs.findOne({ _id }))
        const inputs: unknown[] = stored ? JSON.parse(unpack(stored.inputs)) : []
        const done = await changeChunk(
          core,
          { tenant, batchId: batch_id, chunk },
          (row) => {
            const items = statesOf(row)
            const answer = takeOut(person, items, inputs)
            waiting += answer.open
            return answer.emptied.length === 0 ? null : { items, answer }
          },
          { settle: false },
        )
        if (!done) continue
        const numbers = new Set(done.answer.emptied)
        changed += numbers.size
        await writeInputs(core, _id, inputs)
        await calls('dead.erase', () => col.dead.updateMany({ tenant, batch_id, n: { $in: [...numbers] } }, { $set: { key: null } }))
        const events = await calls('events.erase', () => col.events.find({ batch_id, type: 'items' }).toArray())
        for (const event of events) {
          const data = withoutKeys(event.data, numbers)
          if (data) await calls('events.erased', () => col.events.updateOne({ _id: event._id }, { $set: { data } }))
        }
      }
      return { items: changed, open: waiting, next: rows.length === limit ? rows.at(-1)!._id : null }
    },

    async tidy() {
      const at = now()
      const drop = (query: string, work: () => Promise<unknown>) => calls(query, work, { timeoutMs: 60_000 })
      await drop('idempotency.tidy', () => col.idempotency.deleteMany({ at: { $lt: at - DAY_MS } }))
      await drop('events.tidy', () => col.events.deleteMany({ at: { $lt: at - DAY_MS } }))
      await drop('ended.tidy', () => col.ended.deleteMany({ minute: { $lt: Math.floor(at / 60_000) - ENDED_MINUTES } }))
      await drop('processes.tidy', () => col.processes.deleteMany({ seen_at: { $lt: at - DAY_MS } }))
      await drop('audit.tidy', () => col.audit.deleteMany({ at: { $lt: at - AUDIT_DAYS * DAY_MS } }))
      const stale = await calls('batches.receiving', () =>
        col.batches.find({ state: 'receiving', created_at: { $lt: at - RECEIVING_MS } }, { projection: { _id: 1 } }).toArray(),
      )
      for (const { _id } of stale) await removeBatch(core, _id)
    },
  }
}
