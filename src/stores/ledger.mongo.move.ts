import type { Document } from 'mongodb'
import type { Dispatch } from '../ledger/ports.ts'
import { type JobName, jobNames } from '../queues/index.ts'
import type { ClaimText, Held, LedgerFile } from './ledger.front.ts'
import { type Change, type Core, changeChunk, mend, statesOf } from './ledger.mongo.core.ts'
import { type ChunkDoc, chunkId } from './ledger.mongo.schema.ts'
import { dispatchOf, endRun, MAX_TAG, recordRun, SERVICE_WEIGHT, stageEvent } from './ledger.rows.ts'
import { takeLock } from './mongo.ts'

type Part = Pick<LedgerFile, 'feed' | 'unfeed' | 'claim' | 'record' | 'finish' | 'touch' | 'cancelRequested'>

/** One process feeds at a time, so that a tenant never gets more than its share; one that stops in the middle holds the others up this long. */
const FEED_LOCK_MS = 3000
/** A feeder that found another at it looks again after this. */
const FEED_AGAIN_MS = 200
const MEND_EVERY_MS = 2000

export function movePart(core: Core, owner: string): Part {
  const { col, calls, now } = core
  let mended = Number.NEGATIVE_INFINITY

  const cancelling = async (batchId: string): Promise<boolean> =>
    (await calls('batches.cancelled', () =>
      col.batches.findOne({ _id: batchId, cancel_requested_at: { $gt: 0 } }, { projection: { _id: 1 } }),
    )) !== null
  const mine = (row: ChunkDoc, held: Held): boolean => row.state === 'running' && row.fence === held.fence
  const first = async (job: JobName, after: number): Promise<number> => {
    const row = await calls('chunks.due', () =>
      col.chunks.findOne({ state: 'waiting', job, ready_at: { $gt: after } }, { sort: { ready_at: 1 }, projection: { ready_at: 1 } }),
    )
    return row?.ready_at ?? Number.POSITIVE_INFINITY
  }

  return {
    async feed({ perTenant }) {
      const at = now()
      if (at - mended >= MEND_EVERY_MS) {
        mended = at
        await mend(core)
      }
      const heads = await Promise.all(jobNames.map(async (job) => ({ job, at: await first(job, 0) })))
      const due = heads.filter((head) => head.at <= at)
      let dispatches: Dispatch[] = []
      if (due.length > 0) {
        if (!(await takeLock(calls, col.locks, 'feed', owner, FEED_LOCK_MS, at))) return { dispatches, nextInMs: FEED_AGAIN_MS }
        try {
          for (const { job } of due) dispatches = [...dispatches, ...(await feedJob(core, job, perTenant, at))]
        } finally {
          await calls('locks.free', () => col.locks.deleteOne({ _id: 'feed', owner }))
        }
      }
      // What is not due now is next by what is known of it already.
      const later = await Promise.all(heads.map((head) => (head.at > at ? head.at : first(head.job, at))))
      const next = Math.min(...later)
      return { dispatches, nextInMs: Number.isFinite(next) ? next - at : null }
    },

    async unfeed({ batchId, chunk, dispatch }) {
      await calls('chunks.unfeed', () =>
        col.chunks.updateOne({ _id: chunkId({ batchId, chunk }), dispatch, state: 'queued' }, { $set: { state: 'waiting' } }),
      )
    },

    async claim(ref) {
      const at = now()
      const set = { state: 'running' as const, started_at: at, touched_at: at }
      const take = (state: 'queued' | 'running', inc: Record<string, number>) =>
        calls('chunks.claim', () =>
          col.chunks.findOneAndUpdate(
            { _id: chunkId(ref), tenant: ref.tenant, dispatch: ref.dispatch, state },
            { $set: set, $inc: { fence: 1, ...inc } },
            { returnDocument: 'after' },
          ),
        )
      // Claimed while it runs: the queue gave the job out again because its first owner stopped renewing its lock.
      const row = (await take('queued', {})) ?? (await take('running', { lost: 1 }))
      if (!row) return null
      const [input] = await Promise.all([
        calls('inputs.read', () => col.inputs.findOne({ _id: row._id })),
        calls('clock.advance', () => col.clock.updateOne({ _id: row.job }, { $max: { v: row.tag ?? 0 } }, { upsert: true })),
      ])
      if (!input) return null
      const { job, stage, fence, attempt } = row
      return { ...ref, job, stage, fence, attempt: attempt + 1, states: row.items, inputs: input.inputs } satisfies ClaimText
    },

    async record(held, results) {
      const done = await changeChunk<true>(
        core,
        held,
        (row) => {
          if (!mine(row, held)) return null
          const items = statesOf(row)
          return { items, changes: recordRun(row, items, results, now()), answer: true }
        },
        { settle: false },
      )
      return { ok: done !== null, cancelled: done !== null && (await cancelling(held.batchId)) }
    },

    async touch(held) {
      const { matchedCount } = await calls('chunks.touch', () =>
        col.chunks.updateOne({ _id: chunkId(held), fence: held.fence, state: 'running' }, { $set: { touched_at: now() } }),
      )
      return matchedCount > 0
    },

    async finish(held, end) {
      type Ended = { open: number; run: { job: JobName; ms: number } | null }
      const done = await changeChunk<Ended>(core, held, async (row): Promise<Change<Ended> | null> => {
        // The answer to our own write was lost: it is done.
        if (row.ended === held.fence) return { answer: { open: 0, run: null } }
        if (!mine(row, held)) return null
        const before = { ...row }
        const items = statesOf(row)
        const { changes, open, runMs } = endRun(row, items, end, await cancelling(held.batchId), now())
        return {
          ...(changes.length + (end.results?.length ?? 0) > 0 && { items }),
          changes,
          events: open === 0 ? [{ type: 'stage', data: stageEvent(before, row) }] : [],
          ended: held.fence,
          answer: { open, run: { job: before.job, ms: runMs } },
        }
      })
      if (!done) return { ok: false, batchClosed: false, open: 0 }
      const { open, run } = done.answer
      if (run) await measure(core, run.job, held.size, run.ms)
      return { ok: true, batchClosed: done.batchClosed, open }
    },

    async cancelRequested(refs) {
      const ids = [...new Set(refs.map(({ batchId }) => batchId))]
      const found = await calls('batches.cancelled', () =>
        col.batches.find({ _id: { $in: ids }, cancel_requested_at: { $gt: 0 } }, { projection: { _id: 1 } }).toArray(),
      )
      const cancelled = new Set(found.map(({ _id }) => _id))
      return refs.filter(({ batchId }) => cancelled.has(batchId))
    },
  }
}

type Waiting = Pick<ChunkDoc, '_id' | 'batch_id' | 'chunk' | 'tenant' | 'job' | 'open' | 'dispatch' | 'tag'>
const WAITING = { batch_id: 1, chunk: 1, tenant: 1, job: 1, open: 1, dispatch: 1, tag: 1 }

/** Start-time fair queueing as in the embedded ledger (docs/decisions/fairness.md). */
async function feedJob({ col, calls }: Core, job: JobName, perTenant: number, at: number): Promise<Dispatch[]> {
  const counted = await calls('chunks.in-queue', () =>
    col.chunks
      .aggregate<{ _id: string; n: number }>([
        { $match: { state: { $in: ['queued', 'running'] }, job } },
        { $group: { _id: '$tenant', n: { $sum: 1 } } },
      ])
      .toArray(),
  )
  const inQueue = new Map(counted.map(({ _id, n }) => [_id, n]))
  // With nothing in the queue there is nobody to be fair to: the tags begin at zero again.
  const idle = inQueue.size === 0
  if (idle) await calls('clock.reset', () => col.clock.deleteOne({ _id: job }))
  const [fair, clock] = idle
    ? [null, null]
    : await Promise.all([
        calls('fair.read', () => col.fair.findOne({ _id: job })),
        calls('clock.read', () => col.clock.findOne({ _id: job })),
      ])
  const v = clock?.v ?? 0
  if (v > MAX_TAG) return []
  const tags = new Map(fair?.tags.map(({ tenant, tag }) => [tenant, tag]))
  const tenants = await calls('chunks.tenants', () => col.chunks.distinct('tenant', { state: 'waiting', job }))
  const picked: Waiting[] = []
  for (const tenant of tenants.sort()) {
    const room = perTenant - (inQueue.get(tenant) ?? 0)
    if (room <= 0) continue
    const rows = await calls('chunks.waiting', () =>
      col.chunks
        .find<Waiting>({ state: 'waiting', job, tenant, ready_at: { $lte: at } }, { projection: WAITING })
        .sort({ created_at: 1, batch_id: 1, chunk: 1 })
        .limit(room)
        .toArray(),
    )
    let last = tags.get(tenant) ?? 0
    for (const row of rows) {
      const tag = Math.max(v, last)
      last = tag + row.open
      picked.push({ ...row, tag })
    }
    if (rows.length > 0) tags.set(tenant, last)
  }
  if (picked.length === 0) return []
  const { matchedCount } = await calls('chunks.feed', () =>
    col.chunks.bulkWrite(
      picked.map(({ _id, dispatch, tag }) => ({
        updateOne: {
          filter: { _id, state: 'waiting' as const, dispatch },
          update: { $set: { state: 'queued' as const, dispatch: dispatch + 1, tag, touched_at: at } },
        },
      })),
      { ordered: false },
    ),
  )
  await calls('fair.write', () =>
    col.fair.replaceOne({ _id: job }, { tags: Array.from(tags, ([tenant, tag]) => ({ tenant, tag })) }, { upsert: true }),
  )
  const given = matchedCount === picked.length ? picked : await stillOurs({ col, calls }, picked)
  return given.map((row) => dispatchOf({ ...row, dispatch: row.dispatch + 1 }))
}

/** Some were cancelled, or given out by a feeder whose lock had run out. A repeat of our own write counts as ours. */
async function stillOurs({ col, calls }: Pick<Core, 'col' | 'calls'>, picked: Waiting[]): Promise<Waiting[]> {
  const rows = await calls('chunks.fed', () =>
    col.chunks.find({ _id: { $in: picked.map(({ _id }) => _id) }, state: 'queued' }, { projection: { dispatch: 1, tag: 1 } }).toArray(),
  )
  const found = new Map(rows.map((row) => [row._id, row]))
  return picked.filter(({ _id, dispatch, tag }) => found.get(_id)?.dispatch === dispatch + 1 && found.get(_id)?.tag === tag)
}

/** Service time per item as an exponentially weighted mean. A rival's measurement that came in between wins: one of many is no loss. */
async function measure({ col, calls }: Core, job: JobName, items: number, runMs: number): Promise<void> {
  if (items === 0) return
  const ms = runMs / items
  await calls('service.measure', async () => {
    const was = await col.service.findOne({ _id: job })
    const update: Document = was
      ? { $set: { ms_per_item: was.ms_per_item + SERVICE_WEIGHT * (ms - was.ms_per_item), samples: was.samples + 1 } }
      : { $setOnInsert: { ms_per_item: ms, samples: 1 } }
    await col.service.updateOne({ _id: job, ...(was && { samples: was.samples }) }, update, { upsert: !was })
  })
}
