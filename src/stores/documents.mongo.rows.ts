/** A canonical document as MongoDB holds it. */
import type { HashedWrite } from './hashing.ts'
import { type Doc, type DocKind, isMarked, PROJECTIONS, type Projection } from './ports.ts'

export type Row = {
  _id: string
  tenant: string
  kind: DocKind
  id: string
  ver: number
  /** sha256 of the canonical JSON of `data`; null in a tombstone. */
  hash: string | null
  /** As a document that people can query; as text where BSON could not hold it as it is. */
  data: Doc['data'] | null
  text?: string
  source: Doc['source']
  dirty: Partial<Record<Projection, number>>
  deleted: boolean
  createdAt: string
  updatedAt: string
}
/** None of the parts can hold NUL. The order of these keys is the order of ids. */
export const keyOf = (tenant: string, kind: string, id: string): string => `${tenant}\0${kind}\0${id}`

export const marks = (kind: DocKind, ver: number): Row['dirty'] =>
  Object.fromEntries(PROJECTIONS.filter((projection) => isMarked(kind, projection)).map((projection) => [projection, ver]))

export function rowOf(
  tenant: string,
  { kind, id, data, json, hash, source }: HashedWrite,
  ver: number,
  at: string,
  createdAt: string,
): Row {
  const row = {
    _id: keyOf(tenant, kind, id),
    tenant,
    kind,
    id,
    ver,
    hash,
    source,
    dirty: marks(kind, ver),
    deleted: false,
    createdAt,
    updatedAt: at,
  }
  return isStorable(data) ? { ...row, data } : { ...row, data: null, text: json }
}

/** BSON keeps text as UTF-8, without half surrogate pairs, and keys with a dot or a dollar make trouble in updates and queries. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (value === null || typeof value !== 'object') return true
  if (Array.isArray(value)) return value.every(isStorable)
  return Object.entries(value).every(([key, part]) => !/[.$\0]/.test(key) && key.isWellFormed() && isStorable(part))
}

export function toDoc<K extends DocKind>({ tenant, kind, id, ver, data, text, source, dirty, deleted, createdAt, updatedAt }: Row): Doc<K> {
  const own = (text === undefined ? (data ?? {}) : JSON.parse(text)) as Doc<K>['data']
  return { tenant, kind: kind as K, id, ver, data: own, source, dirty, deleted, createdAt, updatedAt }
}
