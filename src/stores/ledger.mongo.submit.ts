import { AppError } from '../errors.ts'
import type { BatchKey, NewBatch } from '../ledger/ports.ts'
import type { ChunkText, LedgerFile } from './ledger.front.ts'
import { type Core, finishOpen, settleBatch, tellCancelled } from './ledger.mongo.core.ts'
import { type BatchDoc, chunkId } from './ledger.mongo.schema.ts'
import { type NewRow, newRow, ownerOf } from './ledger.rows.ts'
import { isDuplicate } from './mongo.ts'
import { slices } from './pacing.ts'

type Part = Pick<LedgerFile, 'begin' | 'append' | 'open' | 'submit' | 'discard' | 'cancel'>

/** Chunks of one insert: at most some 20 MB, and of the server's 48 MB for a message. */
const SLICE = 20

export const idempotencyId = (tenant: string, key: string): string => `${tenant}\0${key}`

export function submitPart(core: Core, read: Pick<LedgerFile, 'batch'>): Part {
  const { col, calls, now } = core
  /** The last append of each batch that takes its numbers: they must be taken in the order of the calls. */
  const numbering = new Map<string, Promise<number>>()

  async function begin(tenant: string, batch: NewBatch): Promise<void> {
    const doc = batchDoc(tenant, batch, now())
    await calls('batches.insert', async () => {
      try {
        await col.batches.insertOne(doc)
      } catch (error) {
        // A repeat of ours whose first answer was lost finds its own, and nothing in it yet.
        if (
          !isDuplicate(error) ||
          !(await col.batches.findOne({ _id: doc._id, tenant, state: 'receiving', chunks: 0, created_at: doc.created_at }))
        )
          throw error
      }
    })
  }

  async function takeNumbers(tenant: string, batchId: string, count: number): Promise<number> {
    const before = await calls('batches.number', () =>
      col.batches.findOneAndUpdate(
        { _id: batchId, tenant, state: 'receiving', dropped: null as never },
        { $inc: { chunks: count } },
        { projection: { chunks: 1 } },
      ),
    )
    if (!before) throw new AppError('not-found')
    return before.chunks
  }

  async function append(tenant: string, batchId: string, chunks: ChunkText[]): Promise<void> {
    const last = numbering.get(batchId) ?? Promise.resolve(0)
    const mine = last.catch(() => 0).then(() => takeNumbers(tenant, batchId, chunks.length))
    numbering.set(batchId, mine)
    const first = await mine.finally(() => {
      if (numbering.get(batchId) === mine) numbering.delete(batchId)
    })
    const rows = chunks.map((chunk) => newRow(tenant, batchId, chunk, 'held', now()))
    await insertChunks(
      batchId,
      rows.map((row, i) => ({ row, chunk: first + i })),
    )
  }

  async function insertChunks(batchId: string, rows: { row: NewRow; chunk: number }[]): Promise<void> {
    for await (const some of slices(rows, SLICE)) {
      const docs = some.map(({ row: { row, items }, chunk }) => ({ _id: chunkId({ batchId, chunk }), ...row, chunk, items, rev: 0 }))
      const inputs = some.map(({ row, chunk }) => ({ _id: chunkId({ batchId, chunk }), batch_id: batchId, inputs: row.inputs }))
      // Replacing, so that a repeat of the call is harmless.
      await Promise.all([
        calls('chunks.insert', () =>
          col.chunks.bulkWrite(docs.map(({ _id, ...doc }) => ({ replaceOne: { filter: { _id }, replacement: doc, upsert: true } }))),
        ),
        calls('inputs.insert', () =>
          col.inputs.bulkWrite(inputs.map(({ _id, ...doc }) => ({ replaceOne: { filter: { _id }, replacement: doc, upsert: true } }))),
        ),
      ])
    }
  }

  async function open(tenant: string, batchId: string, key?: BatchKey) {
    const at = now()
    const idem = key && { key: idempotencyId(tenant, key.key), hash: key.hash }
    // Whoever takes the key over finds here what may still be opened under it.
    if (key && !(await holdKey(idem!.key, ownerOf(key.holder), batchId))) throw lostKey()
    const filter = { _id: batchId, tenant, state: 'receiving' as const, dropped: null as never }
    // The one write that makes the batch and its key's answer true; all that follows can be done by anybody.
    const { matchedCount } = await calls('batches.open', () =>
      col.batches.updateOne(filter, { $set: { state: 'open', opened_at: at, mend: at, ...(idem && { idem }) } }),
    )
    const batch = await calls('batches.read', () => col.batches.findOne({ _id: batchId, tenant }))
    if (!batch || (matchedCount === 0 && (batch.state !== 'open' || batch.mend !== at))) throw key ? lostKey() : new AppError('not-found')
    await finishOpen(core, batch)
    return (await read.batch(tenant, batchId))!
  }

  async function holdKey(_id: string, owner: string, batch: string): Promise<boolean> {
    const { matchedCount } = await calls('idempotency.hold', () =>
      col.idempotency.updateOne({ _id, owner, status: null as never }, { $set: { batch } }),
    )
    return matchedCount > 0
  }

  async function discard(tenant: string, batchId: string): Promise<void> {
    const found = await calls('batches.read', () => col.batches.findOne({ _id: batchId, tenant, state: 'receiving' }))
    if (found) await removeBatch(core, batchId)
  }

  return {
    begin,
    append,
    open,
    async submit(tenant, batch, chunks, key) {
      await begin(tenant, batch)
      try {
        await append(tenant, batch.id, chunks)
        return await open(tenant, batch.id, key)
      } catch (error) {
        // Not yet open it is nobody's; what cannot be taken back now goes with retention.
        await discard(tenant, batch.id).catch(() => undefined)
        throw error
      }
    },
    discard,
    async cancel(tenant, batchId) {
      const at = now()
      const { matchedCount } = await calls('batches.cancel', () =>
        col.batches.updateOne(
          { _id: batchId, tenant, state: 'open', cancel_requested_at: null },
          { $set: { cancel_requested_at: at, mend: at } },
        ),
      )
      if (matchedCount === 0) return false
      await tellCancelled(core, { _id: batchId, tenant }, at)
      await settleBatch(core, batchId)
      await calls('batches.done', () => col.batches.updateOne({ _id: batchId, state: 'open' }, { $unset: { mend: '' } }))
      return true
    },
  }
}

const lostKey = () => new AppError('idempotency-in-flight', undefined, { retryAfter: 1 })

const batchDoc = (tenant: string, batch: NewBatch, at: number): BatchDoc => ({
  _id: batch.id,
  tenant,
  label: batch.label ?? null,
  state: 'receiving',
  created_at: at,
  opened_at: null,
  closed_at: null,
  cancel_requested_at: null,
  rerun_of: batch.rerunOf ?? null,
  request_id: batch.requestId ?? null,
  chunks: 0,
})

/**
 * Removes a batch that was never opened; last what names it, so that a removal that is cut off is seen and done again. False when it is open
 * by now.
 */
export async function removeBatch({ col, calls }: Core, batchId: string): Promise<boolean> {
  await calls('batches.drop', () => col.batches.updateOne({ _id: batchId, state: 'receiving' }, { $set: { dropped: true } }))
  if (await calls('batches.read', () => col.batches.findOne({ _id: batchId, state: { $ne: 'receiving' } }))) return false
  await calls('chunks.remove', () => col.chunks.deleteMany({ batch_id: batchId }))
  await calls('inputs.remove', () => col.inputs.deleteMany({ batch_id: batchId }))
  await calls('batches.remove', () => col.batches.deleteOne({ _id: batchId, state: 'receiving' }))
  return true
}
