/** Moves waiting chunks from the ledger into the queue. Any process may feed: the ledger's compare-and-set lets each chunk through once. */
import type { Ledger } from '../ledger/ports.ts'
import type { Logger } from '../log.ts'
import type { QueueClient } from './client.ts'

export type Feeder = {
  /** Asks for a round; calls that come while one runs are served by one more. */
  feed(): Promise<void>
  stop(): void
}

/** At most this many chunks of a tenant wait in the queue of one job: cancelling stays cheap and the queue's server small. */
const PER_TENANT = 20
const RETRY_MS = 1000

export function createFeeder(ledger: Ledger, client: QueueClient, log: Logger): Feeder {
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  let failing = false
  let timer: NodeJS.Timeout | undefined

  const later = (ms: number) => {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(() => void feed(), Math.min(ms, 60_000)).unref()
  }
  const round = async () => {
    const { dispatches, nextInMs } = await ledger.feed({ perTenant: PER_TENANT })
    if (nextInMs !== null) later(nextInMs)
    if (dispatches.length === 0) return
    const refused = await client.add(dispatches)
    if (refused.length === 0) return
    for (const dispatch of refused) await ledger.unfeed(dispatch)
    log.warn({ chunks: refused.length }, 'the queue did not take all chunks; they wait in the ledger')
    later(RETRY_MS)
  }
  const feed = (): Promise<void> => {
    if (stopped) return Promise.resolve()
    if (running) {
      again = true
      return running
    }
    running = (async () => {
      do {
        again = false
        try {
          await round()
          if (failing) log.info('feeding goes on')
          failing = false
        } catch (error) {
          // Once for an outage, in which every round fails.
          if (!failing) log.error({ err: error }, 'feeding failed; it is tried again every second')
          failing = true
          later(RETRY_MS)
        }
      } while (again && !stopped)
    })().finally(() => {
      running = null
    })
    return running
  }
  return {
    feed,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
