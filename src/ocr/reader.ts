/** Reads scans in child processes of their own (src/pool.ts): page images to a talent. The models are in the children only. */
import { fileURLToPath } from 'node:url'
import { createPool } from '../pool.ts'
import { type ReadOutcome, ReadReply } from '../resume/protocol.ts'
import { toOutcome } from '../resume/reader.ts'
import { PageNote, type ScanRequest } from './protocol.ts'

export type ScanReaderOptions = {
  /** Children at most; each uses one core while it reads. */
  processes: number
  /** Resident memory of one child in MiB. */
  memoryMb: number
  /** For one document, in milliseconds, starting when a child takes it. */
  timeoutMs: number
  /** Larger files are `too-large` without being read. */
  maxBytes: number
  /** Pages of a document that are looked at, from the first on. */
  maxPages: number
}

export type ScanReader = {
  /** As Reader.read (resume/reader.ts). `onPage` is called after each page with the number done and the number to do. */
  read(path: string, options?: { signal?: AbortSignal; onPage?: (done: number, of: number) => void }): Promise<ReadOutcome>
  /** Process ids of the living children. */
  pids(): number[]
  /** Ends all children; running and waiting reads reject with `shutting-down`. Idempotent. */
  close(): Promise<void>
}

export function createScanReader({ maxBytes, maxPages, ...limits }: ScanReaderOptions): ScanReader {
  const pool = createPool<ScanRequest, ReadReply, PageNote>(
    {
      entry: fileURLToPath(new URL('./reader.child.ts', import.meta.url)),
      reply: ReadReply,
      note: PageNote,
      // ONNX Runtime reports home by default and must be told before its library loads.
      env: { ORT_DISABLE_TELEMETRY: '1' },
      // For reader.child.ts, which collects the tensors of a page before the next one is drawn: V8 by itself lets hundreds of megabytes lie.
      flags: ['--expose-gc'],
      // Images and models live outside of V8's heap, and the models stay between documents.
      heap: 0.4,
      // What a very large image took is given back by a new process.
      restShare: 0.6,
    },
    limits,
  )
  return {
    async read(path, { signal, onPage } = {}) {
      const request = { path, maxBytes, maxPages }
      return toOutcome(await pool.run(request, { signal, onNote: onPage && (({ page, of }) => onPage(page, of)) }))
    },
    pids: pool.pids,
    close: pool.close,
  }
}
