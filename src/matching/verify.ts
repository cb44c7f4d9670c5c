/**
 * Are the projections what the canonical documents say? Every store's versions are summed up in 1,024 buckets, in whatever order it lists them, and
 * only buckets that differ are looked at one by one. So the memory does not grow with the stores.
 */
import { EMPTY } from '../canonical/empty.ts'
import type { Kind } from '../canonical/schema.ts'
import { CANONICAL_KINDS, type CanonicalKind } from '../canonical/sync.ts'
import { type Documents, KINDS, type Projection, type Stores, type Version } from '../stores/ports.ts'

export const BUCKETS = 1024
const PAGE = 1000

type Place = Exclude<Projection, 'canonical'>
/**
 * `missing`: not in the store; `stale`: an older version is; `ahead`: a newer one is, since the documents were restored from before it; `orphan`:
 * no document knows it.
 */
export type Difference = {
  kind: CanonicalKind
  id: string
  what: 'missing' | 'stale' | 'ahead' | 'orphan'
  ver: number | null
  held: number | null
}
export type Verified = {
  projection: Place
  /** Documents, tombstones too, and those of them that wait to be projected: they are not compared. */
  documents: number
  pending: number
  /** Buckets that differed at first sight; what was written meanwhile is among them. */
  unequal: number
  differences: Difference[]
}

/** Offset and prime of FNV-1a, 32 bits (Fowler, Noll, Vo; draft-eastlake-fnv). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
const bucketOf = (kind: CanonicalKind, id: string): number => fnv1a(`${kind} ${id}`) % BUCKETS

type Sums = { count: Float64Array; sum: Float64Array }
const noSums = (): Sums => ({ count: new Float64Array(BUCKETS), sum: new Float64Array(BUCKETS) })
/** A sum of 32-bit parts is exact up to two million documents of a bucket, and does not depend on their order. */
function addTo({ count, sum }: Sums, kind: CanonicalKind, { id, ver }: Version): void {
  const bucket = bucketOf(kind, id)
  count[bucket]!++
  sum[bucket]! += fnv1a(`${kind} ${id} ${ver}`)
}

const kindsOf = (projection: Place): readonly CanonicalKind[] => (projection === 'graph' ? CANONICAL_KINDS : KINDS)

/** All of a tenant's documents with their versions, tombstones too. */
async function* documentsOf(
  documents: Documents,
  tenant: string,
  kind: CanonicalKind,
  projection: Place,
): AsyncGenerator<Version & { pending: boolean }> {
  for (const deleted of [false, true])
    for (let after: string | undefined; ; ) {
      const page = await documents.versions(tenant, kind, projection, { after, limit: PAGE, deleted })
      yield* page
      if (page.length < PAGE) break
      after = page.at(-1)!.id
    }
}

async function* entriesOf(stores: Stores, tenant: string, kind: CanonicalKind, projection: Place, space: string): AsyncGenerator<Version> {
  for (let after: string | undefined; ; ) {
    const page: Version[] =
      projection === 'graph'
        ? await stores.graph.versions(tenant, kind, { after, limit: PAGE })
        : await stores.search.versions(tenant, kind as Kind, projection === 'search' ? null : space, { after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)!.id
  }
}

/** `space` is the vector space that is used now: documents that have no vector in it are missing there. */
export async function verifyProjection(stores: Stores, tenant: string, projection: Place, space: string): Promise<Verified> {
  const [said, held] = [noSums(), noSums()]
  const result: Verified = { projection, documents: 0, pending: 0, unequal: 0, differences: [] }
  for (const kind of kindsOf(projection)) {
    for await (const one of documentsOf(stores.documents, tenant, kind, projection)) {
      result.documents++
      if (one.pending) result.pending++
      addTo(said, kind, one)
    }
    for await (const one of entriesOf(stores, tenant, kind, projection, space)) addTo(held, kind, one)
  }
  const unequal = new Set<number>()
  for (let i = 0; i < BUCKETS; i++) if (said.count[i] !== held.count[i] || said.sum[i] !== held.sum[i]) unequal.add(i)
  result.unequal = unequal.size
  if (unequal.size === 0) return result

  for (const kind of kindsOf(projection)) {
    const suspects = new Map<string, number | null>()
    for await (const { id, ver } of entriesOf(stores, tenant, kind, projection, space))
      if (unequal.has(bucketOf(kind, id))) suspects.set(id, ver)
    for await (const { id, ver, pending } of documentsOf(stores.documents, tenant, kind, projection)) {
      if (!unequal.has(bucketOf(kind, id))) continue
      if (pending || suspects.get(id) === ver) suspects.delete(id)
      else if (!suspects.has(id)) suspects.set(id, null)
    }
    result.differences.push(...(await confirmed(stores.documents, tenant, kind, projection, suspects)))
  }
  return result
}

/** What was written or removed while this looked is no difference: each suspect is compared with its document as it is now. */
async function confirmed(
  documents: Documents,
  tenant: string,
  kind: CanonicalKind,
  projection: Place,
  suspects: Map<string, number | null>,
): Promise<Difference[]> {
  const found: Difference[] = []
  const ids = [...suspects.keys()].sort()
  for (let i = 0; i < ids.length; i += PAGE) {
    const some = ids.slice(i, i + PAGE)
    const docs = new Map((await documents.many(tenant, kind, some, { tombstones: true })).map((doc) => [doc.id, doc]))
    for (const id of some) {
      const doc = docs.get(id)
      const held = suspects.get(id)!
      const difference = (what: Difference['what']) => found.push({ kind, id, what, ver: doc?.ver ?? null, held })
      if (!doc) difference('orphan')
      else if (doc.dirty[projection] !== undefined || doc.ver === held) continue
      // Nothing there is what a tombstone wants; a store may not have heard of it.
      else if (held === null) {
        if (!doc.deleted) difference('missing')
      } else difference(held < doc.ver ? 'stale' : 'ahead')
    }
  }
  return found
}

/**
 * Marks what differs, so that it is projected again; no store but that of the documents is written to. What another has newer is written anew
 * under a version above it, and what nobody knows gets a tombstone.
 */
export async function repairProjection(stores: Stores, tenant: string, { projection, differences }: Verified): Promise<void> {
  const { documents } = stores
  for (const kind of kindsOf(projection)) {
    const own = differences.filter((one) => one.kind === kind)
    const again = own.filter(({ what }) => what === 'missing' || what === 'stale').map(({ id }) => id)
    await documents.redo(projection, tenant, kind, again)
    for (const { id, what } of own)
      if (what === 'ahead') {
        const doc = await documents.get(tenant, kind, id)
        if (doc && !doc.deleted)
          await documents.put(tenant, [{ kind, id, data: doc.data, source: doc.source, expect: doc.ver, basis: `verified at ${doc.ver}` }])
      }
    // A tombstone is marked as any other.
    for (const { id, what } of own)
      if (what === 'orphan') {
        const [put] = await documents.put(tenant, [{ kind, id, data: EMPTY[kind], source: { by: 'api' }, expect: 0 }])
        if (put!.outcome === 'created') await documents.remove(tenant, kind, id, put!.ver)
      }
  }
}
