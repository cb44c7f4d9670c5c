import type { Dispatch } from '../ledger/ports.ts'
import { type JobName, jobNames } from '../queues/index.ts'
import type { Group } from './group.ts'
import type { Held, LedgerFile } from './ledger.front.ts'
import { dispatchOf, endRun, MAX_TAG, recordRun, SERVICE_WEIGHT, stageEvent } from './ledger.rows.ts'
import { itemsOf, logChanges, logEvent, readChunk, type StoredRow, settleBatch, writeItems, writeRow } from './ledger.sqlite.rows.ts'
import type { Packed } from './packing.ts'
import type { Sqlite } from './sqlite.ts'

type Part = Pick<LedgerFile, 'feed' | 'unfeed' | 'claim' | 'record' | 'finish' | 'touch' | 'cancelRequested'>

type Claimed = Pick<StoredRow, 'id' | 'state' | 'dispatch' | 'lost' | 'fence' | 'job' | 'stage' | 'attempt' | 'tag'> & {
  items: Packed
  inputs: Packed
}

export function movePart(db: Sqlite, group: Group, now: () => number): Part {
  const { sql } = db
  const cancelling = (batchId: string): boolean =>
    sql('select 1 from batches where id = ? and cancel_requested_at is not null').get(batchId) !== undefined
  const mine = (row: StoredRow | undefined, held: Held): row is StoredRow => row?.state === 'running' && row.fence === held.fence

  return {
    async feed({ perTenant }) {
      const at = now()
      const first = (job: JobName, after: number): number =>
        (
          sql("select min(ready_at) as t from chunks where state = 'waiting' and job = ? and ready_at > ?").get(job, after) as {
            t: number | null
          }
        ).t ?? Number.POSITIVE_INFINITY
      // Almost every call finds nothing; it must not take the write lock then.
      const due = jobNames.filter((job) => first(job, 0) <= at)
      const dispatches = due.length === 0 ? [] : await group(() => due.flatMap((job) => feedJob(db, job, perTenant, at)))
      const next = Math.min(...jobNames.map((job) => first(job, at)))
      return { dispatches, nextInMs: Number.isFinite(next) ? next - at : null }
    },

    async unfeed({ batchId, chunk, dispatch }) {
      await group(() => {
        sql("update chunks set state = 'waiting' where batch_id = ? and chunk = ? and dispatch = ? and state = 'queued'").run(
          batchId,
          chunk,
          dispatch,
        )
      })
    },

    async claim(ref) {
      const at = now()
      return group(() => {
        const row = sql(
          `select c.id, state, dispatch, lost, fence, job, stage, attempt, tag, items, inputs from chunks c join items using (id) join inputs using (id)
           where batch_id = ? and chunk = ? and tenant = ?`,
        ).get(ref.batchId, ref.chunk, ref.tenant) as Claimed | undefined
        if (!row || row.dispatch !== ref.dispatch || (row.state !== 'queued' && row.state !== 'running')) return null
        // Claimed while it runs: the queue gave the job out again because its first owner stopped renewing its lock.
        const lost = row.state === 'running' ? row.lost + 1 : row.lost
        const fence = row.fence + 1
        sql("update chunks set state = 'running', fence = ?, lost = ?, started_at = ?, touched_at = ? where id = ?").run(
          fence,
          lost,
          at,
          at,
          row.id,
        )
        sql('insert into fair_clock values (?, ?) on conflict do update set v = excluded.v where excluded.v > v').run(row.job, row.tag ?? 0)
        return {
          ...ref,
          job: row.job,
          stage: row.stage,
          fence,
          attempt: row.attempt + 1,
          states: row.items,
          inputs: row.inputs,
        }
      })
    },

    async record(held, results) {
      const at = now()
      return group(() => {
        const row = readChunk(db, held)
        if (!mine(row, held)) return { ok: false, cancelled: false }
        const items = itemsOf(db, row)
        const changes = recordRun(row, items, results, at)
        writeRow(db, row)
        writeItems(db, row, items)
        logChanges(db, row, items, changes, at)
        return { ok: true, cancelled: cancelling(row.batch_id) }
      })
    },

    async touch(held) {
      return group(() => {
        const { changes } = sql(
          "update chunks set touched_at = ? where batch_id = ? and chunk = ? and fence = ? and state = 'running'",
        ).run(now(), held.batchId, held.chunk, held.fence)
        return changes > 0
      })
    },

    async finish(held, end) {
      const at = now()
      return group(() => {
        const row = readChunk(db, held)
        if (!mine(row, held)) return { ok: false, batchClosed: false, open: 0 }
        const before = { ...row }
        const items = itemsOf(db, row)
        const { changes, open, runMs } = endRun(row, items, end, cancelling(row.batch_id), at)
        measure(db, before.job, held.size, runMs)
        writeRow(db, row)
        if (changes.length + (end.results?.length ?? 0) > 0) writeItems(db, row, items)
        logChanges(db, before, items, changes, at)
        if (open === 0) logEvent(db, row.tenant, row.batch_id, 'stage', stageEvent(before, row), at)
        return { ok: true, batchClosed: settleBatch(db, row.tenant, row.batch_id, at), open }
      })
    },

    async cancelRequested(refs) {
      return refs.filter((ref) => cancelling(ref.batchId))
    },
  }
}

type Waiting = Pick<StoredRow, 'id' | 'batch_id' | 'chunk' | 'tenant' | 'job' | 'open' | 'dispatch' | 'tag'>

/**
 * Start-time fair queueing (Goyal, Vin, Chen 1996): a chunk's tag is max(V, last tag of its tenant), V the tag of the last chunk that started;
 * the tenant's next tag is one chunk's items further. A tenant that comes late starts at V, ahead of the backlog of the others.
 */
function feedJob(db: Sqlite, job: JobName, perTenant: number, at: number): Dispatch[] {
  const { sql } = db
  const inQueue = new Map(
    (
      sql("select tenant, count(*) as n from chunks where state in ('queued', 'running') and job = ? group by tenant").all(job) as {
        tenant: string
        n: number
      }[]
    ).map((row) => [row.tenant, row.n]),
  )
  if (inQueue.size === 0) {
    sql('delete from fair where job = ?').run(job)
    sql('delete from fair_clock where job = ?').run(job)
  }
  const v = (sql('select v from fair_clock where job = ?').get(job) as { v: number } | undefined)?.v ?? 0
  if (v > MAX_TAG) return []
  const dispatches: Dispatch[] = []
  for (const tenant of tenantsWaiting(db, job)) {
    const room = perTenant - (inQueue.get(tenant) ?? 0)
    if (room <= 0) continue
    // Left alone, SQLite takes the index by time and sorts every waiting chunk of the job.
    const rows = sql(
      "select id, batch_id, chunk, tenant, job, open, dispatch, tag from chunks indexed by chunks_waiting where state = 'waiting' and job = ? and tenant = ? and ready_at <= ? order by created_at, id limit ?",
    ).all(job, tenant, at, room) as Waiting[]
    let last = (sql('select tag from fair where job = ? and tenant = ?').get(job, tenant) as { tag: number } | undefined)?.tag ?? 0
    for (const row of rows) {
      row.tag = Math.max(v, last)
      last = row.tag + row.open
      row.dispatch++
      sql("update chunks set state = 'queued', dispatch = ?, tag = ?, touched_at = ? where id = ?").run(row.dispatch, row.tag, at, row.id)
      dispatches.push(dispatchOf(row))
    }
    if (rows.length > 0) sql('insert into fair values (?, ?, ?) on conflict do update set tag = excluded.tag').run(job, tenant, last)
  }
  return dispatches
}

/** From tenant to tenant by the index: `select distinct` would walk over every waiting chunk. */
function tenantsWaiting({ sql }: Sqlite, job: JobName): string[] {
  const next = sql("select min(tenant) as tenant from chunks where state = 'waiting' and job = ? and tenant > ?")
  const tenants: string[] = []
  for (let last = ''; ; ) {
    const { tenant } = next.get(job, last) as { tenant: string | null }
    if (tenant === null) return tenants
    tenants.push(tenant)
    last = tenant
  }
}

/** Service time per item as an exponentially weighted mean. */
function measure({ sql }: Sqlite, job: JobName, items: number, runMs: number): void {
  if (items === 0) return
  sql(
    `insert into service values (?, ?, 1) on conflict do update set ms_per_item = ms_per_item + ${SERVICE_WEIGHT} * (excluded.ms_per_item - ms_per_item), samples = samples + 1`,
  ).run(job, runMs / items)
}
