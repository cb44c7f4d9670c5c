/**
 * How the ledger on MongoDB changes anything. A change of a chunk is one compare-and-set on its document, and what follows from it outside
 * (events, dead letters, the end of the batch) stands in the same document as `out` until it is done: whoever dies in between, `mend` of any
 * process does it. Every step repeats harmlessly.
 */
import type { Collection, Document, Filter } from 'mongodb'
import { AppError } from '../errors.ts'
import type { ItemChange } from '../ledger/chunk.ts'
import { readStates } from '../ledger/fresh.ts'
import { erasedPlaces } from '../ledger/person.ts'
import type { ItemState, LedgerEvent } from '../ledger/ports.ts'
import type { Calls } from './calls.ts'
import { type BatchDoc, type ChunkDoc, type Collections, chunkId, type DeadDoc, type EventDoc, type Out } from './ledger.mongo.schema.ts'
import { closeRow, deadItems, itemsEvent, rejections } from './ledger.rows.ts'
import { isDuplicate } from './mongo.ts'
import { pack, unpack } from './packing.ts'

export type Core = { col: Collections; calls: Calls; now: () => number }

/** Rounds of a compare-and-set; in each, one of the rivals gets through. */
const ROUNDS = 100
/** Another process is taken to be gone when it left a change half done for this long. */
const MEND_MS = 5000

export const statesOf = (row: ChunkDoc): ItemState[] => readStates(unpack(row.items))

/** A change: the row as it shall be (`items` only where they changed) and what follows. Null leaves the chunk as it is. */
export type Change<T> = {
  items?: ItemState[]
  changes?: ItemChange[]
  job?: ChunkDoc['job']
  events?: Out['events']
  ended?: number
  answer: T
}

/**
 * Reads a chunk, lets `work` change the row in place, and writes it if nobody else did meanwhile; else again. Answers what `work` said, with
 * whether the batch closed by it. Null where there is no such chunk or `work` declined.
 */
export async function changeChunk<T>(
  core: Core,
  ref: { tenant: string; batchId: string; chunk: number },
  work: (row: ChunkDoc) => Promise<Change<T> | null> | Change<T> | null,
  options: { settle?: boolean } = {},
): Promise<{ answer: T; batchClosed: boolean } | null> {
  const { col, calls, now } = core
  for (let round = 0; round < ROUNDS; round++) {
    const row = await calls('chunks.read', () => col.chunks.findOne({ _id: chunkId(ref), tenant: ref.tenant }))
    if (!row) return null
    const before = { rev: row.rev, fence: row.fence, state: row.state, job: row.job }
    const change = await work(row)
    if (!change) return null
    const at = now()
    const out = outOf(row, change, before.job, at)
    const { _id, items, out: _out, ...fields } = row
    const set = { ...fields, rev: before.rev + 1, ...(change.ended !== undefined && { ended: change.ended }) }
    const { matchedCount } = await calls('chunks.change', () =>
      col.chunks.updateOne({ _id, rev: before.rev, fence: before.fence, state: before.state }, {
        $set: { ...set, ...(change.items && { items: pack(JSON.stringify(change.items)) }) },
        ...(out && { $push: { out } }),
      } as Document),
    )
    if (matchedCount === 0) continue
    if (!out) return { answer: change.answer, batchClosed: options.settle === false ? false : await settleBatch(core, ref.batchId) }
    const batchClosed = await doOut(core, row, out, options.settle !== false)
    return { answer: change.answer, batchClosed }
  }
  throw new AppError('store-down', 'too many writers at the same chunk')
}

function outOf(
  row: ChunkDoc,
  { items = [], changes = [], job, events = [] }: Change<unknown>,
  before: ChunkDoc['job'],
  at: number,
): Out | null {
  const all: Out['events'] = changes.length > 0 ? [{ type: 'items', data: itemsEvent(job ?? before, changes) }, ...events] : events
  if (all.length === 0) return null
  const { tenant, batch_id, chunk } = row
  const dead = deadItems({ job: job ?? before }, items, changes).map(({ n, key, type, code, attempts }) => ({
    _id: `${batch_id}:${chunk}:${n}`,
    tenant,
    batch_id,
    chunk,
    n,
    key,
    type,
    job: job ?? before,
    code: code ?? ('internal' as const),
    attempts,
    at,
    replayed_as: null,
  }))
  const erased = changes.some(({ code }) => code === 'person-erased') ? erasedPlaces(items) : []
  const ended = changes.filter(({ to }) => to !== 'passed').length
  return { rev: row.rev + 1, at, events: all, dead, ended, ...(erased.length > 0 && { erased }) }
}

async function doOut(core: Core, row: Pick<ChunkDoc, '_id' | 'tenant' | 'batch_id'>, out: Out, settles: boolean): Promise<boolean> {
  const { col, calls } = core
  await logEvents(
    core,
    row.tenant,
    row.batch_id,
    out.events.map((event, i) => ({ ...event, key: `${row._id}:${out.rev}:${i}` })),
    out.at,
  )
  if (out.dead.length > 0)
    await insertNext<DeadDoc>(
      calls,
      col.dead,
      { tenant: row.tenant },
      'id',
      out.dead.map((dead) => ({ ...dead, id: 0 })),
    )
  if (out.ended > 0) {
    const minute = Math.floor(out.at / 60_000)
    const _id = `${row.tenant}\0${minute}`
    await calls('ended.count', () =>
      col.ended.updateOne({ _id }, { $inc: { n: out.ended }, $setOnInsert: { tenant: row.tenant, minute } }, { upsert: true }),
    )
  }
  if (out.erased) {
    const stored = await calls('inputs.read', () => col.inputs.findOne({ _id: row._id }))
    const inputs: unknown[] = stored ? JSON.parse(unpack(stored.inputs)) : []
    for (const i of out.erased) inputs[i] = null
    await writeInputs(core, row._id, inputs)
  }
  const closed = settles ? await settleBatch(core, row.batch_id) : false
  await calls('chunks.done', () => col.chunks.updateOne({ _id: row._id }, { $pull: { out: { rev: out.rev } } } as Document))
  return closed
}

export const writeInputs = ({ col, calls }: Core, chunk: string, inputs: unknown[]) =>
  calls('inputs.erase', () => col.inputs.updateOne({ _id: chunk }, { $set: { inputs: pack(JSON.stringify(inputs)) } }))

/** `key` names the event for good, so that a repeat does not tell it twice. */
async function logEvents(
  { col, calls }: Core,
  tenant: string,
  batchId: string,
  events: { type: LedgerEvent['type']; data: unknown; key: string }[],
  at: number,
): Promise<void> {
  const docs = events.map(({ type, data, key }): EventDoc => ({ _id: key, tenant, batch_id: batchId, seq: 0, at, type, data }))
  await insertNext(calls, col.events, { batch_id: batchId }, 'seq', docs)
}

/**
 * Numbers documents on from the highest of their scope, without a gap: whoever reads a number has been able to read all below it. A rival that
 * took the number first, or a repeat of ours, is told by the unique indexes.
 */
async function insertNext<T extends { _id: string }>(
  calls: Calls,
  col: Collections['events'] | Collections['dead'],
  scope: Document,
  field: 'seq' | 'id',
  docs: T[],
): Promise<void> {
  const into = col as unknown as Collection<Document & { _id: string }>
  let left: T[] = docs
  for (let round = 0; left.length > 0; round++) {
    if (round === ROUNDS) throw new AppError('store-down', 'too many writers at the same log')
    const last = await calls(`${field}.last`, () => into.findOne(scope, { sort: { [field]: -1 }, projection: { [field]: 1 } }))
    const next = ((last?.[field] as number | undefined) ?? 0) + 1
    const numbered = left.map((doc, i) => ({ ...doc, [field]: next + i }))
    const taken = await calls(`${field}.insert`, async () => {
      try {
        await into.insertMany(numbered, { ordered: true })
        return false
      } catch (error) {
        if (isDuplicate(error)) return true
        throw error
      }
    })
    if (!taken) return
    const there = await calls(`${field}.there`, () =>
      into.find({ _id: { $in: left.map(({ _id }) => _id) } }, { projection: { _id: 1 } }).toArray(),
    )
    const known = new Set(there.map(({ _id }) => _id))
    left = left.filter(({ _id }) => !known.has(_id))
  }
}

/**
 * Ends idle chunks of a cancelled batch, closes the batch when nothing is open any more, and lets the chunks through that waited for the others.
 * True when the batch closed by this call.
 */
export async function settleBatch(core: Core, batchId: string): Promise<boolean> {
  const { col, calls, now } = core
  const batch = await calls('batches.read', () => col.batches.findOne({ _id: batchId }))
  if (batch?.state !== 'open') return false
  if (batch.cancel_requested_at) await closeIdle(core, batchId)
  const open = { batch_id: batchId, open: { $gt: 0 } }
  const some = (filter: Filter<ChunkDoc>) => calls('chunks.some', () => col.chunks.findOne(filter, { projection: { _id: 1 } }))
  if (!(await some(open))) {
    const at = now()
    const { matchedCount } = await calls('batches.close', () =>
      col.batches.updateOne({ _id: batchId, state: 'open' }, { $set: { state: 'closed', closed_at: at, mend: at } }),
    )
    if (matchedCount === 0) return false
    await tellClosed(core, batch, at)
    return true
  }
  const behind = await some({
    ...open,
    state: { $ne: 'blocked' },
    // `stage < barrier` compares two fields of a document, for which there is no index; the few rows of a batch are no matter.
    $or: [{ barrier: null }, { $expr: { $lt: ['$stage', '$barrier'] } }],
  })
  if (!behind)
    await calls('chunks.release', () =>
      col.chunks.updateMany({ batch_id: batchId, state: 'blocked' }, { $set: { state: 'waiting', ready_at: now() }, $inc: { rev: 1 } }),
    )
  return false
}

async function tellClosed(core: Core, batch: Pick<BatchDoc, '_id' | 'tenant'>, at: number): Promise<void> {
  await logEvents(core, batch.tenant, batch._id, [{ type: 'closed', data: {}, key: `${batch._id}:closed` }], at)
  await core.calls('batches.done', () => core.col.batches.updateOne({ _id: batch._id }, { $unset: { mend: '' } }))
}

async function closeIdle(core: Core, batchId: string): Promise<void> {
  const { col, calls, now } = core
  const idle: Filter<ChunkDoc> = { batch_id: batchId, state: { $in: ['waiting', 'queued', 'blocked'] } }
  const rows = await calls('chunks.idle', () => col.chunks.find(idle, { projection: { chunk: 1, tenant: 1 } }).toArray())
  for (const { chunk, tenant } of rows)
    await changeChunk(
      core,
      { tenant, batchId, chunk },
      (row) => {
        if (!['waiting', 'queued', 'blocked'].includes(row.state)) return null
        const items = statesOf(row)
        return { items, changes: closeRow(row, items, now()), answer: null }
      },
      { settle: false },
    )
}

/** What follows once a batch was made visible: its chunks may run, and what it says is told. May be called again. */
export async function finishOpen(core: Core, batch: BatchDoc): Promise<boolean> {
  const { col, calls, now } = core
  const { _id, tenant } = batch
  const at = batch.opened_at ?? now()
  await logEvents(core, tenant, _id, [{ type: 'opened', data: {}, key: `${_id}:opened` }], at)
  if (batch.idem) {
    const { key, hash } = batch.idem
    await calls('idempotency.answer', () =>
      col.idempotency.updateOne({ _id: key }, { $set: { hash, status: 202, body: null, location: `/v1/batches/${_id}` } }),
    )
  }
  const refused = await calls('chunks.refused', () => col.chunks.find({ batch_id: _id, failed: { $gt: 0 }, rev: 0 }).toArray())
  for (const row of refused) {
    const items = statesOf(row).filter((item) => item.outcome)
    const out = outOf({ ...row, rev: -1 }, { items, changes: rejections(items), answer: null }, row.job, at)
    if (out) await doOut(core, row, out, false)
  }
  const held = { batch_id: _id, state: 'held' as const }
  const release = (filter: Filter<ChunkDoc>, state: ChunkDoc['state']) =>
    calls('chunks.open', () => col.chunks.updateMany({ ...held, ...filter }, { $set: { state, ready_at: at } }))
  await release({ open: 0 }, 'closed')
  await release({ barrier: 0 }, 'blocked')
  await release({}, 'waiting')
  await calls('batches.done', () => col.batches.updateOne({ _id }, { $unset: { mend: '' } }))
  return settleBatch(core, _id)
}

/** Finishes what a process that is gone left half done. `all` does not ask how long ago it began. */
export async function mend(core: Core, all = false): Promise<void> {
  const { col, calls, now } = core
  const before = all ? Number.MAX_SAFE_INTEGER : now() - MEND_MS
  const chunks = await calls('chunks.mend', () =>
    col.chunks
      .find({ 'out.at': { $lt: before } })
      .limit(200)
      .toArray(),
  )
  for (const row of chunks) for (const out of row.out ?? []) await doOut(core, row, out, true)
  const batches = await calls('batches.mend', () =>
    col.batches
      .find({ mend: { $lt: before } })
      .limit(200)
      .toArray(),
  )
  for (const batch of batches) {
    if (batch.state === 'closed') await tellClosed(core, batch, batch.closed_at ?? now())
    else if (batch.state === 'open') await mendOpen(core, batch)
  }
}

async function mendOpen(core: Core, batch: BatchDoc): Promise<void> {
  if (batch.cancel_requested_at) await tellCancelled(core, batch, batch.cancel_requested_at)
  await finishOpen(core, batch)
}

export async function tellCancelled(core: Core, { _id, tenant }: Pick<BatchDoc, '_id' | 'tenant'>, at: number): Promise<void> {
  await logEvents(core, tenant, _id, [{ type: 'cancelling', data: {}, key: `${_id}:cancelling` }], at)
}
