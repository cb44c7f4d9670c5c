/** Worker thread that owns the ledger's file: a commit waits for the disk, and neither requests nor runs shall wait with it. */
import { workerData } from 'node:worker_threads'
import { serveThread } from '../thread.ts'
import { openLedgerFile } from './ledger.sqlite.file.ts'

const { close, ...methods } = openLedgerFile((workerData as { path: string }).path)
serveThread(methods, close)
