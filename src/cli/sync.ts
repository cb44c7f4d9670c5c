/** `looma sync`: runs of a source from a terminal. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { RunView, SourceView } from '../api/sync-views.ts'
import { columns, minute, type Remote } from './remote.ts'

type Print = (line: string) => void
export type RunOptions = {
  mode?: string
  entity?: string
  id?: string
  dryRun?: boolean
  confirmDeletes?: boolean
  json?: boolean
}

const LOOK_MS = 500
/** States in which nothing more comes. */
const ENDED = ['done', 'failed', 'parked', 'cancelled']

/** Starts a run, shows how far it is until it has ended, and prints its report. Answers the exit code: 0 only where it is done. */
export async function runSource(
  remote: Remote,
  source: string,
  { json, ...options }: RunOptions,
  out: NodeJS.WriteStream,
  print: Print,
): Promise<number> {
  const { id } = await remote<{ id: string }>('POST', `/v1/sources/${encodeURIComponent(source)}/runs`, options)
  for (let looks = 0; ; looks++) {
    const run = await remote<RunView>('GET', `/v1/runs/${id}`)
    if (out.isTTY) out.write(`\r\u001b[2K${progressOf(run)}`)
    if (ENDED.includes(run.status)) {
      if (out.isTTY) out.write('\r\u001b[2K')
      if (json) print(JSON.stringify(run))
      else for (const line of reportOf(run)) print(line)
      return run.status === 'done' ? 0 : 1
    }
    if (run.status === 'waiting' && !out.isTTY && looks === 20) print('waiting for a worker')
    await sleep(LOOK_MS)
  }
}

function progressOf({ status, counts, recordsPerSecond, etaSeconds }: RunView): string {
  if (status === 'waiting') return 'waiting for a worker'
  const rate = recordsPerSecond === null ? '' : `, ${recordsPerSecond} a second`
  return `${counts.read} read${rate}${etaSeconds ? `, ${Math.ceil(etaSeconds)} s left` : ''}`
}

function reportOf(run: RunView): string[] {
  const { counts, conflicts } = run
  const drift = Object.entries(run.drift).map(([field, n]) => `${field} (${n})`)
  return [
    `${run.source}: ${run.status}${run.code ? ` (${run.code})` : ''}${run.detail ? `: ${run.detail}` : ''}${run.dryRun ? ', a dry run: nothing was changed' : ''}`,
    `  read ${counts.read} = inserted ${counts.inserted} + updated ${counts.updated} + unchanged ${counts.unchanged} + stale ${counts.stale} + rejected ${counts.rejected} + deleted ${counts.deleted}`,
    ...(conflicts.auto + conflicts.open > 0 ? [`  conflicts: ${conflicts.auto} decided by policy, ${conflicts.open} for a person`] : []),
    ...(run.heldDeletes > 0
      ? [`  ${run.heldDeletes} deletes are held back: look at them, then run again with --mode full --confirm-deletes`]
      : []),
    ...(drift.length > 0 ? [`  fields that no rule knows: ${drift.join(', ')}`] : []),
    ...(run.diff ?? []).map(
      ({ subject, change, fields }) => `  ${change} ${subject.kind} ${subject.id}: ${Object.keys(fields).join(', ')}`,
    ),
    `  ${run.id}`,
  ]
}

export async function listSources(remote: Remote, print: Print): Promise<void> {
  const { data } = await remote<{ data: z.infer<typeof SourceView>[] }>('GET', '/v1/sources')
  if (data.length === 0) return print('No sources for this tenant (SOURCES_FILE).')
  const rows = data.flatMap(({ name, kind, entities }) =>
    entities.map((entity) => [
      name,
      kind,
      entity.name,
      minute(entity.watermark),
      entity.running ?? (entity.leftAloneUntil ? `left alone until ${minute(entity.leftAloneUntil)}` : '-'),
    ]),
  )
  for (const line of columns([['SOURCE', 'KIND', 'ENTITY', 'READ UP TO (UTC)', 'RUNNING'], ...rows])) print(line)
}

export async function listRuns(remote: Remote, print: Print): Promise<void> {
  const { data } = await remote<{ data: RunView[] }>('GET', '/v1/runs?limit=20')
  if (data.length === 0) return print('No run yet.')
  const rows = data.map(({ id, startedAt, source, mode, status, code, counts }) => [
    id,
    minute(startedAt),
    source,
    mode,
    code ? `${status} (${code})` : status,
    counts.read,
    counts.inserted + counts.updated + counts.deleted,
  ])
  for (const line of columns([['RUN', 'STARTED (UTC)', 'SOURCE', 'MODE', 'STATUS', 'READ', 'CHANGED'], ...rows])) print(line)
}
