/** The search store on real Elasticsearch servers (ELASTIC_URL 8.19, ELASTIC9_URL 9): the contract, the schema, gates, and a server that fails. */
import { randomBytes } from 'node:crypto'
import { createServer as createHttp, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from '@elastic/elasticsearch'
import { describe, expect, it } from 'vitest'
import { plainUrl } from '../../src/plain-url.ts'
import type { SearchEntry } from '../../src/stores/ports.ts'
import { migrate, schemaState } from '../../src/stores/schema.ts'
import { refusalError } from '../../src/stores/search.elastic.connect.ts'
import { openElasticSearch } from '../../src/stores/search.elastic.ts'
import { termOf } from '../../src/stores/search.elastic.words.ts'
import { searchContract } from '../contracts/search.ts'

const SERVERS = [
  { name: 'Elasticsearch 8.19 (ELASTIC_URL)', url: process.env.ELASTIC_URL },
  { name: 'Elasticsearch 9 (ELASTIC9_URL)', url: process.env.ELASTIC9_URL },
]

const entry = (id: string, ver: number, more: Partial<SearchEntry> = {}): SearchEntry => ({
  kind: 'talent',
  id,
  ver,
  name: null,
  title: '',
  text: '',
  skills: [],
  city: null,
  ...more,
})
const vector = (id: string, ver: number, title: number[] | undefined, space = 's') => ({
  kind: 'talent' as const,
  id,
  ver,
  space,
  vectors: { title: title && Float32Array.from(title) },
})

/** The server under another address. `answer` may answer a bulk request instead of it; what came in is told. */
async function relay(to: string, answer: (body: string) => object | null = () => null) {
  const seen: { path: string; headers: IncomingHttpHeaders; body: string }[] = []
  const server = createHttp(async (request, response) => {
    const { method, url: path = '', headers } = request
    const body = (await request.toArray()).join('')
    seen.push({ path, headers, body })
    const own = path.startsWith('/_bulk') ? answer(body) : null
    const { accept = '*/*', 'content-type': type = 'application/json' } = headers
    const real = own
      ? Response.json(own, { headers: { 'content-type': accept } })
      : await fetch(new URL(path, to), { method, headers: { accept, 'content-type': type }, body: body || undefined }).catch(() =>
          Response.json({}, { status: 502 }),
        )
    response.writeHead(real.status, { 'content-type': real.headers.get('content-type') ?? type, 'x-elastic-product': 'Elasticsearch' })
    response.end(await real.text())
  })
  let port = 0
  const up = () =>
    new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve)
    })
  await up()
  port = (server.address() as AddressInfo).port
  const down = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { host: `127.0.0.1:${port}`, seen, up, down }
}
const code = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error) => (error as { code: string }).code,
  )

for (const { name, url } of SERVERS)
  describe.skipIf(!url)(name, () => {
    const raw = new Client({ node: url ?? 'http://127.0.0.1:1' })
    /** A prefix of its own for every test: to make two small indices is quicker than to empty old ones. */
    const unmigrated = async () => {
      const prefix = `looma-test-${randomBytes(6).toString('hex')}`
      const store = await openElasticSearch(`${url}/${prefix}`)
      const close = async () => {
        await store.close()
        const index = Object.keys(await raw.indices.get({ index: `${prefix}-*` }))
        if (index.length > 0) await raw.indices.delete({ index })
      }
      return { store, prefix, close, [Symbol.asyncDispose]: close }
    }
    const fresh = async () => {
      const opened = await unmigrated()
      await migrate(opened.store.schema, 'test')
      return opened
    }
    const find = async (store: Awaited<ReturnType<typeof openElasticSearch>>, query: string) =>
      (await store.text('a', 'talent', query, { limit: 10 })).map(({ id }) => id)
    const near = async (store: Awaited<ReturnType<typeof openElasticSearch>>, space = 's', limit = 10) =>
      (await store.nearest('a', 'talent', 'title', space, Float32Array.of(1, 1), { limit })).map(({ id }) => id)

    searchContract(`search on ${name}`, fresh)

    describe('schema', () => {
      it('is made once from nothing, and again after a step that did not end', async () => {
        await using opened = await unmigrated()
        const { store, prefix } = opened
        const names = store.schema.steps.map(({ name }) => name)
        expect(await schemaState(store.schema)).toMatchObject({ pending: names, fault: expect.stringContaining('looma migrate') })
        expect((await store.examine()).filter(({ level }) => level === 'error').map(({ fix }) => fix)).toEqual(['looma migrate'])
        // Nothing is guessed: a write before the migration makes no index.
        for (const early of [store.put('a', [entry('x', 1)]), store.text('a', 'talent', 'x', { limit: 1 })])
          await expect(early).rejects.toMatchObject({ code: 'store-down', detail: expect.stringContaining('looma migrate') })
        expect(Object.keys(await raw.indices.get({ index: `${prefix}-*` }))).toEqual([])

        expect(await migrate(store.schema, 'me')).toEqual(names)
        expect(await migrate(store.schema, 'me')).toEqual([])
        expect(await schemaState(store.schema)).toEqual({ pending: [], fault: null, hopeless: false })
        expect((await store.examine()).filter(({ level }) => level !== 'ok')).toEqual([])

        const [first] = await store.schema.journal.read()
        await store.schema.journal.write({ ...first!, done: false })
        await raw.indices.delete({ index: `${prefix}-search-v1` })
        expect((await schemaState(store.schema)).fault).toContain('did not end')
        expect(await migrate(store.schema, 'me')).toEqual(names)
        // The index was there this time.
        await store.schema.journal.write({ ...first!, done: false })
        await raw.indices.deleteAlias({ index: `${prefix}-search-v1`, name: `${prefix}-search` })
        expect(await migrate(store.schema, 'me')).toEqual(names)
        await store.put('a', [entry('x', 1, { text: 'kafka' })])
        expect(await find(store, 'kafka')).toEqual(['x'])
      })

      it('refuses what a newer version made, and a step that was changed', async () => {
        await using opened = await fresh()
        const { steps, journal } = opened.store.schema
        await expect(migrate({ steps: [{ ...steps[0]!, sum: 'other' }], journal }, 'me')).rejects.toThrow(/was changed/)
        await journal.write({ n: steps.length, name: '9999-later', sum: 'x', done: true })
        await expect(migrate({ steps, journal }, 'me')).rejects.toThrow(/newer version/)
      })

      it('is migrated by one process at a time; the lock of one that died runs out', async () => {
        await using opened = await fresh()
        const { journal } = opened.store.schema
        const taken = await Promise.all(Array.from({ length: 8 }, (_, i) => journal.lock(`p${i}`, 60_000)))
        expect(taken.filter((won) => won)).toHaveLength(1)
        const owner = `p${taken.indexOf(true)}`
        await expect(migrate(opened.store.schema, 'late')).rejects.toThrow(/another process/)
        await journal.unlock('late')
        expect(await journal.lock('late', 1)).toBe(false)
        expect(await journal.lock(owner, 1)).toBe(true)
        await delay(20)
        expect(await journal.lock('late', 60_000)).toBe(true)
      })
    })

    it('keeps a tombstone with its version and nothing else, in every space, and for spaces that come later', async () => {
      await using opened = await fresh()
      const { store, prefix } = opened
      await store.put('a', [entry('x', 1, { name: 'Ann', text: 'kafka', skills: ['Go'] }), entry('y', 2 ** 53 - 1, { text: 'kafka' })])
      await store.putVectors('a', [vector('x', 1, [1, 1])])
      await store.remove('a', [{ kind: 'talent', id: 'x', ver: 5 }])
      for (const alias of [`${prefix}-search`, (await spaceOf(prefix))!]) {
        const { _source, _version } = await raw.get({ index: alias, id: 'a/talent/x', routing: 'a' })
        expect({ _source, _version }).toEqual({ _source: { tenant: 'a', kind: 'talent', id: 'x', ver: 5, deleted: true }, _version: 5 })
      }
      await store.put('a', [entry('x', 4, { text: 'kafka' }), entry('x', 5, { text: 'kafka' }), entry('y', 9, { text: 'rust' })])
      for (const ver of [4, 5]) for (const space of ['s', 'later']) await store.putVectors('a', [vector('x', ver, [1, 1], space)])
      expect(await find(store, 'kafka')).toEqual(['y'])
      for (const space of ['s', 'later']) {
        expect(await near(store, space)).toEqual([])
        expect([...(await store.vectors('a', 'talent', space, ['x'])).keys()]).toEqual([])
      }
      await store.put('a', [entry('x', 6, { text: 'rust' })])
      await store.putVectors('a', [vector('x', 6, [1, 1], 'later')])
      expect([await find(store, 'rust'), await near(store, 'later')]).toEqual([['x'], ['x']])
    })
    const spaceOf = async (prefix: string) => Object.keys(await raw.indices.get({ index: `${prefix}-vectors-*` }))[0]

    it('writes the good entries of a batch and says how many were refused', async () => {
      await using opened = await fresh()
      const { store } = opened
      const many = Array.from({ length: 1200 }, (_, i) => entry(`t${i}`, 1, { text: 'kafka' }))
      const bad = [0, 700, 1199]
      // A keyword of more than 32,766 bytes is what the server refuses of one entry.
      for (const i of bad) many[i] = entry('x'.repeat(40_000) + i, 1, { text: 'kafka' })
      const error = await store.put('a', many).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'internal', detail: expect.stringContaining('3 of 1200') })
      expect(JSON.stringify(error)).not.toContain('xxxx')
      expect((await store.text('a', 'talent', 'kafka', { limit: 2000 })).length).toBe(1197)
    })

    it('makes a space once where many put its first vectors at a time, and keeps what has another size', async () => {
      await using opened = await fresh()
      const { store, prefix } = opened
      const other = await openElasticSearch(`${url}/${prefix}`)
      const puts = Array.from({ length: 12 }, (_, i) => (i % 2 ? store : other).putVectors('a', [vector(`v${i}`, 1, [1, i])]))
      await Promise.all(puts)
      expect((await near(store)).length).toBe(10)
      await other.putVectors('a', [vector('three', 1, [1, 2, 3]), vector('tiny', 1, [1e-20, 1e-20]), vector('nan', 1, [Number.NaN, 1])])
      expect(await near(other, 's', 1)).toEqual(['tiny'])
      expect((await other.vectors('a', 'talent', 's', ['three'])).get('three')).toEqual({ title: Float32Array.of(1, 2, 3) })
      expect(await other.nearest('a', 'talent', 'title', 's', Float32Array.of(1, 2, 3), { limit: 3 })).toEqual([])
      // A space that begins with nothing to be found still compares versions.
      await store.putVectors('a', [vector('zero', 3, [0, 0], 'z')])
      await store.putVectors('a', [vector('zero', 2, [1, 1], 'z'), vector('one', 1, [1, 0], 'z')])
      expect(await near(store, 'z')).toEqual(['one'])
      await raw.indices.delete({ index: Object.keys(await raw.indices.get({ index: `${prefix}-vectors-z-*` })) })
      await expect(store.putVectors('a', [vector('two', 1, [1, 0], 'z')])).rejects.toMatchObject({ code: 'store-down' })
      await store.putVectors('a', [vector('two', 1, [1, 0], 'z')])
      expect(await near(store, 'z')).toEqual(['two'])
      await other.close()
    })

    it('finds the first ids of very many equal neighbours', async () => {
      await using opened = await fresh()
      const ids = Array.from({ length: 1500 }, (_, i) => `e${String((i * 7) % 1500).padStart(4, '0')}`)
      await opened.store.putVectors(
        'a',
        ids.map((id) => vector(id, 1, [1, 1])),
      )
      expect(await near(opened.store, 's', 3)).toEqual(['e0000', 'e0001', 'e0002'])
    })

    it('takes long texts in slices, and answers up to the limit of the server', async () => {
      await using opened = await fresh()
      const { store } = opened
      const long = Array.from({ length: 600 }, (_, i) => `word${i} 分布式系统`.repeat(2)).join(' ')
      await store.put(
        'a',
        Array.from({ length: 700 }, (_, i) => entry(`t${i}`, 1, { text: long })),
      )
      expect((await store.text('a', 'talent', 'word7', { limit: 1_000_000 })).length).toBe(700)
      const puts = (await store.queries()).find(({ query }) => query === 'search.put')!
      expect(puts).toMatchObject({ rows: 700, errors: 0 })
      expect(puts.count).toBeGreaterThan(2)
    })

    it('shows every process at once what was written, and shares refreshes between puts that end together', async () => {
      await using opened = await fresh()
      const { store, prefix } = opened
      const other = await openElasticSearch(`${url}/${prefix}`)
      const puts = Array.from({ length: 20 }, (_, i) => `k${i}`)
      await Promise.all(
        puts.map(async (id) => {
          await store.put('a', [entry(id, 1, { text: `kafka ${id}` })])
          expect(await find(other, id)).toEqual([id])
        }),
      )
      expect((await store.queries()).find(({ query }) => query === 'search.refresh')!.count).toBeLessThan(20)
      await store.putVectors('a', [vector('x', 1, [1, 1])])
      expect(await near(other)).toEqual(['x'])
      await store.remove('a', [{ kind: 'talent', id: 'x', ver: 2 }])
      expect(await near(other)).toEqual([])
      await other.close()
    })

    it('plans every query within one tenant', async () => {
      await using opened = await fresh()
      await opened.store.putVectors('a', [vector('x', 1, [1, 1])])
      const plans = await opened.store.plans()
      expect(plans.map(({ query }) => query)).toEqual([
        'search.text',
        'search.frequencies',
        'search.named',
        'search.listed',
        'search.nearest',
      ])
      expect(plans.filter(({ plan, full }) => plan === '' || full.length > 0)).toEqual([])
    })

    it('is found blocked when its disk was full, and answers disk-full', async () => {
      await using opened = await fresh()
      const { store, prefix } = opened
      const block = (on: boolean | null) =>
        raw.indices.putSettings({ index: `${prefix}-search-v1`, settings: { 'index.blocks.read_only_allow_delete': on } })
      await block(true)
      expect(await code(store.put('a', [entry('x', 1)]))).toBe('disk-full')
      expect((await store.examine()).filter(({ level }) => level === 'error')).toMatchObject([
        {
          what: 'elasticsearch writes',
          found: expect.stringContaining('read_only_allow_delete'),
          fix: expect.stringContaining('free space'),
        },
      ])
      await block(null)
      await store.put('a', [entry('x', 1)])
    })

    it('sends again only what the server was too busy for, and says what it stayed too busy for', async () => {
      await using opened = await fresh()
      const busy = { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'full' } }
      const unavailable = { status: 503, error: { type: 'unavailable_shards_exception', reason: 'none' } }
      let n = 0
      const gate = await relay(url!, () =>
        n++ === 0 ? { errors: true, items: [{ index: { status: 201 } }, { index: busy }, { index: unavailable }] } : null,
      )
      const store = await openElasticSearch(`http://${gate.host}/${opened.prefix}`)
      await store.put(
        'a',
        ['1', '2', '3'].map((id) => entry(id, 1, { text: 'kafka' })),
      )
      const sent = gate.seen
        .filter(({ path }) => path.startsWith('/_bulk'))
        .map(({ body }) => [...body.matchAll(/"_id":"a\/talent\/(.)"/g)].map((m) => m[1]))
      expect(sent).toEqual([
        ['1', '2', '3'],
        ['2', '3'],
      ])
      expect(await find(store, 'kafka')).toEqual(['2', '3'])
      await store.close()
      await gate.down()

      // Whatever is sent, the last of it is refused.
      const full = await relay(url!, (body) => {
        const good = Array.from({ length: body.split('"_id"').length - 2 }, () => ({ index: { status: 201 } }))
        return { errors: true, items: [...good, { index: busy }] }
      })
      const other = await openElasticSearch(`http://${full.host}/${opened.prefix}`)
      await expect(
        other.put(
          'a',
          ['1', '2'].map((id) => entry(id, 1)),
        ),
      ).rejects.toMatchObject({ code: 'store-down', detail: expect.stringContaining('1 of 2') })
      await other.close()
      await full.down()
    })

    it('lives through a server that goes away and comes back', async () => {
      await using opened = await fresh()
      const gate = await relay(url!)
      const store = await openElasticSearch(`http://${gate.host}/${opened.prefix}`)
      await store.put('a', [entry('x', 1, { text: 'kafka' })])
      await store.check()
      await gate.down()
      expect(await code(store.check())).toBe('store-down')
      for (let i = 0; i < 3; i++) expect(await code(store.put('a', [entry('x', 2, { text: 'rust' })]))).toBe('store-down')
      await gate.up()
      await store.check()
      // A breaker that the failures opened lets a call through after two seconds.
      await expect.poll(() => code(store.put('a', [entry('x', 3, { text: 'zig' })])), { timeout: 5000 }).toBe('none')
      expect(await find(store, 'zig')).toEqual(['x'])
      await store.close()
      await gate.down()
    })

    it('keeps tenants apart whose names a URL or an id could mistake', async () => {
      await using opened = await fresh()
      const { store } = opened
      const tenants = ['a,b', 'b', 'a/talent', '*', '租户', '\ud83d', '\ud83e', 'x'.repeat(600), ' ']
      for (const tenant of tenants) {
        await store.put(tenant, [entry('x', 1, { text: 'kafka' }), entry(`of ${tenant}`.toWellFormed(), 1, { text: 'kafka' })])
        await store.putVectors(tenant, [vector(`of ${tenant}`.toWellFormed(), 1, [1, 1])])
      }
      await store.remove('b', [{ kind: 'talent', id: 'x', ver: 2 }])
      for (const tenant of tenants) {
        const own = `of ${tenant}`.toWellFormed()
        const hits = await store.text(tenant, 'talent', 'kafka', { limit: 99 })
        expect(hits.map(({ id }) => id)).toEqual(tenant === 'b' ? [own] : [own, 'x'])
        const found = await store.nearest(tenant, 'talent', 'title', 's', Float32Array.of(1, 1), { limit: 99 })
        expect(found.map(({ id }) => id)).toEqual([own])
        expect([
          ...(
            await store.vectors(
              tenant,
              'talent',
              's',
              tenants.map((one) => `of ${one}`.toWellFormed()),
            )
          ).keys(),
        ]).toEqual([own])
      }
    })
  })

describe('elasticsearch out of reach', () => {
  it('answers store-down in bounded time when nobody listens, and at once when that went on', async () => {
    const store = await openElasticSearch('http://user:secret@127.0.0.1:1/some')
    const since = performance.now()
    expect(await code(store.check())).toBe('store-down')
    expect(performance.now() - since).toBeLessThan(600)
    for (let i = 0; i < 3; i++) expect(await code(store.put('a', [entry('x', 1)]))).toBe('store-down')
    expect(performance.now() - since).toBeLessThan(5000)
    const open = performance.now()
    await expect(store.text('a', 'talent', 'x', { limit: 1 })).rejects.toMatchObject({ detail: expect.stringContaining('out of reach') })
    expect(performance.now() - open).toBeLessThan(20)
    expect(JSON.stringify(await store.examine())).not.toContain('secret')
    await store.close()
    expect(await code(store.named('a', 'talent', 'x', { limit: 1 }))).toBe('store-down')
  })

  it('does not wait for a server that hangs', async () => {
    const server = createServer(() => undefined)
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const store = await openElasticSearch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const since = performance.now()
    expect(await code(store.check())).toBe('store-down')
    expect(performance.now() - since).toBeLessThan(600)
    void store.close()
    server.close()
  })

  it.each([
    'neo4j://user:secret@host',
    'http:',
    'secret',
    'http://user:secret@host/a/b',
    'http://host/Secret',
    'http://host/_secret',
    'http://user:secret%@host',
  ])('refuses the URL %s without repeating it', async (url) => {
    const refused = openElasticSearch(url)
    await expect(refused).rejects.toMatchObject({ code: 'store-down' })
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringMatching(/secret/i) })
  })

  it.each([
    ['http://me:p%40ss@HOST/x', `Basic ${Buffer.from('me:p@ss').toString('base64')}`],
    ['http://HOST/x?apiKey=abc%3D', 'ApiKey abc='],
  ])('sends the credentials of %s', async (pattern, authorization) => {
    const gate = await relay('http://127.0.0.1:1')
    const store = await openElasticSearch(pattern.replace('HOST', gate.host))
    await code(store.check())
    expect(gate.seen[0]?.headers).toMatchObject({ authorization, 'user-agent': expect.stringContaining('looma/') })
    await store.close()
    await gate.down()
    expect(plainUrl(pattern)).not.toMatch(/p%40ss|abc/)
  })

  it('makes the terms that the tokenizer of SQLite makes', () => {
    const words =
      'caresses ponies ties relational hopefulness managing k8s apis studies node2vec résumé zoë škoda łódź привет 数据 数据平台 ab x'.split(
        ' ',
      )
    using db = new DatabaseSync(':memory:')
    db.exec(`create virtual table w using fts5(x, tokenize = 'porter unicode61 remove_diacritics 2');
      create virtual table v using fts5vocab('w', 'instance')`)
    for (const [i, word] of words.entries()) db.prepare('insert into w (rowid, x) values (?, ?)').run(i + 1, word)
    expect(words.map(termOf)).toEqual(
      db
        .prepare('select term from v order by doc')
        .all()
        .map(({ term }) => term),
    )
  })

  it.each([
    [
      429,
      'cluster_block_exception',
      'index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];',
      'disk-full',
    ],
    [403, 'cluster_block_exception', 'index [x] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];', 'disk-full'],
    [503, 'cluster_block_exception', 'blocked by: [SERVICE_UNAVAILABLE/2/no master];', 'store-down'],
    [429, 'es_rejected_execution_exception', 'rejected execution', 'store-down'],
    [502, '', '', 'store-down'],
    [403, 'security_exception', 'action is unauthorized', 'store-down'],
    [404, 'index_not_found_exception', 'no such index', 'store-down'],
    [400, 'mapper_parsing_exception', 'failed to parse', 'internal'],
  ])('reads %i %s as ours', (status, type, reason, expected) => {
    expect(refusalError({ status, type, reason }, null).code).toBe(expected)
  })
})
