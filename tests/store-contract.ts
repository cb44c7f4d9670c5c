/** One suite per port, run on every adapter: an adapter that passes behaves as src/stores/ports.ts says. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Position, Talent } from '../src/canonical/schema.ts'
import type { Embedder } from '../src/models/ports.ts'
import type { Blobs, Documents, DocWrite, Edge, Graph, Search, SearchEntry } from '../src/stores/ports.ts'
import { tokens } from '../src/stores/segment.ts'

export const talent = (data: Partial<Talent> = {}): Talent => Talent.parse(data)
export const position = (data: Partial<Position> = {}): Position => Position.parse({ title: 'Engineer', ...data })

/** Unit vector of hashed tokens: a small model without a file, enough for "shared words are near". */
export function hashingEmbedder(dim = 64, space = 'hashing'): Embedder {
  const embedOne = (text: string): Float32Array => {
    const vector = new Float32Array(dim)
    for (const token of tokens(text)) vector[createHash('md5').update(token).digest().readUInt16BE(0) % dim]! += 1
    const norm = Math.hypot(...vector)
    return norm === 0 ? vector : vector.map((x) => x / norm)
  }
  return {
    space,
    model: `${space}@1`,
    dim,
    embed: async (texts) => texts.map(embedOne),
    embedEach: async (texts) => texts.map(embedOne),
    close: async () => {},
  }
}

type Open<T> = () => Promise<{ store: T; close: () => Promise<void> | void }>

/** `store()` is a fresh one in every test. */
function suite<T>(name: string, open: Open<T>, body: (store: () => T) => void): void {
  describe(name, () => {
    let opened: Awaited<ReturnType<Open<T>>>
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(async () => opened.close())
    body(() => opened.store)
  })
}

const UNICODE = ['张伟', '軟體', 'Zoë', 'عربى', '👩🏽‍💻', 'a\u0000b', "o'; drop table documents; --", '\ud83d', '%_', '"', ' ']

export function documentsContract(name: string, open: Open<Documents>): void {
  const write = (id: string, data: Partial<Talent> = {}): DocWrite<'talent'> => ({
    kind: 'talent',
    id,
    data: talent(data),
    source: { by: 'api' },
  })

  suite(name, open, (store) => {
    it('creates, updates and leaves equal content alone, with rising versions', async () => {
      const [first] = await store().put('a', [write('1', { name: 'A' })])
      const [same] = await store().put('a', [write('1', { name: 'A' })])
      const [second] = await store().put('a', [write('1', { name: 'B' })])
      expect([first?.outcome, same?.outcome, second?.outcome]).toEqual(['created', 'unchanged', 'updated'])
      expect(same?.ver).toBe(first?.ver)
      expect(second!.ver).toBeGreaterThan(first!.ver)
      expect(Number.isSafeInteger(second!.ver)).toBe(true)
      expect(await store().get('a', 'talent', '1')).toMatchObject({ id: '1', ver: second!.ver, data: { name: 'B' }, deleted: false })
    })

    it('takes the same id twice in one call, in order', async () => {
      const results = await store().put('a', [write('1', { name: 'A' }), write('1', { name: 'B' }), write('1', { name: 'B' })])
      expect(results.map(({ outcome }) => outcome)).toEqual(['created', 'updated', 'unchanged'])
      expect((await store().get('a', 'talent', '1'))?.data.name).toBe('B')
    })

    it('repeats more writes than a slice without a change', async () => {
      const writes = Array.from({ length: 450 }, (_, i) => write(`t${i}`))
      expect(new Set((await store().put('a', writes)).map(({ outcome }) => outcome))).toEqual(new Set(['created']))
      const before = await store().page('a', 'talent', { limit: 1000 })
      expect(new Set((await store().put('a', writes)).map(({ outcome }) => outcome))).toEqual(new Set(['unchanged']))
      expect(await store().page('a', 'talent', { limit: 1000 })).toEqual(before)
    })

    it('keeps tenants apart in every method, with identical ids', async () => {
      await store().put('a', [write('x', { name: 'of a' })])
      await store().put('b', [write('x', { name: 'of b' }), write('y')])
      expect((await store().get('a', 'talent', 'x'))?.data.name).toBe('of a')
      expect(await store().get('a', 'talent', 'y')).toBeNull()
      expect((await store().many('a', 'talent', ['y', 'x'])).map(({ data }) => data.name)).toEqual(['of a'])
      expect((await store().page('a', 'talent', { limit: 9 })).map(({ tenant }) => tenant)).toEqual(['a'])
      expect(await store().count('a', 'talent')).toBe(1)
      expect((await store().dirty('search', { tenant: 'a', limit: 9 })).map(({ tenant, id }) => [tenant, id])).toEqual([['a', 'x']])
      expect((await store().dirty('search', { limit: 9 })).length).toBe(3)
      const [ofA] = await store().many('a', 'talent', ['x'])
      await store().clean('search', [{ tenant: 'b', kind: 'talent', id: 'x', ver: ofA!.ver }])
      expect((await store().get('b', 'talent', 'x'))?.dirty.search).toBeDefined()
      expect(await store().remove('a', 'talent', 'y')).toBe(false)
      expect(await store().remove('a', 'talent', 'x')).toBe(true)
      expect((await store().get('b', 'talent', 'x'))?.data.name).toBe('of b')
      await store().clean('graph', [{ tenant: 'b', kind: 'talent', id: 'y', ver: (await store().get('b', 'talent', 'y'))!.ver }])
      await store().redo('graph', 'a', 'talent', ['y'])
      expect((await store().get('b', 'talent', 'y'))?.dirty.graph).toBeUndefined()
    })

    it('keeps kinds apart and does not project matches', async () => {
      const subject = { kind: 'talent' as const, id: 'x' }
      const data = { subject, results: [], model: 'm@1', scorer: 's', pool: 0, at: '2026-01-01T00:00:00.000Z' }
      await store().put('a', [write('x'), { kind: 'match', id: 'x', data, source: { by: 'api' } }])
      expect((await store().get('a', 'match', 'x'))?.data).toEqual(data)
      expect((await store().get('a', 'match', 'x'))?.dirty).toEqual({})
      expect(await store().get('a', 'position', 'x')).toBeNull()
      expect((await store().dirty('vectors', { limit: 9 })).map(({ kind }) => kind)).toEqual(['talent'])
    })

    it('leaves a dirty, emptied tombstone that a later write revives with a higher version', async () => {
      const [first] = await store().put('a', [write('1', { name: '王芳' })])
      expect(await store().remove('a', 'talent', '1')).toBe(true)
      expect(await store().remove('a', 'talent', '1')).toBe(false)
      expect(await store().get('a', 'talent', '1')).toMatchObject({ deleted: true, data: {} })
      expect(await store().many('a', 'talent', ['1'])).toEqual([])
      expect(await store().page('a', 'talent', { limit: 9 })).toEqual([])
      expect(await store().count('a', 'talent')).toBe(0)
      const [tomb] = await store().dirty('vectors', { limit: 9 })
      expect(tomb).toMatchObject({ id: '1', deleted: true, data: {} })
      expect(tomb!.ver).toBeGreaterThan(first!.ver)
      expect(tomb!.dirty).toEqual({ search: tomb!.ver, graph: tomb!.ver, vectors: tomb!.ver })
      expect(JSON.stringify(tomb)).not.toContain('王芳')
      const [again] = await store().put('a', [write('1', { name: '王芳' })])
      expect(again?.outcome).toBe('created')
      expect(again!.ver).toBeGreaterThan(tomb!.ver)
    })

    it('clears a mark only where it equals the version written', async () => {
      const [first] = await store().put('a', [write('1', { name: 'A' })])
      const [second] = await store().put('a', [write('1', { name: 'B' })])
      const key = { tenant: 'a', kind: 'talent' as const, id: '1' }
      await store().clean('search', [{ ...key, ver: first!.ver }])
      expect((await store().get('a', 'talent', '1'))?.dirty.search).toBe(second!.ver)
      await store().clean('search', [{ ...key, ver: second!.ver }])
      expect((await store().get('a', 'talent', '1'))?.dirty).toEqual({ graph: second!.ver, vectors: second!.ver })
      await store().redo('search', 'a', 'talent', ['1', 'none'])
      expect((await store().get('a', 'talent', '1'))?.dirty.search).toBe(second!.ver)
    })

    it('gives the dirty ones oldest version first, within the limit', async () => {
      for (const id of ['c', 'a', 'b']) await store().put('t', [write(id)])
      await store().put('t', [write('c', { name: 'new' })])
      expect((await store().dirty('graph', { limit: 2 })).map(({ id }) => id)).toEqual(['a', 'b'])
      expect((await store().dirty('graph', { tenant: 't', limit: 9 })).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    })

    it('reads many in the order asked, with repeats and gaps, beyond one slice', async () => {
      const ids = Array.from({ length: 450 }, (_, i) => `t${i}`)
      await store().put(
        'a',
        ids.map((id) => write(id)),
      )
      const asked = [...ids].reverse().flatMap((id) => [id, `no-${id}`])
      expect((await store().many('a', 'talent', asked)).map(({ id }) => id)).toEqual([...ids].reverse())
    })

    it('shows each document that lives throughout exactly once while others come and go between pages', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 20 }),
          fc.uniqueArray(fc.stringMatching(/^[A-Z]{1,3}$/), { maxLength: 10 }),
          fc.integer({ min: 1, max: 4 }),
          fc.uuid(),
          async (stable, moving, limit, tenant) => {
            await store().put(
              tenant,
              [...stable, ...moving.slice(0, 5)].map((id) => write(id)),
            )
            const seen: string[] = []
            for (let after = '', turn = 0; turn < 100; turn++) {
              const page = await store().page(tenant, 'talent', { after, limit })
              expect(page.length).toBeLessThanOrEqual(limit)
              seen.push(...page.map(({ id }) => id))
              if (page.length < limit) break
              after = page.at(-1)!.id
              const other = moving[turn % (moving.length || 1)]
              if (other !== undefined && !(await store().remove(tenant, 'talent', other))) await store().put(tenant, [write(other)])
            }
            expect(seen.filter((id) => stable.includes(id))).toEqual([...stable].sort())
            expect(new Set(seen).size).toBe(seen.length)
          },
        ),
        { numRuns: 25 },
      )
    })

    it('keeps any text in ids, tenants and data', async () => {
      for (const text of UNICODE) {
        // Ids are checked at the edge (no NUL, no half surrogate pairs); text inside the data is not.
        const id = text.replaceAll('\0', '0').toWellFormed()
        await store().put(id, [write(id, { name: text.trim(), skills: [`${text}x`] })])
        const doc = await store().get(id, 'talent', id)
        expect([doc?.tenant, doc?.id, doc?.data.name, doc?.data.skills]).toEqual([id, id, text.trim(), [`${text}x`.trim()]])
        expect((await store().many(id, 'talent', [id])).length).toBe(1)
      }
    })

    it('ends with the last write of each document when puts race', async () => {
      const rounds = Array.from({ length: 20 }, (_, i) => store().put('a', [write('1', { name: `n${i}` })]))
      const versions = (await Promise.all(rounds)).map(([result]) => result!.ver)
      const doc = await store().get('a', 'talent', '1')
      expect(doc?.ver).toBe(Math.max(...versions))
      expect(doc?.data.name).toBe(`n${versions.indexOf(doc!.ver)}`)
    })
  })
}

export function searchContract(name: string, open: Open<Search>): void {
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
  const unit = (...xs: number[]) => Float32Array.from(xs.map((x) => x / Math.hypot(...xs)))
  const ids = (hits: { id: string }[]) => hits.map(({ id }) => id)
  const find = async (s: Search, query: string, options: { skill?: string; city?: string } = {}, tenant = 'a') =>
    ids(await s.text(tenant, 'talent', query, { limit: 10, ...options }))
  const near = async (s: Search, tenant = 'a', space = 's') =>
    ids(await s.nearest(tenant, 'talent', 'title', space, unit(1, 1), { limit: 10 }))
  const vector = (id: string, ver: number, title: Float32Array | undefined, space = 's') => ({
    kind: 'talent' as const,
    id,
    ver,
    space,
    vectors: { title },
  })

  suite(name, open, (store) => {
    it('finds Chinese and English, whole words and parts, in any width and script', async () => {
      await store().put('a', [
        entry('zh', 1, { title: '高级后端工程师', text: '负责云计算平台的设计与开发，熟悉分布式系统。' }),
        entry('en', 1, { title: 'Backend Engineer', text: 'Built résumé parsers in Node.js and C++ for .NET teams' }),
        entry('other', 1, { title: '财务主管', text: 'bookkeeping, C, Network' }),
      ])
      for (const query of ['后端工程师', '後端工程師', '云计算', '分布式', '后端']) expect(await find(store(), query)).toEqual(['zh'])
      for (const query of ['ＢＡＣＫＥＮＤ', 'engineers', 'nodejs', 'node.js', 'C++', '.net', 'resume'])
        expect(await find(store(), query)).toEqual(['en'])
      expect(await find(store(), '财')).toEqual(['other'])
      expect(await find(store(), '量子力学')).toEqual([])
    })

    it('orders by relevance with scores above zero, a title word before a body word, equal ones by id', async () => {
      await store().put('a', [
        entry('body', 1, { title: 'x', text: 'kafka' }),
        entry('title', 1, { title: 'kafka', text: 'x' }),
        entry('b', 1, { text: 'rust' }),
        entry('a', 1, { text: 'rust' }),
        ...Array.from({ length: 9 }, (_, i) => entry(`f${i}`, 1, { text: 'filler' })),
      ])
      const hits = await store().text('a', 'talent', 'kafka', { limit: 9 })
      expect(ids(hits)).toEqual(['title', 'body'])
      expect(hits.every(({ score }) => score > 0)).toBe(true)
      expect(await find(store(), 'rust')).toEqual(['a', 'b'])
      expect((await store().text('a', 'talent', 'filler', { limit: 3 })).length).toBe(3)
    })

    it('ranks by the rarer words where a common one is in very many entries', async () => {
      const many = Array.from({ length: 10_300 }, (_, i) => entry(`m${String(i).padStart(5, '0')}`, 1, { text: 'common' }))
      await store().put('a', [...many, entry('both', 1, { text: 'common rare' }), entry('rare', 1, { text: 'rare plus other words' })])
      expect(await find(store(), 'common rare unheard')).toEqual(['both', 'rare'])
      expect((await find(store(), 'common')).length).toBe(10)
      expect((await find(store(), 'common unheard')).length).toBe(10)
    })

    it('finds people by name, and by nothing else than that', async () => {
      const people = [
        entry('1', 1, { name: '张伟', title: '工程师', city: 'Xian' }),
        entry('2', 1, { name: 'Wei Zhang', text: '张伟 was my colleague' }),
        entry('3', 1, { name: 'José Zhang-Smith', skills: ['Go'] }),
      ]
      await store().put('a', people)
      await store().put('b', [entry('4', 1, { name: '张伟' })])
      const named = async (name: string, filter: { skill?: string; city?: string } = {}) =>
        ids(await store().named('a', 'talent', name, { limit: 9, ...filter }))
      expect(await named('張偉')).toEqual(['1'])
      expect(await named('zhang wei')).toEqual(['2'])
      expect(await named('ZHANG')).toEqual(['2', '3'])
      expect(await named('jose')).toEqual(['3'])
      expect(await named('zhang', { skill: 'go' })).toEqual(['3'])
      expect(await named('张伟', { city: 'Berlin' })).toEqual([])
      for (const other of ['工程师', 'Wei Smith', '', '?!']) expect(await named(other)).toEqual([])
      // No name counts as a word of the text.
      expect(await find(store(), 'zhang')).toEqual([])
      expect(await find(store(), '张伟')).toEqual(['2'])
      await store().put('a', [entry('1', 2, { name: '李雷' })])
      await store().remove('a', [{ kind: 'talent', id: '2', ver: 2 }])
      expect(await named('张伟')).toEqual([])
      expect(await named('zhang wei')).toEqual([])
      expect(await named('李雷')).toEqual(['1'])
    })

    it('filters by skill and city exactly', async () => {
      await store().put('a', [
        entry('1', 1, { text: 'dev', skills: ['Machine Learning', 'C'], city: 'Shanghai' }),
        entry('2', 1, { text: 'dev', skills: ['Machine', 'C++'], city: 'Shang' }),
      ])
      expect(await find(store(), 'dev', { skill: 'machine learning' })).toEqual(['1'])
      expect(await find(store(), 'dev', { skill: 'C' })).toEqual(['1'])
      expect(await find(store(), 'dev', { city: 'shanghai' })).toEqual(['1'])
      expect(await find(store(), 'dev', { skill: 'C++', city: 'Shanghai' })).toEqual([])
    })

    it('lists what passes the filter, by id, where the query has no word', async () => {
      await store().put('a', [
        entry('2', 1, { skills: ['Go'], city: 'Xian' }),
        entry('1', 1, { skills: ['go'] }),
        entry('3', 1, { skills: ['SQL'] }),
      ])
      await store().put('b', [entry('4', 1, { skills: ['Go'] })])
      expect(await store().text('a', 'talent', ' ?! ', { limit: 9, skill: 'Go' })).toEqual([
        { id: '1', score: 1 },
        { id: '2', score: 1 },
      ])
      expect(await find(store(), '', { skill: 'Go', city: 'xian' })).toEqual(['2'])
      expect(await find(store(), '')).toEqual([])
    })

    it('takes any query text', async () => {
      await store().put('a', [entry('1', 1, { text: 'kafka scope' })])
      const hostile = [
        '"',
        "'",
        '(',
        'NEAR(a b, 2)',
        'a AND',
        'NOT',
        'scope:x',
        'title : kafka',
        '*',
        '^kafka',
        '{',
        'a OR',
        '-',
        '\0',
        '\ud800',
        '""""',
        'words',
        '%',
        '中"国',
        'x'.repeat(1e5),
        '中'.repeat(1e4),
      ]
      for (const query of hostile) expect(Array.isArray(await find(store(), query))).toBe(true)
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 60 }), async (query) => {
          expect(Array.isArray(await find(store(), `${query} kafka`))).toBe(true)
        }),
        { numRuns: 200 },
      )
      expect(await find(store(), '')).toEqual([])
    })

    it('keeps tenants, kinds, fields and spaces apart', async () => {
      for (const tenant of ['a', 'b']) {
        await store().put(tenant, [entry('x', 1, { text: `kafka of${tenant}`, skills: ['Kafka'], city: 'Xian' })])
        await store().putVectors(tenant, [vector('x', 1, tenant === 'a' ? unit(1, 1) : unit(1, -1))])
      }
      await store().put('b', [entry('only-b', 1, { text: 'kafka', skills: ['Kafka'], city: 'Xian' })])
      await store().putVectors('b', [vector('only-b', 1, unit(1, 1))])
      expect(await find(store(), 'kafka', { skill: 'kafka', city: 'xian' })).toEqual(['x'])
      expect(await find(store(), 'ofb')).toEqual([])
      expect(await near(store())).toEqual(['x'])
      expect(await store().text('a', 'position', 'kafka', { limit: 9 })).toEqual([])
      expect(await store().nearest('a', 'position', 'title', 's', unit(1, 1), { limit: 9 })).toEqual([])
      expect(await store().nearest('a', 'talent', 'text', 's', unit(1, 1), { limit: 9 })).toEqual([])
      expect(await near(store(), 'a', 'other')).toEqual([])
      expect([...(await store().vectors('a', 'talent', 's', ['x', 'only-b'])).keys()]).toEqual(['x'])
      await store().remove('a', [
        { kind: 'talent', id: 'x', ver: 2 },
        { kind: 'talent', id: 'only-b', ver: 2 },
      ])
      expect((await find(store(), 'kafka', {}, 'b')).sort()).toEqual(['only-b', 'x'])
      expect(await near(store(), 'b')).toEqual(['only-b', 'x'])
    })

    it('gives exact cosines best first, ties by id, and never a zero vector', async () => {
      await store().putVectors('a', [
        vector('same-b', 1, unit(1, 1)),
        vector('same-a', 1, unit(1, 1)),
        vector('off', 1, unit(1, 0)),
        vector('against', 1, unit(-1, -1)),
        vector('zero', 1, new Float32Array(2)),
        vector('other size', 1, unit(1, 1, 1)),
      ])
      const hits = await store().nearest('a', 'talent', 'title', 's', unit(1, 1), { limit: 10 })
      expect(ids(hits)).toEqual(['same-a', 'same-b', 'off', 'against'])
      for (const [i, cosine] of [1, 1, Math.SQRT1_2, -1].entries()) expect(hits[i]!.score).toBeCloseTo(cosine, 6)
      expect(ids(await store().nearest('a', 'talent', 'title', 's', unit(1, 1), { limit: 1 }))).toEqual(['same-a'])
      expect(await store().nearest('a', 'talent', 'title', 's', new Float32Array(2), { limit: 10 })).toEqual([])
    })

    it('finds the nearest of very many as a plain sort does', async () => {
      const all = Array.from({ length: 10_050 }, (_, i) => ({
        id: `v${i}`,
        title: unit(Math.sin(i * 7.3), Math.cos(i * 1.7), Math.sin(i)),
      }))
      await store().putVectors(
        'a',
        all.map(({ id, title }) => vector(id, 1, title)),
      )
      const asked = unit(1, 2, 3)
      const cosine = (v: Float32Array) => v[0]! * asked[0]! + v[1]! * asked[1]! + v[2]! * asked[2]!
      const expected = all.sort((a, b) => cosine(b.title) - cosine(a.title)).slice(0, 5)
      expect(ids(await store().nearest('a', 'talent', 'title', 's', asked, { limit: 5 }))).toEqual(ids(expected))
    })

    it('gives vectors back as they were put, and drops a field that a newer version lacks', async () => {
      const [title, text] = [Float32Array.from([0.1, -0.2, 3e-7]), unit(1, 2, 3)]
      await store().putVectors('a', [{ kind: 'talent', id: '1', ver: 1, space: 's', vectors: { title, text } }])
      expect((await store().vectors('a', 'talent', 's', ['1', 'none'])).get('1')).toEqual({ title, text })
      await store().putVectors('a', [{ kind: 'talent', id: '1', ver: 2, space: 's', vectors: { text } }])
      expect((await store().vectors('a', 'talent', 's', ['1'])).get('1')).toEqual({ text })
    })

    it('reaches one state by any order and repetition of puts and removals', async () => {
      const step = fc.record({ ver: fc.integer({ min: 1, max: 6 }), removed: fc.boolean() })
      const history = fc.uniqueArray(step, { selector: ({ ver }) => ver, minLength: 1, maxLength: 6 })
      const replay = history.chain((steps) =>
        fc.tuple(fc.constant(steps), fc.shuffledSubarray([...steps, ...steps], { minLength: steps.length })),
      )
      await fc.assert(
        fc.asyncProperty(replay, fc.uuid(), async ([steps, order], tenant) => {
          const all = [...order, ...steps.filter((one) => !order.includes(one))]
          for (const { ver, removed } of all)
            if (removed) await store().remove(tenant, [{ kind: 'talent', id: 'x', ver }])
            else {
              await store().put(tenant, [entry('x', ver, { text: `word${ver}` })])
              await store().putVectors(tenant, [vector('x', ver, unit(1, ver))])
            }
          const last = steps.reduce((a, b) => (a.ver > b.ver ? a : b))
          for (let ver = 1; ver <= 6; ver++)
            expect(await find(store(), `word${ver}`, {}, tenant)).toEqual(!last.removed && ver === last.ver ? ['x'] : [])
          expect((await store().vectors(tenant, 'talent', 's', ['x'])).get('x')?.title).toEqual(
            last.removed ? undefined : unit(1, last.ver),
          )
        }),
        { numRuns: 40 },
      )
    })
  })
}

export function graphContract(name: string, open: Open<Graph>): void {
  const node = (id: string, ver: number, skills: string[], kind: 'talent' | 'position' = 'talent') => ({
    kind,
    id,
    ver,
    edges: skills.map((skill): Edge => ({ type: kind === 'talent' ? 'HAS_SKILL' : 'REQUIRES', to: `skill:${skill}` })),
  })

  suite(name, open, (store) => {
    it('replaces the edges of a node, keeps their properties', async () => {
      const edge: Edge = { type: 'WORKED_AT', to: 'company:某公司', props: { title: '工程师', start: '2019' } }
      await store().put('a', [{ kind: 'talent', id: '1', ver: 1, edges: [edge, { type: 'HAS_SKILL', to: 'skill:go' }] }])
      expect(await store().edges('a', 'talent', '1')).toEqual([{ type: 'HAS_SKILL', to: 'skill:go' }, edge])
      await store().put('a', [node('1', 2, ['rust'])])
      expect(await store().edges('a', 'talent', '1')).toEqual([{ type: 'HAS_SKILL', to: 'skill:rust' }])
    })

    it('counts shared targets, best first, ties by id, without the node itself', async () => {
      await store().put('a', [
        node('me', 1, ['go', 'sql', 'k8s']),
        node('p2', 1, ['go', 'sql'], 'position'),
        node('p1', 1, ['sql', 'go', 'java'], 'position'),
        node('p3', 1, ['k8s'], 'position'),
        node('p4', 1, ['java'], 'position'),
        node('twin', 1, ['go']),
      ])
      const hits = await store().overlap('a', 'talent', 'me', 'position', { limit: 10 })
      expect(hits).toEqual([
        { id: 'p1', score: 2 },
        { id: 'p2', score: 2 },
        { id: 'p3', score: 1 },
      ])
      expect(await store().overlap('a', 'talent', 'me', 'position', { limit: 1 })).toEqual([{ id: 'p1', score: 2 }])
      expect(await store().overlap('a', 'talent', 'me', 'talent', { limit: 9 })).toEqual([{ id: 'twin', score: 1 }])
      expect(await store().overlap('a', 'talent', 'nobody', 'position', { limit: 9 })).toEqual([])
    })

    it('never joins tenants over a name they share, with identical ids', async () => {
      await store().put('a', [node('x', 1, ['go'])])
      await store().put('b', [node('x', 1, ['go', 'sql']), node('p', 1, ['go'], 'position')])
      expect(await store().overlap('a', 'talent', 'x', 'position', { limit: 9 })).toEqual([])
      expect(await store().edges('a', 'talent', 'x')).toHaveLength(1)
      expect(await store().edges('a', 'position', 'p')).toEqual([])
      await store().remove('a', [{ kind: 'talent', id: 'x', ver: 2 }])
      expect(await store().edges('b', 'talent', 'x')).toHaveLength(2)
      expect(await store().overlap('b', 'talent', 'x', 'position', { limit: 9 })).toEqual([{ id: 'p', score: 1 }])
    })

    it('reaches one state by any order and repetition of puts and removals', async () => {
      const step = fc.record({ ver: fc.integer({ min: 1, max: 6 }), removed: fc.boolean() })
      const history = fc.uniqueArray(step, { selector: ({ ver }) => ver, minLength: 1, maxLength: 6 })
      await fc.assert(
        fc.asyncProperty(
          history.chain((steps) => fc.tuple(fc.constant(steps), fc.array(fc.constantFrom(...steps), { maxLength: 8 }))),
          fc.uuid(),
          async ([steps, extra], tenant) => {
            for (const { ver, removed } of [...extra, ...steps, ...extra])
              if (removed) await store().remove(tenant, [{ kind: 'talent', id: 'x', ver }])
              else await store().put(tenant, [node('x', ver, [`s${ver}`])])
            const last = steps.reduce((a, b) => (a.ver > b.ver ? a : b))
            expect(await store().edges(tenant, 'talent', 'x')).toEqual(
              last.removed ? [] : [{ type: 'HAS_SKILL', to: `skill:s${last.ver}` }],
            )
          },
        ),
        { numRuns: 40 },
      )
    })
  })
}

export function blobsContract(
  name: string,
  open: Open<Blobs & { list: () => Promise<string[]>; read: (path: string) => Promise<Buffer> }>,
): void {
  const hello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
  const stream = (...parts: string[]) => Readable.from(parts.map((part) => Buffer.from(part)))
  const put = (store: Blobs, tenant: string, content: Readable, maxBytes = 100) => store.put(tenant, content, { maxBytes })

  suite(name, open, (store) => {
    it('stores under the sha256, once, and gives the bytes back', async () => {
      expect(await put(store(), 'a', stream('hel', 'lo'))).toMatchObject({ sha256: hello, bytes: 5 })
      await Promise.all([put(store(), 'a', stream('hello')), put(store(), 'a', stream('hello'))])
      expect(await store().list()).toHaveLength(1)
      expect((await store().read(await store().file('a', hello))).toString()).toBe('hello')
      expect((await put(store(), 'a', stream())).bytes).toBe(0)
    })

    it('takes a copy back only while it is the only one that was stored', async () => {
      const first = await put(store(), 'a', stream('hello'))
      const second = await put(store(), 'a', stream('hello'))
      expect(first.made).not.toBeNull()
      expect(second.made).toBeNull()
      await store().remove('a', hello, first.made!)
      expect(await store().has('a', hello)).toBe(true)
      await store().remove('a', hello)
      const third = await put(store(), 'a', stream('hello'))
      await store().remove('a', hello, third.made!)
      expect(await store().has('a', hello)).toBe(false)
      await store().remove('a', hello, third.made!)
    })

    it('keeps tenants apart, whatever their names', async () => {
      const tenants = ['a', 'A', '..', '../a', 'a/b', '租户', '', 'con', 'x'.repeat(300)]
      for (const tenant of tenants) {
        expect(await store().has(tenant, hello)).toBe(false)
        await put(store(), tenant, stream('hello'))
        expect(await store().has(tenant, hello)).toBe(true)
      }
      await store().remove('a', hello)
      expect(await store().has('a', hello)).toBe(false)
      expect(await store().has('A', hello)).toBe(true)
      expect(await store().list()).toHaveLength(tenants.length - 1)
    })

    it('answers for names that are no sha256 as for missing files', async () => {
      await put(store(), 'a', stream('hello'))
      for (const name of ['', '..', '../../tmp', hello.toUpperCase(), `${hello}/`, '0'.repeat(64)]) {
        expect(await store().has('a', name)).toBe(false)
        await expect(store().file('a', name)).rejects.toMatchObject({ code: 'blob-missing' })
        await store().remove('a', name)
      }
      expect(await store().has('a', hello)).toBe(true)
    })

    it('leaves nothing behind when the content is too large, fails or ends early', async () => {
      await expect(put(store(), 'a', stream('123456', '7'), 6)).rejects.toMatchObject({ code: 'too-large' })
      expect((await put(store(), 'b', stream('123456'), 6)).bytes).toBe(6)
      const lost = new Error('client went away')
      const failing = Readable.from(
        (async function* () {
          yield Buffer.from('part')
          throw lost
        })(),
      )
      await expect(put(store(), 'a', failing)).rejects.toBe(lost)
      const cut = new Readable({ read() {} })
      cut.push('part')
      const putting = put(store(), 'a', cut)
      cut.destroy()
      await expect(putting).rejects.toThrow()
      expect(await store().list()).toHaveLength(1)
    })
  })
}
