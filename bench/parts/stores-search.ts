/** Elasticsearch: the search adapter against the bare client that sends the same requests, made beforehand. */
import { randomBytes } from 'node:crypto'
import { Client, type estypes } from '@elastic/elasticsearch'
import { seeded } from '../../samples/zervigo/data.ts'
import type { SearchEntry } from '../../src/stores/ports.ts'
import { migrate } from '../../src/stores/schema.ts'
import { docIdOf } from '../../src/stores/search.elastic.bulk.ts'
import { ranked, scopeOf, search } from '../../src/stores/search.elastic.query.ts'
import { openElasticSearch, textDocument } from '../../src/stores/search.elastic.ts'
import { unitOf, vectorDocument } from '../../src/stores/search.elastic.vectors.ts'
import { termsOf } from '../../src/stores/search.elastic.words.ts'
import { entryOf, queryOf, SPACE, slicesOf, vectorOf } from './stores-data.ts'
import { rowsOf, type Timed, time, type Work } from './stores-timing.ts'

const TENANT = 'bench'
const BATCH = 500
const LIMIT = 10
const scope = { tenant: TENANT, kind: 'talent' } as const

/**
 * Both sides write and read indices of their own that are made alike, and take turns in every round; ratios (time of ours by the bare client's)
 * are medians over the rounds. The first round warms up.
 */
export async function benchSearch(
  url: string,
  { entries: n, queries, dims, rounds }: Record<'entries' | 'queries' | 'dims' | 'rounds', number>,
) {
  const random = seeded(7)
  const raw = new Client({ node: new URL(url).origin, maxRetries: 0 })
  const base = `looma-bench-${randomBytes(4).toString('hex')}`
  const [ours, other] = await Promise.all([openAt(url, `${base}-ours`), openAt(url, `${base}-bare`)])
  try {
    const entries = Array.from({ length: n }, (_, i) => entryOf(`t${i}`, random))
    const vectors = entries.map(({ id }) => vectorOf(id, dims, random))
    const texts = Array.from({ length: queries }, () => queryOf(random))
    const asked = Array.from({ length: queries }, () => vectorOf('q', dims, random).vectors.title!)
    // Makes the spaces.
    for (const store of [ours, other]) await store.putVectors(TENANT, [{ ...vectors[0]!, id: 'first' }])
    const words = `${base}-bare-search`
    const space = Object.keys(await raw.indices.getAlias({ name: `${base}-bare-vectors-*` }))[0]!.replace(/-v1$/, '')
    const bytes = vectors.map((entry) => ({ id: entry.id, document: vectorDocument(entry.vectors, dims) }))
    const textParams = texts.map((text) => textSearch(words, text))
    const nearParams = asked.map((vector) => nearSearch(space, vector))

    const measured: Timed[][] = []
    for (let round = 0; round <= rounds; round++) {
      const ver = round + 1
      const put = slicesOf(entries, BATCH).map(
        (some) => () =>
          ours.put(
            TENANT,
            some.map((one) => ({ ...one, ver })),
          ),
      )
      const prepare = ({ id, ...entry }: SearchEntry) => ({ id, document: textDocument({ id, ...entry }) })
      const works: [string, number, Work[], Work[]][] = [
        // Both sides split the Chinese text, which is part of the work and takes more than half of it.
        ['upserts', n, put, bulks(raw, words, entries, ver, prepare)],
        [
          'vector puts',
          n,
          slicesOf(vectors, BATCH).map(
            (some) => () =>
              ours.putVectors(
                TENANT,
                some.map((one) => ({ ...one, ver })),
              ),
          ),
          bulks(raw, space, bytes, ver, (one) => one),
        ],
        [
          'text searches',
          queries,
          texts.map((text) => () => ours.text(TENANT, 'talent', text, { limit: LIMIT })),
          textParams.map((params) => () => raw.search(params)),
        ],
        [
          'nearest neighbours',
          queries,
          asked.map((vector) => () => ours.nearest(TENANT, 'talent', 'title', SPACE, vector, { limit: LIMIT })),
          nearParams.map((params) => () => raw.search(params)),
        ],
      ]
      const rows: Timed[] = []
      for (const [what, count, mine, bare] of works) {
        await raw.indices.refresh({ index: `${base}-*` })
        const timed: Timed = { what: `search: ${what}`, count, ours: [], bare: [] }
        // In turns, call by call: what else the machine does falls on both.
        for (let i = 0; i < mine.length; i++) {
          timed.ours.push(await time(mine[i]!))
          timed.bare.push(await time(bare[i]!))
        }
        rows.push(timed)
      }
      if (round > 0) measured.push(rows)
    }
    return rowsOf(measured)
  } finally {
    await Promise.all([ours.close(), other.close()])
    const index = Object.keys(await raw.indices.get({ index: `${base}-*` }))
    if (index.length > 0) await raw.indices.delete({ index })
    await raw.close()
  }
}

async function openAt(url: string, prefix: string) {
  const at = new URL(url)
  at.pathname = prefix
  const store = await openElasticSearch(at.href)
  await migrate(store.schema, 'bench')
  return store
}

type Prepared = { id: string; document: object }
const bulks = <T>(raw: Client, alias: string, items: T[], ver: number, prepare: (item: T) => Prepared): Work[] =>
  slicesOf(items, BATCH).map((some) => async () => {
    const operations = some
      .map(prepare)
      .flatMap(({ id, document }) => [
        { index: { _index: alias, _id: docIdOf(TENANT, 'talent', id), routing: TENANT, version: ver, version_type: 'external' as const } },
        { ...scope, id, ver, ...document },
      ])
    await raw.bulk({ operations })
    // What was acknowledged is found: the adapter promises that to all processes.
    await raw.indices.refresh({ index: alias })
  })

const textSearch = (index: string, text: string): estypes.SearchRequest => ({
  ...search(TENANT, index),
  query: ranked(scope, termsOf(text), null),
  size: LIMIT,
  sort: ['_score', 'id'],
})

function nearSearch(index: string, vector: Float32Array): estypes.SearchRequest {
  const knn = { field: 'title', query_vector: unitOf(vector)!, k: LIMIT, num_candidates: LIMIT, filter: scopeOf(scope) }
  return { ...search(TENANT, index), size: LIMIT, docvalue_fields: ['id'], knn }
}
