/** Years of experience from the dates of a résumé. */
import type { Experience } from '../canonical/schema.ts'

/** Half-open interval of months since year 0. */
export type Months = { from: number; to: number }

/**
 * Years of work as the union of the experience intervals, so that jobs held at the same time count once. Null when no interval has both
 * dates: unknown is not zero. A date without a month is taken at mid-year, which is right on average; months after `now` do not count.
 */
export function yearsOfExperience(experience: Pick<Experience, 'start' | 'end'>[], now: Date): number | null {
  const today = now.getUTCFullYear() * 12 + now.getUTCMonth() + 1
  const intervals = experience.map(({ start, end }) => toMonths(start, end, today)).filter((one) => one !== null)
  return intervals.length === 0 ? null : mergedMonths(intervals) / 12
}

/** Length of the union. */
export function mergedMonths(intervals: Months[]): number {
  let total = 0
  let reached = Number.NEGATIVE_INFINITY
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    total += Math.max(0, to - Math.max(from, reached))
    reached = Math.max(reached, to)
  }
  return total
}

/** Null for dates that say nothing: one is missing, the order is wrong, or all lies after `today` (a month since year 0). */
export function toMonths(start: string | null, end: string | null, today: number): Months | null {
  if (start === null || end === null || start === 'present') return null
  if (/^\d{4}$/.test(start) && start === end) {
    const year = Number(start) * 12
    return clip(year + 3, year + 9, today)
  }
  return clip(monthOf(start, 0), end === 'present' ? today : monthOf(end, 1), today)
}

/** `past` is 1 for an end date: the month it names was still worked. */
function monthOf(date: string, past: 0 | 1): number {
  const [year, month] = date.split('-').map(Number)
  return month === undefined ? year! * 12 + 6 : year! * 12 + month - 1 + past
}

/** Dates in the wrong order or in the future say nothing. */
const clip = (from: number, to: number, today: number): Months | null => {
  const until = Math.min(to, today)
  return from < until ? { from, to: until } : null
}
