/** The SQLite rows of the ledger, and the writes that every part shares: a chunk's state and the log of events. */
import type { ItemChange } from '../ledger/chunk.ts'
import { readStates } from '../ledger/fresh.ts'
import { erasedPlaces } from '../ledger/person.ts'
import type { ItemState, LedgerEvent, Ref } from '../ledger/ports.ts'
import { type ChunkRow, deadItems, itemsEvent } from './ledger.rows.ts'
import { type Packed, pack, unpack } from './packing.ts'
import type { Sqlite } from './sqlite.ts'

export type StoredRow = ChunkRow & { id: number }

export const itemsOf = ({ sql }: Sqlite, { id }: { id: number }): ItemState[] =>
  readStates(unpack((sql('select items from items where id = ?').get(id) as { items: Packed }).items))
export const inputsOf = ({ sql }: Sqlite, { id }: { id: number }): unknown[] =>
  JSON.parse(unpack((sql('select inputs from inputs where id = ?').get(id) as { inputs: Packed }).inputs))

export function writeInputs({ sql }: Sqlite, { id }: { id: number }, inputs: unknown[]): void {
  sql('update inputs set inputs = ? where id = ?').run(pack(JSON.stringify(inputs)), id)
}

function dropInputs(db: Sqlite, row: { id: number }, places: number[]): void {
  const inputs = inputsOf(db, row)
  for (const i of places) inputs[i] = null
  writeInputs(db, row, inputs)
}

export const readChunk = ({ sql }: Sqlite, ref: Ref): StoredRow | undefined =>
  sql('select * from chunks where batch_id = ? and chunk = ? and tenant = ?').get(ref.batchId, ref.chunk, ref.tenant) as
    | StoredRow
    | undefined

/** Writes what a run may change. The caller's transaction has read the row, so this cannot overwrite another change. */
export function writeRow({ sql }: Sqlite, row: StoredRow): void {
  sql(
    `update chunks set state = ?, stage = ?, job = ?, attempt = ?, fence = ?, stats = ?, ready_at = ?, touched_at = ?, tag = ?, lost = ?, flow = ?,
     open = ?, done = ?, failed = ?, unreadable = ?, cancelled = ? where id = ?`,
  ).run(
    row.state,
    row.stage,
    row.job,
    row.attempt,
    row.fence,
    row.stats,
    row.ready_at,
    row.touched_at,
    row.tag,
    row.lost,
    row.flow,
    row.open,
    row.done,
    row.failed,
    row.unreadable,
    row.cancelled,
    row.id,
  )
}

export function writeItems({ sql }: Sqlite, { id }: { id: number }, items: ItemState[]): void {
  sql('update items set items = ? where id = ?').run(pack(JSON.stringify(items)), id)
}

export function logEvent({ sql }: Sqlite, tenant: string, batchId: string, type: LedgerEvent['type'], data: unknown, now: number): void {
  sql('insert into events (tenant, batch_id, at, type, data) values (?, ?, ?, ?, ?)').run(tenant, batchId, now, type, JSON.stringify(data))
}

/** What follows from items that changed in the stage of `job`: the event, a dead letter for each failure, the tenant's drain rate. */
export function logChanges(
  db: Sqlite,
  row: Pick<StoredRow, 'id' | 'tenant' | 'batch_id' | 'chunk' | 'job'>,
  items: ItemState[],
  changes: ItemChange[],
  now: number,
): void {
  if (changes.length === 0) return
  logEvent(db, row.tenant, row.batch_id, 'items', itemsEvent(row.job, changes), now)
  const ended = changes.filter((change) => change.to !== 'passed').length
  if (ended > 0)
    db.sql('insert into ended values (?, ?, ?) on conflict do update set n = n + excluded.n').run(
      row.tenant,
      Math.floor(now / 60_000),
      ended,
    )
  if (changes.some(({ code }) => code === 'person-erased')) dropInputs(db, row, erasedPlaces(items))
  for (const { n, key, type, code, attempts } of deadItems(row, items, changes))
    db.sql(
      'insert into dead_letters (tenant, batch_id, chunk, n, key, type, job, code, attempts, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ).run(row.tenant, row.batch_id, row.chunk, n, key, type, row.job, code ?? 'internal', attempts, now)
}

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
