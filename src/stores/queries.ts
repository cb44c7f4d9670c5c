/** The queries of all stores of a process: listed for operators, and logged where they are slow. */
import type { Logger } from '../log.ts'
import { type Inspect, isPlanOf, type Plan, type QueryStats } from './query-stats.ts'

/** A store that has no plans (files on a server) gives none. */
export type Inspected = Omit<Inspect, 'plans'> & Partial<Inspect>
export type StoreQueries = {
  port: string
  adapter: string
  queries: (QueryStats & { plans: Omit<Plan, 'query'>[] })[]
}

/** One line a minute for each query: a store that is slow is slow with all of them. */
const QUIET_MS = 60_000

/** What each store was asked since the process started. A store that cannot be reached still lists its queries, without plans. */
export async function queriesOf(places: { port: string; adapter: string; inspect: Inspected | null }[]): Promise<StoreQueries[]> {
  const inspected = places.flatMap(({ inspect, ...place }) => (inspect ? [{ ...place, inspect }] : []))
  return Promise.all(
    inspected.map(async ({ port, adapter, inspect }) => {
      const [stats, plans] = await Promise.all([inspect.queries(), plansOf(inspect)])
      const queries = stats.map((one) => ({
        ...one,
        // An insert, a commit: nothing to find.
        plans: plans.filter((plan) => plan.plan !== '' && isPlanOf(one.query, plan)).map(({ plan, full }) => ({ plan, full })),
      }))
      return { port, adapter, queries }
    }),
  )
}

const plansOf = async ({ plans }: Inspected, query?: string): Promise<Plan[]> => (await plans?.(query).catch(() => [])) ?? []

/** Logs queries that took longer than 50 ms, with their plans where they can be had. */
export function logSlow(port: string, inspect: Inspected, log: Pick<Logger, 'warn'>): void {
  const told = new Map<string, number>()
  inspect.watch((query, ms) => {
    const now = performance.now()
    if (now - (told.get(query) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return
    told.set(query, now)
    void plansOf(inspect, query).then((found) => {
      const plan = found.map((one) => one.plan).join('; ')
      log.warn({ port, query, ms: Math.round(ms), ...(plan && { plan }) }, 'slow query')
    })
  })
}
