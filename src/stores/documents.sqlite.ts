/** Canonical documents in one SQLite file. The dirty marks are columns of the row, so document and outbox change in the same write. */
import { createClock } from '../canonical/clock.ts'
import { type HashedWrite, hashed } from './hashing.ts'
import { createPacer, slices } from './pacing.ts'
import { type DataOf, type Doc, type DocKind, type Documents, isMarked, type PageOptions, type Projection } from './ports.ts'
import { type Embedded, type Migration, openSqlite } from './sqlite.ts'

const MIGRATIONS: Migration[] = [
  {
    name: 'documents',
    // The mark leads its partial index and the tenant follows, so that both forms of `dirty` read the index in order and nothing else.
    sql: `
      create table documents (
        tenant text not null, kind text not null, id text not null, ver integer not null, hash text, data text, source text not null,
        dirty_search integer, dirty_graph integer, dirty_vectors integer,
        deleted integer not null, created_at text not null, updated_at text not null,
        unique (tenant, kind, id)
      ) strict;
      create index living on documents (tenant, kind, id) where deleted = 0;
      create index dirty_search on documents (dirty_search, tenant) where dirty_search is not null;
      create index dirty_graph on documents (dirty_graph, tenant) where dirty_graph is not null;
      create index dirty_vectors on documents (dirty_vectors, tenant) where dirty_vectors is not null;`,
  },
  {
    name: 'canonical mark',
    sql: `
      alter table documents add column dirty_canonical integer;
      create index dirty_canonical on documents (dirty_canonical, tenant) where dirty_canonical is not null;`,
  },
  {
    name: 'schedules',
    // Holds schedules and nothing else: whoever looks for them over all tenants reads no more than there are.
    sql: `create index schedules on documents (tenant) where kind = 'schedule' and deleted = 0;`,
  },
  {
    name: 'companies and relations in the graph',
    sql: `update documents set dirty_graph = ver where kind in ('company', 'relation');`,
  },
]

/** Documents read in one statement: some 5 ms of the thread. */
const SLICE = 250
/** Documents whose text is held until they are written. */
const HELD = 1000

const ROW =
  'd.tenant, d.kind, d.id, d.ver, d.data, d.source, d.dirty_search, d.dirty_graph, d.dirty_vectors, d.dirty_canonical, d.deleted, d.created_at, d.updated_at'

export const DOCUMENT_SQL = {
  stored: 'select ver, hash, deleted from documents where tenant = ? and kind = ? and id = ?',
  insert: `insert into documents (tenant, kind, id, ver, hash, data, source, dirty_search, dirty_graph, dirty_vectors,
    dirty_canonical, deleted, created_at, updated_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?11, ?8, ?10, 0, ?9, ?9)`,
  update: `update documents set ver = ?4, hash = ?5, data = ?6, source = ?7, dirty_search = ?8, dirty_graph = ?11, dirty_vectors = ?8,
    dirty_canonical = ?10, created_at = iif(deleted, ?9, created_at), deleted = 0, updated_at = ?9 where tenant = ?1 and kind = ?2 and id = ?3`,
  entomb: `update documents set ver = ?4, hash = null, data = null, source = '{"by":"api"}', dirty_search = ?5, dirty_graph = ?8,
    dirty_vectors = ?5, dirty_canonical = ?7, deleted = 1, updated_at = ?6 where tenant = ?1 and kind = ?2 and id = ?3`,
  get: `select ${ROW} from documents d where tenant = ? and kind = ? and id = ?`,
  many: `select ${ROW} from json_each(?3) j cross join documents d on d.tenant = ?1 and d.kind = ?2 and d.id = j.value order by j.key`,
  page: `select ${ROW} from documents d where tenant = ? and kind = ? and id > ? and deleted = 0 order by id limit ?`,
  newest: `select ${ROW} from documents d where tenant = ? and kind = ? and id < ? and deleted = 0 order by id desc limit ?`,
  count: 'select count(*) n from documents where tenant = ? and kind = ? and deleted = 0',
  versions: (p: Projection) =>
    `select id, ver, dirty_${p} is not null pending from documents where tenant = ? and kind = ? and id > ? and deleted = ? order by id limit ?`,
  // The kind is written out: with a parameter SQLite could not know that the partial index has all of them.
  tenants: "select distinct tenant from documents where kind = 'schedule' and deleted = 0 order by tenant",
  dirty: (p: Projection) => `select ${ROW} from documents d where dirty_${p} is not null order by dirty_${p} limit ?`,
  // Without the hint SQLite prefers the unique index and sorts all documents of the tenant.
  dirtyOf: (p: Projection) =>
    `select ${ROW} from documents d indexed by dirty_${p} where dirty_${p} is not null and tenant = ? order by dirty_${p} limit ?`,
  clean: (p: Projection) => `update documents set dirty_${p} = null where tenant = ? and kind = ? and id = ? and dirty_${p} = ?`,
  redo: (p: Projection) => `update documents set dirty_${p} = ver where tenant = ? and kind = ? and id = ?`,
}

/** The columns of ROW. */
type Row = [
  tenant: string,
  kind: DocKind,
  id: string,
  ver: number,
  data: string | null,
  source: string,
  search: number | null,
  graph: number | null,
  vectors: number | null,
  canonical: number | null,
  deleted: 0 | 1,
  createdAt: string,
  updatedAt: string,
]

/** Marks of a new version; `search` is that of the vectors too. */
const marksOf = (kind: DocKind, ver: number) => ({
  search: isMarked(kind, 'search') ? ver : null,
  graph: isMarked(kind, 'graph') ? ver : null,
  canonical: isMarked(kind, 'canonical') ? ver : null,
})

/** After every id. */
const LAST = '\u{10ffff}'

function toDoc<K extends DocKind>(row: Row): Doc<K> {
  const [tenant, kind, id, ver, data, source, search, graph, vectors, canonical, deleted, createdAt, updatedAt] = row
  const dirty: Doc['dirty'] = {}
  if (search !== null) dirty.search = search
  if (graph !== null) dirty.graph = graph
  if (vectors !== null) dirty.vectors = vectors
  if (canonical !== null) dirty.canonical = canonical
  return {
    tenant,
    kind: kind as K,
    id,
    ver,
    data: JSON.parse(data ?? '{}') as DataOf<K>,
    source: JSON.parse(source),
    dirty,
    deleted: deleted === 1,
    createdAt,
    updatedAt,
  }
}

/** `path` may be `:memory:`. Throws `store-down` when the file cannot be opened or its migrations differ. */
export function openDocuments(path: string, clock = createClock()): Documents & Embedded {
  const { sql, columns, transaction, run, each, inspect, close } = openSqlite(path, MIGRATIONS, { busyTimeout: 20 })

  const storedOf = (tenant: string, kind: DocKind, id: string) =>
    columns(DOCUMENT_SQL.stored).get(tenant, kind, id) as [ver: number, hash: string | null, deleted: 0 | 1] | undefined

  function putOne(tenant: string, write: HashedWrite, at: string) {
    const { kind, id, json, hash, expect } = write
    const [had = 0, hadHash, deleted] = storedOf(tenant, kind, id) ?? []
    if (expect !== undefined && expect !== had) return { id, ver: had, outcome: 'stale' as const }
    if (hadHash === hash) return { id, ver: had, outcome: 'unchanged' as const }
    const ver = clock(had)
    const { search, graph, canonical } = marksOf(kind, ver)
    const source = JSON.stringify(write.source)
    sql(had ? DOCUMENT_SQL.update : DOCUMENT_SQL.insert).run(tenant, kind, id, ver, hash, json, source, search, at, canonical, graph)
    return { id, ver, outcome: had && !deleted ? ('updated' as const) : ('created' as const) }
  }

  return {
    async put(tenant, writes) {
      const done: Awaited<ReturnType<Documents['put']>> = []
      const at = new Date().toISOString()
      const pace = createPacer()
      for await (const some of slices(writes, HELD)) {
        // Needs no lock.
        const ready = await hashed(some, pace)
        done.push(...(await each(ready, (write) => putOne(tenant, write, at))))
      }
      return done
    },

    async get<K extends DocKind>(tenant: string, kind: K, id: string) {
      const row = await run(() => columns(DOCUMENT_SQL.get).get(tenant, kind, id) as Row | undefined)
      return row ? toDoc<K>(row) : null
    },

    async many<K extends DocKind>(tenant: string, kind: K, ids: string[], { tombstones = false } = {}) {
      const docs: Doc<K>[] = []
      for await (const some of slices(ids, SLICE))
        for (const row of await run(() => columns(DOCUMENT_SQL.many).all(tenant, kind, JSON.stringify(some)) as Row[])) {
          const doc = toDoc<K>(row)
          if (tombstones || !doc.deleted) docs.push(doc)
        }
      return docs
    },

    async page<K extends DocKind>(tenant: string, kind: K, { newest = false, after = newest ? LAST : '', limit }: PageOptions) {
      const text = newest ? DOCUMENT_SQL.newest : DOCUMENT_SQL.page
      const docs: Doc<K>[] = []
      while (docs.length < limit) {
        const want = Math.min(SLICE, limit - docs.length)
        const from = docs.at(-1)?.id ?? after
        const rows = await run(() => columns(text).all(tenant, kind, from, want) as Row[])
        for (const row of rows) docs.push(toDoc<K>(row))
        if (rows.length < want || docs.length === limit) break
        await createPacer(0)()
      }
      return docs
    },

    async count(tenant, kind) {
      return run(() => (sql(DOCUMENT_SQL.count).get(tenant, kind) as { n: number }).n)
    },

    async versions(tenant, kind, projection, { after = '', limit, deleted }) {
      const rows = await run(
        () =>
          sql(DOCUMENT_SQL.versions(projection)).all(tenant, kind, after, deleted ? 1 : 0, limit) as {
            id: string
            ver: number
            pending: number
          }[],
      )
      return rows.map(({ id, ver, pending }) => ({ id, ver, pending: pending === 1 }))
    },

    async tenants() {
      return run(() => (sql(DOCUMENT_SQL.tenants).all() as { tenant: string }[]).map(({ tenant }) => tenant))
    },

    async remove(tenant, kind, id, expect) {
      return run(() =>
        transaction(() => {
          const [had, , deleted] = storedOf(tenant, kind, id) ?? []
          if (!had || deleted || (expect !== undefined && expect !== had)) return false
          const ver = clock(had)
          const { search, graph, canonical } = marksOf(kind, ver)
          sql(DOCUMENT_SQL.entomb).run(tenant, kind, id, ver, search, new Date().toISOString(), canonical, graph)
          return true
        }),
      )
    },

    async dirty(projection, { tenant, limit }) {
      const rows = await run(
        () =>
          (tenant === undefined
            ? columns(DOCUMENT_SQL.dirty(projection)).all(limit)
            : columns(DOCUMENT_SQL.dirtyOf(projection)).all(tenant, limit)) as Row[],
      )
      return rows.map((row) => toDoc(row))
    },

    async clean(projection, done) {
      await each(done, ({ tenant, kind, id, ver }) => sql(DOCUMENT_SQL.clean(projection)).run(tenant, kind, id, ver))
    },

    async redo(projection, tenant, kind, ids) {
      await each(isMarked(kind, projection) ? ids : [], (id) => sql(DOCUMENT_SQL.redo(projection)).run(tenant, kind, id))
    },

    inspect,
    close,
  }
}
