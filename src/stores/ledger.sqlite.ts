/** The embedded ledger: node:sqlite in a thread of its own. */
import { AppError } from '../errors.ts'
import type { Ledger } from '../ledger/ports.ts'
import { startThread } from '../thread.ts'
import { frontOf, type LedgerFile } from './ledger.front.ts'
import { openLedgerFile } from './ledger.sqlite.file.ts'
import type { Inspect, QueryStats } from './query-stats.ts'

/** What the thread tells of a slow query. */
export type QueryTold = { query: string; ms: number }

/** `path` of the file, or `:memory:`. Calls after `close`, or after a crash of the thread, fail with `store-down`. */
export async function openLedger(path: string, onCrash: (error: unknown) => void): Promise<Ledger & { inspect: Inspect }> {
  const ended = new AppError('store-down', 'the ledger is closed')
  const file = new URL('./ledger.sqlite.thread.ts', import.meta.url)
  let told: Parameters<Inspect['watch']>[0] | undefined
  const onEvent = (event: unknown) => {
    const { query, ms } = event as QueryTold
    told?.(query, ms)
  }
  const thread = await startThread<LedgerFile & Pick<Inspect, 'plans'> & { queries(): Promise<QueryStats[]> }>(file, {
    workerData: { path },
    ended,
    onCrash,
    onEvent,
  })
  const { queries, plans, ...methods } = thread.methods
  const watch: Inspect['watch'] = (slow) => {
    told = slow
  }
  return { ...frontOf(methods), inspect: { queries, plans, watch }, close: thread.end }
}

/** The same in the caller's own thread, where its clock may be another one; `now` in milliseconds. */
export function openLedgerHere(path: string, now: () => number = Date.now): Ledger & { inspect: Inspect } {
  const { close, inspect, ...file } = openLedgerFile(path, now)
  return { ...frontOf(file, now), inspect, close }
}
