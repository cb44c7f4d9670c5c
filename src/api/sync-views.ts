/** What the API shows of syncs. */
import { z } from 'zod'
import type { Run, RunEntity } from '../canonical/sync.ts'
import type { Doc } from '../stores/ports.ts'

export const SourceView = z
  .object({
    name: z.string(),
    kind: z.string(),
    entities: z.array(
      z.object({
        name: z.string(),
        incremental: z.boolean(),
        watermark: z.string().nullable().meta({ description: 'Greatest source time that is safely stored.' }),
        running: z.string().nullable().meta({ description: 'The run that is at work on it.' }),
        failures: z.number().meta({ description: 'Runs in a row that found the source down.' }),
        leftAloneUntil: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Source' })

const Counts = z.object({
  read: z.number().meta({ description: 'Always the sum of the six that follow.' }),
  inserted: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  stale: z.number().meta({ description: 'Older than what is held, or of an erased person.' }),
  rejected: z.number(),
  deleted: z.number(),
})
export const RunView = z
  .object({
    id: z.string(),
    batchId: z.string(),
    source: z.string(),
    mode: z.enum(['full', 'incremental', 'record']),
    dryRun: z.boolean(),
    status: z.enum(['waiting', 'running', 'done', 'failed', 'parked', 'cancelled']),
    code: z.string().nullable(),
    detail: z.string().nullable(),
    startedAt: z.string().meta({ description: 'When it was asked for, while it waits.' }),
    endedAt: z.string().nullable(),
    counts: Counts,
    recordsPerSecond: z.number().nullable(),
    etaSeconds: z.number().nullable().meta({ description: 'From the rate so far, where the source says how many records it has.' }),
    entities: z.record(
      z.string(),
      Counts.extend({
        total: z.number().nullable(),
        pages: z.number(),
        done: z.boolean(),
        watermark: z.string().nullable(),
        lagMs: z.number().nullable().meta({ description: "How far the watermark was behind the run's start." }),
      }),
    ),
    conflicts: z.object({
      auto: z.number(),
      open: z.number(),
      paths: z.record(z.string(), z.object({ auto: z.number(), open: z.number() })),
    }),
    drift: z.record(z.string(), z.number()).meta({ description: 'Fields that no rule knows, and how many records had them.' }),
    heldDeletes: z.number().meta({ description: 'Deletes that wait for a run with confirmDeletes.' }),
    written: z.number(),
    projected: z.number(),
    diff: z
      .array(
        z.object({
          subject: z.object({ kind: z.string(), id: z.string() }),
          change: z.enum(['create', 'update', 'archive']),
          fields: z.record(z.string(), z.object({ from: z.unknown(), to: z.unknown() })),
        }),
      )
      .optional()
      .meta({ description: 'Dry runs: the first 100 differences.' }),
    links: z.record(z.string(), z.string()),
  })
  .meta({ id: 'SyncRun' })
export type RunView = z.infer<typeof RunView>

const COUNTS = ['read', 'inserted', 'updated', 'unchanged', 'stale', 'rejected', 'deleted'] as const

export function runView(id: string, run: Run, now = Date.now()): RunView {
  const parts = Object.values(run.entities)
  const counts = Object.fromEntries(COUNTS.map((key) => [key, parts.reduce((sum, part) => sum + part[key], 0)])) as RunView['counts']
  const seconds = ((run.endedAt ? Date.parse(run.endedAt) : now) - Date.parse(run.startedAt)) / 1000
  const rate = counts.read > 0 && seconds > 0 ? counts.read / seconds : null
  const batchId = id.slice(0, id.lastIndexOf('_'))
  return {
    ...run,
    id,
    batchId,
    counts,
    recordsPerSecond: rate === null ? null : Math.round(rate * 10) / 10,
    etaSeconds: run.status === 'running' ? eta(parts, rate) : run.status === 'done' ? 0 : null,
    entities: Object.fromEntries(
      Object.entries(run.entities).map(([name, part]) => [
        name,
        { ...part, watermark: part.watermark === null ? null : new Date(part.watermark).toISOString() },
      ]),
    ),
    links: { self: `/v1/runs/${id}`, batch: `/v1/batches/${batchId}`, events: `/v1/runs/${id}/events` },
  }
}

function eta(parts: RunEntity[], rate: number | null): number | null {
  if (rate === null || parts.some(({ total, done }) => total === null && !done)) return null
  const left = parts.reduce((sum, { total, read, done }) => sum + (done ? 0 : Math.max(0, (total ?? 0) - read)), 0)
  return Math.round((left / rate) * 10) / 10
}

export const RejectView = z
  .object({
    recordId: z.string(),
    source: z.string(),
    entity: z.string(),
    id: z.string().meta({ description: "The source's own id." }),
    code: z.string(),
    faults: z.array(z.object({ pointer: z.string(), detail: z.string() })),
    since: z.string(),
  })
  .meta({ id: 'Reject' })

/** Without the record itself: what could not be read may hold anything. */
export const rejectView = ({ data, createdAt }: Doc<'reject'>): z.infer<typeof RejectView> => ({
  recordId: data.recordId,
  source: data.source,
  entity: data.entity,
  id: String((data.raw as { id?: unknown }).id ?? ''),
  code: data.code,
  faults: data.faults,
  since: createdAt,
})
