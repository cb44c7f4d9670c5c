/**
 * The half of the embedded ledger that stays with the caller. Items cross to the thread of the file as text, which is copied at once; as objects
 * they would be copied one by one.
 */
import type { Flow, tally } from '../ledger/chunk.ts'
import { freshStates, readStates } from '../ledger/fresh.ts'
import type { BatchKey, Claim, ItemResult, ItemState, Ledger, NewBatch, NewChunk } from '../ledger/ports.ts'
import type { JobName } from '../queues/index.ts'
import { type Packed, unpack } from './packing.ts'

/** A new chunk: its items as text, and what the rows need to know of them. */
export type ChunkText = {
  stages: JobName[]
  barrier: number | null
  firstN: number
  total: number
  counts: ReturnType<typeof tally>
  flow: Flow
  rejected: ItemState[]
  states: string
  inputs: string
}
/** A claim without its items; `size` is their number. */
export type Held = Omit<Claim, 'items'> & { size: number }
export type ClaimText = Omit<Claim, 'items'> & { states: Packed; inputs: Packed }
type End = Parameters<Ledger['finish']>[1]
type Load = Awaited<ReturnType<Ledger['load']>>

/** What the thread of the file does. */
export type LedgerFile = Omit<Ledger, 'append' | 'submit' | 'claim' | 'record' | 'finish' | 'touch' | 'close'> & {
  append(tenant: string, batchId: string, chunks: ChunkText[]): Promise<void>
  submit(tenant: string, batch: NewBatch, chunks: ChunkText[], key?: BatchKey): ReturnType<Ledger['submit']>
  claim(ref: Parameters<Ledger['claim']>[0]): Promise<ClaimText | null>
  record(held: Held, results: ItemResult[]): ReturnType<Ledger['record']>
  finish(held: Held, end: End): ReturnType<Ledger['finish']>
  touch(held: Held): Promise<boolean>
}

/** Counting the open chunks of a tenant costs 50 µs for each 1,000 of them: not for every request. */
const LOAD_MS = 1000
const MAX_LOADS = 10_000

export function frontOf(file: LedgerFile, now: () => number = Date.now): Omit<Ledger, 'close'> {
  /** What `load` answered last, by tenant. Kept true by submissions of this process, so that only what ended since is missing. */
  const loads = new Map<string, { at: number; load: Promise<Load> }>()
  const addLoad = (tenant: string, chunks: ChunkText[]): void => {
    // What is stored is stored, whatever became of the count.
    loads.get(tenant)?.load.then(
      (load) => {
        for (const { counts } of chunks) load.open += counts.open
      },
      () => undefined,
    )
  }
  return {
    ...file,

    async append(tenant, batchId, chunks) {
      const texts = chunks.map(textOf)
      await file.append(tenant, batchId, texts)
      addLoad(tenant, texts)
    },

    async submit(tenant, batch, chunks, key) {
      const texts = chunks.map(textOf)
      const stored = await file.submit(tenant, batch, texts, key)
      addLoad(tenant, texts)
      return stored
    },

    async load(tenant) {
      const known = loads.get(tenant)
      if (known && now() - known.at < LOAD_MS) return known.load
      if (loads.size >= MAX_LOADS) loads.clear()
      // Kept as the promise: requests that come while it is counted shall not all count again.
      const load = file.load(tenant)
      loads.set(tenant, { at: now(), load })
      load.catch(() => loads.delete(tenant))
      return load
    },

    async claim(ref) {
      const found = await file.claim(ref)
      if (!found) return null
      const { states, inputs, ...claim } = found
      const input = JSON.parse(unpack(inputs)) as unknown[]
      const items = readStates(unpack(states)).flatMap((item, i) =>
        !item.outcome && item.passed === claim.stage ? [{ ...item, input: input[i] }] : [],
      )
      return { ...claim, items }
    },

    record: (claim, results) => file.record(heldOf(claim), results),
    finish: (claim, end) => file.finish(heldOf(claim), end),
    touch: (claim) => file.touch(heldOf(claim)),
  }
}

const heldOf = ({ items, ...claim }: Claim): Held => ({ ...claim, size: items.length })

function textOf({ stages, barrier, items }: NewChunk): ChunkText {
  const { text, ...fresh } = freshStates(items, stages.length)
  return {
    stages,
    barrier,
    firstN: items[0]?.n ?? 0,
    total: items.length,
    ...fresh,
    states: text,
    inputs: JSON.stringify(items.map((item) => item.input)),
  }
}
