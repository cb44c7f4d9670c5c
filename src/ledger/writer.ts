/** Stores one new batch as it comes. */
import type { Batch, BatchKey, Ledger, NewBatch, NewChunk } from './ports.ts'

export type BatchWriter = {
  /** Resolves once the chunks of the call before are stored: the next can be made while these are. Rejects with what storing those threw. */
  write(chunks: NewChunk[]): Promise<void>
  /** Stores the last chunks and makes the batch visible; `key` as in Ledger.open. */
  close(rest: NewChunk[], key?: BatchKey): Promise<Batch>
  /** Takes back what was stored. Never throws: what it leaves goes with retention. */
  discard(): Promise<void>
}

/** A batch that is whole before anything was written is stored in one step; another is begun with its first chunks. */
export function createBatchWriter(ledger: Ledger, tenant: string, batch: NewBatch): BatchWriter {
  let begun: Promise<void> | undefined
  let storing: Promise<void> | undefined
  const append = async (chunks: NewChunk[]): Promise<void> => {
    begun ??= ledger.begin(tenant, batch)
    await begun
    await ledger.append(tenant, batch.id, chunks)
  }
  const write = async (chunks: NewChunk[]): Promise<void> => {
    const before = storing
    storing = append(chunks)
    // Told by the next call; until then it must not count as unhandled.
    storing.catch(() => undefined)
    await before
  }
  return {
    write,
    async close(rest, key) {
      if (!begun) return ledger.submit(tenant, batch, rest, key)
      if (rest.length > 0) await write(rest)
      await storing
      return ledger.open(tenant, batch.id, key)
    },
    async discard() {
      if (!begun) return
      await storing?.catch(() => undefined)
      await ledger.discard(tenant, batch.id).catch(() => undefined)
    },
  }
}
