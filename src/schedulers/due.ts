/** What becomes of a due time, as pure functions. All times are milliseconds UTC. */
import { nextAfter, timesAfter } from '../canonical/cron.ts'
import { type Occurrence, type Schedule, startOf } from '../canonical/schedule.ts'

/** Up to here a late start is still on time: a tick may be slow, a scheduler may be started again. */
const GRACE_MS = 60_000

/** Why a start that nobody was there for is not made up for; null where it is. `later`: another start after it has passed too. */
function missedBecause({ missed, windowMinutes }: Schedule, start: number, later: boolean, now: number): string | null {
  const age = now - start
  if (age <= GRACE_MS) return null
  if (missed === 'skip') return 'not-made-up'
  if (age > windowMinutes * 60_000) return 'too-old'
  return missed === 'one' && later ? 'superseded' : null
}

/** Up to `limit` missed times from the next due one on, until one that is to run; and the due time after them. */
export function missedTimes(
  id: string,
  schedule: Schedule,
  now: number,
  limit: number,
): { missed: { due: number; reason: string }[]; next: number | null } {
  const { cron, zone, jitterSeconds, next } = schedule
  const missed: { due: number; reason: string }[] = []
  // No start is earlier than its due time: nothing to look up in the ordinary case.
  if (next === null || now - next <= GRACE_MS) return { missed, next }
  const dues = [next, ...timesAfter(cron, zone, next, limit + 1)]
  const starts = dues.map((due, i) => startOf(id, jitterSeconds, due, dues[i + 1] ?? null))
  for (let i = 0; i < Math.min(limit, dues.length); i++) {
    const reason = missedBecause(schedule, starts[i]!, (starts[i + 1] ?? Number.POSITIVE_INFINITY) <= now, now)
    if (reason === null) return { missed, next: dues[i]! }
    missed.push({ due: dues[i]!, reason })
  }
  return { missed, next: dues[missed.length] ?? nextAfter(cron, zone, missed.at(-1)!.due) }
}

/** What becomes of a due time that is to run. `open`: how many runs before it have not ended. */
export function onOverlap({ overlap, buffered }: Schedule, open: number): Pick<Occurrence, 'status' | 'reason'> {
  if (open === 0) return { status: 'claimed', reason: null }
  if (overlap === 'cancel') return { status: 'claimed', reason: 'cancelled-the-running' }
  if (overlap === 'skip') return { status: 'skipped', reason: 'still-running' }
  return buffered === null ? { status: 'buffered', reason: 'still-running' } : { status: 'skipped', reason: 'another-waits' }
}
