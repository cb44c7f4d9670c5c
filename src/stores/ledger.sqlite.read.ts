import { tally } from '../ledger/chunk.ts'
import type { Ahead, Batch, Counts, Ledger, LedgerEvent, NewItem, StageCount } from '../ledger/ports.ts'
import type { JobName } from '../queues/index.ts'
import { type ChunkRow, itemsOf, stagesOf, statsOf } from './ledger.sqlite.rows.ts'
import type { Sqlite } from './sqlite.ts'

type Part = Pick<Ledger, 'batch' | 'batches' | 'items' | 'failedInputs' | 'events' | 'ahead' | 'load' | 'backlog' | 'msPerItem' | 'audit'>
type BatchRow = {
  id: string
  tenant: string
  label: string | null
  state: Batch['state']
  created_at: number
  opened_at: number | null
  closed_at: number | null
}
type FullBatchRow = BatchRow & { cancel_requested_at: number | null; rerun_of: string | null; request_id: string | null }

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

export function readPart(db: Sqlite, now: () => number): Part {
  const { sql } = db

  const view = (row: FullBatchRow): Batch => {
    const sums = sql(
      `select sum(total) as submitted, sum(done) as done, sum(failed) as failed, sum(unreadable) as unreadable, sum(cancelled) as cancelled,
       sum(open) as open, sum(case when state = 'running' then open else 0 end) as running from chunks where batch_id = ?`,
    ).get(row.id) as Record<string, number | null>
    const n = (name: string) => sums[name] ?? 0
    const counts: Counts = {
      submitted: n('submitted'),
      done: n('done'),
      failed: n('failed'),
      unreadable: n('unreadable'),
      cancelled: n('cancelled'),
      waiting: n('open') - n('running'),
      running: n('running'),
    }
    return {
      tenant: row.tenant,
      id: row.id,
      label: row.label,
      state: row.state,
      createdAt: iso(row.created_at)!,
      openedAt: iso(row.opened_at),
      closedAt: iso(row.closed_at),
      cancelRequestedAt: iso(row.cancel_requested_at),
      rerunOf: row.rerun_of,
      requestId: row.request_id,
      counts,
      stages: stageCounts(db, row.id),
    }
  }

  const chunkRows = (tenant: string, batchId: string, where: string, ...params: (string | number)[]) =>
    sql(`select * from chunks where batch_id = ? and tenant = ? and ${where} order by first_n, chunk`).iterate(
      batchId,
      tenant,
      ...params,
    ) as Iterable<ChunkRow>

  return {
    async batch(tenant, batchId) {
      const row = sql('select * from batches where id = ? and tenant = ?').get(batchId, tenant) as FullBatchRow | undefined
      return row ? view(row) : null
    },

    async batches(tenant, { after, limit }) {
      const rows = sql("select * from batches where tenant = ? and id < ? and state <> 'receiving' order by id desc limit ?").all(
        tenant,
        after ?? '~',
        limit,
      ) as FullBatchRow[]
      return rows.map(view)
    },

    // Chunks of different item types interleave in n, so a page is taken from all chunks that may hold it.
    async items(tenant, batchId, { after = -1, limit, outcome, code }) {
      const found = []
      for (const row of chunkRows(tenant, batchId, 'first_n >= 0')) {
        if (found.length >= limit && row.items && firstOf(row) > found[limit - 1]!.n) break
        const items = itemsOf(row).filter(
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
        const inputs = inputsAt(db, row)
        itemsOf(row).forEach((item, i) => {
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
           where state in ('waiting', 'queued', 'running') and job = ? and batch_id <> ? and (tenant <> ? or created_at <= ?)`,
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
      const open = sql(
        "select sum(open) as n from chunks where tenant = ? and state in ('held', 'waiting', 'queued', 'running', 'blocked')",
      ).get(tenant) as { n: number | null }
      const minute = Math.floor(now() / 60_000)
      const ended = sql('select sum(n) as n from ended where tenant = ? and minute >= ?').get(tenant, minute - 1) as { n: number | null }
      return { open: open.n ?? 0, endedLastMinute: ended.n ?? 0 }
    },

    async backlog() {
      const rows = sql(
        "select job, sum(open) as open, min(ready_at) as first from chunks where state in ('waiting', 'queued', 'running', 'blocked') group by job",
      ).all() as { job: JobName; open: number; first: number }[]
      return rows.map(({ job, open, first }) => ({ job, open, oldestMs: Math.max(0, now() - first) }))
    },

    async msPerItem(job) {
      return (sql('select ms_per_item as ms from service where job = ?').get(job) as { ms: number } | undefined)?.ms ?? null
    },

    async audit(tenant, batchId) {
      const counts: Counts = { submitted: 0, done: 0, failed: 0, unreadable: 0, cancelled: 0, waiting: 0, running: 0 }
      for (const row of chunkRows(tenant, batchId, 'first_n >= 0')) {
        const items = itemsOf(row)
        const { open, ...ended } = tally(items)
        counts.submitted += items.length
        for (const outcome of ['done', 'failed', 'unreadable', 'cancelled'] as const) counts[outcome] += ended[outcome]
        counts[row.state === 'running' ? 'running' : 'waiting'] += open
      }
      return counts
    },
  }
}

const firstOf = (row: ChunkRow): number => (row as ChunkRow & { first_n: number }).first_n

export function inputsAt({ sql }: Sqlite, row: { batch_id: string; chunk: number }): unknown[] {
  return JSON.parse(
    (sql('select inputs from inputs where batch_id = ? and chunk = ?').get(row.batch_id, row.chunk) as { inputs: string }).inputs,
  )
}

/** Per job: how many items pass through it, how many have, how many ended there, and the milliseconds that its runs waited and ran. */
function stageCounts({ sql }: Sqlite, batchId: string): StageCount[] {
  const counts = new Map<JobName, StageCount>()
  const rows = sql('select * from chunks where batch_id = ?').iterate(batchId) as Iterable<ChunkRow>
  for (const row of rows) {
    const stages = stagesOf(row)
    const stats = statsOf(row)
    const items = itemsOf(row)
    stages.forEach((job, stage) => {
      const count = counts.get(job) ?? { job, total: 0, passed: 0, ended: 0, running: 0, waitMs: 0, runMs: 0, runs: 0 }
      for (const item of items) {
        if (item.passed > stage) count.passed++
        else if (item.outcome && item.passed === stage) count.ended++
        if (!item.outcome || item.passed >= stage) count.total++
      }
      if (row.state === 'running' && row.stage === stage) count.running += row.open
      const { waitMs = 0, runMs = 0, runs = 0 } = stats[job] ?? {}
      count.waitMs += waitMs
      count.runMs += runMs
      count.runs += runs
      counts.set(job, count)
    })
  }
  return [...counts.values()]
}
