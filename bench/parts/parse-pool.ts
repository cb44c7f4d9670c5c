/** The reader pool under load: how many documents it reads, and what one child holds after many of them. */
import { availableParallelism } from 'node:os'
import { residentBytes } from '../../src/memory.ts'
import { createPool } from '../../src/pool.ts'
import type { ReadReply, ReadRequest } from '../../src/resume/protocol.ts'
import { createReader, READING, type Reader } from '../../src/resume/reader.ts'

/** Documents per second with as many processes as cores, replaced as in production; the processes start before the clock does. */
export async function documentsPerSecond(paths: string[], count: number): Promise<{ rate: number; processes: number }> {
  const processes = availableParallelism()
  const reader = createReader({ processes })
  try {
    // One round for each process: they share the queue, so each gets about one.
    await readAll(reader, paths, paths.length * processes)
    const began = performance.now()
    await readAll(reader, paths, count)
    return { rate: count / ((performance.now() - began) / 1000), processes }
  } finally {
    await reader.close()
  }
}

async function readAll(reader: Reader, paths: string[], count: number): Promise<void> {
  const outcomes = await Promise.all(Array.from({ length: count }, (_, i) => reader.read(paths[i % paths.length]!)))
  if (outcomes.some((one) => one.status !== 'read')) throw new Error('a sample was not read')
}

/** Memory just behind a document depends on when V8 last collected; the middle of so many documents is what the child holds. */
const WINDOW = 11

export type ChildMemory = { startMb: number | null; earlyMb: number | null; lateMb: number | null; peakMb: number | null }

/** The limits of production, but no replacement: neither after many documents nor for what the child holds between two of them. */
const LIMITS = { processes: 1, memoryMb: 512, timeoutMs: 30_000, tasksPerProcess: Number.POSITIVE_INFINITY }
const MAX_BYTES = 20 * 1024 * 1024

/**
 * Resident MB of one child with the heap of production that reads `count` documents one after the other: behind the first, around
 * the tenth part and at the end. Null where /proc is missing. Throws when the pool replaced the child, because a new one starts from nothing.
 */
export async function childMemory(paths: string[], count: number): Promise<ChildMemory> {
  const pool = createPool<ReadRequest, ReadReply>({ ...READING, restShare: 1 }, LIMITS)
  const held: (number | null)[] = []
  let pid: number | undefined
  try {
    for (let i = 0; i < count; i++) {
      await pool.run({ path: paths[i % paths.length]!, maxBytes: MAX_BYTES })
      const now = pool.pids()[0]
      pid ??= now
      if (now !== pid) throw new Error(`the child was replaced after ${i} documents`)
      const bytes = residentBytes(now ?? 0)
      held.push(bytes === null ? null : Math.round(bytes / 1024 / 1024))
    }
  } finally {
    await pool.close()
  }
  const known = held.filter((mb) => mb !== null)
  const around = (end: number) => known.slice(Math.max(0, end - WINDOW), end).toSorted((a, b) => a - b)[WINDOW >> 1] ?? null
  return {
    startMb: known[0] ?? null,
    earlyMb: around(Math.round(count / 10)),
    lateMb: around(count),
    peakMb: known.length === 0 ? null : Math.max(...known),
  }
}
