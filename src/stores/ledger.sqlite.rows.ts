/** Row shapes of the ledger tables and the two writes that every part shares: a chunk's state and the log of events. */
import { flowOf, type ItemChange, type StageStats, tally } from '../ledger/chunk.ts'
import { readStates } from '../ledger/fresh.ts'
import type { Dispatch, ItemState, LedgerEvent, Ref } from '../ledger/ports.ts'
import type { JobName } from '../queues/index.ts'
import { type Packed, pack, unpack } from './packing.ts'
import type { Sqlite } from './sqlite.ts'

type ChunkState = 'held' | 'waiting' | 'queued' | 'running' | 'blocked' | 'closed'
export type ChunkRow = {
  id: number
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

export const itemsOf = ({ sql }: Sqlite, { id }: { id: number }): ItemState[] =>
  readStates(unpack((sql('select items from items where id = ?').get(id) as { items: Packed }).items))
export const inputsOf = ({ sql }: Sqlite, { id }: { id: number }): unknown[] =>
  JSON.parse(unpack((sql('select inputs from inputs where id = ?').get(id) as { inputs: Packed }).inputs))
export const stagesOf = (row: ChunkRow): JobName[] => JSON.parse(row.stages)
export const statsOf = (row: ChunkRow): StageStats => JSON.parse(row.stats)

export const readChunk = ({ sql }: Sqlite, ref: Ref): ChunkRow | undefined =>
  sql('select * from chunks where batch_id = ? and chunk = ? and tenant = ?').get(ref.batchId, ref.chunk, ref.tenant) as
    | ChunkRow
    | undefined

/** Writes the item states with their counts. The caller's transaction has read the row, so this cannot overwrite another change. */
export function writeItems(db: Sqlite, row: ChunkRow, items: ItemState[], now: number): void {
  setItems(db, row, items)
  db.sql('update chunks set open = ?, done = ?, failed = ?, unreadable = ?, cancelled = ?, flow = ?, touched_at = ? where id = ?').run(
    row.open,
    row.done,
    row.failed,
    row.unreadable,
    row.cancelled,
    row.flow,
    now,
    row.id,
  )
}

/** Writes the item states, and their counts into `row` alone: for a caller that writes the row anyway. */
export function setItems({ sql }: Sqlite, row: ChunkRow, items: ItemState[]): void {
  Object.assign(row, tally(items), { flow: JSON.stringify(flowOf(items, stagesOf(row).length)) })
  sql('update items set items = ? where id = ?').run(pack(JSON.stringify(items)), row.id)
}

export function logEvent({ sql }: Sqlite, tenant: string, batchId: string, type: LedgerEvent['type'], data: unknown, now: number): void {
  sql('insert into events (tenant, batch_id, at, type, data) values (?, ?, ?, ?, ?)').run(tenant, batchId, now, type, JSON.stringify(data))
}

/** What follows from items that changed: the event, a dead letter for each failure, the tenant's drain rate. */
export function logChanges(db: Sqlite, row: ChunkRow, items: ItemState[], changes: ItemChange[], now: number): void {
  if (changes.length === 0) return
  const job = row.job
  logEvent(db, row.tenant, row.batch_id, 'items', { job, items: changes.map(({ n, key, to, code }) => ({ n, key, to, code })) }, now)
  const ended = changes.filter((change) => change.to !== 'passed')
  if (ended.length > 0)
    db.sql('insert into ended values (?, ?, ?) on conflict do update set n = n + excluded.n').run(
      row.tenant,
      Math.floor(now / 60_000),
      ended.length,
    )
  const byN = new Map(items.map((item) => [item.n, item]))
  for (const change of ended) {
    const item = byN.get(change.n)
    // A line that was refused at the door has no stage and nothing that could be run again.
    if (change.to !== 'failed' || !item || !job) continue
    db.sql(
      'insert into dead_letters (tenant, batch_id, chunk, n, key, type, job, code, attempts, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ).run(row.tenant, row.batch_id, row.chunk, item.n, item.key, item.type, job, item.code ?? 'internal', item.attempts, now)
  }
}

export const dispatchOf = (row: Pick<ChunkRow, 'tenant' | 'batch_id' | 'chunk' | 'job' | 'dispatch' | 'tag'>): Dispatch => ({
  tenant: row.tenant,
  batchId: row.batch_id,
  chunk: row.chunk,
  job: row.job,
  dispatch: row.dispatch,
  priority: (row.tag ?? 0) + 1,
})

/** Closes the batch when nothing is open any more, and lets the chunks through that waited for the others. True when the batch closed now. */
export function settleBatch(db: Sqlite, tenant: string, batchId: string, now: number): boolean {
  const { sql } = db
  // Both look only at chunks with open items, by their own index: this runs at the end of every run of a chunk.
  if (!sql('select 1 from chunks where tenant = ? and batch_id = ? and open > 0 limit 1').get(tenant, batchId)) {
    const { changes } = sql("update batches set state = 'closed', closed_at = ? where id = ? and state = 'open'").run(now, batchId)
    if (changes === 0) return false
    logEvent(db, tenant, batchId, 'closed', {}, now)
    return true
  }
  const behind = sql(
    "select 1 from chunks where tenant = ? and batch_id = ? and open > 0 and state <> 'blocked' and (barrier is null or stage < barrier) limit 1",
  ).get(tenant, batchId)
  if (!behind) sql("update chunks set state = 'waiting', ready_at = ? where batch_id = ? and state = 'blocked'").run(now, batchId)
  return false
}

/** Removes a batch that was never opened. */
export function removeBatch({ sql }: Sqlite, batchId: string): void {
  sql('delete from items where id in (select id from chunks where batch_id = ?)').run(batchId)
  sql('delete from inputs where id in (select id from chunks where batch_id = ?)').run(batchId)
  sql('delete from chunks where batch_id = ?').run(batchId)
  sql('delete from batches where id = ?').run(batchId)
}
