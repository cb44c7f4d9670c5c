import { AppError } from '../errors.ts'
import type { BatchKey, ItemState, NewBatch } from '../ledger/ports.ts'
import type { Group } from './group.ts'
import type { LedgerFile } from './ledger.front.ts'
import { closeRow, type NewRow, newRow, ownerOf, rejections, stateOnOpen } from './ledger.rows.ts'
import { itemsOf, logChanges, logEvent, removeBatch, type StoredRow, settleBatch, writeItems, writeRow } from './ledger.sqlite.rows.ts'
import { type BatchRow, batchOf } from './ledger.view.ts'
import type { Sqlite } from './sqlite.ts'

type Part = Pick<LedgerFile, 'begin' | 'append' | 'open' | 'submit' | 'discard' | 'cancel'>
export function submitPart(db: Sqlite, group: Group, now: () => number, read: Pick<LedgerFile, 'batch'>): Part {
  const { sql } = db
  return {
    async begin(tenant, batch) {
      const row = batchRow(tenant, batch, 'receiving', now())
      await group(() => insertBatch(db, row))
    },

    async append(tenant, batchId, chunks) {
      const prepared = chunks.map((chunk) => newRow(tenant, batchId, chunk, 'held', now()))
      await group(() => {
        const last = sql('select max(chunk) as n from chunks where batch_id = ?').get(batchId) as { n: number | null }
        prepared.forEach((one, i) => void insertChunk(db, one, (last.n ?? -1) + 1 + i))
      })
    },

    async open(tenant, batchId, key) {
      await group(() => {
        const at = now()
        const { changes } = sql("update batches set state = 'open', opened_at = ? where id = ? and tenant = ? and state = 'receiving'").run(
          at,
          batchId,
          tenant,
        )
        if (changes === 0) throw new AppError('not-found')
        sql(
          "update chunks set state = case when open = 0 then 'closed' when barrier = 0 then 'blocked' else 'waiting' end, ready_at = ? where batch_id = ?",
        ).run(at, batchId)
        logEvent(db, tenant, batchId, 'opened', {}, at)
        if (key) answerKey(db, tenant, batchId, key)
        const rejected = sql('select * from chunks where batch_id = ? and failed > 0').all(batchId) as StoredRow[]
        for (const row of rejected) {
          const items = itemsOf(db, row).filter((item) => item.outcome)
          logRejected(db, row, items, at)
        }
        settleBatch(db, tenant, batchId, at)
      })
      return (await read.batch(tenant, batchId))!
    },

    async submit(tenant, batch, chunks, key) {
      const at = now()
      const row = { ...batchRow(tenant, batch, 'open', at), opened_at: at }
      const prepared = chunks.map((chunk) =>
        newRow(tenant, batch.id, chunk, stateOnOpen({ open: chunk.counts.open, barrier: chunk.barrier }), at),
      )
      const closed = await group(() => {
        insertBatch(db, row)
        logEvent(db, tenant, batch.id, 'opened', {}, at)
        if (key) answerKey(db, tenant, batch.id, key)
        for (const [chunk, one] of prepared.entries()) {
          const id = insertChunk(db, one, chunk)
          if (one.rejected.length > 0) logRejected(db, { ...one.row, id, chunk }, one.rejected, at)
        }
        // With all chunks waiting there is nothing to settle.
        return prepared.every((one) => one.row.state === 'waiting') ? false : settleBatch(db, tenant, batch.id, at)
      })
      return batchOf(
        closed ? { ...row, state: 'closed', closed_at: at } : row,
        prepared.map((one) => one.row),
      )
    },

    async discard(tenant, batchId) {
      await group(() => {
        if (sql("select 1 from batches where id = ? and tenant = ? and state = 'receiving'").get(batchId, tenant)) removeBatch(db, batchId)
      })
    },

    async cancel(tenant, batchId) {
      return group(() => {
        const at = now()
        const { changes } = sql(
          "update batches set cancel_requested_at = ? where id = ? and tenant = ? and state = 'open' and cancel_requested_at is null",
        ).run(at, batchId, tenant)
        if (changes === 0) return false
        logEvent(db, tenant, batchId, 'cancelling', {}, at)
        const idle = sql("select * from chunks where batch_id = ? and state in ('waiting', 'queued', 'blocked')").all(
          batchId,
        ) as StoredRow[]
        for (const row of idle) closeChunk(db, row, at)
        settleBatch(db, tenant, batchId, at)
        return true
      })
    },
  }
}

const batchRow = (tenant: string, batch: NewBatch, state: BatchRow['state'], at: number): BatchRow => ({
  id: batch.id,
  tenant,
  label: batch.label ?? null,
  state,
  created_at: at,
  opened_at: null,
  closed_at: null,
  cancel_requested_at: null,
  rerun_of: batch.rerunOf ?? null,
  request_id: batch.requestId ?? null,
})

function insertBatch({ sql }: Sqlite, row: BatchRow): void {
  sql('insert into batches (id, tenant, label, state, created_at, opened_at, rerun_of, request_id) values (?, ?, ?, ?, ?, ?, ?, ?)').run(
    row.id,
    row.tenant,
    row.label,
    row.state,
    row.created_at,
    row.opened_at,
    row.rerun_of,
    row.request_id,
  )
}

function insertChunk({ sql }: Sqlite, { row, items, inputs }: NewRow, chunk: number): number {
  const { lastInsertRowid } = sql(
    `insert into chunks (batch_id, chunk, tenant, stages, barrier, stage, job, state, total, open, done, failed, unreadable, cancelled, stats, flow,
     first_n, created_at, ready_at, touched_at) values (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, 0, ?, 0, 0, ?, ?, ?, ?, ?, ?)`,
  ).run(
    row.batch_id,
    chunk,
    row.tenant,
    row.stages,
    row.barrier,
    row.job,
    row.state,
    row.total,
    row.open,
    row.failed,
    row.stats,
    row.flow,
    row.first_n,
    row.created_at,
    row.ready_at,
    row.touched_at,
  )
  const id = Number(lastInsertRowid)
  sql('insert into items values (?, ?)').run(id, items)
  sql('insert into inputs values (?, ?)').run(id, inputs)
  return id
}

/** The key is answered by the batch itself, so that a crash right after cannot make a repeat submit the work again. */
function answerKey({ sql }: Sqlite, tenant: string, batchId: string, { key, hash, holder }: BatchKey): void {
  const { changes } = sql(
    'update idempotency set hash = ?, status = 202, location = ? where tenant = ? and key = ? and owner = ? and status is null',
  ).run(hash, `/v1/batches/${batchId}`, tenant, key, ownerOf(holder))
  if (changes === 0) throw new AppError('idempotency-in-flight', undefined, { retryAfter: 1 })
}

function logRejected(db: Sqlite, row: StoredRow, items: ItemState[], at: number): void {
  logChanges(db, row, items, rejections(items), at)
}

function closeChunk(db: Sqlite, row: StoredRow, at: number): void {
  const items = itemsOf(db, row)
  const changes = closeRow(row, items, at)
  writeRow(db, row)
  writeItems(db, row, items)
  logChanges(db, row, items, changes, at)
}
