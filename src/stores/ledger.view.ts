/** A batch as the port shows it, made from its row and the counts of its chunks. */
import type { Flow, StageStats } from '../ledger/chunk.ts'
import type { Batch, Counts, StageCount } from '../ledger/ports.ts'
import type { JobName } from '../queues/index.ts'
import type { ChunkRow } from './ledger.rows.ts'

export type BatchRow = {
  id: string
  tenant: string
  label: string | null
  state: Batch['state']
  created_at: number
  opened_at: number | null
  closed_at: number | null
  cancel_requested_at: number | null
  rerun_of: string | null
  request_id: string | null
}

/** The columns that batchOf reads. */
export const COUNTED = ['state', 'stage', 'stages', 'stats', 'flow', 'total', 'open', 'done', 'failed', 'unreadable', 'cancelled'] as const
type Counted = Pick<ChunkRow, (typeof COUNTED)[number]>

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

export function batchOf(row: BatchRow, chunks: Iterable<Counted>): Batch {
  const counts: Counts = { submitted: 0, done: 0, failed: 0, unreadable: 0, cancelled: 0, waiting: 0, running: 0 }
  const stages = new Map<JobName, StageCount>()
  for (const chunk of chunks) {
    counts.submitted += chunk.total
    for (const outcome of ['done', 'failed', 'unreadable', 'cancelled'] as const) counts[outcome] += chunk[outcome]
    counts[chunk.state === 'running' ? 'running' : 'waiting'] += chunk.open
    countStages(stages, chunk)
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
    stages: [...stages.values()],
  }
}

/** Per job: how many items pass through it, how many have, how many ended there, and the milliseconds that its runs waited and ran. */
function countStages(counts: Map<JobName, StageCount>, chunk: Counted): void {
  const stats = JSON.parse(chunk.stats) as StageStats
  const flow = JSON.parse(chunk.flow) as Flow
  for (const [stage, job] of (JSON.parse(chunk.stages) as JobName[]).entries()) {
    const count = counts.get(job) ?? { job, total: 0, passed: 0, ended: 0, running: 0, waitMs: 0, runMs: 0, runs: 0 }
    const { total, passed, ended } = flow[stage]!
    count.total += total
    count.passed += passed
    count.ended += ended
    if (chunk.state === 'running' && chunk.stage === stage) count.running += total - passed - ended
    const { waitMs = 0, runMs = 0, runs = 0 } = stats[job] ?? {}
    count.waitMs += waitMs
    count.runMs += runMs
    count.runs += runs
    counts.set(job, count)
  }
}
