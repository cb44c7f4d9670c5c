import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Company, Relation } from '../../src/canonical/incoming.ts'
import type { Talent } from '../../src/canonical/schema.ts'
import type { Documents, DocWrite } from '../../src/stores/ports.ts'
import { type Open, suite, talent, UNICODE } from './suite.ts'

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

    it('lists versions by pages, with what a projection has not taken over; tombstones apart', async () => {
      const s = store()
      const put = await s.put('a', [
        write('1'),
        write('2'),
        write('3'),
        { ...write('1'), kind: 'reading', data: { fields: [], blocks: [] } },
      ])
      await s.put('b', [write('1')])
      await s.remove('a', 'talent', '2')
      await s.clean('graph', [{ tenant: 'a', kind: 'talent', id: '1', ver: put[0]!.ver }])
      const [one, three] = [put[0]!.ver, put[2]!.ver]
      expect(await s.versions('a', 'talent', 'graph', { limit: 10, deleted: false })).toEqual([
        { id: '1', ver: one, pending: false },
        { id: '3', ver: three, pending: true },
      ])
      expect(await s.versions('a', 'talent', 'search', { limit: 1, deleted: false })).toEqual([{ id: '1', ver: one, pending: true }])
      expect(await s.versions('a', 'talent', 'graph', { after: '1', limit: 5, deleted: false })).toEqual([
        { id: '3', ver: three, pending: true },
      ])
      const gone = (await s.get('a', 'talent', '2'))!
      expect(await s.versions('a', 'talent', 'graph', { limit: 5, deleted: true })).toEqual([{ id: '2', ver: gone.ver, pending: true }])
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

    it('marks companies and relations for the graph alone, tombstones too', async () => {
      const source = { by: 'sync' as const }
      const ends = { from: { kind: 'talent', id: 't' }, to: { kind: 'company', id: 'c' } } as const
      const [company, relation] = await store().put('a', [
        { kind: 'company', id: 'c', data: Company.parse({ name: '澄湖网络' }), source },
        { kind: 'relation', id: 'r', data: Relation.parse({ type: 'applied', ...ends }), source },
      ])
      expect((await store().get('a', 'company', 'c'))?.dirty).toEqual({ graph: company!.ver })
      expect((await store().dirty('graph', { limit: 9 })).map(({ kind }) => kind)).toEqual(['company', 'relation'])
      expect(await store().dirty('search', { limit: 9 })).toEqual([])
      await store().clean('graph', [{ tenant: 'a', kind: 'relation', id: 'r', ver: relation!.ver }])
      await store().remove('a', 'relation', 'r')
      const gone = (await store().get('a', 'relation', 'r'))!
      expect(gone.dirty).toEqual({ graph: gone.ver })
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

    it('writes only over the version expected; one that lost is told what stands', async () => {
      const [first] = await store().put('a', [{ ...write('1', { name: 'A' }), expect: 0 }])
      expect(first?.outcome).toBe('created')
      const [late, twice] = await store().put('a', [
        { ...write('1', { name: 'B' }), expect: 0 },
        { ...write('1', { name: 'C' }), expect: first!.ver },
      ])
      expect([late, twice?.outcome]).toEqual([{ id: '1', ver: first!.ver, outcome: 'stale' }, 'updated'])
      // Equal content does not help one that expects another version.
      expect((await store().put('a', [{ ...write('1', { name: 'C' }), expect: first!.ver }]))[0]?.outcome).toBe('stale')
      expect((await store().get('a', 'talent', '1'))?.data.name).toBe('C')
      expect(await store().remove('a', 'talent', '1', first!.ver)).toBe(false)
      expect(await store().remove('a', 'talent', '1', twice!.ver)).toBe(true)
      expect((await store().put('a', [{ ...write('1'), expect: 0 }]))[0]?.outcome).toBe('stale')
      const [tomb] = await store().many('a', 'talent', ['1'], { tombstones: true })
      expect(tomb?.deleted).toBe(true)
      expect((await store().put('a', [{ ...write('1'), expect: tomb!.ver }]))[0]?.outcome).toBe('created')
    })

    it('lets one of many that expect the same version through', async () => {
      const [first] = await store().put('a', [write('1', { name: 'first' })])
      const rivals = Array.from({ length: 8 }, (_, i) => ({ ...write('1', { name: `rival ${i}` }), expect: first!.ver }))
      const outcomes = (await Promise.all(rivals.map((rival) => store().put('a', [rival])))).flat().map(({ outcome }) => outcome)
      expect(outcomes.filter((outcome) => outcome === 'updated')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'stale')).toHaveLength(7)
    })

    it('takes equal data on another basis for a change', async () => {
      const [first] = await store().put('a', [{ ...write('1'), basis: 'r@1' }])
      const [same] = await store().put('a', [{ ...write('1'), basis: 'r@1' }])
      const [other] = await store().put('a', [{ ...write('1'), basis: 'r@2' }])
      expect([same?.outcome, other?.outcome]).toEqual(['unchanged', 'updated'])
      expect(other!.ver).toBeGreaterThan(first!.ver)
    })

    it('pages from the newest id down', async () => {
      await store().put(
        'a',
        ['1', '3', '2', '4'].map((id) => write(id)),
      )
      await store().remove('a', 'talent', '3')
      const first = await store().page('a', 'talent', { newest: true, limit: 2 })
      const rest = await store().page('a', 'talent', { newest: true, limit: 2, after: first.at(-1)!.id })
      expect([first, rest].map((page) => page.map(({ id }) => id))).toEqual([['4', '2'], ['1']])
    })

    it('knows which tenants have schedules, over all of them', async () => {
      const data = {
        name: 'nightly',
        cron: '@daily',
        zone: 'UTC',
        missed: 'one' as const,
        windowMinutes: 60,
        overlap: 'skip' as const,
        jitterSeconds: 0,
        paused: false,
        items: [{ type: 'match', talentId: 't' }],
        next: 1,
        running: [],
        buffered: null,
        claims: [],
      }
      expect(await store().tenants('schedule')).toEqual([])
      for (const [tenant, id] of [
        ['b', '1'],
        ['b', '2'],
        ['a', '1'],
        ['c', '1'],
      ] as const)
        await store().put(tenant, [{ kind: 'schedule', id, data, source: { by: 'api' } }])
      await store().put('d', [write('1')])
      await store().remove('c', 'schedule', '1')
      await store().remove('b', 'schedule', '1')
      expect(await store().tenants('schedule')).toEqual(['a', 'b'])
      expect(await store().get('a', 'schedule', '1')).toMatchObject({ data, dirty: {} })
    })

    it('marks what sources and people say for the canonical document, and nothing else for it', async () => {
      const source = { by: 'sync' as const }
      const data = {
        source: 'crm',
        key: { system: 'crm', entity: 'users', id: '7' },
        subject: { kind: 'talent' as const, id: '1' },
        at: null,
        fetch: 1,
        rev: 1,
        says: { name: '王芳' },
        extra: {},
        faults: [],
        gone: false,
      }
      const [record] = await store().put('a', [{ kind: 'record', id: 'r', data, source }])
      await store().put('a', [write('1'), { kind: 'correction', id: '1', data: { fields: {} }, source }])
      expect((await store().get('a', 'record', 'r'))?.dirty).toEqual({ canonical: record!.ver })
      expect((await store().dirty('canonical', { tenant: 'a', limit: 9 })).map(({ kind }) => kind)).toEqual(['record', 'correction'])
      expect((await store().dirty('search', { limit: 9 })).map(({ kind }) => kind)).toEqual(['talent'])
      await store().clean('canonical', [{ tenant: 'a', kind: 'record', id: 'r', ver: record!.ver }])
      expect((await store().get('a', 'record', 'r'))?.dirty).toEqual({})
      await store().redo('search', 'a', 'record', ['r'])
      await store().redo('canonical', 'a', 'record', ['r'])
      expect((await store().get('a', 'record', 'r'))?.dirty).toEqual({ canonical: record!.ver })
      await store().remove('a', 'record', 'r')
      expect(JSON.stringify(await store().get('a', 'record', 'r'))).not.toContain('王芳')
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
