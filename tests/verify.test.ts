/** Verification: finds whatever was done to a store behind Looma's back, and repairs by marking. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Company, Relation } from '../src/canonical/incoming.ts'
import { Talent } from '../src/canonical/schema.ts'
import { project } from '../src/matching/project.ts'
import { repairProjection, verifyProjection } from '../src/matching/verify.ts'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import { openGraph } from '../src/stores/graph.sqlite.ts'
import type { Blobs, Stores } from '../src/stores/ports.ts'
import { openSearch } from '../src/stores/search.sqlite.ts'
import { NO_RULES } from '../src/sync/merge.ts'
import { canonicalId } from '../src/sync/records.ts'
import { runSync } from '../src/sync/run.ts'
import { settleDirty } from '../src/sync/settle.ts'
import { repairSources, verifySources } from '../src/sync/verify.ts'
import { NO_MODEL } from './no-model.ts'
import { memorySource } from './sync/source.ts'

const PLACES = ['search', 'graph', 'vectors'] as const
let stores: Stores
let close: () => void
beforeEach(async () => {
  const [documents, graph, search] = [openDocuments(':memory:'), openGraph(':memory:'), openSearch(':memory:')]
  stores = { documents, graph, search, blobs: {} as Blobs }
  close = () => {
    for (const store of [documents, graph, search]) store.close()
  }
})
afterEach(() => close())

const sweepAll = async () => {
  for (const place of PLACES) await project(stores, NO_MODEL, await stores.documents.dirty(place, { limit: 5000 }))
}
const differences = async () => {
  const all = await Promise.all(PLACES.map((place) => verifyProjection(stores, 'a', place, NO_MODEL.space)))
  return Object.fromEntries(all.map((one) => [one.projection, one.differences.map(({ kind, id, what }) => `${kind} ${id} ${what}`)]))
}
const repair = async () => {
  for (const place of PLACES) await repairProjection(stores, 'a', await verifyProjection(stores, 'a', place, NO_MODEL.space))
}
const NOTHING = { search: [], graph: [], vectors: [] }
const source = { by: 'api' as const }
const fill = async (n: number) => {
  const data = (i: number) => Talent.parse({ name: `Talent ${i}`, skills: ['Go'] })
  await stores.documents.put(
    'a',
    Array.from({ length: n }, (_, i) => ({ kind: 'talent' as const, id: `t_${i}`, data: data(i), source })),
  )
}

describe('projections', () => {
  it('nothing differs after a sweep, nor while it is due, nor where something was deleted', async () => {
    await fill(1500)
    expect(await differences()).toEqual(NOTHING)
    await sweepAll()
    expect(await verifyProjection(stores, 'a', 'graph', 'none')).toMatchObject({ documents: 1500, pending: 0, unequal: 0 })
    await stores.documents.remove('a', 'talent', 't_7')
    expect(await differences()).toEqual(NOTHING)
    await sweepAll()
    expect(await differences()).toEqual(NOTHING)
    // Of another tenant nothing is looked at.
    await stores.graph.put('b', [{ kind: 'talent', id: 't_1', ver: 2 ** 52, edges: [] }])
    expect(await differences()).toEqual(NOTHING)
  })

  it('looks at companies and relations in the graph, where a repair mends them too', async () => {
    const { documents, graph } = stores
    const ends = { from: { kind: 'talent', id: 't_1' }, to: { kind: 'company', id: 'c_1' } } as const
    await documents.put('a', [
      { kind: 'company', id: 'c_1', data: Company.parse({ name: 'Brindle Works' }), source },
      { kind: 'relation', id: 'rel_1', data: Relation.parse({ type: 'applied', ...ends }), source },
    ])
    await sweepAll()
    expect(await differences()).toEqual(NOTHING)
    await documents.put('a', [{ kind: 'company', id: 'c_1', data: Company.parse({ name: 'Brindle Ltd' }), source }])
    await documents.clean('graph', await documents.dirty('graph', { limit: 9 }))
    await graph.put('a', [{ kind: 'relation', id: 'rel_ghost', ver: 5, edges: [{ type: 'FROM', to: 'talent#t_1' }] }])
    await graph.put('a', [{ kind: 'company', id: 'c_ghost', ver: 5, edges: [] }])
    expect(await differences()).toEqual({
      ...NOTHING,
      graph: ['company c_1 stale', 'company c_ghost orphan', 'relation rel_ghost orphan'],
    })
    await repair()
    await sweepAll()
    expect(await differences()).toEqual(NOTHING)
    expect(await graph.relationsOf('a', { kind: 'talent', id: 't_1' }, { limit: 9 })).toEqual(['rel_1'])
    expect(await graph.edges('a', 'company', 'c_1')).toEqual([{ type: 'CALLED', to: 'company:brindle ltd' }])
  })

  it('finds what is missing, old, from the future and known to nobody, in each store; a repair and a sweep mend it', async () => {
    await fill(1500)
    await sweepAll()
    const { documents, graph, search } = stores
    // Lost by clearing marks of what was never projected.
    await documents.put('a', [{ kind: 'talent', id: 't_new', data: Talent.parse({ name: 'New' }), source }])
    await documents.put('a', [{ kind: 'talent', id: 't_5', data: Talent.parse({ name: 'Changed' }), source }])
    await documents.remove('a', 'talent', 't_6')
    for (const id of ['t_new', 't_5', 't_6']) {
      const doc = (await documents.get('a', 'talent', id))!
      for (const place of PLACES) await documents.clean(place, [doc])
    }
    const far = 2 ** 52
    for (const id of ['t_8', 't_ghost']) {
      await graph.put('a', [{ kind: 'talent', id, ver: far, edges: [{ type: 'HAS_SKILL', to: 'skill:Fake' }] }])
      await search.put('a', [{ kind: 'talent', id, ver: far, name: 'Fake', title: '', text: '', skills: [], city: null }])
      await search.putVectors('a', [{ kind: 'talent', id, ver: far, space: NO_MODEL.space, vectors: {} }])
    }
    const wrong = ['talent t_5 stale', 'talent t_6 stale', 'talent t_8 ahead', 'talent t_ghost orphan', 'talent t_new missing']
    expect(await differences()).toEqual({ search: wrong, graph: wrong, vectors: wrong })
  })

  it('repairs by marking: a sweep later nothing differs', async () => {
    await fill(50)
    await sweepAll()
    const { documents, graph, search } = stores
    await documents.put('a', [{ kind: 'talent', id: 't_5', data: Talent.parse({ name: 'Changed', skills: ['SQL'] }), source }])
    const doc = (await documents.get('a', 'talent', 't_5'))!
    for (const place of PLACES) await documents.clean(place, [doc])
    // As after a restore of older documents: the store has a version that the clock has not reached yet by a little.
    const ahead = (await documents.get('a', 'talent', 't_8'))!.ver + 1
    await graph.put('a', [{ kind: 'talent', id: 't_8', ver: ahead, edges: [] }])
    await search.put('a', [{ kind: 'talent', id: 't_ghost', ver: ahead, name: 'Ghost', title: '', text: '', skills: [], city: null }])
    expect(await differences()).toEqual({
      search: ['talent t_5 stale', 'talent t_ghost orphan'],
      graph: ['talent t_5 stale', 'talent t_8 ahead'],
      vectors: ['talent t_5 stale'],
    })
    await repair()
    await sweepAll()
    expect(await differences()).toEqual(NOTHING)
    expect((await graph.edges('a', 'talent', 't_5')).map(({ to }) => to)).toEqual(['skill:sql'])
    expect(await graph.edges('a', 'talent', 't_8')).toHaveLength(1)
    expect(await search.named('a', 'talent', 'Ghost', { limit: 5 })).toEqual([])
  })
})

describe('canonical records', () => {
  it('are what their sources say; what was changed or lost behind their back is settled again', async () => {
    const { documents } = stores
    const from = memorySource()
    const at = Date.parse('2026-03-01T00:00:00Z')
    for (let i = 0; i < 30; i++) from.set(String(i), at, { name: `Talent ${i}` })
    const run = {
      documents,
      source: from,
      name: 'crm',
      tenant: 'a',
      rules: NO_RULES,
      lagMs: 0,
      pageSize: 10,
      now: () => at,
      signal: new AbortController().signal,
    }
    await runSync(run, { mode: 'full' }, 'r_1')
    const look = () => verifySources(documents, 'a', NO_RULES)
    expect(await look()).toEqual({ canonical: 30, records: 30, differences: [] })
    const id = (n: number) => canonicalId('a', 'talent', { system: 'crm', entity: 'users', id: String(n) })
    const doc = (await documents.get('a', 'talent', id(3)))!
    await documents.put('a', [{ kind: 'talent', id: id(3), data: { ...doc.data, name: 'Mallory' }, source: doc.source }])
    await documents.remove('a', 'talent', id(4))
    const wrong = await look()
    expect(wrong.differences.map((one) => [one.id, one.what])).toEqual([
      [id(3), 'other data'],
      [id(4), 'missing'],
    ])
    await repairSources(documents, 'a', wrong)
    while ((await settleDirty(documents, () => NO_RULES, { tenant: 'a', limit: 100 })) > 0);
    expect(await look()).toEqual({ canonical: 30, records: 30, differences: [] })
    expect((await documents.get('a', 'talent', id(3)))!.data.name).toBe('Talent 3')
  })
})
