/**
 * Text and vectors on an Elasticsearch server, 8.19 or newer, with what its free licence gives and no plug-in. Removed entries stay as tombstones:
 * the server forgets the version of what is really deleted after a minute, and a late older write would bring it back.
 */
import type { Kind } from '../canonical/schema.ts'
import { createPacer } from './pacing.ts'
import type { Hit, OnServer, Search, SearchEntry, VectorEntry } from './ports.ts'
import { createBulk } from './search.elastic.bulk.ts'
import { connectElastic } from './search.elastic.connect.ts'
import { examineElastic, plansOf } from './search.elastic.doctor.ts'
import { anyOf, listed, MAX_HITS, named, ranked, type Scope, scopeOf, search } from './search.elastic.query.ts'
import { createRefresh } from './search.elastic.refresh.ts'
import { elasticSchema, textAlias } from './search.elastic.schema.ts'
import { createSpaces } from './search.elastic.spaces.ts'
import { nearest, removedAt, sizeOf, vectorDocument, vectorsOf } from './search.elastic.vectors.ts'
import { bodyOf, keywordOf, type Term, termsOf, wordsOf } from './search.elastic.words.ts'

/** Where more entries than this have a word of the query, only those with its rarer words are found. */
const RANKED = 10_000

/**
 * Opens `http://` or `https://[user:password@]host[:port][/prefix][?apiKey=…]`; `prefix` begins the names of all indices (`looma`). Neither
 * waits for the server nor migrates it. Throws `store-down` for a URL that is none of these.
 *
 * Nearest neighbours are exact: the server compares with every vector of the tenant, kind and field, so that the time grows with their number.
 * At most 10,000 hits are answered. What a call has written every process finds once the call has answered.
 */
export async function openElasticSearch(url: string): Promise<Search & OnServer> {
  const elastic = connectElastic(url)
  const refresh = createRefresh(elastic)
  const spaces = createSpaces(elastic)
  const alias = textAlias(elastic.prefix)
  const bulkFor = (tenant: string, query: string) => createBulk(elastic, refresh, query, tenant)

  /** Ids in order, which needs no scores and no count. */
  async function list(name: string, query: ReturnType<typeof listed>, tenant: string, limit: number): Promise<Hit[]> {
    const params = {
      ...search(tenant, alias),
      query,
      size: Math.min(limit, MAX_HITS),
      sort: 'id',
      track_total_hits: false,
      filter_path: 'hits.hits.sort',
    }
    const answer = await elastic.call(name, (client, call) => client.search(params, call), { rows: ({ hits }) => hits?.hits.length ?? 0 })
    return (answer.hits?.hits ?? []).map(({ sort }) => ({ id: String(sort![0]), score: 1 }))
  }

  async function rank(scope: Scope, terms: Term[], rare: Term[] | null, limit: number): Promise<{ hits: Hit[]; total: number }> {
    const params = {
      ...search(scope.tenant, alias),
      query: ranked(scope, terms, rare),
      size: Math.min(limit, MAX_HITS),
      sort: ['_score', 'id'],
      track_total_hits: RANKED + 1,
      filter_path: 'hits.total.value,hits.hits.sort',
    }
    const answer = await elastic.call('search.text', (client, call) => client.search(params, call), {
      rows: ({ hits }) => hits.hits?.length ?? 0,
    })
    const hits = (answer.hits.hits ?? []).map(({ sort }) => ({ id: String(sort![1]), score: Number(sort![0]) }))
    return { hits, total: (answer.hits.total as { value: number }).value }
  }

  /** The rarest terms that together are in no more entries than RANKED, and always the rarest one; null where they leave nothing out. */
  async function rarest(scope: Scope, terms: Term[]): Promise<Term[] | null> {
    const filters = Object.fromEntries(terms.map((term, i) => [i, anyOf([term])]))
    const params = {
      ...search(scope.tenant, alias),
      query: { bool: { filter: scopeOf(scope) } },
      size: 0,
      track_total_hits: false,
      aggs: { terms: { filters: { filters } } },
      filter_path: 'aggregations',
    }
    const answer = await elastic.call('search.frequencies', (client, call) => client.search(params, call))
    const { buckets } = answer.aggregations!.terms as { buckets: Record<string, { doc_count: number }> }
    const found = terms.map((term, i) => ({ term, n: buckets[i]!.doc_count })).filter(({ n }) => n > 0)
    found.sort((a, b) => a.n - b.n)
    const rare: Term[] = []
    let sum = 0
    for (const { term, n } of found) {
      sum += n
      if (rare.length === 0 || sum <= RANKED) rare.push(term)
    }
    return rare.length < found.length ? rare : null
  }

  /** Without those that were removed at their version or a later one. */
  async function living(tenant: string, entries: VectorEntry[]): Promise<VectorEntry[]> {
    const removed = new Map<Kind, Map<string, number>>()
    for (const [kind, own] of Map.groupBy(entries, (entry) => entry.kind)) {
      const ids = own.map(({ id }) => id)
      removed.set(kind, await removedAt(elastic, tenant, kind, ids))
    }
    return entries.filter(({ kind, id, ver }) => ver > (removed.get(kind)?.get(id) ?? -1))
  }

  return {
    async put(tenant, entries) {
      const bulk = bulkFor(tenant, 'search.put')
      const pace = createPacer()
      for (const entry of entries) {
        await bulk.add({ alias, ...entry, document: textDocument(entry) })
        await pace()
      }
      await bulk.end()
    },

    async putVectors(tenant, entries) {
      const bulk = bulkFor(tenant, 'search.putVectors')
      const pace = createPacer()
      const bySpace = Map.groupBy(entries, (entry) => entry.space)
      try {
        for (const [space, own] of bySpace) {
          // In this order: a removal meanwhile either is seen here, or sees the space.
          const size = await spaces.ensure(space, sizeOf(own))
          for (const some of await living(tenant, own)) {
            await bulk.add({ alias: spaces.aliasOf(space), ...some, document: vectorDocument(some.vectors, size) })
            await pace()
          }
        }
        await bulk.end()
      } catch (error) {
        // Somebody may have deleted an index: the next call makes it again.
        for (const space of bySpace.keys()) spaces.forget(space)
        throw error
      }
    },

    async remove(tenant, gone) {
      if (gone.length === 0) return
      const bulk = bulkFor(tenant, 'search.remove')
      for (const one of gone) await bulk.add({ alias, ...one, document: null })
      await bulk.flush()
      for (const space of await spaces.all()) for (const one of gone) await bulk.add({ alias: space, ...one, document: null })
      await bulk.end()
    },

    async text(tenant, kind, query, { limit, ...filter }) {
      const scope = { tenant, kind, ...filter }
      const terms = termsOf(query)
      if (terms.length === 0)
        return filter.skill === undefined && filter.city === undefined ? [] : list('search.listed', listed(scope), tenant, limit)
      const { hits, total } = await rank(scope, terms, null, limit)
      if (total <= RANKED || terms.length === 1) return hits
      const rare = await rarest(scope, terms)
      return rare === null ? hits : (await rank(scope, terms, rare, limit)).hits
    },

    async named(tenant, kind, name, { limit, ...filter }) {
      const terms = termsOf(name)
      return terms.length === 0 ? [] : list('search.named', named({ tenant, kind, ...filter }, terms), tenant, limit)
    },

    async nearest(tenant: string, kind: Kind, field, space, vector, { limit }) {
      if ((await spaces.size(space)) !== vector.length) return []
      return nearest(elastic, { tenant, kind, field, alias: spaces.aliasOf(space), vector, limit })
    },

    async vectors(tenant, kind, space, ids) {
      return (await spaces.exists(space)) ? vectorsOf(elastic, spaces.aliasOf(space), tenant, kind, ids) : new Map()
    },

    async versions(tenant, kind, space, { after, limit }) {
      if (space !== null && !(await spaces.exists(space))) return []
      const params = {
        ...search(tenant, space === null ? alias : spaces.aliasOf(space)),
        query: { bool: { filter: scopeOf({ tenant, kind }) } },
        size: Math.min(limit, MAX_HITS),
        sort: ['id', 'ver'],
        ...(after !== undefined && { search_after: [after, Number.MAX_SAFE_INTEGER] }),
        track_total_hits: false,
        filter_path: 'hits.hits.sort',
      }
      const answer = await elastic.call('search.versions', (client, call) => client.search(params, call), {
        rows: ({ hits }) => hits?.hits.length ?? 0,
      })
      return (answer.hits?.hits ?? []).map(({ sort }) => ({ id: String(sort![0]), ver: Number(sort![1]) }))
    },

    check: elastic.check,
    examine: () => examineElastic(elastic),
    queries: elastic.queries,
    watch: elastic.watch,
    plans: (query) => plansOf(elastic, spaces, query),
    schema: elasticSchema(elastic),
    close: elastic.close,
  }
}

export function textDocument({ name, title, text, skills, city }: SearchEntry): object {
  return {
    name: name === null ? undefined : wordsOf(name),
    title: wordsOf(title),
    skills: wordsOf(skills.join('\n')),
    body: bodyOf(text),
    skill: skills.map(keywordOf),
    city: city === null ? undefined : keywordOf(city),
  }
}
