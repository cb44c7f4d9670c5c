/** What a process asks of its stores on servers before and while it works: that they are there, and that their schema is this version's. */
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Place } from './open.ts'
import { type SchemaState, schemaState } from './schema.ts'

const AGAIN_MS = 2000

/** Readiness checks by port. */
export const checksOf = (places: Place[]): Record<string, () => Promise<void>> =>
  Object.fromEntries(places.flatMap(({ port, server }) => (server ? [[port, server.check]] : [])))

/**
 * Throws `store-down` where a store's schema is not this version's. One that is out of reach is asked again until it answers; `onFault` is told
 * when it turns out to be of another version then.
 */
export async function watchSchemas(
  places: Place[],
  log: Pick<Logger, 'warn'>,
  onFault: (error: unknown) => void,
): Promise<{ stop(): void }> {
  const timers = new Set<NodeJS.Timeout>()
  let stopped = false
  const look = async (place: Place): Promise<'known' | 'away'> => {
    if (!place.server?.schema) return 'known'
    let state: SchemaState
    try {
      // Answers at once, where the schema's own reads would be tried again for many seconds.
      await place.server.check()
      state = await schemaState(place.server.schema)
    } catch (error) {
      if (error instanceof AppError && error.code === 'store-down') return 'away'
      throw error
    }
    if (state.fault !== null) throw new AppError('store-down', `the ${place.port} on ${place.adapter} (${place.where}) ${state.fault}`)
    return 'known'
  }
  const lookAgain = (place: Place): void => {
    const timer = setTimeout(async () => {
      timers.delete(timer)
      try {
        if ((await look(place)) === 'away' && !stopped) lookAgain(place)
      } catch (error) {
        if (!stopped) onFault(error)
      }
    }, AGAIN_MS).unref()
    timers.add(timer)
  }
  const outcomes = await Promise.all(places.map(look))
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome === 'known') continue
    const { port, adapter, where } = places[i]!
    log.warn({ port, adapter, where }, 'a store cannot be reached; its work waits until it can, and Looma goes on trying')
    lookAgain(places[i]!)
  }
  return {
    stop() {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
