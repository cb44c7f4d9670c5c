/** Elasticsearch: the search adapter against the bare client that sends the same requests, made beforehand. */
import { randomBytes } from 'node:crypto'
import { Client, type estypes } from '@elastic/elasticsearch'
import type { SearchEntry, VectorEntry } from '../../src/stores/ports.ts'
import { migrate } from '../../src/stores/schema.ts'
import { docIdOf } from '../../src/stores/search.elastic.bulk.ts'
import { ranked, scopeOf, search } from '../../src/stores/search.elastic.query.ts'
import { openElasticSearch, textDocument } from '../../src/stores/search.elastic.ts'
import { unitOf, vectorDocument } from '../../src/stores/search.elastic.vectors.ts'
import { termsOf } from '../../src/stores/search.elastic.words.ts'
import { median } from './report.ts'

export type Side = { total: number; p50: number; p99: number }
export type Row = { what: string; count: number; ours: Side; bare: Side; ratio: number }
type Work = () => Promise<unknown>

const TENANT = 'bench'
const SPACE = 'bench'
const BATCH = 500
const LIMIT = 10
const scope = { tenant: TENANT, kind: 'talent' } as const

const ENGLISH =
  'engineer python kafka design team data platform service cloud review report sales account lead build test deploy network audit plan'.split(
    ' ',
  )
const CHINESE = [
  '负责',
  '后端',
  '开发',
  '分布式系统',
  '数据平台',
  '财务报表',
  '项目管理',
  '测试',
  '运维',
  '沟通能力',
  '云计算',
  '客户',
  '产品设计',
]

/**
 * Both sides write and read indices of their own that are made alike, and take turns in every round; ratios (time of ours by the bare client's)
 * are medians over the rounds. The first round warms up. `upserts` are against documents that were segmented beforehand, so that segmenting
 * counts as ours; in the row below it both sides segment, and what is left is the adapter.
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
    const texts = Array.from(
      { length: queries },
      () => `${pick(ENGLISH, random)} ${pick(CHINESE, random)} rare${Math.floor(random() * 2000)}`,
    )
    const asked = Array.from({ length: queries }, () => vectorOf('q', dims, random).vectors.title!)
    // Makes the spaces.
    for (const store of [ours, other]) await store.putVectors(TENANT, [{ ...vectors[0]!, id: 'first' }])
    const words = `${base}-bare-search`
    const space = Object.keys(await raw.indices.getAlias({ name: `${base}-bare-vectors-*` }))[0]!.replace(/-v1$/, '')
    const documents = entries.map((entry) => ({ id: entry.id, document: textDocument(entry) }))
    const bytes = vectors.map((entry) => ({ id: entry.id, document: vectorDocument(entry.vectors, dims) }))
    const textParams = texts.map((text) => textSearch(words, text))
    const nearParams = asked.map((vector) => nearSearch(space, vector))

    const measured: { what: string; count: number; ours: number[]; bare: number[] }[][] = []
    for (let round = 0; round <= rounds; round++) {
      const ver = round + 1
      const put = slicesOf(entries).map(
        (some) => (at: number) =>
          ours.put(
            TENANT,
            some.map((one) => ({ ...one, ver: at })),
          ),
      )
      const prepare = ({ id, ...entry }: SearchEntry) => ({ id, document: textDocument({ id, ...entry }) })
      const works: [string, number, Work[], Work[]][] = [
        ['upserts', n, put.map((work) => () => work(2 * ver)), bulks(raw, words, documents, 2 * ver, (one) => one)],
        ['upserts, both segment', n, put.map((work) => () => work(2 * ver + 1)), bulks(raw, words, entries, 2 * ver + 1, prepare)],
        [
          'vector puts',
          n,
          slicesOf(vectors).map(
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
      const rows: (typeof measured)[number] = []
      for (const [what, count, mine, bare] of works) {
        await raw.indices.refresh({ index: `${base}-*` })
        const timed = { what, count, ours: [] as number[], bare: [] as number[] }
        // In turns, call by call: what else the machine does falls on both.
        for (let i = 0; i < mine.length; i++) {
          timed.ours.push(await time(mine[i]!))
          timed.bare.push(await time(bare[i]!))
        }
        rows.push(timed)
      }
      if (round > 0) measured.push(rows)
    }
    return measured[0]!.map(({ what, count }, i): Row => {
      const all = measured.map((rows) => rows[i]!)
      const ratio = median(all.map((row) => sum(row.ours) / sum(row.bare)))
      return { what, count, ours: sideOf(all.map((row) => row.ours)), bare: sideOf(all.map((row) => row.bare)), ratio }
    })
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
  slicesOf(items).map((some) => () => {
    const operations = some
      .map(prepare)
      .flatMap(({ id, document }) => [
        { index: { _index: alias, _id: docIdOf(TENANT, 'talent', id), routing: TENANT, version: ver, version_type: 'external' as const } },
        { ...scope, id, ver, ...document },
      ])
    return raw.bulk({ operations })
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

/** About 700 characters in two languages, and one word that few others have. */
function entryOf(id: string, random: () => number): SearchEntry {
  const words = Array.from({ length: 110 }, () => (random() < 0.6 ? pick(ENGLISH, random) : pick(CHINESE, random)))
  const title = `${pick(ENGLISH, random)} ${pick(CHINESE, random)}`
  const text = `${words.join(' ')} rare${Math.floor(random() * 2000)}`
  return {
    ...{ kind: 'talent', id, ver: 1, name: `Name ${id}`, title, text, city: 'Shanghai' },
    skills: [pick(ENGLISH, random), 'SQL'],
  } as SearchEntry
}

function vectorOf(id: string, dims: number, random: () => number): VectorEntry {
  const one = () => Float32Array.from({ length: dims }, () => random() - 0.5)
  return { kind: 'talent', id, ver: 1, space: SPACE, vectors: { title: one(), text: one() } }
}

async function time(work: Work): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0)
function sideOf(rounds: number[][]): Side {
  const sorted = rounds.flat().sort((a, b) => a - b)
  return { total: median(rounds.map(sum)), p50: median(sorted), p99: sorted[Math.ceil(sorted.length * 0.99) - 1]! }
}

function slicesOf<T>(items: T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, i) => items.slice(i * BATCH, (i + 1) * BATCH))
}
const pick = (from: string[], random: () => number): string => from[Math.floor(random() * from.length)]!

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
