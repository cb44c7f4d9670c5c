/** The watchdog: a schedule whose start lies in the past was forgotten, whatever the reason. */
import { startsAt } from '../canonical/schedule.ts'
import type { Logger } from '../log.ts'
import type { Documents } from '../stores/ports.ts'
import { allSchedules } from './schedules.ts'

const OVERDUE_MS = 120_000

type Overdue = { tenant: string; schedule: string; name: string; lateMs: number }

/** Schedules whose next start (due time and jitter) is more than two minutes ago; `now` in milliseconds. */
export async function overdueSchedules(documents: Documents, now = Date.now()): Promise<Overdue[]> {
  const found: Overdue[] = []
  for await (const { tenant, id, data } of allSchedules(documents)) {
    if (data.paused || data.next === null || now - data.next <= OVERDUE_MS) continue
    const lateMs = now - startsAt(id, data, data.next)
    if (lateMs > OVERDUE_MS) found.push({ tenant, schedule: id, name: data.name, lateMs })
  }
  return found
}

/** The message is what alerts are made of: it stays as it is. */
export async function warnOverdue(documents: Documents, log: Logger, now = Date.now()): Promise<void> {
  for (const overdue of await overdueSchedules(documents, now)) log.warn(overdue, 'a schedule is overdue')
}
