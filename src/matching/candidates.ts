/** Retrieval for pools that are too large to score whole: what text, vectors and graph each find, put together. */
import type { Kind } from '../canonical/schema.ts'
import type { Doc, Stores } from '../stores/ports.ts'
import type { Vectors } from './facts.ts'
import { searchEntryOf } from './projections.ts'

/** Hits of each way. At most four ways, so at most 2,000 candidates per subject. */
const TOP = 500

/** Distinct ids of `kind`, sorted. */
export async function candidateIds(
  stores: Stores,
  space: string,
  tenant: string,
  subject: Doc<Kind>,
  vectors: Vectors,
  kind: Kind,
): Promise<string[]> {
  const { title, skills } = searchEntryOf(subject)
  const ways = [
    stores.search.text(tenant, kind, [title, ...skills].join(' '), { limit: TOP }),
    stores.graph.overlap(tenant, subject.kind, subject.id, kind, { limit: TOP }),
  ]
  for (const field of ['title', 'text'] as const) {
    const vector = vectors[field]
    if (vector) ways.push(stores.search.nearest(tenant, kind, field, space, vector, { limit: TOP }))
  }
  const hits = (await Promise.all(ways)).flat()
  return [...new Set(hits.map(({ id }) => id))].sort()
}
