/** The embedded ledger: node:sqlite in a thread of its own. */
import { AppError } from '../errors.ts'
import type { Ledger } from '../ledger/ports.ts'
import { startThread } from '../thread.ts'
import { frontOf, type LedgerFile } from './ledger.front.ts'
import { openLedgerFile } from './ledger.sqlite.file.ts'

/** `path` of the file, or `:memory:`. Calls after `close`, or after a crash of the thread, fail with `store-down`. */
export async function openLedger(path: string, onCrash: (error: unknown) => void): Promise<Ledger> {
  const ended = new AppError('store-down', 'the ledger is closed')
  const file = new URL('./ledger.sqlite.thread.ts', import.meta.url)
  const thread = await startThread<LedgerFile>(file, { workerData: { path }, ended, onCrash })
  return { ...frontOf(thread.methods), close: thread.end }
}

/** The same in the caller's own thread, where its clock may be another one; `now` in milliseconds. */
export function openLedgerHere(path: string, now: () => number = Date.now): Ledger {
  const { close, ...file } = openLedgerFile(path, now)
  return { ...frontOf(file, now), close }
}
