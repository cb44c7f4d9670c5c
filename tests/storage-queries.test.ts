/** What operators can see of the queries of a running Looma. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listQueries, type QueriesOptions } from '../src/cli/queries.ts'
import { indexFor } from '../src/stores/mongo-plans.ts'
import { logSlow, queriesOf, type StoreQueries } from '../src/stores/queries.ts'
import type { Inspect } from '../src/stores/query-stats.ts'
import { openSqlite } from '../src/stores/sqlite.ts'
import { startSystem } from './support.ts'

const people = Array.from({ length: 30 }, (_, i) => ({ type: 'talent', id: `t${i}`, name: `张三${i}`, skills: ['Python'] }))

describe('looma storage queries', () => {
  it('lists every store with counts, times and plans, and nothing of what was asked for', async () => {
    await using system = await startSystem()
    await (await system.as('acme')).batch(people)
    const list = async (options: Partial<QueriesOptions> = {}) => {
      const lines: string[] = []
      await listQueries(system.config, { admin: system.adminUrl!, sort: 'p99', ...options }, (line) => lines.push(line))
      return lines
    }
    const [json] = await list({ json: true })
    const { stores } = JSON.parse(json!) as { stores: StoreQueries[] }
    expect(stores.map(({ port, adapter }) => `${port} ${adapter}`)).toEqual([
      'ledger sqlite',
      'documents sqlite',
      'search sqlite',
      'graph sqlite',
    ])
    for (const { port, queries } of stores) {
      expect(queries.length, port).toBeGreaterThanOrEqual(3)
      for (const { query, count, p50Ms, p99Ms, maxMs, errors, plans } of queries) {
        expect(count, query).toBeGreaterThan(0)
        expect([errors, p50Ms <= p99Ms, p99Ms <= maxMs * 1.1], query).toEqual([0, true, true])
        expect(plans.length, query).toBe(/^(insert into .* values|begin|commit|savepoint|release)/.test(query) ? 0 : 1)
      }
    }
    const stored = stores[1]!.queries.find(({ query }) => /^insert into documents /.test(query))
    expect(stored).toMatchObject({ count: expect.any(Number), rows: expect.any(Number) })
    expect(stored!.rows).toBeGreaterThanOrEqual(people.length)
    expect(json).not.toContain('张三')

    const text = await list({ sort: 'count' })
    expect(text[0]).toBe('ledger  sqlite')
    expect(text[1]).toMatch(/^ +count +errors +rows +p50 ms +p99 ms +max ms {2}query$/)
    expect(text.join('\n')).toMatch(/→ SEARCH /)
    const counts = text.slice(2, text.indexOf('documents  sqlite')).flatMap((line) => /^ +(\d+) /.exec(line)?.[1] ?? [])
    expect(counts.map(Number)).toEqual(counts.map(Number).sort((a, b) => b - a))
  })

  it('says what to do where no admin port answers', async () => {
    const list = (admin: string) => listQueries({} as never, { admin, sort: 'p99' }, () => undefined)
    await expect(list('http://127.0.0.1:1')).rejects.toThrow('nothing answers at http://127.0.0.1:1: name the admin address')
    const other = createServer((_req, res) => void res.writeHead(404).end()).listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    await expect(list(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`)).rejects.toThrow('is not the admin address of Looma')
  })
})

describe('queries of a store', () => {
  const open = () => {
    const db = openSqlite(':memory:', [{ name: '1', sql: 'create table t (id integer primary key, x text) strict' }])
    onTestFinished(() => db.close())
    return db
  }

  it('are measured under their text, with rows and errors', async () => {
    const { sql, inspect } = open()
    sql('insert into t\n  values (?, ?)').run(1, 'a')
    sql('insert into t\n  values (?, ?)').run(2, 'b')
    expect(() => sql('insert into t\n  values (?, ?)').run(2, 'c')).toThrow()
    expect([...sql('select * from t').iterate()].length).toBe(2)
    sql('select * from t where x = ?').all('a')
    sql('select * from t where id = ?').get(9)
    const stats = (await inspect.queries()).map(({ query, count, errors, rows }) => [query, count, errors, rows])
    expect(stats.filter(([query]) => query === 'commit')).toEqual([['commit', 1, 0, 0]])
    expect(stats.filter(([query]) => !/^(begin|commit)/.test(String(query)))).toEqual([
      ['insert into t values (?, ?)', 3, 1, 2],
      ['select * from t', 1, 0, 0],
      ['select * from t where x = ?', 1, 0, 1],
      ['select * from t where id = ?', 1, 0, 0],
    ])
    expect(await inspect.plans('select * from t where x = ?')).toEqual([
      { query: 'select * from t where x = ?', plan: 'SCAN t', full: ['SCAN t'] },
    ])
    expect((await inspect.plans('select * from t where id = ?'))[0]).toMatchObject({ plan: expect.stringContaining('SEARCH t'), full: [] })
  })

  it('that are slow are logged with their plan, each once a minute', async () => {
    const { sql, inspect } = open()
    const lines: object[] = []
    logSlow('documents', inspect, { warn: (line: object) => void lines.push(line) } as never)
    const slow = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) select max(i) from n'
    sql(slow).get()
    sql(slow).get()
    sql('select 1').get()
    await expect.poll(() => lines.length).toBe(1)
    expect(lines[0]).toMatchObject({ port: 'documents', query: slow, ms: expect.any(Number), plan: expect.stringContaining('SCAN n') })
  })

  it('of a store that is out of reach are listed without plans', async () => {
    const inspect: Inspect = {
      queries: () => [{ query: 'graph.edges', count: 3, errors: 3, rows: 0, p50Ms: 1, p99Ms: 1, maxMs: 1 }],
      plans: () => Promise.reject(new Error('out of reach')),
      watch: () => undefined,
    }
    const [graph] = await queriesOf([
      { port: 'graph', adapter: 'neo4j', inspect },
      { port: 'blobs', adapter: 'folder', inspect: null },
    ])
    expect(graph).toMatchObject({ port: 'graph', queries: [{ query: 'graph.edges', errors: 3, plans: [] }] })
  })
})

describe('the index for a query of a server that cannot explain', () => {
  const indexes = [
    { name: '_id_', key: { _id: 1 } },
    { name: 'state', key: { state: 1, at: 1 } },
    { name: 'schedules', key: { kind: 1 }, partialFilterExpression: { kind: 'schedule' } },
    { name: 'seq', key: { seq: 1 } },
  ]
  const found = (filter: object, more: { sort?: object; limit?: number } = {}) => indexFor({ find: 'c', filter, ...more }, indexes)

  it.each([
    ['begins with a field of the filter', { at: 1, state: 'open' }, {}, 'state'],
    ['holds part of the collection, and the filter asks for that part', { kind: 'schedule' }, {}, 'schedules'],
    ['gives the order of a read with a limit', {}, { sort: { seq: -1 }, limit: 5 }, 'seq'],
    ['is there for each branch', { $or: [{ _id: 1 }, { state: 'open' }] }, {}, '_id_ and state'],
  ])('%s', (_what, filter, more, name) => {
    expect(found(filter, more)).toBe(name)
  })

  it.each([
    ['only a later field is asked for', { at: 1 }, {}],
    ['the index holds another part', { kind: 'talent' }, {}],
    ['the order has no limit', {}, { sort: { seq: 1 } }],
    ['one branch has none', { $or: [{ _id: 1 }, { at: 1 }] }, {}],
  ])('is none where %s', (_what, filter, more) => {
    expect(found(filter, more)).toBeNull()
  })
})
