/** What the benches of all stores share: two sides that take turns, call by call, so that what else the machine does falls on both. */
import { median } from './report.ts'

/** Milliseconds. */
export type Side = { total: number; p50: number; p99: number }
export type Row = { what: string; count: number; ours: Side; bare: Side; ratio: number }
export type Work = () => Promise<unknown>
/** The times of one round. */
export type Timed = { what: string; count: number; ours: number[]; bare: number[] }

export async function time(work: Work): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** Ratios (time of ours by the bare driver's) are medians over the rounds. */
export function rowsOf(rounds: Timed[][]): Row[] {
  return rounds[0]!.map(({ what, count }, i) => {
    const all = rounds.map((rows) => rows[i]!)
    const ratio = median(all.map((row) => sum(row.ours) / sum(row.bare)))
    return { what, count, ours: sideOf(all.map((row) => row.ours)), bare: sideOf(all.map((row) => row.bare)), ratio }
  })
}

const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0)
function sideOf(rounds: number[][]): Side {
  const sorted = rounds.flat().sort((a, b) => a - b)
  return { total: median(rounds.map(sum)), p50: median(sorted), p99: sorted[Math.ceil(sorted.length * 0.99) - 1]! }
}

/** A call of ours, and what sends again by the bare driver what that call has sent. */
export type Call = { what: string; count: number; ours: Work; again: () => Promise<Work> }

/** Each call of ours is followed by the bare driver's; the first round warms up. */
export async function inTurns(calls: (round: number) => Call[], rounds: number): Promise<Row[]> {
  const measured: Timed[][] = []
  for (let round = 0; round <= rounds; round++) {
    const rows = new Map<string, Timed>()
    for (const { what, count, ours, again } of calls(round)) {
      const row = rows.get(what) ?? { what, count: 0, ours: [], bare: [] }
      rows.set(what, row)
      row.count += count
      row.ours.push(await time(ours))
      row.bare.push(await time(await again()))
    }
    if (round > 0) measured.push([...rows.values()])
  }
  return rowsOf(measured)
}
