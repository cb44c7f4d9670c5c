/** Schedules: what is to be started when, and the ledger of what became of each due time. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { cronFault, isZone, nextAfter } from './cron.ts'
import { derivedId } from './ids.ts'

const Cron = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .superRefine((cron, context) => {
    const fault = cronFault(cron)
    if (fault) context.addIssue({ code: 'custom', message: fault })
  })
  .meta({ description: '5 fields, 6 with seconds first, or a nickname such as @daily.', example: '30 2 * * MON-FRI' })

export const ScheduleInput = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(80)
      .regex(/^\P{Cc}*$/u, 'must not hold control characters')
      .meta({ description: 'One of a kind within the tenant; it stays.' }),
    cron: Cron,
    zone: z.string().max(60).refine(isZone, 'must be the name of a time zone, such as Europe/Berlin').default('UTC'),
    missed: z
      .enum(['skip', 'one', 'all'])
      .default('one')
      .meta({ description: 'What becomes of due times that nobody was there for: none, the last one, or all are made up for.' }),
    windowMinutes: z
      .number()
      .int()
      .min(1)
      .max(525_600)
      .default(1440)
      .meta({ description: 'How old a missed time may be to be made up for.' }),
    overlap: z
      .enum(['skip', 'buffer', 'cancel'])
      .default('skip')
      .meta({ description: 'While a run before is still open: leave this one out, let one wait for its end, or cancel the run before.' }),
    jitterSeconds: z.number().int().min(0).max(3600).default(0).meta({
      description:
        'Starts up to so many seconds after the due time, never after the next one; the same for each due time wherever it is asked.',
    }),
    paused: z.boolean().default(false).meta({ description: 'Times due while paused are neither run nor missed.' }),
    items: z
      .array(z.looseObject({ type: z.string() }))
      .min(1)
      .max(100)
      .meta({ description: 'The items of each batch, as lines of POST /v1/batches.', example: [{ type: 'sync', source: 'zervigo' }] }),
  })
  .meta({ id: 'ScheduleInput' })
export type ScheduleInput = z.infer<typeof ScheduleInput>

export type Schedule = ScheduleInput & {
  /** The first due time that was not handled yet, milliseconds UTC; null while paused and where no time comes any more. */
  next: number | null
  /** Batches that were started and may still be open. */
  running: string[]
  /** The occurrence that waits for their end. */
  buffered: string | null
  /**
   * Occurrences that may be claimed and that no due time leads to: runs by hand, and what was in the works when the times were changed. Noted
   * here before the claim is made, so that one whose owner has died is found.
   */
  claims: string[]
}

/** What became of one due time. `claimed` is on its way to `started`: its batch is named, and anybody may submit it. */
export type Occurrence = {
  schedule: string
  /** ISO, as the other times. */
  due: string
  status: 'claimed' | 'started' | 'skipped' | 'buffered' | 'missed' | 'failed'
  reason: string | null
  batchId: string | null
  /** When it was decided. */
  at: string
  startedAt: string | null
  by: 'cron' | 'hand'
}

/** The name makes the id: two schedules of one name cannot be, and a due time stays unique when a schedule is deleted and made again. */
export const scheduleId = (tenant: string, name: string): string => derivedId('s', tenant, name)

/** Ids of one schedule's occurrences sort by due time (milliseconds UTC). A run by hand never takes the place of one that is due. */
export const occurrenceId = (schedule: string, due: number, by: Occurrence['by'] = 'cron'): string =>
  `${occurrencesOf(schedule)}${String(due).padStart(14, '0')}${by === 'hand' ? 'h' : ''}`
/** What the ids of a schedule's occurrences begin with. */
export const occurrencesOf = (schedule: string): string => `o${schedule.slice(1)}_`

/**
 * When the run of a due time starts, all milliseconds UTC. It stays before `following`, the next due time, so that runs keep their order; made from
 * the id and the due time alone, so that all schedulers agree.
 */
export function startOf(id: string, jitterSeconds: number, due: number, following: number | null): number {
  if (jitterSeconds === 0) return due
  const share = createHash('sha256').update(`${id}\0${due}`).digest().readUInt32BE(0) / 2 ** 32
  return due + Math.floor(share * Math.min(jitterSeconds * 1000, (following ?? Number.POSITIVE_INFINITY) - due))
}

export const startsAt = (
  id: string,
  { cron, zone, jitterSeconds }: Pick<Schedule, 'cron' | 'zone' | 'jitterSeconds'>,
  due: number,
): number => startOf(id, jitterSeconds, due, jitterSeconds === 0 ? null : nextAfter(cron, zone, due))

/** The due time that an occurrence's id was made from, milliseconds UTC. */
export const dueOf = (occurrence: string): number => Number.parseInt(occurrence.slice(occurrence.lastIndexOf('_') + 1), 10)
