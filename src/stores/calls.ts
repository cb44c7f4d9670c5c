/**
 * How an adapter talks to its server: the one place for time limits, retries, the circuit breaker, and what is measured of each query. A query
 * has a name (`documents.get`), which is its fingerprint in `looma storage queries`, in the log of slow queries and in the metrics.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen, isBrokenCircuitError } from 'cockatiel'
import { AppError } from '../errors.ts'

export type QueryStats = { query: string; count: number; errors: number; rows: number; p50Ms: number; p99Ms: number; maxMs: number }

export type CallOptions<T> = {
  /** Documents, nodes or hits that the answer holds. */
  rows?: (answer: T) => number
  /** For the few calls that must not be sent twice: by default a call that got no answer is repeated, since every write is gated or keyed. */
  once?: boolean
  /** Milliseconds for one attempt. */
  timeoutMs?: number
}

export type Calls = {
  /** `work` is given a signal that fires at the time limit. Throws what `toError` makes of its error; `store-down` at once while the breaker is open. */
  <T>(query: string, work: (signal: AbortSignal) => Promise<T>, options?: CallOptions<T>): Promise<T>
  queries(): QueryStats[]
}

export type CallsConfig = {
  /** `neo4j`, as in messages. */
  server: string
  /** The engine's error as ours. `store-down` is what is retried and what opens the breaker; everything else is thrown as it is. */
  toError: (thrown: unknown) => AppError
  /** Told of queries that took longer than SLOW_MS. */
  onSlow?: (query: string, ms: number) => void
}

const SLOW_MS = 50
const TIMEOUT_MS = 10_000
/** Further attempts of one call, and the share of all calls that may be attempted again: a sick server must not get more work than a well one. */
const RETRIES = 2
const RETRY_SHARE = 0.1
const RETRY_BURST = 10
const BREAK_AFTER = 5
const BREAK_MS = 2000

export function createCalls({ server, toError, onSlow }: CallsConfig): Calls {
  const stats = new Map<string, { times: RecordableHistogram; errors: number; rows: number }>()
  const breaker = circuitBreaker(
    handleWhen((error) => (error as AppError).code === 'store-down'),
    { halfOpenAfter: BREAK_MS, breaker: new ConsecutiveBreaker(BREAK_AFTER) },
  )
  let budget = RETRY_BURST

  async function attempt<T>(work: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> {
    const limit = new AbortController()
    let timer: NodeJS.Timeout | undefined
    try {
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new AppError('store-down', `${server} gave no answer in ${timeoutMs} ms`))
          limit.abort()
        }, timeoutMs)
      })
      return await Promise.race([work(limit.signal), late])
    } catch (thrown) {
      throw thrown instanceof AppError ? thrown : toError(thrown)
    } finally {
      clearTimeout(timer)
    }
  }

  async function run<T>(work: (signal: AbortSignal) => Promise<T>, once: boolean, timeoutMs: number): Promise<T> {
    budget = Math.min(RETRY_BURST, budget + RETRY_SHARE)
    for (let retry = 0; ; retry++) {
      try {
        return await breaker.execute(() => attempt(work, timeoutMs))
      } catch (error) {
        if (isBrokenCircuitError(error)) throw new AppError('store-down', `${server} is out of reach`, { retryAfter: 5 })
        const again = (error as AppError).code === 'store-down' && !once && retry < RETRIES && budget >= 1
        if (!again || breaker.state !== CircuitState.Closed) throw error
        budget--
        // Full jitter (Brooker, 2015): callers that failed together must not come back together.
        await delay(Math.random() * 100 * 4 ** retry)
      }
    }
  }

  const calls = async <T>(query: string, work: (signal: AbortSignal) => Promise<T>, options: CallOptions<T> = {}): Promise<T> => {
    let of = stats.get(query)
    if (!of) {
      of = { times: createHistogram({ lowest: 1, highest: 600_000_000, figures: 2 }), errors: 0, rows: 0 }
      stats.set(query, of)
    }
    const since = performance.now()
    try {
      const answer = await run(work, options.once ?? false, options.timeoutMs ?? TIMEOUT_MS)
      of.rows += options.rows?.(answer) ?? 0
      return answer
    } catch (error) {
      of.errors++
      throw error
    } finally {
      const ms = performance.now() - since
      of.times.record(Math.max(1, Math.round(ms * 1000)))
      if (ms > SLOW_MS) onSlow?.(query, ms)
    }
  }
  return Object.assign(calls, {
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
  })
}
