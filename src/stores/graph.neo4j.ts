/**
 * The graph on a Neo4j server. Targets that no edge leads to any longer are left: nothing finds them, and taking them away would race the
 * puts that link to them.
 */
import type { CanonicalKind } from '../canonical/sync.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { connectNeo4j, int, type Neo4j, type Run } from './graph.neo4j.connect.ts'
import { CYPHER, EDGES, keyOf, TARGETS, type Target } from './graph.neo4j.cypher.ts'
import { examineNeo4j, plansOf } from './graph.neo4j.doctor.ts'
import { neo4jSchema } from './graph.neo4j.schema.ts'
import type { Edge, Graph, OnServer, Version } from './ports.ts'

type Node = Parameters<Graph['put']>[1][number]
type Link = { type: Edge['type']; target: Target; to: string; name: string; props: string | null }
type Put = { key: string; id: string; ver: number; links: Link[] }

/** Nodes and edges of one transaction; a single node may have more edges. */
const MAX_NODES = 1000
const MAX_EDGES = 10_000

/**
 * Opens `neo4j://`, `neo4j+s://`, `bolt://` or `bolt+s://[user:password@]host[:port][/database]`. Neither waits for the server nor migrates it.
 * Throws `store-down` for a URL that is none of these.
 */
export async function openNeo4jGraph(url: string, options: { log?: Pick<Logger, 'debug'> } = {}): Promise<Graph & OnServer> {
  const server = connectNeo4j(url, options.log)
  // Writers of this process would only wait for each other's locks, or die by them: everybody writes to the same few hundred skills.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }

  /** `text` lets the newer versions pass and marks them. All that passed change in one transaction, or none. */
  const write = (query: string, text: string, kind: CanonicalKind, tenant: string, batch: Put[]) =>
    inTurn(() =>
      server.transaction(query, async (run) => {
        await run(CYPHER.lock(kind), { tenant, rows: batch.map(({ key, id }) => ({ key, id })) })
        const passed = await gate(run, text, batch)
        if (passed.length === 0) return
        const keep = passed.map(({ key, links }) => ({ key, keep: links.map(({ type, to }) => `${type} ${to}`) }))
        await run(CYPHER.clear(kind), { rows: keep })
        await linkAll(run, passed)
      }),
    )

  return {
    async put(tenant, nodes) {
      for (const [kind, own] of Map.groupBy(nodes, (node) => node.kind))
        for (const batch of batches(newest(own.map((node) => prepare(tenant, node))))) {
          await mergeTargets(server, tenant, batch)
          await write('graph.put', CYPHER.advance(kind), kind, tenant, batch)
        }
    },

    async remove(tenant, gone) {
      for (const [kind, own] of Map.groupBy(gone, (node) => node.kind))
        for (const batch of batches(newest(own.map((node) => prepare(tenant, { ...node, edges: [] })))))
          await write('graph.remove', CYPHER.bury(kind), kind, tenant, batch)
    },

    async edges(tenant, kind, id) {
      const rows = await server.transaction('graph.edges', (run) => run(CYPHER.edges(kind), { key: keyOf(tenant, id) }), { rows: size })
      const edges = (rows as { type: Edge['type']; labels: string[]; name: string; props: string | null }[]).map((row) => {
        const { type, labels, name, props } = row
        const to = `${EDGES[type].to.find((target) => labels.includes(TARGETS[target]))}${name}`
        return props ? { type, to, props: JSON.parse(props) } : { type, to }
      })
      return edges.sort((a, b) => (a.type === b.type ? (a.to < b.to ? -1 : 1) : a.type < b.type ? -1 : 1))
    },

    async relationsOf(tenant, end, { after = '', limit }) {
      const work = (run: Run) => run(CYPHER.relationsOf(end.kind), { key: keyOf(tenant, end.id), after, limit: int(limit) })
      const rows = (await server.transaction('graph.relationsOf', work, { rows: size })) as { id: string }[]
      return rows.map(({ id }) => id)
    },

    async overlap(tenant, kind, id, toKind, { limit }) {
      const work = (run: Run) => run(CYPHER.overlap(kind, toKind), { key: keyOf(tenant, id), limit: int(limit) })
      return (await server.transaction('graph.overlap', work, { rows: size })) as { id: string; score: number }[]
    },

    async versions(tenant, kind, { after, limit }) {
      const prefix = keyOf(tenant, '')
      const params = { prefix, after: after === undefined ? prefix : keyOf(tenant, after), limit: int(limit) }
      const rows = await server.transaction('graph.versions', (run) => run(CYPHER.versions(kind), params), { rows: size })
      return rows as Version[]
    },

    check: server.check,
    examine: () => examineNeo4j(server),
    queries: server.queries,
    watch: server.watch,
    plans: (query) => plansOf(server, query),
    schema: neo4jSchema(server),
    close: server.close,
  }
}

const size = (rows: unknown[]): number => rows.length

function prepare(tenant: string, { kind, id, ver, edges }: Node): Put {
  const links = new Map<string, Link>()
  for (const { type, to, props } of edges) {
    const { from, to: targets } = EDGES[type]
    const target = targets.find((one) => to.startsWith(one))
    if (from !== kind || !target) throw new AppError('internal', `a ${kind} has no edge ${type} to ${to}`)
    const name = to.slice(target.length)
    const key = keyOf(tenant, name)
    links.set(`${type} ${key}`, { type, target, to: key, name, props: props ? JSON.stringify(props) : null })
  }
  return { key: keyOf(tenant, id), id, ver, links: [...links.values()] }
}

/** One row for each node, sorted: transactions that lock in the same order wait for each other instead of dying together. */
function newest(puts: Put[]): Put[] {
  const byKey = new Map<string, Put>()
  for (const put of puts) if (put.ver > (byKey.get(put.key)?.ver ?? -1)) byKey.set(put.key, put)
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

function* batches(puts: Put[]): Generator<Put[]> {
  let batch: Put[] = []
  let edges = 0
  for (const put of puts) {
    if (batch.length === MAX_NODES || (batch.length > 0 && edges + put.links.length > MAX_EDGES)) {
      yield batch
      batch = []
      edges = 0
    }
    batch.push(put)
    edges += put.links.length
  }
  if (batch.length > 0) yield batch
}

/** In a transaction of their own, so that the names everybody uses are locked for a moment only. */
async function mergeTargets(server: Neo4j, tenant: string, batch: Put[]): Promise<void> {
  const byTarget = Map.groupBy(
    batch.flatMap(({ links }) => links),
    ({ target }) => target,
  )
  if (byTarget.size === 0) return
  await server.transaction('graph.targets', async (run) => {
    for (const target of Object.keys(TARGETS) as Target[]) {
      const names = new Map(byTarget.get(target)?.map(({ to, name }) => [to, name]))
      const rows = Array.from(names, ([key, name]) => ({ key, name })).sort((a, b) => (a.key < b.key ? -1 : 1))
      if (rows.length > 0) await run(CYPHER.merge(target), { tenant, rows })
    }
  })
}

/** Those of `batch` whose version is above the stored one, which is theirs from now on. */
async function gate(run: Run, text: string, batch: Put[]): Promise<Put[]> {
  const rows = await run(text, { rows: batch.map(({ key, ver }) => ({ key, ver: int(ver) })) })
  const passed = new Set(rows.map(({ key }) => key))
  return batch.filter(({ key }) => passed.has(key))
}

async function linkAll(run: Run, puts: Put[]): Promise<void> {
  const all = puts.flatMap(({ key, links }) => links.map((link) => ({ ...link, from: key })))
  for (const [, links] of [...Map.groupBy(all, ({ type, target }) => `${type} ${target}`)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { type, target } = links[0]!
    const byTarget = [...Map.groupBy(links, ({ to }) => to)].sort(([a], [b]) => (a < b ? -1 : 1))
    const rows = byTarget.map(([to, own]) => ({ to, links: own.map(({ from, props }) => ({ from, props })) }))
    const [found] = await run(CYPHER.link(type, target), { rows })
    // Somebody took a target away after it was merged: nothing is stored, and the next put merges it again.
    if (found?.linked !== links.length) throw new AppError('store-down', 'a target of an edge was deleted in neo4j meanwhile')
  }
}
