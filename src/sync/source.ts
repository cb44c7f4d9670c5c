/**
 * The port of a sync: what any source system has to offer. Sources are only read, never written. A connector hides how its source pages,
 * logs in and reports errors; it knows nothing of Looma's stores.
 */
import type { CompanyInput, PositionInput, RelationInput, TalentInput } from '../canonical/incoming.ts'
import type { Fault } from '../errors.ts'

/** A record as the source gives it. */
export type Raw = {
  entity: string
  /** The source's own id, stable for the life of the record. */
  id: string
  /** When the source last changed it, in milliseconds UTC; null where it does not say. */
  at: number | null
  /** The source says that the record is gone; `value` may be empty. */
  deleted?: boolean
  value: Record<string, unknown>
}

/** A place in a scan from which it can go on: JSON, small, meaningful to its connector alone. */
export type Checkpoint = unknown

export type Page = {
  /** A record may come several times in a scan: reading twice is harmless, skipping is not. */
  records: Raw[]
  /** Where to go on once this page is stored. */
  checkpoint: Checkpoint
  /** How many records the source says it has, where it says so. */
  total: number | null
}

/** Names a record anywhere: sources that read one system in different ways (its API, its database) name the same record alike. */
export type Key = { system: string; entity: string; id: string }

/**
 * What the record says, in canonical fields. A field that is absent is one the source is silent about; null or an empty list says that there
 * is nothing. `unknown` names the fields of the source that no rule knows (drift), `faults` what was left out since it did not fit.
 */
export type Mapped = { key: Key; unknown: string[]; faults: Fault[] } & (
  | { kind: 'talent'; data: TalentInput }
  | { kind: 'position'; data: PositionInput }
  | { kind: 'company'; data: CompanyInput }
  | { kind: 'relation'; data: RelationInput }
)

export type Entity = {
  name: string
  /** `changes`: the source can tell what changed since a time. Without it every run is a full scan. */
  incremental: boolean
  /** One record costs no more than a page: whether a record that a scan did not show is really gone is asked, not guessed. */
  cheapOne?: boolean
}

export type ReadOptions = { from: Checkpoint | null; limit: number; signal: AbortSignal }

export interface Source {
  readonly system: string
  readonly entities: readonly Entity[]
  /** Is this the source it should be, and does it let us in? Throws `source-down`, `source-refused` (credentials) or `source-changed`. */
  check(signal: AbortSignal): Promise<void>
  /**
   * Every record that existed throughout the scan, at least once, from the beginning or from a checkpoint of an earlier scan that was cut off.
   * A scan that ends without an error was complete: what it did not show is gone from the source. Throws as `check`.
   */
  scan(entity: string, options: ReadOptions): AsyncIterable<Page>
  /** Records whose `at` is `since` (milliseconds UTC) or later, in order of (`at`, id). Only for entities that are incremental. */
  changes(entity: string, options: ReadOptions & { since: number }): AsyncIterable<Page>
  /** Null when there is none. */
  one(entity: string, id: string, signal: AbortSignal): Promise<Raw | null>
  /** Pure. Throws `record-rejected` with a pointer per fault where the record cannot be used at all. */
  map(raw: Raw): Mapped
  close(): Promise<void>
}
