import { AppError } from '../errors.ts'
import { endOpen, tally } from '../ledger/chunk.ts'
import type { ItemState, Ledger } from '../ledger/ports.ts'
import { type ChunkRow, itemsOf, logChanges, logEvent, settleBatch, writeItems } from './ledger.sqlite.rows.ts'
import type { Sqlite } from './sqlite.ts'

type Part = Pick<Ledger, 'begin' | 'append' | 'open' | 'discard' | 'cancel'>

export function submitPart(db: Sqlite, now: () => number, read: Pick<Ledger, 'batch'>): Part {
  const { sql, transaction } = db
  return {
    async begin(tenant, batch) {
      sql('insert into batches (id, tenant, label, state, created_at, rerun_of, request_id) values (?, ?, ?, ?, ?, ?, ?)').run(
        batch.id,
        tenant,
        batch.label ?? null,
        'receiving',
        now(),
        batch.rerunOf ?? null,
        batch.requestId ?? null,
      )
    },

    async append(tenant, batchId, chunks) {
      const at = now()
      transaction(() => {
        const last = sql('select max(chunk) as n from chunks where batch_id = ?').get(batchId) as { n: number | null }
        let chunk = (last.n ?? -1) + 1
        for (const { stages, barrier, items } of chunks) {
          const states = items.map(
            ({ n, type, key, rejected, detail }): ItemState => ({
              n,
              type,
              key,
              passed: 0,
              ...(rejected && { outcome: 'failed', code: rejected }),
              ...(detail && { detail: detail.slice(0, 300) }),
              attempts: 0,
              crashes: 0,
              ms: 0,
            }),
          )
          const counts = tally(states)
          sql(
            `insert into chunks (batch_id, chunk, tenant, stages, barrier, stage, job, state, total, open, done, failed, unreadable, cancelled, items, stats, first_n,
             created_at, ready_at, touched_at) values (?, ?, ?, ?, ?, 0, ?, 'held', ?, ?, 0, ?, 0, 0, ?, '{}', ?, ?, ?, ?)`,
          ).run(
            batchId,
            chunk,
            tenant,
            JSON.stringify(stages),
            barrier,
            stages[0] ?? '',
            states.length,
            counts.open,
            counts.failed,
            JSON.stringify(states),
            states[0]?.n ?? 0,
            at,
            at,
            at,
          )
          sql('insert into inputs values (?, ?, ?)').run(batchId, chunk, JSON.stringify(items.map((item) => item.input)))
          chunk++
        }
      })
    },

    async open(tenant, batchId, key) {
      const at = now()
      transaction(() => {
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
        if (key)
          sql('update idempotency set hash = ?, status = 202, location = ? where tenant = ? and key = ?').run(
            key.hash,
            `/v1/batches/${batchId}`,
            tenant,
            key.key,
          )
        const rejected = sql('select * from chunks where batch_id = ? and failed > 0').all(batchId) as ChunkRow[]
        for (const row of rejected) {
          const items = itemsOf(row).filter((item) => item.outcome)
          logChanges(
            db,
            row,
            items,
            items.map(({ n, key, code }) => ({ n, key, to: 'failed' as const, code, stage: 0 })),
            at,
          )
        }
        settleBatch(db, tenant, batchId, at)
      })
      return (await read.batch(tenant, batchId))!
    },

    async discard(tenant, batchId) {
      transaction(() => {
        const { changes } = sql("delete from batches where id = ? and tenant = ? and state = 'receiving'").run(batchId, tenant)
        if (changes === 0) return
        sql('delete from chunks where batch_id = ?').run(batchId)
        sql('delete from inputs where batch_id = ?').run(batchId)
      })
    },

    async cancel(tenant, batchId) {
      const at = now()
      return transaction(() => {
        const { changes } = sql(
          "update batches set cancel_requested_at = ? where id = ? and tenant = ? and state = 'open' and cancel_requested_at is null",
        ).run(at, batchId, tenant)
        if (changes === 0) return false
        logEvent(db, tenant, batchId, 'cancelling', {}, at)
        const idle = sql("select * from chunks where batch_id = ? and state in ('waiting', 'queued', 'blocked')").all(batchId) as ChunkRow[]
        for (const row of idle) closeChunk(db, row, at)
        settleBatch(db, tenant, batchId, at)
        return true
      })
    },
  }
}

function closeChunk(db: Sqlite, row: ChunkRow, at: number): void {
  const items = itemsOf(row)
  const changes = endOpen(items, row.stage, 'cancelled', 'cancelled')
  writeItems(db, row, items, at)
  logChanges(db, row, items, changes, at)
  db.sql("update chunks set state = 'closed' where batch_id = ? and chunk = ?").run(row.batch_id, row.chunk)
}
