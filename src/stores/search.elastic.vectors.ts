/** Vectors on Elasticsearch: exact nearest neighbours, and the vectors themselves. */
import type { estypes } from '@elastic/elasticsearch'
import type { Kind } from '../canonical/schema.ts'
import { slices } from './pacing.ts'
import type { Hit, VectorEntry, VectorField } from './ports.ts'
import { docIdOf, tenantKey } from './search.elastic.bulk.ts'
import { type Elastic, refusalError } from './search.elastic.connect.ts'
import { MAX_HITS, scopeOf, search } from './search.elastic.query.ts'
import { textAlias } from './search.elastic.schema.ts'
import { BYTES, FIELDS } from './search.elastic.spaces.ts'

/** Documents of one look-up by id. */
const MAX_GETS = 500
/** Hits beyond the limit that are asked for, so that most ties at the end need no second request. */
const SPARE = 10

/** Its direction; null where it has none. */
export function unitOf(vector: Float32Array): number[] | null {
  let square = 0
  for (const x of vector) square += x * x
  if (square === 0 || !Number.isFinite(square)) return null
  const length = Math.sqrt(square)
  const unit = new Array<number>(vector.length)
  // Nine places are less than a cosine's float shows, and half the bytes to send and to parse.
  for (let i = 0; i < unit.length; i++) unit[i] = Math.round((vector[i]! / length) * 1e9) / 1e9
  return unit
}

/** `size` is that of the space: a vector of another one is kept, and never found. */
export function vectorDocument(vectors: VectorEntry['vectors'], size: number | null): object {
  const document: Record<string, unknown> = {}
  for (const field of FIELDS) {
    const vector = vectors[field]
    const unit = vector && unitOf(vector)
    if (!unit) continue
    document[BYTES[field]] = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')
    if (unit.length === size) document[field] = unit
  }
  return document
}

/** Numbers in the first vector that has a direction. */
export function sizeOf(entries: VectorEntry[]): number | null {
  for (const { vectors } of entries) for (const field of FIELDS) if (vectors[field] && unitOf(vectors[field])) return vectors[field].length
  return null
}

type Near = { tenant: string; kind: Kind; field: VectorField; alias: string; vector: Float32Array; limit: number }

/**
 * The server cuts ties at the end by its own order: more than the limit is asked for, until what follows the limit is worse than what stands
 * at it, or the server gives no more.
 */
export async function nearest(elastic: Elastic, { tenant, kind, field, alias, vector, limit }: Near): Promise<Hit[]> {
  const unit = unitOf(vector)
  const wanted = Math.min(limit, MAX_HITS)
  if (!unit || wanted < 1) return []
  const ask = async (k: number): Promise<Hit[]> => {
    const knn = { field, query_vector: unit, k, num_candidates: k, filter: scopeOf({ tenant, kind }) }
    const params = { ...search(tenant, alias), ignore_unavailable: true, size: k, docvalue_fields: ['id'], knn, filter_path: KNN_PATH }
    const answer = await elastic.call('search.nearest', (client, options) => client.search(params, options), { rows: rowsOf })
    return (answer.hits?.hits ?? []).map((hit) => ({ id: hit.fields!.id[0] as string, score: cosineOf(hit._score!) }))
  }
  for (let k = Math.min(wanted + SPARE, MAX_HITS); ; k = Math.min(k * 4, MAX_HITS)) {
    const hits = await ask(k)
    const all = hits.length < k || k === MAX_HITS || hits.at(-1)!.score < hits[wanted - 1]!.score
    if (all) return hits.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, wanted)
  }
}

const KNN_PATH = 'hits.hits._score,hits.hits.fields'
const rowsOf = (answer: estypes.SearchResponse): number => answer.hits?.hits.length ?? 0
/** The server's score is (1 + cosine) / 2. */
const cosineOf = (score: number): number => Math.max(-1, Math.min(1, 2 * score - 1))

type Bytes = { titleBytes?: string; textBytes?: string }

export async function vectorsOf(elastic: Elastic, alias: string, tenant: string, kind: Kind, ids: string[]) {
  const found = new Map<string, Partial<Record<VectorField, Float32Array>>>()
  for await (const some of slices([...new Set(ids)], MAX_GETS)) {
    const docs = await getAll<Bytes>(elastic, 'search.vectors', { index: alias, tenant, kind, ids: some, fields: Object.values(BYTES) })
    for (const [id, { source }] of docs) {
      const vectors: Partial<Record<VectorField, Float32Array>> = {}
      for (const field of FIELDS) if (source[BYTES[field]]) vectors[field] = toVector(source[BYTES[field]]!)
      if (Object.keys(vectors).length > 0) found.set(id, vectors)
    }
  }
  return found
}

function toVector(base64: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'))
  return new Float32Array(bytes.buffer, 0, bytes.byteLength / 4)
}

/**
 * The versions under which entries were removed. A space that was made after a removal has no tombstone of it, but the text index has: a late
 * older vector must not bring the entry back.
 */
export async function removedAt(elastic: Elastic, tenant: string, kind: Kind, ids: string[]): Promise<Map<string, number>> {
  const removed = new Map<string, number>()
  const index = textAlias(elastic.prefix)
  for await (const some of slices([...new Set(ids)], MAX_GETS)) {
    const docs = await getAll<{ deleted?: boolean }>(elastic, 'search.removed', { index, tenant, kind, ids: some, fields: ['deleted'] })
    for (const [id, { source, version }] of docs) if (source.deleted) removed.set(id, version)
  }
  return removed
}

type Get = { index: string; tenant: string; kind: Kind; ids: string[]; fields: string[] }

/** By id, and so as of this moment, without a refresh. */
async function getAll<T>(elastic: Elastic, query: string, { index, tenant, kind, ids, fields }: Get) {
  const docs = ids.map((id) => ({ _id: docIdOf(tenant, kind, id), routing: tenantKey(tenant) }))
  const params = { index, docs, _source: fields, filter_path: 'docs._source,docs._version,docs.found,docs.error' }
  const answer = await elastic.call(query, (client, options) => client.mget<T>(params, options), { rows: () => ids.length })
  const found: [string, { source: T; version: number }][] = []
  for (const [i, doc] of answer.docs.entries()) {
    if ('error' in doc) throw refusalError({ status: 503, type: doc.error.type, reason: doc.error.reason ?? '' }, null)
    if (doc.found) found.push([ids[i]!, { source: doc._source ?? ({} as T), version: doc._version! }])
  }
  return found
}
