/** What a sync keeps beside the canonical records: what each source said, how far it has read, what it did, and what people have to decide. */
import type { Fault } from '../errors.ts'
import type { Company, Relation } from './incoming.ts'
import type { Position, Talent } from './schema.ts'

export const CANONICAL_KINDS = ['talent', 'position', 'company', 'relation'] as const
export type CanonicalKind = (typeof CANONICAL_KINDS)[number]
export type CanonicalData = Talent | Position | Company | Relation

/** The last state of one record of one source. Canonical records are made from these, by sync/merge.ts, and from nothing else but corrections. */
export type SourceRecord = {
  /** Name of the source in the sources file. */
  source: string
  key: { system: string; entity: string; id: string }
  subject: { kind: CanonicalKind; id: string }
  /** When the source last changed it, milliseconds UTC; null where it does not say. */
  at: number | null
  /** Number of the fetch that brought it. Later fetches win where `at` is equal: source times are coarse. */
  fetch: number
  /** Grows with each change of what the record says, and only then. */
  rev: number
  /** Canonical fields that the source speaks about; relations name their ends by canonical id. */
  says: Record<string, unknown>
  /** Fields that no rule knows, as the source gives them. */
  extra: Record<string, unknown>
  faults: Fault[]
  /** The source said that it is deleted, or a full scan no longer showed it. */
  gone: boolean
  /** It was deleted whenever the source showed it: nothing of it is kept but that, and nothing is made of it. */
  unseen?: true
}

/** Position of a stream (one entity of one source). Only the holder of the lease may move it. */
export type Cursor = {
  source: string
  entity: string
  /** Every fetch takes the next number. */
  fetch: number
  lease: { run: string; until: number } | null
  /** Greatest `at` that is safely stored, milliseconds UTC; incremental runs read again from a while before it. */
  watermark: number | null
  /** A scan or a reading of changes that was cut off, to go on from. */
  open: {
    run: string
    /** The fetch that began it, which later ones may have gone on with, and the version of the cursor then. */
    fetch: number
    ver: number
    scan: boolean
    since: number
    checkpoint: unknown
    pages: number
    startedAt: number
    latest: number | null
  } | null
  /** Runs in a row that found the source down, and until when it is left alone, milliseconds UTC. */
  down: { failures: number; until: number }
}

/** What one page of a full scan showed, by the ends of the record ids: what no page showed is gone from the source. */
export type Seen = { run: string; tails: string[] }

/** A source record that could not be used: kept as it came, and tried again in each run. */
export type Reject = {
  source: string
  entity: string
  recordId: string
  at: number | null
  raw: unknown
  code: string
  faults: Fault[]
}

export const POLICIES = ['source-priority', 'last-writer', 'human-wins', 'union', 'most-specific', 'max', 'manual'] as const
export type Policy = (typeof POLICIES)[number]

/**
 * Where what is said about a record disagrees, under the canonical record's id. `auto`: the policy decided; `open`: a person has to; `decided`:
 * a person did. Every value is kept, so that a decision can be turned round at any time.
 */
export type Conflict = { subject: { kind: CanonicalKind; id: string }; fields: Record<string, FieldConflict> }
export type FieldConflict = {
  policy: Policy
  status: 'auto' | 'open' | 'decided'
  /** What each source says, best first; `at` as in SourceRecord. */
  values: { source: string; value: unknown; at: number | null }[]
  /** Source of the value that stands, `people` for a correction, null for a union of all. */
  chosen: string | null
  value: unknown
  /** What would stand by an approval: what the sources say against people, the newest other value where a person has to choose. */
  proposed: unknown
  decision: { by: string; at: string; verdict: 'approved' | 'rejected' | 'edited'; reason: string | null } | null
}

export type RunCounts = {
  read: number
  inserted: number
  updated: number
  unchanged: number
  stale: number
  rejected: number
  deleted: number
}
export type RunMode = 'full' | 'incremental' | 'record'
export type RunEntity = RunCounts & {
  /** How many records the source says it has, where it says so. */
  total: number | null
  pages: number
  done: boolean
  /** What is safely stored up to, milliseconds UTC, and how far behind the run's start that was. */
  watermark: number | null
  lagMs: number | null
}
export type Run = {
  source: string
  mode: RunMode
  dryRun: boolean
  status: 'waiting' | 'running' | 'done' | 'failed' | 'parked' | 'cancelled'
  /** Why it failed or was parked: a code of errors.ts or `too-many-deletes`. */
  code: string | null
  detail: string | null
  startedAt: string
  endedAt: string | null
  entities: Record<string, RunEntity>
  conflicts: { auto: number; open: number; paths: Record<string, { auto: number; open: number }> }
  /** Fields of the source that no rule knows, with how many records had them. */
  drift: Record<string, number>
  /** Deletes that a full scan inferred and that wait for a confirmation. */
  heldDeletes: number
  /** Canonical records written, and how many of them the projections took over within the run. */
  written: number
  projected: number
  /** Dry runs only: the first differences that a run would make. */
  diff?: {
    subject: { kind: CanonicalKind; id: string }
    change: 'create' | 'update' | 'archive'
    fields: Record<string, { from: unknown; to: unknown }>
  }[]
}
