/**
 * A read sees what this process wrote before it, and what others wrote up to a second ago. Writes do not wait for the server's next refresh, and
 * do not ask for one: a read asks where there is something new, so that a load of many batches pays for none: a refresh takes some 20 ms, and a write that waits for the
 * server's own takes a second.
 */
import type { Elastic } from './search.elastic.connect.ts'

export type Freshness = {
  /** To be told after every write that may have reached the index. */
  wrote(alias: string): void
  /** To be awaited before a search. */
  fresh(alias: string): Promise<void>
}

export function createFreshness(elastic: Elastic): Freshness {
  const unseen = new Set<string>()
  const running = new Map<string, Promise<void>>()

  async function refresh(alias: string): Promise<void> {
    // Before the request: what is written meanwhile may come too late for it.
    unseen.delete(alias)
    try {
      const params = { index: alias, ignore_unavailable: true, filter_path: '_shards.failed' }
      await elastic.call('search.refresh', (client, options) => client.indices.refresh(params, options))
    } catch (error) {
      unseen.add(alias)
      throw error
    } finally {
      running.delete(alias)
    }
  }

  return {
    wrote: (alias) => void unseen.add(alias),
    async fresh(alias) {
      for (;;) {
        const others = running.get(alias)
        if (others) await others
        else if (!unseen.has(alias)) return
        else {
          const own = refresh(alias)
          running.set(alias, own)
          await own
        }
      }
    },
  }
}
