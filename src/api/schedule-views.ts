/** What the API shows of schedules. */
import { z } from 'zod'
import { timesAfter } from '../canonical/cron.ts'
import { ScheduleInput, startOf } from '../canonical/schedule.ts'
import type { Doc } from '../stores/ports.ts'

const NEXT_SHOWN = 5

export const OccurrenceView = z
  .object({
    id: z.string(),
    due: z.string(),
    status: z.enum(['claimed', 'started', 'skipped', 'buffered', 'missed', 'failed']).meta({
      description: '`claimed`: its batch is being submitted; `buffered`: waits for the end of the run before it.',
    }),
    reason: z
      .enum([
        'not-made-up',
        'too-old',
        'superseded',
        'still-running',
        'another-waits',
        'cancelled-the-running',
        'items-invalid',
        'not-submitted',
      ])
      .nullable(),
    by: z.enum(['cron', 'hand']),
    at: z.string().meta({ description: 'When it was decided.' }),
    startedAt: z.string().nullable(),
    batchId: z.string().nullable(),
  })
  .meta({ id: 'Occurrence' })

export const occurrenceView = ({ id, data: { schedule: _schedule, ...data } }: Doc<'occurrence'>): Record<string, unknown> => ({
  id,
  ...data,
})

export const ScheduleView = z
  .object({
    ...ScheduleInput.shape,
    id: z.string(),
    next: z
      .array(z.object({ due: z.string(), startsAt: z.string().meta({ description: 'With the jitter.' }) }))
      .meta({ description: 'The next five due times that were not handled yet; none while paused.' }),
    running: z.array(z.string()).meta({ description: 'Batches that were started and may still be open.' }),
    waiting: z.string().nullable().meta({ description: 'The occurrence that waits for their end (overlap `buffer`).' }),
    createdAt: z.string(),
    links: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Schedule' })

/** `whole`: with the items as they are; else their types only, since they may be about people. */
export function scheduleView({ id, data, createdAt }: Doc<'schedule'>, whole: boolean): Record<string, unknown> {
  const { next, buffered, items, claims: _claims, ...rest } = data
  const dues = next === null ? [] : [next, ...timesAfter(data.cron, data.zone, next, NEXT_SHOWN)]
  const iso = (ms: number) => new Date(ms).toISOString()
  return {
    id,
    ...rest,
    items: whole ? items : items.map((item) => (item.type === 'sync' ? item : { type: item.type })),
    next: dues
      .slice(0, NEXT_SHOWN)
      .map((due, i) => ({ due: iso(due), startsAt: iso(startOf(id, data.jitterSeconds, due, dues[i + 1] ?? null)) })),
    waiting: buffered,
    createdAt,
    links: { self: `/v1/schedules/${id}`, occurrences: `/v1/schedules/${id}/occurrences`, run: `/v1/schedules/${id}/run` },
  }
}

export const OneScheduleView = ScheduleView.extend({
  occurrences: z.array(OccurrenceView).meta({ description: 'The last ten, newest first.' }),
}).meta({ id: 'OneSchedule' })
