/**
 * The ledger: what was asked, and what became of each item. The queue only moves chunks; this is the truth.
 *
 * A batch is cut into chunks. A chunk is a slice of items that travels through the stages of its pipeline together and is the unit of every
 * write: one chunk, one compare-and-set. So a store with single-document atomicity is enough (docs/decisions/chunks.md).
 *
 *   held → waiting → queued → running → (waiting | blocked | closed)        blocked → waiting when the rest of the batch has caught up
 */
import type { ErrorCode } from '../errors.ts'
import type { JobName } from '../queues/index.ts'
import type { Person } from './person.ts'

export type Outcome = 'done' | 'failed' | 'unreadable' | 'cancelled'
export const OUTCOMES: readonly Outcome[] = ['done', 'failed', 'unreadable', 'cancelled']

export type Subject = { kind: 'talent' | 'position'; id: string }

/** One item as submitted. `key` is the caller's own id or file name; `input` is what the first processor works on. */
export type NewItem = { n: number; type: string; key: string | null; input: unknown; rejected?: ErrorCode; detail?: string }
export type ItemState = {
  n: number
  type: string
  key: string | null
  /** Stages passed so far. An item without an outcome whose `passed` equals the chunk's stage is open in that stage. */
  passed: number
  /** Indexes of stages that the item was handed on past: counted in `passed`, but nothing was done there. */
  skipped?: number[]
  subject?: Subject
  outcome?: Outcome
  code?: ErrorCode
  detail?: string
  /** Failed attempts in all stages, and one that went well: 1 where nothing failed. And how often a host process ended while it held this item. */
  attempts: number
  crashes: number
  /** Milliseconds of work in all stages. */
  ms: number
}
/** `barrier`: index of the stage that waits until every chunk of the batch has arrived there; null when none does. */
export type NewChunk = { stages: JobName[]; barrier: number | null; items: NewItem[] }

export type NewBatch = { id: string; label?: string | null; rerunOf?: string | null; requestId?: string | null }

export type Ref = { tenant: string; batchId: string; chunk: number }
export type Dispatch = Ref & { job: JobName; dispatch: number; priority: number }
export type Claim = Ref & { job: JobName; stage: number; fence: number; attempt: number; items: (ItemState & { input: unknown })[] }
/** `next` of a pass: the stage to go on with, past those in between; the one that follows where it is left out. */
export type ItemResult = { n: number; ms: number } & (
  | { to: 'pass'; subject?: Subject; next?: JobName }
  | { to: 'end'; outcome: Outcome; code?: ErrorCode; detail?: string; attempt?: boolean; crash?: boolean }
  | { to: 'again'; code: ErrorCode; attempt: boolean; crash?: boolean }
)

export type StageCount = {
  job: JobName
  total: number
  passed: number
  ended: number
  running: number
  waitMs: number
  runMs: number
  runs: number
}
export type Counts = Record<Outcome, number> & { submitted: number; waiting: number; running: number }
export type Batch = {
  tenant: string
  id: string
  label: string | null
  state: 'receiving' | 'open' | 'closed'
  createdAt: string
  openedAt: string | null
  closedAt: string | null
  cancelRequestedAt: string | null
  rerunOf: string | null
  requestId: string | null
  counts: Counts
  stages: StageCount[]
}
export type LedgerEvent = { seq: number; at: string; type: 'opened' | 'items' | 'stage' | 'cancelling' | 'closed'; data: unknown }
export type DeadLetter = {
  id: number
  batchId: string
  chunk: number
  n: number
  key: string | null
  type: string
  job: JobName
  code: ErrorCode
  attempts: number
  at: string
  replayedAs: string | null
}
export type DeadLetterFilter = { code?: string; job?: string; batchId?: string; since?: string; includeReplayed?: boolean }
export type ProcessInfo = { id: string; role: string; pid: number; host: string; queues: string[]; models: string[]; seenAt: number }
/** What is ahead of the batch's waiting items, for "why is it waiting". */
export type Ahead = { job: JobName; own: number; sameTenant: number; otherTenants: number; msPerItem: number | null; samples: number }

/** The request that works under an idempotency key, and its process. No two requests of a process may have the same `request`. */
export type KeyHolder = { processId: string; request: string }
/** `hash` is that of the request. */
export type BatchKey = { key: string; hash: string; holder: KeyHolder }
type IdempotencyStart =
  | { state: 'new' }
  | { state: 'in-flight' }
  | { state: 'done'; hash: string; status: number; body: string | null; location: string | null }

export interface Ledger {
  // submission
  begin(tenant: string, batch: NewBatch): Promise<void>
  /** Calls for one batch may overlap; their chunks are kept in the order of the calls. */
  append(tenant: string, batchId: string, chunks: NewChunk[]): Promise<void>
  /**
   * Makes the batch and its chunks visible. With `key`, the idempotency key is answered by this batch in the same step: a crash right after it
   * cannot make a repeat submit the work again. Throws `idempotency-in-flight`, and opens nothing, where the holder has lost the key to
   * another request. Answers the batch.
   */
  open(tenant: string, batchId: string, key?: BatchKey): Promise<Batch>
  /**
   * begin, append and open in one step, for a batch that is whole in memory. All of it is stored or nothing. Submissions that come together may
   * share a transaction, but one that fails costs no other.
   */
  submit(tenant: string, batch: NewBatch, chunks: NewChunk[], key?: BatchKey): Promise<Batch>
  /** Takes a batch back that was never opened. */
  discard(tenant: string, batchId: string): Promise<void>

  // reading
  batch(tenant: string, batchId: string): Promise<Batch | null>
  /** Newest first. One that is still being received is nobody's yet and is left out: its sender may have died. */
  batches(tenant: string, page: { after?: string; limit: number }): Promise<Batch[]>
  /** Items in order of `n`, after `after`. */
  items(tenant: string, batchId: string, page: { after?: number; limit: number; outcome?: Outcome; code?: string }): Promise<ItemState[]>
  /** Inputs of the items that ended as `failed`, or of the dead letters given. */
  failedInputs(tenant: string, batchId: string): Promise<NewItem[]>
  events(tenant: string, batchId: string, after: number, limit: number): Promise<LedgerEvent[]>
  ahead(tenant: string, batchId: string): Promise<Ahead[]>
  /** Items not ended, over all batches of the tenant; and items ended in the last minute, for Retry-After. Up to a second old. */
  load(tenant: string): Promise<{ open: number; endedLastMinute: number }>
  /** Items without an outcome by job, over all tenants, and the age of the longest waiting chunk in milliseconds. */
  backlog(): Promise<{ job: JobName; open: number; oldestMs: number }[]>
  /** Measured service time of a job, null before its first chunk ended. */
  msPerItem(job: JobName): Promise<number | null>
  /** Counts the items one by one: the conservation law checked against what the chunks say. */
  audit(tenant: string, batchId: string): Promise<Counts>

  // moving
  /** Takes waiting chunks to the queue, fair between tenants: start-time fair queueing, at most `perTenant` chunks of a tenant and job in the queue.
   *  `nextInMs`: when the next chunk that waits for its backoff is due. */
  feed(options: { perTenant: number }): Promise<{ dispatches: Dispatch[]; nextInMs: number | null }>
  /** The queue did not take it. */
  unfeed(dispatch: Dispatch): Promise<void>
  /** Null when there is nothing to do: closed, cancelled, or a newer dispatch exists. A second claim fences the first one off. */
  claim(ref: Ref & { dispatch: number }): Promise<Claim | null>
  /** False when the claim was fenced off: its owner must stop. `cancelled` tells that the batch is to be cancelled. */
  record(claim: Claim, results: ItemResult[]): Promise<{ ok: boolean; cancelled: boolean }>
  /**
   * Records `results` and ends the run, in one write: on to the next stage, closed, or back to waiting for what is still open. Answers whether
   * the batch ended by it, and how many items are open in the stage. `ok` false: fenced off, nothing was written.
   */
  finish(
    claim: Claim,
    end: { results?: ItemResult[]; retryInMs: number; attempted: boolean },
  ): Promise<{ ok: boolean; batchClosed: boolean; open: number }>
  /** Stored first, then told to the workers; waiting and queued chunks end at once. False when unknown, already closed or already cancelled. */
  cancel(tenant: string, batchId: string): Promise<boolean>
  cancelRequested(refs: Ref[]): Promise<Ref[]>
  /** Chunks queued or running that were not touched for `olderThanMs`. */
  idle(olderThanMs: number): Promise<Dispatch[]>
  /** Puts a lost chunk back to waiting; `crashed` counts a lost run. After `maxLost` of them without progress its open items fail with worker-lost. */
  recover(dispatch: Dispatch, options: { maxLost: number }): Promise<void>
  /** For a single process that just started and owns all work: everything queued or running goes back to waiting; half-received batches go. */
  recoverAll(options: { maxLost: number }): Promise<{ chunks: number; discarded: number }>
  /** A sign of life of a run that has nothing to record yet. False when fenced off. */
  touch(claim: Claim): Promise<boolean>

  // dead letters
  deadLetters(tenant: string, filter: DeadLetterFilter, page: { after?: number; limit: number }): Promise<DeadLetter[]>
  deadLetterInputs(tenant: string, ids: number[]): Promise<NewItem[]>
  markReplayed(tenant: string, ids: number[], batchId: string): Promise<void>

  // idempotency, processes, audit of operators
  /**
   * Takes the key for a request. One in flight is free again when its process has not been seen for 15 seconds, or is the holder's own, which
   * knows what it works on. What the former holder still tries to open under the key is refused.
   */
  idempotencyStart(tenant: string, key: string, holder: KeyHolder): Promise<IdempotencyStart>
  /** Stores the answer, or frees the key with null. Does nothing where another request holds the key. */
  idempotencyEnd(
    tenant: string,
    key: string,
    holder: KeyHolder,
    answer: { hash: string; status: number; body: string; location: string | null } | null,
  ): Promise<void>
  beat(process: ProcessInfo): Promise<void>
  gone(processId: string): Promise<void>
  processes(seenWithinMs: number): Promise<ProcessInfo[]>
  audited(entry: { actor: string; role: string; action: string; target: string; outcome: string }): Promise<void>
  auditLog(limit: number): Promise<{ at: string; actor: string; role: string; action: string; target: string; outcome: string }[]>
  /**
   * Empties keys, details and inputs of a person's items, also in dead letters and events, in up to `limit` chunks after the cursor `after`.
   * `open` counts their items that have not ended and keep what they need; `next` is null at the end.
   */
  erase(
    tenant: string,
    person: Person,
    page: { after: string | null; limit: number },
  ): Promise<{ items: number; open: number; next: string | null }>
  /** Removes what retention no longer needs: idempotency keys and events older than a day, batches left in receiving for an hour, audit entries older than 400 days. */
  tidy(): Promise<void>
  close(): Promise<void>
}
