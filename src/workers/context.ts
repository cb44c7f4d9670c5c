/** What a processor sees: the open items of one chunk and the services to work on them. It knows neither BullMQ nor the ledger. */
import type { AppError } from '../errors.ts'
import type { Subject } from '../ledger/ports.ts'
import type { Logger } from '../log.ts'
import type { Embedder } from '../models/ports.ts'
import type { ScanReader } from '../ocr/reader.ts'
import type { JobName } from '../queues/index.ts'
import type { Reader } from '../resume/reader.ts'
import type { Stores } from '../stores/ports.ts'
import type { Sources } from '../sync/sources.ts'

/** `n` is the item's number in its batch; `input` has passed the contract's schema; `subject` is what an earlier stage made of it. */
export type WorkItem = { n: number; type: string; input: unknown; subject?: Subject; attempts: number; crashes: number }

/** What became of an item in this stage. An error's row in errors.ts decides whether it is tried again. */
/** `next`: the stage to go on with where that is not the one that follows. */
export type Settled = { n: number; ms: number; subject?: Subject; next?: JobName } | { n: number; ms: number; error: AppError }

export type Services = { stores: Stores; embedder: Embedder; reader: Reader; scans: ScanReader | null; sources: Sources; now: () => number }

export type Context = Services & {
  tenant: string
  batchId: string
  attempt: number
  items: WorkItem[]
  /** Aborted when the batch is cancelled, the deadline passes, the process drains or another worker took the chunk over. */
  signal: AbortSignal
  log: Logger
  /** Records results; may be called as often as there is something to tell. Throws the signal's reason once the run is to end. */
  settle(results: Settled[]): Promise<void>
  /** Tells that one more page of an item is through: progress where a single item takes long. */
  pageDone(): void
}

/** Returns when every item was settled; throws to say something about all that are not. */
export type Processor = (context: Context) => Promise<void>
