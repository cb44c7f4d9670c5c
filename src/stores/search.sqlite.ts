/**
 * Text and vectors in one SQLite file: FTS5 for BM25, sqlite-vec's distance function over plain rows for exact cosine.
 * Tombstones stay in `gone`, so that a late older write finds a higher version and loses.
 */
import { getLoadablePath } from 'sqlite-vec'
import { sha256 } from '../canonical/ids.ts'
import type { Kind } from '../canonical/schema.ts'
import { createPacer, slices } from './pacing.ts'
import type { Hit, Search, SearchEntry, VectorEntry, VectorField, Version } from './ports.ts'
import { MIGRATIONS, SEARCH_SQL } from './search.sqlite.schema.ts'
import { fold, MAX_BODY, queryTerms, tokens } from './segment.ts'
import { type Embedded, openSqlite } from './sqlite.ts'

/** Rows of one distance scan: about 6 ms at 128 dimensions, so that a scan of any size leaves the event loop its turns. */
const SCAN = 10_000

/** Documents that one text query ranks at most, the newest where there are more: about 25 ms of the thread. */
const RANKED = 10_000

const anyOf = (terms: string[]): string => `{title skills body} : (${terms.join(' OR ')})`

const FIELDS: VectorField[] = ['title', 'text']

/** A token that only equal parts give. It ends in a digit, which the stemmer leaves alone. */
const mark = (...parts: string[]): string => `m${sha256(parts.join('\0')).slice(0, 32)}0`

/** What an entry must have to be found at all. */
function scopeOf(tenant: string, kind: Kind, skill: string | undefined, city: string | undefined): string {
  const marks = [mark('scope', tenant, kind)]
  if (skill !== undefined) marks.push(mark('skill', fold(skill)))
  if (city !== undefined) marks.push(mark('city', fold(city)))
  return `scope : (${marks.join(' AND ')})`
}

const isZero = (vector: Float32Array): boolean => vector.every((x) => x === 0)
const toBlob = (v: Float32Array): Uint8Array => new Uint8Array(v.buffer, v.byteOffset, v.byteLength)

function toVector(blob: Uint8Array): Float32Array {
  const bytes = blob.byteOffset % 4 === 0 ? blob : blob.slice()
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

/** Rows of node:sqlite have no prototype, which surprises deep comparisons. */
const plain = (hits: Hit[]): Hit[] => hits.map(({ id, score }) => ({ id, score }))

/** Entries whose words are held until they are written. */
const HELD = 250

type Words = { entry: SearchEntry; scope: string; name: string; title: string; skills: string; body: string }

function toWords(tenant: string, entry: SearchEntry): Words {
  const marks = [mark('scope', tenant, entry.kind), ...entry.skills.map((skill) => mark('skill', fold(skill)))]
  if (entry.city !== null) marks.push(mark('city', fold(entry.city)))
  const join = (text: string) => tokens(text).join(' ')
  return {
    entry,
    scope: marks.join(' '),
    name: join(entry.name ?? ''),
    title: join(entry.title),
    skills: join(entry.skills.join('\n')),
    body: join(entry.text.slice(0, MAX_BODY)),
  }
}

/** `path` may be `:memory:`. Throws `store-down` when the file cannot be opened. */
export function openSearch(path: string): Search & Embedded {
  // Larger pages keep vectors of up to 1,000 dimensions out of overflow pages.
  const { db, sql, run, each, inspect, close } = openSqlite(path, MIGRATIONS, {
    allowExtension: true,
    busyTimeout: 20,
    pageSize: 16384,
  })
  db.loadExtension(getLoadablePath())
  db.enableLoadExtension(false)

  const verOf = (text: string, ...key: string[]): number => (sql(text).get(...key) as { ver: number } | undefined)?.ver ?? 0

  function putWords(tenant: string, { entry: { kind, id, ver }, scope, name, title, skills, body }: Words): void {
    const stored = sql(SEARCH_SQL.entry).get(tenant, kind, id) as { n: number; ver: number } | undefined
    if (ver <= (stored?.ver ?? 0) || ver <= verOf(SEARCH_SQL.gone, tenant, kind, id)) return
    const n = stored?.n ?? sql(SEARCH_SQL.insertEntry).run(tenant, kind, id, ver).lastInsertRowid
    if (stored) {
      sql(SEARCH_SQL.updateEntry).run(ver, n)
      sql(SEARCH_SQL.deleteWords).run(n)
    }
    sql(SEARCH_SQL.insertWords).run(n, scope, name, title, skills, body)
  }

  function putVector(tenant: string, { kind, id, ver, space, vectors }: VectorEntry): void {
    if (ver <= verOf(SEARCH_SQL.vectorEntry, tenant, kind, id, space) || ver <= verOf(SEARCH_SQL.gone, tenant, kind, id)) return
    sql(SEARCH_SQL.putVectorEntry).run(tenant, kind, id, space, ver)
    for (const field of FIELDS) {
      const vector = vectors[field]
      // A zero vector has no direction: it is kept out, so that it can never be "near" anything.
      if (vector && !isZero(vector)) sql(SEARCH_SQL.putVector).run(tenant, kind, space, field, id, toBlob(vector))
      else sql(SEARCH_SQL.deleteVector).run(tenant, kind, space, field, id)
    }
  }

  function removeOne(tenant: string, kind: string, id: string, ver: number): void {
    sql(SEARCH_SQL.bury).run(tenant, kind, id, ver)
    const stored = sql(SEARCH_SQL.entry).get(tenant, kind, id) as { n: number; ver: number } | undefined
    if (stored && stored.ver < ver) {
      sql(SEARCH_SQL.deleteEntry).run(stored.n)
      sql(SEARCH_SQL.deleteWords).run(stored.n)
    }
    for (const { space, ver: held } of sql(SEARCH_SQL.spaces).all(tenant, kind, id) as { space: string; ver: number }[]) {
      if (held >= ver) continue
      sql(SEARCH_SQL.deleteVectorEntry).run(tenant, kind, id, space)
      for (const field of FIELDS) sql(SEARCH_SQL.deleteVector).run(tenant, kind, space, field, id)
    }
  }

  const frequency = (match: string) => run(() => (sql(SEARCH_SQL.frequency).get(match, RANKED + 1) as { n: number }).n)

  /**
   * An expression that finds what has any of the terms. Where that is more than can be ranked in time, only what has one of the rarer terms
   * is found; the common ones, which tell little, still count in the score.
   */
  async function affordable(scope: string, terms: string[]): Promise<string> {
    const any = anyOf(terms)
    if (terms.length === 1 || (await frequency(`${scope} AND ${any}`)) <= RANKED) return any
    const pace = createPacer()
    const counted: { term: string; n: number }[] = []
    for (const term of terms) {
      counted.push({ term, n: await frequency(`${scope} AND ${anyOf([term])}`) })
      await pace()
    }
    const found = counted.filter(({ n }) => n > 0).sort((a, b) => a.n - b.n)
    const rare = found.filter((_, i) => i === 0 || found.slice(0, i + 1).reduce((sum, { n }) => sum + n, 0) <= RANKED)
    // Another process may have removed the last hit since.
    return rare.length === 0 ? any : `${anyOf(rare.map(({ term }) => term))} AND ${any}`
  }

  return {
    async put(tenant, entries) {
      const pace = createPacer()
      let words: Words[] = []
      const flush = () => each(words, (one) => putWords(tenant, one))
      for (const entry of entries) {
        words.push(toWords(tenant, entry))
        await pace()
        if (words.length < HELD) continue
        await flush()
        words = []
      }
      await flush()
    },

    async putVectors(tenant, entries) {
      await each(entries, (entry) => putVector(tenant, entry))
    },

    async remove(tenant, gone) {
      await each(gone, ({ kind, id, ver }) => removeOne(tenant, kind, id, ver))
    },

    async text(tenant, kind, query, { limit, skill, city }) {
      const scope = scopeOf(tenant, kind, skill, city)
      const terms = queryTerms(query)
      if (terms.length === 0)
        return skill === undefined && city === undefined
          ? []
          : plain(await run(() => sql(SEARCH_SQL.listed).all(scope, tenant, kind, limit) as Hit[]))
      const match = `${scope} AND ${await affordable(scope, terms)}`
      return plain(await run(() => sql(SEARCH_SQL.text).all(match, RANKED, tenant, kind, limit) as Hit[]))
    },

    async named(tenant, kind, name, { limit, skill, city }) {
      const terms = queryTerms(name)
      if (terms.length === 0) return []
      const match = `${scopeOf(tenant, kind, skill, city)} AND {name} : (${terms.join(' AND ')})`
      return plain(await run(() => sql(SEARCH_SQL.listed).all(match, tenant, kind, limit) as Hit[]))
    },

    async nearest(tenant, kind, field, space, vector, { limit }) {
      if (isZero(vector)) return []
      const key = [tenant, kind, space, field] as const
      let best: Hit[] = []
      for (let after = '', more = true; more; ) {
        const boundary = await run(() => sql(SEARCH_SQL.boundary).get(...key, after, SCAN - 1) as { id: string } | undefined)
        const last = boundary?.id ?? '\u{10ffff}'
        const hits = await run(() => sql(SEARCH_SQL.nearest).all(toBlob(vector), ...key, after, last, vector.byteLength, limit) as Hit[])
        best = [...best, ...plain(hits)].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, limit)
        more = boundary !== undefined
        after = last
        if (more) await createPacer(0)()
      }
      return best
    },

    async vectors(tenant, kind, space, ids) {
      const found = new Map<string, Partial<Record<VectorField, Float32Array>>>()
      for await (const some of slices(ids, 500))
        for (const field of FIELDS) {
          const rows = await run(
            () => sql(SEARCH_SQL.vectors).all(tenant, kind, space, JSON.stringify(some), field) as { id: string; vector: Uint8Array }[],
          )
          for (const { id, vector } of rows) found.set(id, { ...found.get(id), [field]: toVector(vector) })
        }
      return found
    },

    async versions(tenant, kind, space, { after = '', limit }) {
      const rows = await run(() =>
        space === null
          ? (sql(SEARCH_SQL.versions).all(tenant, kind, after, limit) as Version[])
          : (sql(SEARCH_SQL.vectorVersions).all(tenant, kind, after, limit, space) as Version[]),
      )
      return rows.map(({ id, ver }) => ({ id, ver }))
    },

    inspect,
    close,
  }
}
