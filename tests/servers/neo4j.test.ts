/** The graph on a real Neo4j (NEO4J_URL): the contract, the schema, plans, deadlocks, and a server that goes away. */
import { setTimeout as delay } from 'node:timers/promises'
import neo4j from 'neo4j-driver'
import { afterAll, describe, expect, it } from 'vitest'
import { openNeo4jGraph } from '../../src/stores/graph.neo4j.ts'
import type { Edge } from '../../src/stores/ports.ts'
import { migrate, schemaState } from '../../src/stores/schema.ts'
import { graphContract } from '../contracts/graph.ts'
import { openProxy } from '../tcp-proxy.ts'

const NEO4J_URL = process.env.NEO4J_URL
const driver = NEO4J_URL ? rawDriver(NEO4J_URL) : undefined
afterAll(() => driver?.close())

/** The Community edition has one database: every test empties it. */
async function emptied(): Promise<void> {
  await cypher('MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS')
}

async function withoutSchema(): Promise<void> {
  await emptied()
  for (const [show, drop] of [
    ['SHOW CONSTRAINTS YIELD name', 'DROP CONSTRAINT'],
    ["SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name", 'DROP INDEX'],
  ])
    for (const { name } of await cypher(show!)) await cypher(`${drop} ${name} IF EXISTS`)
}

async function cypher(text: string, parameters = {}): Promise<Record<string, unknown>[]> {
  const session = driver!.session()
  try {
    return (await session.run(text, parameters)).records.map((record) => record.toObject())
  } finally {
    await session.close()
  }
}

function rawDriver(url: string) {
  const { username, password, protocol, host } = new URL(url)
  return neo4j.driver(`${protocol}//${host}`, username ? neo4j.auth.basic(username, decodeURIComponent(password)) : undefined)
}

async function fresh() {
  await emptied()
  const graph = await openNeo4jGraph(NEO4J_URL!)
  await migrate(graph.schema, 'test')
  return graph
}
const node = (id: string, ver: number, skills: string[]) => ({
  kind: 'talent' as const,
  id,
  ver,
  edges: skills.map((skill): Edge => ({ type: 'HAS_SKILL', to: `skill:${skill}` })),
})

describe.skipIf(!NEO4J_URL)('on Neo4j (NEO4J_URL)', () => {
  graphContract('graph on neo4j', async () => {
    const store = await fresh()
    return { store, close: store.close }
  })

  describe('schema', () => {
    it('is made once from nothing, and again after a step that did not end', async () => {
      await withoutSchema()
      const graph = await openNeo4jGraph(NEO4J_URL!)
      const names = graph.schema.steps.map(({ name }) => name)
      expect(await schemaState(graph.schema)).toMatchObject({ pending: names, fault: expect.stringContaining('looma migrate') })
      expect((await graph.examine()).filter(({ level }) => level === 'error').map(({ fix }) => fix)).toEqual([
        'looma migrate',
        'looma migrate',
      ])
      expect(await migrate(graph.schema, 'me')).toEqual(names)
      expect(await migrate(graph.schema, 'me')).toEqual([])
      expect(await schemaState(graph.schema)).toEqual({ pending: [], fault: null, hopeless: false })
      expect((await graph.examine()).map(({ level }) => level)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])

      await cypher(`MATCH (m:LoomaMigration {name: $name}) SET m.done = false`, { name: names.at(-1) })
      await cypher('DROP INDEX looma_relation_tenant')
      expect((await schemaState(graph.schema)).fault).toContain('did not end')
      expect(await migrate(graph.schema, 'me')).toEqual(names.slice(-1))
      expect((await graph.examine()).every(({ level }) => level === 'ok')).toBe(true)
      await graph.close()
    })

    it('refuses what a newer version made, and a step that was changed', async () => {
      const graph = await fresh()
      const { steps, journal } = graph.schema
      await expect(migrate({ steps: [{ ...steps[0]!, sum: 'other' }, ...steps.slice(1)], journal }, 'me')).rejects.toThrow(/was changed/)
      await expect(migrate({ steps: steps.slice(0, 1), journal }, 'me')).rejects.toThrow(/newer version/)
      await graph.close()
    })

    it('is migrated by one process at a time; the lock of one that died runs out', async () => {
      const graph = await fresh()
      const { journal } = graph.schema
      const taken = await Promise.all(Array.from({ length: 8 }, (_, i) => journal.lock(`p${i}`, 60_000)))
      expect(taken.filter((won) => won)).toHaveLength(1)
      const owner = `p${taken.indexOf(true)}`
      await expect(migrate(graph.schema, 'late')).rejects.toThrow(/another process/)
      await journal.unlock('late')
      expect(await journal.lock('late', 1)).toBe(false)
      expect(await journal.lock(owner, 1)).toBe(true)
      await delay(20)
      expect(await journal.lock('late', 60_000)).toBe(true)
      await journal.unlock('late')
      await graph.close()
    })
  })

  it('plans every query on an index, empty and with data', async () => {
    const graph = await fresh()
    expect((await graph.plans()).filter(({ plan, full }) => plan === '' || full.length > 0)).toEqual([])
    await graph.put(
      'a',
      Array.from({ length: 3000 }, (_, i) => node(`t${i}`, 1, ['common', `s${i % 100}`])),
    )
    await cypher('CALL db.prepareForReplanning()')
    expect((await graph.plans()).filter(({ plan, full }) => plan === '' || full.length > 0)).toEqual([])
    await cypher('DROP CONSTRAINT looma_talent_key')
    expect((await graph.plans()).find(({ query }) => query === 'graph.edges talent')?.full).toHaveLength(1)
    await cypher('MATCH (m:LoomaMigration) DETACH DELETE m')
    await migrate(graph.schema, 'me')
    await graph.close()
  })

  it('lets many puts of the same nodes race: no deadlock comes out, and the highest version stays', async () => {
    const [one, two] = [await fresh(), await openNeo4jGraph(NEO4J_URL!)]
    const VERSIONS = [1, 2, 3, 4, 5, 6, 7, 8]
    const skills = (i: number, ver: number) => Array.from({ length: 8 }, (_, n) => `s${(i * 7 + ver * 5 + n * 3) % 24}`)
    const puts = VERSIONS.map((ver) => Array.from({ length: 200 }, (_, i) => node(`t${i}`, ver, [...skills(i, ver), `v${ver}`])))
    const order = puts
      .map((nodes, i) => ({ nodes: i % 2 ? nodes.toReversed() : nodes, at: (i * 5) % puts.length }))
      .sort((a, b) => a.at - b.at)
    await Promise.all(
      order.flatMap(({ nodes }, i) => [0, 50, 100, 150].map((from) => (i % 2 ? one : two).put('a', nodes.slice(from, from + 100)))),
    )
    for (let i = 0; i < 200; i++) {
      const found = (await one.edges('a', 'talent', `t${i}`)).map(({ to }) => to)
      expect(found).toEqual([...new Set([...skills(i, 8), 'v8'])].map((skill) => `skill:${skill}`).sort())
    }
    await Promise.all([one.close(), two.close()])
  })

  it('compares versions only once the other writer of the node has ended', async () => {
    const graph = await fresh()
    await graph.put('a', [node('x', 1, ['old'])])
    const session = driver!.session()
    const other = await session.beginTransaction()
    await other.run('MATCH (n:Talent) SET n.ver = 9')
    const putting = graph.put('a', [node('x', 5, ['late'])])
    await delay(300)
    await other.commit()
    await session.close()
    await putting
    expect(await graph.edges('a', 'talent', 'x')).toEqual([{ type: 'HAS_SKILL', to: 'skill:old' }])
    await graph.close()
  })

  it('keeps a tombstone with its version and without its edges', async () => {
    const graph = await fresh()
    await graph.put('a', [node('x', 1, ['go'])])
    await graph.remove('a', [{ kind: 'talent', id: 'x', ver: 5 }])
    const stored = () => cypher('MATCH (n:Talent) RETURN labels(n) AS labels, n.ver AS ver, COUNT { (n)--() } AS edges')
    expect(await stored()).toEqual([{ labels: ['Talent', 'Deleted'], ver: neo4j.int(5), edges: neo4j.int(0) }])
    const late = 2 ** 53 - 1
    await graph.put('a', [node('x', 4, ['old']), node('y', late, ['go'])])
    expect(await graph.edges('a', 'talent', 'x')).toEqual([])
    await graph.put('a', [node('x', 6, ['new'])])
    expect(await stored()).toContainEqual({ labels: ['Talent'], ver: neo4j.int(6), edges: neo4j.int(1) })
    expect(await stored()).toContainEqual({ labels: ['Talent'], ver: neo4j.int(`${late}`), edges: neo4j.int(1) })
    await graph.close()
  })

  it('lives through a server that goes away and comes back', async () => {
    await fresh().then((graph) => graph.close())
    const gate = await openProxy(Number(new URL(NEO4J_URL!).port || 7687))
    // bolt, since neo4j:// would be told the server's own address.
    const url = NEO4J_URL!.replace(/^neo4j/, 'bolt').replace(/(\/\/(?:[^@/]*@)?)[^/]*/, `$1127.0.0.1:${gate.port}`)
    const graph = await openNeo4jGraph(url)
    await graph.put('a', [node('x', 1, ['go'])])
    await graph.check()
    gate.down()
    await expect(graph.check()).rejects.toMatchObject({ code: 'store-down' })
    await expect(graph.put('a', [node('x', 2, ['rust'])])).rejects.toMatchObject({ code: 'store-down' })
    gate.up()
    await graph.check()
    // A breaker that the failures opened lets a call through after two seconds.
    for (let i = 0; i < 50; i++) {
      const put = await graph.put('a', [node('x', 3, ['zig'])]).then(
        () => true,
        () => delay(100, false),
      )
      if (put) break
    }
    expect(await graph.edges('a', 'talent', 'x')).toEqual([{ type: 'HAS_SKILL', to: 'skill:zig' }])
    // A server that hangs.
    gate.late(60_000)
    const since = performance.now()
    await expect(graph.check()).rejects.toMatchObject({ code: 'store-down' })
    expect(performance.now() - since).toBeLessThan(600)
    await gate.close()
    await graph.close()
  })

  it('says what is wrong in a sentence, without the password', async () => {
    const base = new URL(NEO4J_URL!)
    const missing = await openNeo4jGraph(`${base.href.replace(/\/$/, '')}/nowhere`)
    await expect(missing.edges('a', 'talent', 'x')).rejects.toMatchObject({
      code: 'store-down',
      detail: expect.stringContaining('no database'),
    })
    expect(await missing.examine()).toMatchObject([{ level: 'error', fix: expect.stringContaining('GRAPH_URL') }])
    await missing.close()
  })
})

describe('neo4j out of reach', () => {
  it('answers store-down in bounded time when nobody listens', async () => {
    const graph = await openNeo4jGraph('neo4j://user:secret@127.0.0.1:1/db')
    const since = performance.now()
    await expect(graph.check()).rejects.toMatchObject({ code: 'store-down' })
    expect(performance.now() - since).toBeLessThan(600)
    await expect(graph.edges('a', 'talent', 'x')).rejects.toMatchObject({ code: 'store-down' })
    expect(performance.now() - since).toBeLessThan(5000)
    expect(JSON.stringify(await graph.examine())).not.toContain('secret')
    await graph.close()
    await expect(graph.edges('a', 'talent', 'x')).rejects.toMatchObject({ code: 'store-down' })
  })

  it.each(['http://user:secret@host', 'neo4j:', 'bolt://', 'neo4j+ssc://user:secret@host', 'neo4j://user:secret@host/a/b', 'secret'])(
    'refuses the URL %s without repeating it',
    async (url) => {
      const refused = openNeo4jGraph(url)
      await expect(refused).rejects.toMatchObject({ code: 'store-down' })
      await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('secret') })
    },
  )
})
