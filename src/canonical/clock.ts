/**
 * Hybrid logical clock in 53 bits: milliseconds × 2048 + counter (Kulkarni et al. 2014, packed as in reference tables until 2109-05-15).
 * The number is safe in JSON, SQL and every client, and grows even when the wall clock steps back.
 */
export function createClock(now: () => number = Date.now): (after?: number) => number {
  let last = 0
  return (after = 0) => {
    last = Math.max(last + 1, after + 1, now() * 2048)
    return last
  }
}
