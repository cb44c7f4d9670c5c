/** Everything a tenant's talents and positions have in all stores, to compare two systems by. */
import type { Kind } from '../src/canonical/schema.ts'
import type { Doc, Stores } from '../src/stores/ports.ts'

const PAGE = 500

/** By kind and id: the document, its marks, its edges, what is near it in the graph, what a search for its title finds, and its matches. */
export async function leftBehind(stores: Stores, tenant: string): Promise<Record<string, unknown>> {
  const left: Record<string, unknown> = {}
  for (const kind of ['talent', 'position'] as const)
    for await (const { id, data, dirty } of living(stores, tenant, kind)) {
      const match = await stores.documents.get(tenant, 'match', id)
      // Scores are each engine's own; what is found is the same.
      const found = await stores.search.text(tenant, kind, data.title ?? '', { limit: 2000 })
      left[`${kind} ${id}`] = {
        data,
        dirty,
        edges: await stores.graph.edges(tenant, kind, id),
        near: await stores.graph.overlap(tenant, kind, id, kind === 'talent' ? 'position' : 'talent', { limit: 5 }),
        found: found.map((hit) => hit.id).sort(),
        match: match?.data.results,
      }
    }
  return left
}

async function* living<K extends Kind>(stores: Stores, tenant: string, kind: K): AsyncGenerator<Doc<K>> {
  for (let after: string | undefined; ; ) {
    const page = await stores.documents.page(tenant, kind, { limit: PAGE, after })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)!.id
  }
}
