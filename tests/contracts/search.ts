import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Search, SearchEntry } from '../../src/stores/ports.ts'
import { type Open, suite, UNICODE } from './suite.ts'

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

    it('lists versions of entries and of vectors by pages, removed ones too', async () => {
      const s = store()
      await s.put('a', [entry('1', 5), entry('2', 6), entry('3', 7), { ...entry('p', 1), kind: 'position' }])
      await s.put('ab', [entry('1', 9)])
      await s.putVectors('a', [vector('1', 5, unit(1, 1)), vector('2', 6, undefined), vector('3', 6, unit(1, 0), 'other')])
      await s.remove('a', [{ kind: 'talent', id: '2', ver: 8 }])
      const all = [
        { id: '1', ver: 5 },
        { id: '2', ver: 8 },
        { id: '3', ver: 7 },
      ]
      expect(await s.versions('a', 'talent', null, { limit: 10 })).toEqual(all)
      expect(await s.versions('a', 'talent', null, { limit: 2 })).toEqual(all.slice(0, 2))
      expect(await s.versions('a', 'talent', null, { after: '2', limit: 2 })).toEqual(all.slice(2))
      expect(await s.versions('a', 'talent', 's', { limit: 10 })).toEqual(all.slice(0, 2))
      expect(await s.versions('a', 'talent', 's', { after: '1', limit: 10 })).toEqual(all.slice(1, 2))
      expect(await s.versions('nobody', 'talent', null, { limit: 2 })).toEqual([])
      // What was removed and is there again counts as it is there.
      await s.put('a', [entry('2', 9)])
      expect((await s.versions('a', 'talent', null, { limit: 10 }))[1]).toEqual({ id: '2', ver: 9 })
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

    it('takes thousands at once, under any id, and each is found, read and removed by it', async () => {
      const odd = [
        ...UNICODE.filter((id) => id.isWellFormed()),
        'a,b',
        'a/b',
        '../x',
        '#',
        'x'.repeat(600),
        `${'x'.repeat(600)}y`,
        '中'.repeat(300),
      ]
      const all = [...odd, ...Array.from({ length: 2000 }, (_, i) => `职位-${i}`)]
      const putAll = async (ver: number) => {
        await store().put(
          'a',
          all.map((id) => entry(id, ver, { text: 'kafka', skills: ['Go'] })),
        )
        await store().putVectors(
          'a',
          all.map((id) => vector(id, ver, unit(1, 1))),
        )
      }
      await putAll(1)
      const everyone = all.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      for (let again = 0; again < 2; again++) {
        expect(ids(await store().text('a', 'talent', 'kafka', { limit: 5000 }))).toEqual(everyone)
        expect(ids(await store().text('a', 'talent', '', { limit: 7, skill: 'go' }))).toEqual(everyone.slice(0, 7))
        expect(ids(await store().nearest('a', 'talent', 'title', 's', unit(1, 1), { limit: 5000 })).sort()).toEqual(all.toSorted())
        expect((await store().vectors('a', 'talent', 's', all)).size).toBe(all.length)
        await putAll(2)
      }
      await store().remove(
        'a',
        all.slice(1).map((id) => ({ kind: 'talent', id, ver: 3 })),
      )
      expect(await find(store(), 'kafka')).toEqual([all[0]])
      expect(await near(store())).toEqual([all[0]])
      expect([...(await store().vectors('a', 'talent', 's', all)).keys()]).toEqual([all[0]])
    })

    it('finds nothing where nothing was put, reads nothing where nothing is asked, and writes nothing', async () => {
      expect(await find(store(), 'kafka')).toEqual([])
      expect(await near(store())).toEqual([])
      expect((await store().vectors('a', 'talent', 's', ['x'])).size).toBe(0)
      await store().put('a', [])
      await store().putVectors('a', [])
      await store().remove('a', [])
      await store().put('a', [entry('x', 1, { text: 'kafka' })])
      await store().putVectors('a', [vector('x', 1, unit(1, 1))])
      expect((await store().vectors('a', 'talent', 's', [])).size).toBe(0)
      expect(await store().nearest('a', 'talent', 'title', 's', unit(1, 1), { limit: 0 })).toEqual([])
      expect(await store().text('a', 'talent', 'kafka', { limit: 0 })).toEqual([])
    })

    it('finds words in any of their forms', async () => {
      await store().put('a', [entry('x', 1, { text: 'Managed K8s clusters, APIs and résumés; studies of caches' })])
      for (const word of ['managing', 'k8', 'cluster', 'api', 'resume', 'Résumé', 'study', 'caching'])
        expect(await find(store(), word)).toEqual(['x'])
      for (const word of ['man', 'clus', 'cash']) expect(await find(store(), word)).toEqual([])
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
