/**
 * How an adapter talks to its server: the one place for time limits, retries, the circuit breaker, and what is measured of each query. A query
 * has a name (`documents.get`), which is its fingerprint in `looma storage queries` and in the log of slow queries.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen, isBrokenCircuitError } from 'cockatiel'
import { AppError } from '../errors.ts'
import { createRecorder, type Recorder } from './query-stats.ts'

export type CallOptions<T> = {
  /** Documents, nodes or hits that the answer holds. */
  rows?: (answer: T) => number
  /** For the few calls that must not be sent twice: by default a call that got no answer is repeated, since every write is gated or keyed. */
  once?: boolean
  /** Milliseconds for one attempt. */
  timeoutMs?: number
}

/** `work` is given a signal that fires at the time limit. Throws what `toError` makes of its error; `store-down` at once while the breaker is open. */
export type Calls = <T>(query: string, work: (signal: AbortSignal) => Promise<T>, options?: CallOptions<T>) => Promise<T>
export type MeasuredCalls = Calls & Pick<Recorder, 'queries' | 'watch'>

export type CallsConfig = {
  /** `neo4j`, as in messages. */
  server: string
  /** The engine's error as ours. `store-down` is what is retried and what opens the breaker; everything else is thrown as it is. */
  toError: (thrown: unknown) => AppError
}

const TIMEOUT_MS = 10_000
/** Further attempts of one call, and the share of all calls that may be attempted again: a sick server must not get more work than a well one. */
const RETRIES = 2
const RETRY_SHARE = 0.1
const RETRY_BURST = 10
const BREAK_AFTER = 5
const BREAK_MS = 2000

export function createCalls({ server, toError }: CallsConfig): MeasuredCalls {
  const { record, queries, watch } = createRecorder()
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
    const since = performance.now()
    let rows: number | null = null
    try {
      const answer = await run(work, options.once ?? false, options.timeoutMs ?? TIMEOUT_MS)
      rows = options.rows?.(answer) ?? 0
      return answer
    } finally {
      record(query, performance.now() - since, rows)
    }
  }
  return Object.assign(calls, { queries, watch })
}
