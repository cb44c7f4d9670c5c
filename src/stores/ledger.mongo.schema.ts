/** Collections of the ledger on MongoDB. Rows have the names of the SQLite columns; fields without a value are left out, which keeps sparse indexes small. */
import type { Collection, CreateIndexesOptions, Db, IndexSpecification } from 'mongodb'
import { canonicalJson, sha256 } from '../canonical/ids.ts'
import type { DeadLetter, LedgerEvent, ProcessInfo } from '../ledger/ports.ts'
import type { JobName } from '../queues/index.ts'
import type { Calls } from './calls.ts'
import type { ChunkRow } from './ledger.rows.ts'
import type { BatchRow } from './ledger.view.ts'
import type { Packed } from './packing.ts'
import type { Step } from './schema.ts'

/** `mend`: when a change of the batch began that takes several writes; gone when all of them are done. */
export type BatchDoc = Omit<BatchRow, 'id'> & {
  _id: string
  /** Chunks so far. */
  chunks: number
  idem?: { key: string; hash: string }
  mend?: number
  /** It is being removed and can no longer be opened. */
  dropped?: true
}
/** What is still to be done outside the chunk after a change of it: written with the change, removed when it is done. */
export type Out = {
  rev: number
  at: number
  events: { type: LedgerEvent['type']; data: unknown }[]
  dead: Omit<DeadDoc, 'id'>[]
  ended: number
  /** Places of the items whose inputs go because their person was erased. */
  erased?: number[]
}
/** `rev` grows with every change of the items. `ended`: the fence of the last run that was finished. */
export type ChunkDoc = ChunkRow & { _id: string; items: Packed; rev: number; ended?: number; out?: Out[] }
export type InputDoc = { _id: string; batch_id: string; inputs: Packed }
export type EventDoc = { _id: string; tenant: string; batch_id: string; seq: number; at: number; type: LedgerEvent['type']; data: unknown }
export type DeadDoc = Omit<DeadLetter, 'batchId' | 'at' | 'replayedAs'> & {
  _id: string
  tenant: string
  batch_id: string
  at: number
  replayed_as: string | null
}
type IdempotencyDoc = {
  _id: string
  at: number
  owner: string
  /** The batch that answers the key once it is open. */
  batch?: string
  hash?: string
  status?: number
  body?: string | null
  location?: string | null
}

export type Collections = {
  batches: Collection<BatchDoc>
  chunks: Collection<ChunkDoc>
  inputs: Collection<InputDoc>
  events: Collection<EventDoc>
  dead: Collection<DeadDoc>
  idempotency: Collection<IdempotencyDoc>
  processes: Collection<{ _id: string; info: ProcessInfo; seen_at: number }>
  audit: Collection<{ at: number; actor: string; role: string; action: string; target: string; outcome: string }>
  fair: Collection<{ _id: JobName; tags: { tenant: string; tag: number }[] }>
  clock: Collection<{ _id: JobName; v: number }>
  service: Collection<{ _id: JobName; ms_per_item: number; samples: number }>
  ended: Collection<{ _id: string; tenant: string; minute: number; n: number }>
  locks: Collection<{ _id: string; owner: string; until: number }>
}

const NAMES: Record<keyof Collections, string> = {
  batches: 'batches',
  chunks: 'chunks',
  inputs: 'inputs',
  events: 'events',
  dead: 'dead_letters',
  idempotency: 'idempotency',
  processes: 'processes',
  audit: 'audit',
  fair: 'fair',
  clock: 'fair_clock',
  service: 'service',
  ended: 'ended',
  locks: 'locks',
}

export const collectionsOf = (db: Db): Collections =>
  Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, db.collection(name)])) as unknown as Collections

export const chunkId = ({ batchId, chunk }: { batchId: string; chunk: number }): string => `${batchId}:${chunk}`

type Index = [keyof Collections, IndexSpecification & object, CreateIndexesOptions?]
const INDEXES: Index[] = [
  ['batches', { tenant: 1, _id: -1 }],
  ['batches', { state: 1, created_at: 1 }],
  ['batches', { mend: 1 }, { sparse: true }],
  ['chunks', { batch_id: 1, first_n: 1, chunk: 1 }],
  // The feeder: what is due of a job, its tenants, and the chunks of one tenant in order.
  ['chunks', { state: 1, job: 1, ready_at: 1 }],
  ['chunks', { state: 1, job: 1, tenant: 1, created_at: 1, batch_id: 1, chunk: 1 }],
  ['chunks', { state: 1, touched_at: 1 }],
  ['chunks', { tenant: 1, open: 1 }],
  ['chunks', { 'out.at': 1 }, { sparse: true }],
  ['inputs', { batch_id: 1 }],
  ['events', { batch_id: 1, seq: 1 }, { unique: true }],
  ['events', { at: 1 }],
  ['dead', { tenant: 1, id: 1 }, { unique: true }],
  ['idempotency', { at: 1 }],
  ['processes', { seen_at: 1 }],
  ['audit', { at: 1 }],
  ['ended', { tenant: 1, minute: 1 }],
]

export const ledgerSteps = (col: Collections, calls: Calls): Step[] => [
  {
    name: '0001-ledger',
    sum: sha256(canonicalJson(INDEXES)),
    async apply() {
      for (const [name, key, options] of INDEXES)
        await calls('ledger.migrate', () => (col[name] as unknown as Collection).createIndex(key, options ?? {}), { timeoutMs: 600_000 })
    },
  },
]
