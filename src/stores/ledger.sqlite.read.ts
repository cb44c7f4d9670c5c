import { tally } from '../ledger/chunk.ts'
import type { Ahead, Batch, Counts, Ledger, LedgerEvent, NewItem } from '../ledger/ports.ts'
import type { JobName } from '../queues/index.ts'
import { inputsOf, itemsOf, type StoredRow } from './ledger.sqlite.rows.ts'
import { type BatchRow, batchOf, COUNTED } from './ledger.view.ts'
import { createPacer } from './pacing.ts'
import type { Sqlite } from './sqlite.ts'

type Part = Pick<Ledger, 'batch' | 'batches' | 'items' | 'failedInputs' | 'events' | 'ahead' | 'load' | 'backlog' | 'msPerItem' | 'audit'>
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

export function readPart(db: Sqlite, now: () => number): Part {
  const { sql } = db

  const view = (row: BatchRow): Batch =>
    batchOf(row, sql(`select ${COUNTED.join(', ')} from chunks where batch_id = ?`).iterate(row.id) as unknown as Iterable<StoredRow>)

  const chunkRows = (tenant: string, batchId: string, where: string, ...params: (string | number)[]) =>
    sql(`select * from chunks where batch_id = ? and tenant = ? and ${where} order by first_n, chunk`).iterate(
      batchId,
      tenant,
      ...params,
    ) as Iterable<StoredRow>

  return {
    async batch(tenant, batchId) {
      const row = sql('select * from batches where id = ? and tenant = ?').get(batchId, tenant) as BatchRow | undefined
      return row ? view(row) : null
    },

    async batches(tenant, { after, limit }) {
      const rows = sql("select * from batches where tenant = ? and id < ? and state <> 'receiving' order by id desc limit ?").all(
        tenant,
        after ?? '~',
        limit,
      ) as BatchRow[]
      const pace = createPacer()
      const found: Batch[] = []
      for (const row of rows) {
        found.push(view(row))
        await pace()
      }
      return found
    },

    // Chunks of different item types interleave in n, so a page is taken from all chunks that may hold it.
    async items(tenant, batchId, { after = -1, limit, outcome, code }) {
      const found = []
      for (const row of chunkRows(tenant, batchId, 'first_n >= 0')) {
        if (found.length >= limit && row.first_n > found[limit - 1]!.n) break
        const items = itemsOf(db, row).filter(
          (item) => item.n > after && (!outcome || item.outcome === outcome) && (!code || item.code === code),
        )
        found.push(...items)
        found.sort((a, b) => a.n - b.n)
        found.length = Math.min(found.length, limit)
      }
      return found
    },

    async failedInputs(tenant, batchId) {
      const failed: NewItem[] = []
      for (const row of chunkRows(tenant, batchId, 'failed > 0')) {
        const inputs = inputsOf(db, row)
        itemsOf(db, row).forEach((item, i) => {
          // A rejected line has no input that could run.
          if (item.outcome === 'failed' && inputs[i] !== null)
            failed.push({ n: failed.length, type: item.type, key: item.key, input: inputs[i] })
        })
      }
      return failed
    },

    async events(tenant, batchId, after, limit) {
      const rows = sql('select seq, at, type, data from events where batch_id = ? and tenant = ? and seq > ? order by seq limit ?').all(
        batchId,
        tenant,
        after,
        limit,
      )
      return (rows as { seq: number; at: number; type: LedgerEvent['type']; data: string }[]).map((row) => ({
        seq: row.seq,
        at: iso(row.at)!,
        type: row.type,
        data: JSON.parse(row.data),
      }))
    },

    async ahead(tenant, batchId) {
      const own = sql(
        "select job, sum(open) as n, min(created_at) as first from chunks where batch_id = ? and tenant = ? and state in ('waiting', 'queued', 'running') group by job",
      ).all(batchId, tenant) as { job: JobName; n: number; first: number }[]
      return own.map(({ job, n, first }): Ahead => {
        const before = sql(
          `select sum(case when tenant = ? then open else 0 end) as same, sum(case when tenant <> ? then open else 0 end) as others from chunks
           where open > 0 and state in ('waiting', 'queued', 'running') and job = ? and batch_id <> ? and (tenant <> ? or created_at <= ?)`,
        ).get(tenant, tenant, job, batchId, tenant, first) as { same: number | null; others: number | null }
        const service = sql('select ms_per_item, samples from service where job = ?').get(job) as
          | { ms_per_item: number; samples: number }
          | undefined
        return {
          job,
          own: n,
          sameTenant: before.same ?? 0,
          otherTenants: before.others ?? 0,
          msPerItem: service?.ms_per_item ?? null,
          samples: service?.samples ?? 0,
        }
      })
    },

    async load(tenant) {
      const open = sql('select sum(open) as n from chunks where tenant = ? and open > 0').get(tenant) as { n: number | null }
      const minute = Math.floor(now() / 60_000)
      const ended = sql('select sum(n) as n from ended where tenant = ? and minute >= ?').get(tenant, minute - 1) as { n: number | null }
      return { open: open.n ?? 0, endedLastMinute: ended.n ?? 0 }
    },

    async backlog() {
      const rows = sql(
        "select job, sum(open) as open, min(ready_at) as first from chunks where open > 0 and state in ('waiting', 'queued', 'running', 'blocked') group by job",
      ).all() as { job: JobName; open: number; first: number }[]
      return rows.map(({ job, open, first }) => ({ job, open, oldestMs: Math.max(0, now() - first) }))
    },

    async msPerItem(job) {
      return (sql('select ms_per_item as ms from service where job = ?').get(job) as { ms: number } | undefined)?.ms ?? null
    },

    async audit(tenant, batchId) {
      const counts: Counts = { submitted: 0, done: 0, failed: 0, unreadable: 0, cancelled: 0, waiting: 0, running: 0 }
      for (const row of chunkRows(tenant, batchId, 'first_n >= 0')) {
        const items = itemsOf(db, row)
        const { open, ...ended } = tally(items)
        counts.submitted += items.length
        for (const outcome of ['done', 'failed', 'unreadable', 'cancelled'] as const) counts[outcome] += ended[outcome]
        counts[row.state === 'running' ? 'running' : 'waiting'] += open
      }
      return counts
    },
  }
}
