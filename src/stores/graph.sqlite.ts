/**
 * The graph as one edge table. Skills, schools and names of companies are no rows: the tenant leads every key, so a name that two tenants share
 * never joins them. Tombstones keep a node's version without its edges.
 */
import { createPacer } from './pacing.ts'
import type { Edge, Graph, Hit, Version } from './ports.ts'
import { type Embedded, type Migration, openSqlite } from './sqlite.ts'

const MIGRATIONS: Migration[] = [
  {
    name: 'graph',
    sql: `
      create table nodes (tenant text not null, kind text not null, id text not null, ver integer not null, primary key (tenant, kind, id)) strict, without rowid;
      create table edges (
        tenant text not null, kind text not null, id text not null, type text not null, target text not null, props text,
        primary key (tenant, kind, id, type, target)
      ) strict, without rowid;
      create index edges_by_target on edges (tenant, target, kind, id);`,
  },
]

export const GRAPH_SQL = {
  advance: `insert into nodes values (?, ?, ?, ?) on conflict do update set ver = excluded.ver where excluded.ver > ver`,
  clear: 'delete from edges where tenant = ? and kind = ? and id = ?',
  insert: 'insert into edges values (?, ?, ?, ?, ?, ?) on conflict do update set props = excluded.props',
  edges: 'select type, target, props from edges where tenant = ? and kind = ? and id = ? order by type, target',
  targets: 'select distinct target from edges where tenant = ? and kind = ? and id = ? order by target limit ?',
  versions: 'select id, ver from nodes where tenant = ? and kind = ? and id > ? order by id limit ?',
  sharing: 'select distinct id from edges where tenant = ? and target = ? and kind = ? order by id limit ?',
  relations: "select distinct id from edges where tenant = ? and target = ? and kind = 'relation' and id > ? order by id limit ?",
}

/** Targets of one node that `overlap` follows, and nodes it reads behind one target: a name that everybody has must not stall the thread. */
const MAX_TARGETS = 1000
const MAX_DEGREE = 10_000

/** `path` may be `:memory:`. Throws `store-down` when the file cannot be opened. */
export function openGraph(path: string): Graph & Embedded {
  const { sql, columns, run, each, inspect, close } = openSqlite(path, MIGRATIONS, { busyTimeout: 20 })

  /** Takes over `ver` and drops the node's edges; false when the stored version is not below it. */
  function advance(tenant: string, kind: string, id: string, ver: number): boolean {
    if (sql(GRAPH_SQL.advance).run(tenant, kind, id, ver).changes === 0) return false
    sql(GRAPH_SQL.clear).run(tenant, kind, id)
    return true
  }

  return {
    async put(tenant, nodes) {
      await each(nodes, ({ kind, id, ver, edges }) => {
        if (!advance(tenant, kind, id, ver)) return
        for (const { type, to, props } of edges) sql(GRAPH_SQL.insert).run(tenant, kind, id, type, to, props ? JSON.stringify(props) : null)
      })
    },

    async remove(tenant, gone) {
      await each(gone, ({ kind, id, ver }) => advance(tenant, kind, id, ver))
    },

    async edges(tenant, kind, id) {
      const rows = await run(() => columns(GRAPH_SQL.edges).all(tenant, kind, id) as [Edge['type'], string, string | null][])
      return rows.map(([type, to, props]) => (props ? { type, to, props: JSON.parse(props) } : { type, to }))
    },

    async relationsOf(tenant, end, { after = '', limit }) {
      const rows = await run(() => columns(GRAPH_SQL.relations).all(tenant, `${end.kind}#${end.id}`, after, limit) as [string][])
      return rows.map(([id]) => id)
    },

    async overlap(tenant, kind, id, toKind, { limit }) {
      const pace = createPacer()
      const shared = new Map<string, number>()
      const targets = await run(() => sql(GRAPH_SQL.targets).all(tenant, kind, id, MAX_TARGETS) as { target: string }[])
      for (const { target } of targets) {
        const rows = await run(() => sql(GRAPH_SQL.sharing).all(tenant, target, toKind, MAX_DEGREE) as { id: string }[])
        for (const row of rows) shared.set(row.id, (shared.get(row.id) ?? 0) + 1)
        await pace()
      }
      if (kind === toKind) shared.delete(id)
      const hits: Hit[] = Array.from(shared, ([other, score]) => ({ id: other, score }))
      return hits.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, limit)
    },

    async versions(tenant, kind, { after = '', limit }) {
      const rows = await run(() => sql(GRAPH_SQL.versions).all(tenant, kind, after, limit) as Version[])
      return rows.map(({ id, ver }) => ({ id, ver }))
    },

    inspect,
    close,
  }
}
