/**
 * The property that a sync stands on: whatever order the states of a source's records arrive in, how often, in pages of which size, and wherever
 * the process dies in between, the stores end up with what the last state of each record says.
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import { canonicalJson } from '../../src/canonical/ids.ts'
import type { Talent } from '../../src/canonical/schema.ts'
import type { SourceRecord } from '../../src/canonical/sync.ts'
import { edgesOf } from '../../src/matching/projections.ts'
import type { Doc, Documents, Graph } from '../../src/stores/ports.ts'
import { applyPage, type Stream } from '../../src/sync/apply.ts'
import { type Contribution, merge, NO_RULES } from '../../src/sync/merge.ts'
import { canonicalId, recordId } from '../../src/sync/records.ts'
import { settleDirty } from '../../src/sync/settle.ts'
import type { Raw } from '../../src/sync/source.ts'
import { projectDirty } from './model.ts'
import { memorySource } from './source.ts'

/** Two ways to read one system: both speak about the same people. */
const SOURCES = ['api', 'database'] as const
const T0 = Date.parse('2026-03-01T00:00:00Z')
const NOW = T0 + 86_400_000

/** No two states of a record have the same time: which of them is the last would be a matter of order then. */
const Events = fc.uniqueArray(
  fc.record({
    source: fc.constantFrom(...SOURCES),
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    at: fc.nat(20).map((n) => T0 + n * 60_000),
    name: fc.constantFrom('林晓', 'Ada Quill', 'Bruno Sato'),
    skills: fc.subarray(['Java', 'Go', 'SQL', '数据分析']),
    deleted: fc.boolean(),
  }),
  { selector: ({ source, id, at }) => `${source} ${id} ${at}`, minLength: 1, maxLength: 24 },
)
type Event = typeof Events extends fc.Arbitrary<(infer E)[]> ? E : never

const Plans = Events.chain((events) =>
  fc.record({
    events: fc.constant(events),
    arrivals: fc
      .array(fc.constantFrom(...events), { maxLength: 12 })
      .chain((again) => fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length })),
    pageSize: fc.integer({ min: 1, max: 8 }),
    fetches: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
    between: fc.array(fc.constantFrom('nothing', 'settle', 'project'), { minLength: 1, maxLength: 5 }),
    /** Calls of a store until the process dies, before or after the last of them took effect; then again for the next process. */
    crashes: fc.array(fc.record({ calls: fc.integer({ min: 1, max: 12 }), done: fc.boolean() }), { maxLength: 6 }),
  }),
)
type Plan = typeof Plans extends fc.Arbitrary<infer P> ? P : never

let tenants = 0

export async function converges(stores: { documents: Documents; graph: Graph }, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(Plans, async (plan) => {
      const tenant = `property-${process.pid}-${++tenants}`
      await play(stores, tenant, plan)
      await compare(stores, tenant, plan.events)
    }),
    { numRuns: runs },
  )
}

class Died extends Error {}
type Life = { crash: Plan['crashes'][number] | undefined; calls: number; dead: boolean }

async function play(stores: { documents: Documents; graph: Graph }, tenant: string, plan: Plan): Promise<void> {
  const { map } = memorySource()
  const crashes = [...plan.crashes]
  const born = () => {
    const life: Life = { crash: crashes.shift(), calls: 0, dead: false }
    return { documents: mortal(stores.documents, life), graph: mortal(stores.graph, life) }
  }
  let own = born()
  const pages: { source: string; raws: Raw[] }[] = []
  for (let i = 0; i < plan.arrivals.length; i += plan.pageSize)
    for (const [source, some] of Map.groupBy(plan.arrivals.slice(i, i + plan.pageSize), (event) => event.source))
      pages.push({ source, raws: some.map(rawOf) })

  // Each process that dies uses up a crash, so this comes to an end.
  for (let i = 0; pages.length > 0; i++) {
    const { source, raws } = pages[0]!
    const stream: Stream = { tenant, source, entity: 'users', map, rules: NO_RULES }
    try {
      await applyPage(own.documents, stream, raws, plan.fetches[i % plan.fetches.length]!, NOW)
      pages.shift()
      const then = plan.between[i % plan.between.length]!
      if (then === 'settle') await settleDirty(own.documents, () => NO_RULES, { tenant, limit: 3 })
      if (then === 'project') await projectDirty(own.documents, own.graph, tenant)
    } catch (error) {
      if (!(error instanceof Died)) throw error
      own = born()
    }
  }
  while ((await settleDirty(stores.documents, () => NO_RULES, { tenant, limit: 100 })) > 0);
  await projectDirty(stores.documents, stores.graph, tenant, 100)
}

const rawOf = ({ id, at, name, skills, deleted }: Event): Raw => ({
  entity: 'users',
  id,
  at,
  ...(deleted && { deleted }),
  value: { name, skills },
})

/** The stores as one process sees them: once it is dead, nothing it still tries has any effect. */
function mortal<T extends object>(store: T, life: Life): T {
  return new Proxy(store, {
    get(target, key) {
      const call = Reflect.get(target, key)
      if (typeof call !== 'function') return call
      return async (...args: unknown[]) => {
        if (life.dead) throw new Died()
        life.dead = life.crash !== undefined && ++life.calls >= life.crash.calls
        if (life.dead && !life.crash?.done) throw new Died()
        const result = await (call as (...args: unknown[]) => Promise<unknown>).apply(target, args)
        if (life.dead) throw new Died()
        return result
      }
    },
  })
}

async function compare({ documents, graph }: { documents: Documents; graph: Graph }, tenant: string, events: Event[]): Promise<void> {
  for (const [id, own] of Map.groupBy(events, (event) => event.id)) {
    const said: Contribution[] = []
    const records: SourceRecord[] = []
    for (const [source, states] of Map.groupBy(own, (event) => event.source)) {
      const last = states.reduce((a, b) => (b.at > a.at ? b : a))
      const { name, skills, at, deleted: gone } = last
      said.push({ source, at, says: { name, skills }, gone })
      const record = await documents.get(tenant, 'record', recordId(tenant, source, { entity: 'users', id }))
      expect(record?.data).toMatchObject({ at, gone })
      records.push(record!.data)
      if (!gone) expect(record?.data).toMatchObject({ says: { name, skills } })
    }
    const key = canonicalId(tenant, 'talent', { system: 'crm', entity: 'users', id })
    const doc = await documents.get(tenant, 'talent', key)
    // What was deleted before anybody saw it never becomes a talent, and says nothing: this alone is a matter of order.
    if (said.every(({ gone }) => gone)) {
      if (!doc) {
        expect(records.map(({ says }) => says)).toEqual(records.map(() => ({})))
        continue
      }
      expect((doc.data as Talent).status).toBe('archived')
    } else expect(doc?.data).toEqual(merge('talent', said, null).data as Talent)
    const edges = (await graph.edges(tenant, 'talent', key)).map((edge) => canonicalJson(edge)).sort()
    expect(edges).toEqual(
      edgesOf(doc as Doc<'talent'>)
        .map((edge) => canonicalJson(edge))
        .sort(),
    )
  }
  const people = new Set(events.map(({ id }) => id))
  expect(await documents.count(tenant, 'talent')).toBeLessThanOrEqual(people.size)
  for (const projection of ['canonical', 'graph'] as const) expect(await documents.dirty(projection, { tenant, limit: 1 })).toEqual([])
}
