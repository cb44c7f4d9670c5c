/** What is asked of Elasticsearch. Every query names its tenant twice: as a filter, and by the routing, which leaves one shard to be read. */
import type { estypes } from '@elastic/elasticsearch'
import type { Kind } from '../canonical/schema.ts'
import { tenantKey } from './search.elastic.bulk.ts'
import { keywordOf, type Term } from './search.elastic.words.ts'

type Query = estypes.QueryDslQueryContainer
export type Scope = { tenant: string; kind: Kind; skill?: string; city?: string }

/** The server answers no more hits than this (`index.max_result_window`), nor more nearest neighbours. */
export const MAX_HITS = 10_000

/** A title word counts five times a body word, as on SQLite. */
const WEIGHTS = { title: 5, skills: 3, body: 1 }

export function scopeOf({ tenant, kind, skill, city }: Scope): Query[] {
  const filter: Query[] = [{ term: { tenant: tenantKey(tenant) } }, { term: { kind } }]
  if (skill !== undefined) filter.push({ term: { skill: keywordOf(skill) } })
  if (city !== undefined) filter.push({ term: { city: keywordOf(city) } })
  return filter
}

/** Entries with any of the terms, BM25 over the three fields as one. A prefix adds the weight of the best field it is found in. */
export function anyOf(terms: Term[]): Query {
  const plain = terms.filter(({ prefix }) => !prefix).map(({ term }) => term)
  const fields = Object.entries(WEIGHTS)
  const should: Query[] =
    plain.length > 0 ? [{ combined_fields: { query: plain.join(' '), fields: fields.map((one) => one.join('^')) } }] : []
  for (const { term, prefix } of terms)
    if (prefix) should.push({ dis_max: { queries: fields.map(([field, boost]) => ({ prefix: { [field]: { value: term, boost } } })) } })
  return { bool: { should, minimum_should_match: 1 } }
}

/** `rare`: only what has one of these is found. */
export const ranked = (scope: Scope, terms: Term[], rare: Term[] | null): Query => ({
  bool: { must: [anyOf(terms)], filter: rare ? [...scopeOf(scope), anyOf(rare)] : scopeOf(scope) },
})

export const listed = (scope: Scope): Query => ({ bool: { filter: scopeOf(scope) } })

export const named = (scope: Scope, terms: Term[]): Query => ({
  bool: {
    filter: [...scopeOf(scope), ...terms.map(({ term, prefix }) => (prefix ? { prefix: { name: term } } : { term: { name: term } }))],
  },
})

/** What all searches have in common. The hit's id is read from what it is sorted by, which is cheaper than stored fields. */
export const search = (tenant: string, index: string) => ({
  index,
  routing: tenantKey(tenant),
  _source: false,
  stored_fields: '_none_',
  // Half of the hits would look like all of them.
  allow_partial_search_results: false,
})
