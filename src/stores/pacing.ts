/** Bulk work against synchronous stores, cut so that the event loop (HTTP, lock renewal, heartbeats) never waits long for its turn. */
import { setImmediate as turn } from 'node:timers/promises'

/** A transaction takes no further work after this many milliseconds: other processes wait for its lock, and the event loop for its thread. */
export const TRANSACTION_MS = 10

/** Returns a function to await between bits of work: it gives the event loop a turn once `budget` milliseconds have passed since the last one. */
export function createPacer(budget = 8): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < budget) return
    await turn()
    since = performance.now()
  }
}

/** Slices of at most `size` items, with a turn of the event loop between two of them. */
export async function* slices<T>(items: readonly T[], size: number): AsyncGenerator<T[]> {
  for (let i = 0; i < items.length; i += size) {
    if (i > 0) await turn()
    yield items.slice(i, i + size)
  }
}
