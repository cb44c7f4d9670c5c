/**
 * What Looma needs of its stores: nothing else is known about them outside this folder. Tenant is an argument of every call; an
 * adapter never reads across tenants. `ver` orders all writes of one document (hybrid logical clock in 53 bits, canonical/clock.ts).
 */
import type { Readable } from 'node:stream'
import type { Correction } from '../canonical/correction.ts'
import type { Erasure } from '../canonical/erasure.ts'
import type { Company, Relation } from '../canonical/incoming.ts'
import type { Reading } from '../canonical/reading.ts'
import type { Occurrence, Schedule } from '../canonical/schedule.ts'
import type { Kind, Position, Talent } from '../canonical/schema.ts'
import {
  CANONICAL_KINDS,
  type CanonicalKind,
  type Conflict,
  type Cursor,
  type Reject,
  type Run,
  type Seen,
  type SourceRecord,
} from '../canonical/sync.ts'
import type { Finding } from '../findings.ts'
import type { Inspect } from './query-stats.ts'
import type { Schema } from './schema.ts'

/**
 * Beside talents and positions, under the same ids: the match made for them, how a talent was read from its file, and what people corrected.
 * Then what syncs bring and keep (canonical/sync.ts), what is to be started when (canonical/schedule.ts), and who was erased (canonical/erasure.ts).
 */
type Data = {
  talent: Talent
  position: Position
  match: Match
  reading: Reading
  correction: Correction
  company: Company
  relation: Relation
  record: SourceRecord
  cursor: Cursor
  seen: Seen
  reject: Reject
  conflict: Conflict
  run: Run
  schedule: Schedule
  occurrence: Occurrence
  erasure: Erasure
}
export type DocKind = keyof Data
export type DataOf<K extends DocKind> = Data[K]
export const KINDS = ['talent', 'position'] as const satisfies Kind[]
export const isKind = (kind: DocKind): kind is Kind => KINDS.some((one) => one === kind)
/** What has a node in the graph. */
export const isCanonical = (kind: DocKind): kind is CanonicalKind => CANONICAL_KINDS.some((one) => one === kind)
/**
 * What is made from documents, each with a mark of its own in the document it is made from. Talents and positions go to `search`, `graph` and
 * `vectors` (which live in the search store but need a model), companies and relations to `graph`; what sources and people say goes into the
 * `canonical` document, and out of it what is to be erased.
 */
export const PROJECTIONS = ['search', 'graph', 'vectors', 'canonical'] as const
export type Projection = (typeof PROJECTIONS)[number]
/** A mark on a kind that nothing is made from would never be cleared. */
export function isMarked(kind: DocKind, projection: Projection): boolean {
  if (projection === 'canonical') return kind === 'record' || kind === 'correction' || kind === 'erasure'
  return projection === 'graph' ? isCanonical(kind) : isKind(kind)
}

/**
 * Where a document came from; `blob` is the sha256 of the uploaded file. `ocr` stands where pages were read by character recognition: how many, of
 * how many that needed it, and the mean confidence over the characters, 0–1. `unread`: pages, from 1, that nobody could read.
 */
export type Source = {
  by: 'resume' | 'api' | 'sync'
  blob?: string
  fileName?: string
  batchId?: string
  externalId?: string
  /** Ids of the source records that a sync made it from. */
  records?: string[]
  ocr?: { pages: number; of: number; confidence: number }
  unread?: number[]
}

export type Match = {
  subject: { kind: Kind; id: string }
  /** Best first. `score` 0–1; `confidence` 0–1 is the weight of the features whose data was there. */
  results: { id: string; score: number; confidence: number; reasons: Reason[] }[]
  model: string
  scorer: string
  /** Number of candidates that were scored. */
  pool: number
  at: string
}
/** `value` and `weight` 0–1; `text` is a sentence for people in both languages. */
export type Reason = { feature: string; value: number; weight: number; text: { en: string; zh: string } }

export type Doc<K extends DocKind = DocKind> = {
  tenant: string
  kind: K
  id: string
  ver: number
  data: DataOf<K>
  source: Source
  /** The version that each projection still has to take over. Empty when all are up to date. */
  dirty: Partial<Record<Projection, number>>
  /** Tombstone: `data` is emptied, the row stays so that older writes lose against it. */
  deleted: boolean
  createdAt: string
  updatedAt: string
}
/**
 * `expect`: only while the stored version is this one, 0 where there must be none (not even a tombstone). `basis` says what the data was made
 * from: equal data made from something else counts as a change, so that whoever expects the old version loses.
 */
export type DocWrite<K extends DocKind = DocKind> = {
  kind: K
  id: string
  data: DataOf<K>
  source: Source
  expect?: number
  basis?: string
}

export type PageOptions = { after?: string; limit: number; newest?: boolean }

/** What a store holds of a document: its version. */
export type Version = { id: string; ver: number }
/** After the id `after`, in an order of the store's own that stays the same. */
export type VersionPage = { after?: string; limit: number }

export interface Documents {
  /**
   * Writes by id, any number. Each document is written whole, with its marks, or not at all; a call that throws may have written some
   * of them, and repeating it is safe: equal content (sha256 of canonical JSON) writes nothing, `unchanged`, and the version stays.
   * A write revives a tombstone (`created`). One whose expectation does not hold writes nothing: `stale`, with the version that stands.
   */
  put(tenant: string, writes: DocWrite[]): Promise<{ id: string; ver: number; outcome: 'created' | 'updated' | 'unchanged' | 'stale' }[]>
  /** A tombstone too (`deleted`, with empty `data`), so that its removal can be projected. */
  get<K extends DocKind>(tenant: string, kind: K, id: string): Promise<Doc<K> | null>
  /** In the order of `ids`; missing ones are left out, and deleted ones unless `tombstones`. */
  many<K extends DocKind>(tenant: string, kind: K, ids: string[], options?: { tombstones?: boolean }): Promise<Doc<K>[]>
  /** Living documents in id order, after the id `after`; with `newest` from the greatest id down. */
  page<K extends DocKind>(tenant: string, kind: K, options: PageOptions): Promise<Doc<K>[]>
  count(tenant: string, kind: DocKind): Promise<number>
  /** Versions of what lives, or of tombstones, in id order. `pending`: `projection` has not taken it over. */
  versions(
    tenant: string,
    kind: DocKind,
    projection: Projection,
    page: VersionPage & { deleted: boolean },
  ): Promise<(Version & { pending: boolean })[]>
  /** Tenants that have a living document of the kind, in order. For a kind that has an index of its own: schedulers ask every second. */
  tenants(kind: 'schedule'): Promise<string[]>
  /** Leaves a tombstone marked dirty for every projection. False when there was nothing, or another version than the one expected. */
  remove(tenant: string, kind: DocKind, id: string, expect?: number): Promise<boolean>
  /** Documents (tombstones too) that `projection` has not taken over, oldest version first. */
  dirty(projection: Projection, options: { tenant?: string; limit: number }): Promise<Doc[]>
  /** Clears a mark only where it still equals the version given, so that a write in between stays marked. */
  clean(projection: Projection, done: { tenant: string; kind: DocKind; id: string; ver: number }[]): Promise<void>
  /** Marks documents (tombstones too) at their present version, for a projection that was lost or a new vector space. */
  redo(projection: Projection, tenant: string, kind: DocKind, ids: string[]): Promise<void>
}

/** Text of one document for the index. `filter` values are matched exactly. */
/** `name` is found by `named` alone: what people are called must not count when they are matched. */
export type SearchEntry = {
  kind: Kind
  id: string
  ver: number
  name: string | null
  title: string
  text: string
  skills: string[]
  city: string | null
}
export type VectorEntry = { kind: Kind; id: string; ver: number; space: string; vectors: Partial<Record<VectorField, Float32Array>> }
/** `title`: title and skills; `text`: summary and experience. */
export type VectorField = 'title' | 'text'
export type Hit = { id: string; score: number }

export interface Search {
  /** Version-gated: an entry with a `ver` not above the stored one is ignored. */
  put(tenant: string, entries: SearchEntry[]): Promise<void>
  putVectors(tenant: string, entries: VectorEntry[]): Promise<void>
  /** Tombstones with the version gate: an older put does not bring the entry back. Removes text and vectors. */
  remove(tenant: string, gone: { kind: Kind; id: string; ver: number }[]): Promise<void>
  /**
   * BM25 over pre-segmented Chinese and English, best first, `score` > 0, ties by id. Any query text is safe. `skill` and `city` are names
   * as in `SearchEntry`, compared without case and width. A query without a word finds nothing, or, with a filter, all that pass it
   * (by id, score 1).
   */
  text(tenant: string, kind: Kind, query: string, options: { limit: number; skill?: string; city?: string }): Promise<Hit[]>
  /** Entries whose name has every word of `name`, by id, score 1; filters as in `text`. */
  named(tenant: string, kind: Kind, name: string, options: { limit: number; skill?: string; city?: string }): Promise<Hit[]>
  /** Exact cosine, best first, `score` −1..1, ties by id. Zero vectors are never found and find nothing. */
  nearest(tenant: string, kind: Kind, field: VectorField, space: string, vector: Float32Array, options: { limit: number }): Promise<Hit[]>
  vectors(tenant: string, kind: Kind, space: string, ids: string[]): Promise<Map<string, Partial<Record<VectorField, Float32Array>>>>
  /** Versions of entries, or of the vectors of a space; of removed ones too, as far as they are known. */
  versions(tenant: string, kind: Kind, space: string | null, page: VersionPage): Promise<Version[]>
}

/** What a relation is between. */
export type EndKind = Exclude<CanonicalKind, 'relation'>
/**
 * Talents have HAS_SKILL (to a skill), WORKED_AT (a company) and STUDIED_AT (a school), positions REQUIRES (a skill) and POSTED_BY (a company),
 * companies CALLED (a company's name), and relations FROM and TO (a talent, position or company). `to` is a name, `skill:<name>`,
 * `company:<name>` or `school:<name>`, or the node of a document, `talent#<id>`, `position#<id>` or `company#<id>`, which may come later.
 */
export type Edge = {
  type: 'HAS_SKILL' | 'WORKED_AT' | 'STUDIED_AT' | 'REQUIRES' | 'POSTED_BY' | 'CALLED' | 'FROM' | 'TO'
  to: string
  props?: Record<string, unknown>
}
export interface Graph {
  /** Replaces all edges that start at the node, gated by `ver`. */
  put(tenant: string, nodes: { kind: CanonicalKind; id: string; ver: number; edges: Edge[] }[]): Promise<void>
  /** What leads to the node stays: it belongs to the nodes it starts at. */
  remove(tenant: string, gone: { kind: CanonicalKind; id: string; ver: number }[]): Promise<void>
  edges(tenant: string, kind: CanonicalKind, id: string): Promise<Edge[]>
  /** Ids of the relations that lead from or to the document's node, in order, after the id `after`. */
  relationsOf(tenant: string, end: { kind: EndKind; id: string }, page: { after?: string; limit: number }): Promise<string[]>
  /** Nodes of `toKind` that share most targets with the node, best first; `score` is the number shared. */
  overlap(tenant: string, kind: Kind, id: string, toKind: Kind, options: { limit: number }): Promise<Hit[]>
  /** Versions of nodes, of removed ones too. */
  versions(tenant: string, kind: CanonicalKind, page: VersionPage): Promise<Version[]>
}

export interface Blobs {
  /** Stores a stream under its sha256, durable before it answers; nothing is left behind when the stream fails or passes `maxBytes` (`too-large`). */
  put(tenant: string, content: Readable, options: { maxBytes: number }): Promise<Stored>
  has(tenant: string, sha256: string): Promise<boolean>
  /** A local file to read from. Throws `blob-missing`. */
  file(tenant: string, sha256: string): Promise<string>
  /** With `made`, only the copy of that put, and only while nobody stored the same content since. */
  remove(tenant: string, sha256: string, made?: string): Promise<void>
}
/** `made` names this very copy, for taking it back; null when the content was there before. */
export type Stored = { sha256: string; bytes: number; made: string | null }

export type Stores = { documents: Documents; search: Search; graph: Graph; blobs: Blobs }

/** What every store on a server can do beside its port. */
export type OnServer = Inspect & {
  close(): Promise<void>
  /** Asks the server itself, past the circuit breaker. Throws `store-down` within half a second. */
  check(): Promise<void>
  /** Reachable and used as it should be? For `looma doctor`. */
  examine(): Promise<Finding[]>
  schema: Schema
}
