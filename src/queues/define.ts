/**
 * A job contract: the only place for a job's name, the items it takes, its attempts, backoff, deadline and concurrency. A contract imports
 * zod and this file, nothing heavy, so that an API process never loads what a processor needs.
 */
import { z } from 'zod'
import type { ErrorCode } from '../errors.ts'

/** What travels through the queue: ids only, under 64 KB, never personal data. */
export const Payload = z.strictObject({
  tenant: z.string().min(1).max(64),
  batchId: z.string().min(1).max(64),
  chunk: z.number().int().min(0),
  dispatch: z.number().int().min(1),
})
export type Payload = z.infer<typeof Payload>

export const Result = z.strictObject({
  passed: z.number().int(),
  ended: z.number().int(),
  open: z.number().int(),
  skipped: z.boolean().optional(),
})
export type Result = z.infer<typeof Result>

export type Backoff = { delayMs: number; jitter: number; maxMs: number }
/** Doubles with each attempt; `jitter` 0–1 is the share that is random, so that failed chunks do not come back in step. */
export const exponential = (delayMs: number, options: { jitter: number; maxMs?: number }): Backoff => ({
  delayMs,
  jitter: options.jitter,
  maxMs: options.maxMs ?? 5 * 60_000,
})

/** Milliseconds to wait after `attempt` (1 = the first) failed. `random` is in [0, 1). */
export function backoffMs(backoff: Backoff, attempt: number, random = Math.random()): number {
  const full = Math.min(backoff.maxMs, backoff.delayMs * 2 ** Math.max(0, attempt - 1))
  return Math.round(full * (1 - backoff.jitter * random))
}

export type JobContract = {
  /** Queue name, file name, metric label: one string. */
  name: string
  /** What the job is for, in a sentence (shown in /docs and on the board). */
  about: string
  /** Item types this job is the first stage for, each with the schema of its input. */
  takes: Record<string, z.ZodType>
  /** Jobs that the items go through afterwards, in order. */
  next: readonly string[]
  /** Only some items go through this stage: the stage before it hands the others on past it (`Settled.next`). */
  optional?: boolean
  /** Waits until every chunk of the batch has arrived at this stage. */
  waitsForBatch?: boolean
  /** Items in a chunk: so many that a chunk runs 2 to 20 seconds. */
  chunk: number
  attempts: number
  backoff: Backoff
  /** A run is ended after this many milliseconds; what is still open counts an attempt. */
  deadlineMs: number
  /** Chunks at a time in one worker process. */
  concurrency: number
  /** Codes that end an item as `unreadable` in place of `failed`. */
  unreadable?: readonly ErrorCode[]
  /** One input per item type, used by /docs and by the baseline test. */
  example: Record<string, unknown>
}

export const defineJob = <const C extends JobContract>(contract: C): C => contract
