/** What a chunk is in every ledger adapter, and the steps of its life as far as they need no store: pure functions over its row and its items. */
import { endOpen, flowOf, type ItemChange, nextStage, openIn, type StageStats, settle, tally } from '../ledger/chunk.ts'
import type { Dispatch, ItemResult, ItemState, KeyHolder } from '../ledger/ports.ts'
import type { JobName } from '../queues/index.ts'
import type { ChunkText } from './ledger.front.ts'
import { type Packed, pack } from './packing.ts'

type ChunkState = 'held' | 'waiting' | 'queued' | 'running' | 'blocked' | 'closed'
/** `stages`, `stats` and `flow` are JSON. Times in milliseconds. */
export type ChunkRow = {
  batch_id: string
  chunk: number
  tenant: string
  stages: string
  barrier: number | null
  stage: number
  job: JobName
  state: ChunkState
  total: number
  open: number
  done: number
  failed: number
  unreadable: number
  cancelled: number
  stats: string
  flow: string
  first_n: number
  dispatch: number
  fence: number
  attempt: number
  lost: number
  tag: number | null
  created_at: number
  ready_at: number
  touched_at: number
  started_at: number | null
}

/** A chunk with everything made that can be made before it is stored. */
export type NewRow = {
  row: Omit<ChunkRow, 'chunk'>
  rejected: ItemState[]
  items: Packed
  inputs: Packed
}

/** BullMQ's priorities end at 2^21; above half of that the queue is left to drain and the tags begin at zero again. */
export const MAX_TAG = 2 ** 20

/** Holders of idempotency keys as they are stored. */
export const ownerOf = ({ processId, request }: KeyHolder): string => `${processId}/${request}`
export const processOf = (owner: string): string => owner.split('/')[0]!

const stagesOf = (row: Pick<ChunkRow, 'stages'>): JobName[] => JSON.parse(row.stages)

export const dispatchOf = (row: Pick<ChunkRow, 'tenant' | 'batch_id' | 'chunk' | 'job' | 'dispatch' | 'tag'>): Dispatch => ({
  tenant: row.tenant,
  batchId: row.batch_id,
  chunk: row.chunk,
  job: row.job,
  dispatch: row.dispatch,
  priority: (row.tag ?? 0) + 1,
})

/** The state of a new chunk once its batch is open. */
export const stateOnOpen = ({ open, barrier }: { open: number; barrier: number | null }): ChunkState =>
  open === 0 ? 'closed' : barrier === 0 ? 'blocked' : 'waiting'

export function newRow(
  tenant: string,
  batchId: string,
  { stages, barrier, firstN, total, counts, flow, rejected, states, inputs }: ChunkText,
  state: ChunkState,
  at: number,
): NewRow {
  return {
    rejected,
    items: pack(states),
    inputs: pack(inputs),
    row: {
      batch_id: batchId,
      tenant,
      stages: JSON.stringify(stages),
      barrier,
      stage: 0,
      job: stages[0] ?? ('' as JobName),
      state,
      total,
      ...counts,
      stats: '{}',
      flow: JSON.stringify(flow),
      first_n: firstN,
      dispatch: 0,
      fence: 0,
      attempt: 0,
      lost: 0,
      tag: null,
      created_at: at,
      ready_at: at,
      touched_at: at,
      started_at: null,
    },
  }
}

/** Counts the items into the row. */
function countItems(row: ChunkRow, items: ItemState[]): void {
  Object.assign(row, tally(items), { flow: JSON.stringify(flowOf(items, stagesOf(row).length)) })
}

/** Items that were refused at the door have failed before any stage. */
export const rejections = (items: ItemState[]): ItemChange[] =>
  items.map(({ n, key, code }) => ({ n, key, to: 'failed' as const, code, stage: 0 }))

/** Results of a run that goes on: into `items` and `row`. */
export function recordRun(row: ChunkRow, items: ItemState[], results: ItemResult[], at: number): ItemChange[] {
  const changes = settle(items, row.stage, stagesOf(row), results)
  countItems(row, items)
  row.touched_at = at
  if (changes.length > 0) row.lost = 0
  return changes
}

/** The end of a run: into `items` and `row`. Answers what changed and how many items are open in the stage that the run was in. */
export function endRun(
  row: ChunkRow,
  items: ItemState[],
  { results = [], retryInMs, attempted }: { results?: ItemResult[]; retryInMs: number; attempted: boolean },
  isCancelled: boolean,
  at: number,
): { changes: ItemChange[]; open: number; runMs: number } {
  const changes = settle(items, row.stage, stagesOf(row), results)
  if (isCancelled) changes.push(...endOpen(items, row.stage, 'cancelled', 'cancelled'))
  if (results.length + changes.length > 0) countItems(row, items)
  if (changes.length > 0) row.lost = 0
  const open = openIn(items, row.stage).length
  const started = row.started_at ?? at
  const runMs = at - started
  row.stats = JSON.stringify(addRun(JSON.parse(row.stats), row.job, Math.max(0, started - row.ready_at), runMs))
  row.attempt = open > 0 ? row.attempt + (attempted ? 1 : 0) : 0
  row.ready_at = open > 0 ? at + retryInMs : at
  row.touched_at = at
  row.tag = null
  Object.assign(row, nextStep(row, nextStage(items)))
  return { changes, open, runMs }
}

/** Ends all that is open in a chunk that nobody works on. */
export function closeRow(row: ChunkRow, items: ItemState[], at: number): ItemChange[] {
  const changes = endOpen(items, row.stage, 'cancelled', 'cancelled')
  countItems(row, items)
  row.touched_at = at
  row.state = 'closed'
  return changes
}

/**
 * Back to waiting under a new fence, so that a run that is only slow cannot write any more; a lost run counts. After `maxLost` of them without
 * progress the open items fail.
 */
export function putBackRow(
  row: ChunkRow,
  itemsOf: () => ItemState[],
  maxLost: number,
  at: number,
): { changes: ItemChange[]; items: ItemState[] | null } {
  if (row.state === 'running') row.lost++
  let items: ItemState[] | null = null
  let changes: ItemChange[] = []
  if (row.lost > maxLost) {
    items = itemsOf()
    changes = endOpen(items, row.stage, 'failed', 'worker-lost')
    countItems(row, items)
  }
  row.state = row.open === 0 ? 'closed' : 'waiting'
  row.fence++
  row.tag = null
  row.ready_at = at
  row.touched_at = at
  return { changes, items }
}

/** What the event of changed items tells. */
export const itemsEvent = (job: JobName, changes: ItemChange[]): unknown => ({
  job,
  items: changes.map(({ n, key, to, code }) => ({ n, key, to, code })),
})

/** Items that ended as failed. A line that was refused at the door has no stage and nothing that could be run again: it is no dead letter. */
export function deadItems(row: Pick<ChunkRow, 'job'>, items: ItemState[], changes: ItemChange[]): ItemState[] {
  if (!row.job) return []
  const failed = new Set(changes.filter(({ to }) => to === 'failed').map(({ n }) => n))
  return failed.size === 0 ? [] : items.filter(({ n }) => failed.has(n))
}

/** Where a chunk goes after its run, for the event. */
export const stageEvent = (before: Pick<ChunkRow, 'chunk' | 'job'>, after: Pick<ChunkRow, 'state' | 'job'>): unknown => ({
  chunk: before.chunk,
  job: before.job,
  to: after.state === 'closed' ? 'closed' : after.job,
})

/** A new mean of the service time per item: a weight of 0.2 forgets a slow spell within some ten chunks. */
export const SERVICE_WEIGHT = 0.2

function addRun(stats: StageStats, job: JobName, waitMs: number, runMs: number): StageStats {
  const before = stats[job] ?? { waitMs: 0, runMs: 0, runs: 0 }
  return { ...stats, [job]: { waitMs: before.waitMs + waitMs, runMs: before.runMs + runMs, runs: before.runs + 1 } }
}

/** Stays in its stage while items are open there; else on to the next one (blocked at the barrier until the rest of the batch has come), or closed. */
function nextStep(row: ChunkRow, stage: number | null): Pick<ChunkRow, 'state' | 'stage' | 'job'> {
  if (stage === null) return { state: 'closed', stage: row.stage, job: row.job }
  const arrives = stage > row.stage && stage === row.barrier
  return { state: arrives ? 'blocked' : 'waiting', stage, job: stagesOf(row)[stage]! }
}
