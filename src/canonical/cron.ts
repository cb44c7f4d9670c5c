/** Times of a cron expression in a time zone. All times are milliseconds UTC, so that no change of a clock makes them drift. */
import { Cron } from 'croner'

/**
 * `no-wildcard` are the rules of Vixie cron at a change of the clock: what has fixed hours runs exactly once a day (a time that the spring leaves
 * out runs when the clock has jumped, one that the autumn repeats runs the first time), and what has a step or a wildcard follows the hours that there are.
 */
const open = (cron: string, zone: string): Cron =>
  new Cron(cron, { timezone: zone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard', paused: true })

/** What is wrong with an expression (5 fields, 6 with seconds first, or a nickname such as @daily), null for nothing. */
export function cronFault(cron: string): string | null {
  // The library also takes dates and a field for years: those are no recurring times.
  if (!cron.startsWith('@') && ![5, 6].includes(cron.trim().split(/\s+/).length))
    return 'must have 5 fields, or 6 with seconds first, or be a nickname such as @daily'
  try {
    return open(cron, 'UTC').nextRun(new Date(0)) === null ? 'no such time ever comes' : null
  } catch (error) {
    return (error as Error).message.replace(/^\w+: /, '')
  }
}

/** Names of the time zone database only: an offset such as +02:00 would not follow the seasons. */
export function isZone(zone: string): boolean {
  if (!/^[A-Za-z][\w+/-]*$/.test(zone)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).format() !== ''
  } catch {
    return false
  }
}

/** The first time after `after`, null where none comes before the year 3000. */
export const nextAfter = (cron: string, zone: string, after: number): number | null =>
  open(cron, zone).nextRun(new Date(after))?.getTime() ?? null

/** Up to `count` times after `after`, in order. */
export const timesAfter = (cron: string, zone: string, after: number, count: number): number[] =>
  open(cron, zone)
    .nextRuns(count, new Date(after))
    .map((time) => time.getTime())
