/**
 * What was acknowledged is found by every process: a match that begins in one worker must see what another has just written. So each put ends
 * with a refresh. Puts that end together share one; a put of a chunk takes seconds to make, a refresh some 20 ms.
 */
import type { Elastic } from './search.elastic.connect.ts'

/** Resolves once a refresh that began after the call is done. */
export type Refresh = (alias: string) => Promise<void>

export function createRefresh(elastic: Elastic): Refresh {
  const running = new Map<string, Promise<void>>()
  const next = new Map<string, Promise<void>>()

  function start(alias: string): Promise<void> {
    const params = { index: alias, ignore_unavailable: true, filter_path: '_shards.failed' }
    const own = elastic
      .call('search.refresh', (client, options) => client.indices.refresh(params, options))
      .then(() => undefined)
      .finally(() => running.delete(alias))
    running.set(alias, own)
    return own
  }

  return (alias) => {
    const now = running.get(alias)
    if (!now) return start(alias)
    // One that runs may have begun before the write.
    let shared = next.get(alias)
    if (!shared) {
      shared = now
        .catch(() => undefined)
        .then(() => {
          next.delete(alias)
          return start(alias)
        })
      next.set(alias, shared)
    }
    return shared
  }
}
