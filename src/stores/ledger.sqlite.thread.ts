/** Worker thread that owns the ledger's file: a commit waits for the disk, and neither requests nor runs shall wait with it. */
import { workerData } from 'node:worker_threads'
import { emitFromThread, serveThread } from '../thread.ts'
import { openLedgerFile } from './ledger.sqlite.file.ts'
import type { QueryTold } from './ledger.sqlite.ts'

const { close, inspect, ...methods } = openLedgerFile((workerData as { path: string }).path)
inspect.watch((query, ms) => emitFromThread({ query, ms } satisfies QueryTold))
serveThread({ ...methods, queries: async () => inspect.queries(), plans: inspect.plans }, close)
