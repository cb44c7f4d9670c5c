/** Brings the projections up to date with the canonical documents. The dirty marks are the outbox: what fails here is found by `sweep`. */
import type { Kind } from '../canonical/schema.ts'
import type { CanonicalKind } from '../canonical/sync.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Embedder, Lane } from '../models/ports.ts'
import { type Doc, type DocKind, isCanonical, isKind, type Projection, type Stores } from '../stores/ports.ts'
import { edgesOf, searchEntryOf, textsOf } from './projections.ts'

export type ProjectOptions = { lane?: Lane; signal?: AbortSignal }
/** `unembedded`: documents with a text that no model host takes (`poison`, `internal`). They are searchable, but that text has no vector. */
export type ProjectReport = { projected: number; unembedded: { tenant: string; kind: Kind; id: string; code: ErrorCode }[] }

/** Documents whose texts are embedded in one call. */
const EMBED_SLICE = 100

/**
 * Writes what is marked dirty in `docs` (any tenants and kinds, tombstones too) to search, graph and vectors, and clears a mark only where it still
 * equals the version written. A store that fails keeps its marks and does not hold up the others; its error is thrown at the end.
 */
export async function project(stores: Stores, embedder: Embedder, docs: Doc[], options: ProjectOptions = {}): Promise<ProjectReport> {
  const report: ProjectReport = { projected: 0, unembedded: [] }
  const nodes = docs.filter((doc): doc is Doc<CanonicalKind> => isCanonical(doc.kind))
  for (const [tenant, own] of Map.groupBy(nodes, (doc) => doc.tenant)) {
    const searched = own.filter((doc): doc is Doc<Kind> => isKind(doc.kind))
    const outcomes = await Promise.allSettled([
      take(stores, searched, 'search', async (alive, gone) => {
        await stores.search.put(tenant, alive.map(searchEntryOf))
        await stores.search.remove(tenant, gone)
      }),
      take(stores, own, 'graph', async (alive, gone) => {
        await stores.graph.put(
          tenant,
          alive.map((doc) => ({ kind: doc.kind, id: doc.id, ver: doc.ver, edges: edgesOf(doc) })),
        )
        await stores.graph.remove(tenant, gone)
      }),
      takeVectors(stores, embedder, tenant, searched, options, report),
    ])
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    report.projected += own.length
  }
  return report
}

/** Projects the documents that have been waiting longest, at most `limit` for each projection. */
export async function sweep(
  stores: Stores,
  embedder: Embedder,
  { limit, tenant, ...options }: ProjectOptions & { limit: number; tenant?: string },
): Promise<ProjectReport> {
  const waiting = new Map<string, Doc>()
  for (const projection of ['search', 'graph', 'vectors'] as const)
    for (const doc of await stores.documents.dirty(projection, { tenant, limit })) waiting.set(`${doc.tenant} ${doc.kind} ${doc.id}`, doc)
  return project(stores, embedder, [...waiting.values()], options)
}

async function take<K extends DocKind>(
  stores: Stores,
  docs: Doc<K>[],
  projection: Projection,
  write: (alive: Doc<K>[], gone: Doc<K>[]) => Promise<void>,
): Promise<void> {
  const marked = docs.filter((doc) => doc.dirty[projection] !== undefined)
  if (marked.length === 0) return
  await write(
    marked.filter((doc) => !doc.deleted),
    marked.filter((doc) => doc.deleted),
  )
  await stores.documents.clean(projection, marked)
}

/** In slices that are cleaned one by one: after a crash, what was embedded is not embedded again. */
async function takeVectors(
  stores: Stores,
  embedder: Embedder,
  tenant: string,
  docs: Doc<Kind>[],
  { lane = 'bulk', signal }: ProjectOptions,
  report: ProjectReport,
): Promise<void> {
  for (let i = 0; i < docs.length; i += EMBED_SLICE) {
    signal?.throwIfAborted()
    await take(stores, docs.slice(i, i + EMBED_SLICE), 'vectors', async (alive, gone) => {
      const texts = alive.flatMap((doc) => {
        const { title, text } = textsOf(doc)
        return [title, text]
      })
      const vectors = texts.length === 0 ? [] : await embedder.embedEach(texts, { lane, signal })
      const entries = alive.map(({ kind, id, ver }, n) => {
        const own = [vectors[2 * n], vectors[2 * n + 1]]
        // Its mark is cleared all the same: else every sweep would meet this text first, and lose its hosts to it again.
        const failed = own.find((one) => one instanceof AppError)
        if (failed) report.unembedded.push({ tenant, kind, id, code: failed.code })
        const [title, text] = own.map((one) => (one instanceof Float32Array ? one : undefined))
        return { kind, id, ver, space: embedder.space, vectors: { title, text } }
      })
      await stores.search.putVectors(tenant, entries)
      await stores.search.remove(tenant, gone)
    })
  }
}
