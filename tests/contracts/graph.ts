import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Edge, Graph } from '../../src/stores/ports.ts'
import { type Open, suite, UNICODE } from './suite.ts'

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

    it('gives back any name and any property exactly, and never takes one for another', async () => {
      const names = [...UNICODE.filter((name) => name.isWellFormed()), '|', 'a|b', '%7C', 'x'.repeat(20_000), `${'x'.repeat(20_000)}y`]
      const edges = names.map(
        (name): Edge => ({ type: 'HAS_SKILL', to: `skill:${name}`, props: { name, deep: [{ null: null, half: '\ud83d', n: 1.5 }] } }),
      )
      await store().put('a', [{ kind: 'talent', id: 'all', ver: 1, edges }])
      const found = new Map((await store().edges('a', 'talent', 'all')).map((edge) => [edge.to, edge]))
      expect(found).toEqual(new Map(edges.map((edge) => [edge.to, edge])))
      const pairs = [...names, ''].flatMap((id) => ['a', 'a|b', '租户', '%7C', ''].map((tenant) => ({ tenant, id })))
      for (const [i, { tenant, id }] of pairs.entries()) await store().put(tenant, [node(id, 1, [`s${i}`], 'position')])
      for (const [i, { tenant, id }] of pairs.entries())
        expect(await store().edges(tenant, 'position', id)).toEqual([{ type: 'REQUIRES', to: `skill:s${i}` }])
    })

    it('takes the new properties of an edge that stays, the last of two alike, and the higher of two versions', async () => {
      const knows = (props?: Edge['props']): Edge => ({ type: 'HAS_SKILL', to: 'skill:go', ...(props ? { props } : {}) })
      const put = (ver: number, ...edges: Edge[]) => store().put('a', [{ kind: 'talent', id: 'x', ver, edges }])
      await put(1, knows({ years: 1 }))
      await put(2, knows({ years: 2 }), knows({ years: 3 }))
      expect(await store().edges('a', 'talent', 'x')).toEqual([knows({ years: 3 })])
      await put(3, knows())
      expect(await store().edges('a', 'talent', 'x')).toEqual([knows()])
      await store().put('a', [node('x', 5, ['five']), node('x', 7, ['seven']), node('x', 6, ['six']), node('x', 7, ['late'])])
      expect(await store().edges('a', 'talent', 'x')).toEqual([{ type: 'HAS_SKILL', to: 'skill:seven' }])
    })

    it('lists versions by pages, removed nodes too, of one tenant and kind', async () => {
      await store().put('a', [node('1', 5, ['go']), node('2', 6, []), node('3', 7, ['sql']), node('p', 1, [], 'position')])
      await store().put('ab', [node('1', 9, [])])
      await store().put('a|b', [node('1', 9, [])])
      await store().remove('a', [{ kind: 'talent', id: '2', ver: 8 }])
      const all = [
        { id: '1', ver: 5 },
        { id: '2', ver: 8 },
        { id: '3', ver: 7 },
      ]
      expect(await store().versions('a', 'talent', { limit: 10 })).toEqual(all)
      expect(await store().versions('a', 'talent', { limit: 2 })).toEqual(all.slice(0, 2))
      expect(await store().versions('a', 'talent', { after: '2', limit: 2 })).toEqual(all.slice(2))
      expect(await store().versions('nobody', 'talent', { limit: 2 })).toEqual([])
    })

    describe('companies and relations', () => {
      const props = { type: 'applied', strength: null, status: '已投递' }
      const relation = (id: string, ver: number, from: string, to: string) => ({
        kind: 'relation' as const,
        id,
        ver,
        edges: [
          { type: 'FROM', to: from, props },
          { type: 'TO', to, props },
        ] as Edge[],
      })
      const leading = (id: string, page: { after?: string; limit: number } = { limit: 9 }, tenant = 'a') =>
        store().relationsOf(tenant, { kind: 'talent', id }, page)

      it('lead to documents of any kind, known or not, and are found from there by pages', async () => {
        const edges: Edge[] = [{ type: 'CALLED', to: 'company:澄湖网络' }]
        await store().put('a', [
          { kind: 'company', id: 'c', ver: 1, edges },
          node('t', 1, ['go']),
          relation('r1', 1, 'talent#t', 'company#c'),
        ])
        await store().put('a', [relation('r2', 1, 'talent#t', 'position#later'), relation('r3', 1, 'talent#other', 'talent#t')])
        expect(await store().edges('a', 'company', 'c')).toEqual(edges)
        expect(await store().edges('a', 'relation', 'r2')).toEqual(relation('r2', 1, 'talent#t', 'position#later').edges)
        expect(await leading('t')).toEqual(['r1', 'r2', 'r3'])
        expect(await leading('t', { limit: 2 })).toEqual(['r1', 'r2'])
        expect(await leading('t', { after: 'r2', limit: 2 })).toEqual(['r3'])
        expect(await store().relationsOf('a', { kind: 'company', id: 'c' }, { limit: 9 })).toEqual(['r1'])
        expect(await store().relationsOf('a', { kind: 'position', id: 't' }, { limit: 9 })).toEqual([])
        expect(await leading('t', { limit: 9 }, 'b')).toEqual([])
        // What a talent shares with others are names, not relations.
        expect(await store().overlap('a', 'talent', 't', 'talent', { limit: 9 })).toEqual([])
      })

      it('make no versions of what they lead to, and do not outrank it when it comes', async () => {
        await store().put('a', [relation('r', 1, 'talent#t', 'position#p')])
        expect(await store().versions('a', 'talent', { limit: 9 })).toEqual([])
        await store().put('a', [node('t', 1, ['go'])])
        await store().remove('a', [{ kind: 'position', id: 'p', ver: 1 }])
        expect(await store().versions('a', 'talent', { limit: 9 })).toEqual([{ id: 't', ver: 1 }])
        expect(await store().edges('a', 'talent', 't')).toEqual([{ type: 'HAS_SKILL', to: 'skill:go' }])
        expect(await leading('t')).toEqual(['r'])
        await store().put('a', [relation('r', 2, 'talent#u', 'position#p')])
        expect([await leading('t'), await leading('u')]).toEqual([[], ['r']])
        await store().remove('a', [{ kind: 'relation', id: 'r', ver: 3 }])
        await store().put('a', [relation('r', 2, 'talent#u', 'position#p')])
        expect(await leading('u')).toEqual([])
        expect(await store().versions('a', 'relation', { limit: 9 })).toEqual([{ id: 'r', ver: 3 }])
      })
    })

    it('takes any number at once, and none', async () => {
      await store().put('a', [])
      await store().remove('a', [])
      const nodes = Array.from({ length: 2500 }, (_, i) => node(`n${i}`, 1, ['common', `s${i % 50}`, `own${i}`, `even${i - (i % 2)}`]))
      await store().put('a', nodes)
      expect(await store().edges('a', 'talent', 'n2499')).toHaveLength(4)
      const hits = await store().overlap('a', 'talent', 'n0', 'talent', { limit: 60 })
      expect(hits.slice(0, 3)).toEqual(['n1', 'n100', 'n1000'].map((id) => ({ id, score: 2 })))
      expect(hits.map(({ score }) => score).lastIndexOf(2)).toBe(49)
      await store().remove('a', [...nodes.slice(0, 2400), node('never', 1, [])])
      expect(await store().edges('a', 'talent', 'n2399')).toHaveLength(4)
      await store().remove(
        'a',
        nodes.map((one) => ({ ...one, ver: 2 })),
      )
      expect(await store().edges('a', 'talent', 'n2399')).toEqual([])
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
