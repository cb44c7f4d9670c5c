/** What is measured of each query of a store, embedded or on a server; listed by `looma storage queries`. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Times in milliseconds since the process started. `rows`: documents, nodes, hits or rows that the answers held in all. */
export type QueryStats = { query: string; count: number; errors: number; rows: number; p50Ms: number; p99Ms: number; maxMs: number }
/** `full` names the steps that read more than they must (scans without an index). */
export type Plan = { query: string; plan: string; full: string[] }

/** How a store lets itself be looked at. */
export type Inspect = {
  queries(): QueryStats[] | Promise<QueryStats[]>
  /** The plans of one query, or of all that are known. A query that is sent in several forms has a plan for each, `graph.edges talent`. */
  plans(query?: string): Promise<Plan[]>
  /** `told` is called for every query that took longer than 50 ms. */
  watch(told: Slow): void
}
type Slow = (query: string, ms: number) => void

export type Recorder = {
  /** `rows` is null where the query failed. */
  record(query: string, ms: number, rows: number | null): void
  queries(): QueryStats[]
  watch(told: Slow): void
}

const SLOW_MS = 50

export function createRecorder(): Recorder {
  const stats = new Map<string, { times: RecordableHistogram; errors: number; rows: number }>()
  let slow: Slow | undefined
  return {
    record(query, ms, rows) {
      let of = stats.get(query)
      if (!of) {
        of = { times: createHistogram({ lowest: 1, highest: 600_000_000, figures: 2 }), errors: 0, rows: 0 }
        stats.set(query, of)
      }
      // Microseconds.
      of.times.record(Math.max(1, Math.round(ms * 1000)))
      if (rows === null) of.errors++
      else of.rows += rows
      if (ms > SLOW_MS) slow?.(query, ms)
    },
    queries: () =>
      Array.from(stats, ([query, { times, errors, rows }]) => ({
        query,
        count: times.count,
        errors,
        rows,
        p50Ms: times.percentile(50) / 1000,
        p99Ms: times.percentile(99) / 1000,
        maxMs: times.max / 1000,
      })),
    watch(told) {
      slow = told
    },
  }
}

export const isPlanOf = (query: string, plan: Pick<Plan, 'query'>): boolean => plan.query === query || plan.query.startsWith(`${query} `)
