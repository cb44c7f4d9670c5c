import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Edge, Graph } from '../../src/stores/ports.ts'
import { type Open, suite } from './suite.ts'

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
