/** Draws pages of documents in child processes (src/pool.ts). */
import { fileURLToPath } from 'node:url'
import { AppError } from '../errors.ts'
import { createPool } from '../pool.ts'
import { type Page, PagesReply, type PagesRequest } from './protocol.ts'

export type PageDrawer = {
  /**
   * Pages of a PDF, or the one of an image file; fewer than asked for where the document is shorter. Throws the code of an unreadable document,
   * `unsupported-type` for formats without pages, and what Pool.run throws.
   */
  draw(path: string, options: Omit<PagesRequest, 'path' | 'maxBytes'>, signal?: AbortSignal): Promise<Page[]>
  close(): Promise<void>
}

/** Memory of a child in MiB and time for a document in milliseconds: a page is drawn in a fraction of a second. */
const MEMORY_MB = 768
const TIMEOUT_MS = 60_000

export function createPageDrawer({ processes, maxBytes }: { processes: number; maxBytes: number }): PageDrawer {
  const pool = createPool<PagesRequest, PagesReply>(
    { entry: fileURLToPath(new URL('./pages.child.ts', import.meta.url)), reply: PagesReply, heap: 0.4 },
    { processes, memoryMb: MEMORY_MB, timeoutMs: TIMEOUT_MS },
  )
  return {
    async draw(path, options, signal) {
      const reply = await pool.run({ path, maxBytes, ...options }, { signal })
      if (reply.status === 'failed') throw new AppError('internal', `The drawing process failed with ${reply.name}.`)
      if (reply.status === 'unreadable') throw new AppError(reply.code)
      return reply.pages
    },
    close: pool.close,
  }
}
