/** Reads documents in child processes (src/pool.ts): the text layer of a file to a talent. */
import { fileURLToPath } from 'node:url'
import { AppError } from '../errors.ts'
import { createPool, type PoolJob } from '../pool.ts'
import { type ReadOutcome, ReadReply, type ReadRequest } from './protocol.ts'

export type { ReadOutcome } from './protocol.ts'

export type ReaderOptions = {
  /** Children at most. */
  processes: number
  /** Resident memory of one child in MiB; default 512. */
  memoryMb?: number
  /** For one document, in milliseconds, starting when a child takes it; default 30,000. */
  timeoutMs?: number
  /** Larger files are `too-large` without being read; default 20 MiB. */
  maxBytes?: number
  /** A child is replaced after this many files; default 200. */
  filesPerProcess?: number
}

export type Reader = {
  /**
   * Reads one file. Rejects with AppError `host-crashed` (the child died or took too much memory), `timed-out`, `cancelled` (the signal),
   * `shutting-down` (closed) or `internal` (a fault of ours); everything wrong with the document itself is an `unreadable` outcome.
   */
  read(path: string, options?: { signal?: AbortSignal }): Promise<ReadOutcome>
  /** Process ids of the living children. */
  pids(): number[]
  /** Ends all children; running and waiting reads reject with `shutting-down`. Idempotent. */
  close(): Promise<void>
}

export const READING: PoolJob<ReadReply, never> = {
  entry: fileURLToPath(new URL('./reader.child.ts', import.meta.url)),
  reply: ReadReply,
  // Documents leave much short-lived garbage; a larger nursery would take a hundred megabytes for nothing.
  flags: ['--max-semi-space-size=4'],
}

export function createReader(options: ReaderOptions): Reader {
  const { processes, memoryMb = 512, timeoutMs = 30_000, maxBytes = 20 * 1024 * 1024, filesPerProcess } = options
  const pool = createPool<ReadRequest, ReadReply>(READING, { processes, memoryMb, timeoutMs, tasksPerProcess: filesPerProcess })
  return {
    read: async (path, { signal } = {}) => toOutcome(await pool.run({ path, maxBytes }, { signal })),
    pids: pool.pids,
    close: pool.close,
  }
}

/** Throws `internal` for a fault of ours. */
export function toOutcome(reply: ReadReply): ReadOutcome {
  if (reply.status === 'failed') throw new AppError('internal', `The reading process failed with ${reply.name}.`)
  return reply
}
