/**
 * A model check of the sync on the real code: edits in a source with coarse times and late commits, two runners, a settler, two projectors and
 * an eraser that race, each of which may be killed before or after any store call. Afterwards everything that is left to do is done, and the
 * stores must equal what the source says. `break` switches one safeguard off: the check must then find states that differ.
 */
import { setImmediate as macrotask } from 'node:timers/promises'
import { seeded } from '../../samples/zervigo/data.ts'
import { canonicalJson } from '../../src/canonical/ids.ts'
import type { Talent } from '../../src/canonical/schema.ts'
import { project } from '../../src/matching/project.ts'
import { edgesOf } from '../../src/matching/projections.ts'
import { openDocuments } from '../../src/stores/documents.sqlite.ts'
import { openGraph } from '../../src/stores/graph.sqlite.ts'
import type { Doc, Documents, Graph, Search, Stores } from '../../src/stores/ports.ts'
import { forget } from '../../src/sync/forget.ts'
import { merge, NO_RULES } from '../../src/sync/merge.ts'
import { canonicalId, recordId } from '../../src/sync/records.ts'
import { runSync } from '../../src/sync/run.ts'
import { settleDirty } from '../../src/sync/settle.ts'
import type { Page, Source } from '../../src/sync/source.ts'
import { NO_MODEL } from '../no-model.ts'
import { memorySource } from './source.ts'

export const CONTROLS = {
  'cursor before data': 'the cursor moves past a page that is not stored yet',
  'exclusive lower bound': 'an incremental run begins after its watermark',
  'no version gate': 'the graph takes any version',
  'clear without compare': 'marks are cleared whatever was written since',
  'real deletes': 'the graph forgets the version of what it deleted',
  'no overlap': 'an incremental run reads nothing from before its watermark again',
  'no expectation': 'canonical records are written over whatever is there',
} as const
export type Control = keyof typeof CONTROLS

/** So coarse that two edits often have the same time. */
const TICK_MS = 120_000
const LAG_MS = 30 * 60_000
const IDS = ['a', 'b', 'c', 'd', 'e', 'f']

class Killed extends Error {}

export type Outcome = { differs: string[]; kills: number; steps: number }

/** One run of the model; `documents` and `graph` may be shared, each run has its own tenant. */
export async function check(seed: number, stores: { documents: Documents; graph: Graph }, broken?: Control): Promise<Outcome> {
  const random = seeded(seed)
  const chance = (p: number) => random() < p
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  // The overlap must cover how late a commit is seen and how coarse the times are. It also repairs much that the gates are for, so it is no
  // longer than that.
  const isLate = seed % 3 === 0
  const tickMs = seed % 3 === 2 ? 1 : TICK_MS
  const lagMs = isLate ? LAG_MS : seed % 3 === 1 ? TICK_MS : 0
  const overlapMs = broken === 'exclusive lower bound' || broken === 'no overlap' ? 0 : lagMs
  const tenant = `t${broken ?? ''}${seed}`
  let now = Date.parse('2026-01-01T00:00:00Z')
  let kills = 0
  let quiet = false

  // The source.
  const source = memorySource()
  const late: { due: number; id: string; at: number; name: string }[] = []
  const erased = new Set<string>()
  const edit = () => {
    const id = pick(IDS)
    const at = Math.floor(now / tickMs) * tickMs
    const name = `${id}${Math.floor(random() * (chance(0.5) ? 2 : 6))}`
    // A transaction that is seen later than its time says; never longer than the lag allows.
    if (isLate && chance(0.4)) late.push({ due: now + random() * (LAG_MS - 3 * TICK_MS), id, at, name })
    else setRow(id, at, name)
  }
  const setRow = (id: string, at: number, name: string) => {
    const row = source.rows.get(id)
    if (row && row.at! > at) return
    source.set(id, at, { name, skills: [`skill ${name}`] })
  }
  const commitLate = () => {
    for (const one of late.splice(0)) {
      if (one.due > now) late.push(one)
      else setRow(one.id, one.at, one.name)
    }
  }

  // Whoever wants to do something waits here until it is its turn.
  const waiting: { go: (kill: boolean) => void }[] = []
  const turn = () => new Promise<boolean>((go) => void waiting.push({ go }))

  /** The stores as one process sees them: after a kill nothing it still tries has any effect. */
  function handle<T extends object>(store: T, isDead: () => boolean, kill: () => never): T {
    return new Proxy(store, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          if (isDead()) throw new Killed()
          if (await turn()) kill()
          if (isDead()) throw new Killed()
          const result = await (value as (...args: unknown[]) => Promise<unknown>).apply(target, args)
          // Done, but nobody was told.
          if (!quiet && chance(0.01)) kill()
          return result
        }
      },
    })
  }

  // A lease only saves work: nothing may depend on it.
  const documents = weaken(seed % 2 === 0 ? stores.documents : withoutLeases(stores.documents), broken)
  const graph = weakenGraph(stores.graph, broken)
  const source_ = weakenSource(source, broken)

  /** Runs `work` again and again, with new hands after each kill, until everything is to end. */
  async function actor(work: (stores: { documents: Documents; graph: Graph }, attempt: number) => Promise<void>): Promise<void> {
    for (let attempt = 0; !quiet; attempt++) {
      let dead = false
      const kill = (): never => {
        dead = true
        kills++
        throw new Killed()
      }
      const own = { documents: handle(documents, () => dead, kill), graph: handle(graph, () => dead, kill) }
      try {
        await work(own, attempt)
      } catch (error) {
        const code = (error as { code?: string }).code
        if (!dead && !(error instanceof Killed) && code !== 'sync-busy' && code !== 'sync-fenced') throw error
        dead = true
      }
      await turn()
    }
  }

  let runs = 0
  const sync = async (own: Documents, id: string, mode: 'full' | 'incremental') => {
    await runSync(
      {
        documents: own,
        source: source_,
        name: 'crm',
        tenant,
        rules: NO_RULES,
        lagMs: overlapMs,
        pageSize: 2,
        now: () => now,
        signal: new AbortController().signal,
      },
      { mode, confirmDeletes: true },
      id,
    )
  }
  function runner(name: string) {
    let id: string | null = null
    let mode: 'full' | 'incremental' = 'incremental'
    return actor(async (own) => {
      if (id === null || chance(0.2)) {
        id = `${name}${++runs}`
        mode = chance(0.15) ? 'full' : 'incremental'
      }
      await sync(own.documents, id, mode)
      id = null
    })
  }
  const settler = () => actor(async (own) => void (await settleDirty(own.documents, () => NO_RULES, { tenant, limit: 3 })))
  const projector = () => actor((own) => projectDirty(own.documents, own.graph, tenant))
  /** Whom somebody has asked to erase: goes on until it is done. */
  const toErase = new Set<string>()
  const eraser = () =>
    actor(async (own) => {
      if (chance(0.02)) toErase.add(pick(IDS))
      for (const id of toErase) {
        await forget(own.documents, tenant, 'talent', keyOf(tenant, id))
        toErase.delete(id)
      }
    })

  const work = Promise.all([runner('one'), runner('two'), settler(), settler(), projector(), projector(), eraser()])
  const failed = work.catch((error: unknown) => error)
  let steps = 0
  /** Stopped in the middle of something, to go on much later as if nothing had happened. */
  let frozen: { until: number; one: (typeof waiting)[number] }[] = []
  const thaw = (all: boolean) => {
    for (const { one } of frozen.filter(({ until }) => all || until <= steps)) waiting.push(one)
    frozen = frozen.filter(({ until }) => !all && until > steps)
  }
  const step = async (kill: boolean) => {
    await macrotask()
    thaw(quiet)
    if (!quiet && waiting.length > 2 && chance(0.08))
      frozen.push({ until: steps + 20 + Math.floor(random() * 100), one: waiting.splice(Math.floor(random() * waiting.length), 1)[0]! })
    const next = waiting.splice(Math.floor(random() * waiting.length), 1)[0]
    next?.go(kill)
    steps++
  }
  const lastEdit = 150 + Math.floor(random() * 100)
  for (let i = 0; i < 500; i++) {
    if (i < lastEdit && chance(0.08)) for (let n = 0; n < 3; n++) if (n === 0 || chance(0.5)) edit()
    if (i === lastEdit) now += LAG_MS
    // Mostly a step, now and then so long a pause that a lease runs out while its holder still lives.
    now += chance(0.02) ? 300_000 : chance(0.1) ? 40_000 : 200
    commitLate()
    await step(chance(0.02))
  }
  quiet = true
  thaw(true)
  while (waiting.length > 0) await step(false)
  for (let i = 0; i < 100 && (await Promise.race([failed.then(() => true), macrotask(false)])) === false; i++)
    while (waiting.length > 0) await step(false)
  const error = await failed
  if (error instanceof Error) throw error

  for (const id of toErase) {
    await forget(documents, tenant, 'talent', keyOf(tenant, id))
  }
  // Whose record is a tombstone was known and is to stay away; who was erased before they were known may come.
  for (const id of IDS) {
    const [record] = await stores.documents.many(tenant, 'record', [recordId(tenant, 'crm', { entity: 'users', id })], { tombstones: true })
    if (record?.deleted) erased.add(id)
  }
  // Quiet: one more incremental run, then what the marks say.
  now += 200_000
  await sync(documents, 'last', 'incremental')
  while ((await settleDirty(documents, () => NO_RULES, { tenant, limit: 100 })) > 0);
  await projectDirty(documents, graph, tenant, 100)
  return { differs: await compare(stores, tenant, source.rows, erased), kills, steps }
}

const keyOf = (tenant: string, id: string) => canonicalId(tenant, 'talent', { system: 'crm', entity: 'users', id })

/** What is only projected to the graph here: the search store and its vectors go by the same rules, and have their own contract tests. */
const NOWHERE = new Proxy({}, { get: () => async () => undefined }) as Search
export async function projectDirty(documents: Documents, graph: Graph, tenant: string, limit = 3): Promise<void> {
  const docs = await documents.dirty('graph', { tenant, limit })
  await project({ documents, graph, search: NOWHERE, blobs: NOWHERE as never } satisfies Stores, NO_MODEL, docs.map(onlyGraph))
}
const onlyGraph = (doc: Doc): Doc => ({ ...doc, dirty: { graph: doc.dirty.graph } })

async function compare(
  { documents, graph }: { documents: Documents; graph: Graph },
  tenant: string,
  rows: ReturnType<typeof memorySource>['rows'],
  erased: Set<string>,
): Promise<string[]> {
  const differs: string[] = []
  for (const id of IDS) {
    const key = keyOf(tenant, id)
    const doc = await documents.get(tenant, 'talent', key)
    const row = rows.get(id)
    if (erased.has(id)) {
      if (doc && !doc.deleted) differs.push(`${id}: erased, yet there`)
      if ((await graph.edges(tenant, 'talent', key)).length > 0) differs.push(`${id}: erased, yet in the graph`)
      continue
    }
    const want = row ? (merge('talent', [{ source: 'crm', at: row.at, says: row.value, gone: false }], null).data as Talent) : null
    const have = doc && !doc.deleted ? (doc.data as Talent) : null
    if (canonicalJson(have) !== canonicalJson(want))
      differs.push(`${id}: has ${have?.name ?? 'nothing'}, should be ${want?.name ?? 'nothing'}`)
    const edges = (await graph.edges(tenant, 'talent', key)).map(({ to }) => to)
    const wanted = doc && !doc.deleted ? edgesOf(doc as Doc<'talent'>).map(({ to }) => to) : []
    if (canonicalJson(edges.sort()) !== canonicalJson(wanted.sort())) differs.push(`${id}: graph has ${edges}, should have ${wanted}`)
  }
  return differs
}

function withoutLeases(documents: Documents): Documents {
  return {
    ...documents,
    async get(tenant, kind, id) {
      const doc = await documents.get(tenant, kind, id)
      if (doc?.kind === 'cursor' && !doc.deleted) (doc as Doc<'cursor'>).data.lease = null
      return doc
    },
  }
}

function weaken(documents: Documents, broken?: Control): Documents {
  const own: Documents = { ...documents }
  switch (broken) {
    case 'clear without compare':
      own.clean = async (projection, done) => {
        const now = await Promise.all(
          done.map(async (one) => ({ ...one, ver: (await documents.get(one.tenant, one.kind, one.id))?.ver ?? one.ver })),
        )
        await documents.clean(projection, now)
      }
      break
    case 'no expectation':
      own.put = (tenant, writes) =>
        documents.put(
          tenant,
          writes.map((write) => (write.kind === 'talent' ? { ...write, expect: undefined } : write)),
        )
      break
  }
  return own
}

function weakenGraph(graph: Graph, broken?: Control): Graph {
  if (broken !== 'no version gate' && broken !== 'real deletes') return graph
  let next = 2 ** 52
  const deleted = new Set<string>()
  return {
    ...graph,
    put: (tenant, nodes) =>
      graph.put(
        tenant,
        nodes.map((node) => (broken === 'no version gate' || deleted.has(node.id) ? { ...node, ver: next++ } : node)),
      ),
    async remove(tenant, gone) {
      for (const { id } of gone) deleted.add(id)
      await graph.remove(tenant, broken === 'no version gate' ? gone.map((one) => ({ ...one, ver: next++ })) : gone)
    },
  }
}

function weakenSource(source: Source, broken?: Control): Source {
  if (broken === 'exclusive lower bound')
    return { ...source, changes: (entity, options) => source.changes(entity, { ...options, since: options.since + 1 }) }
  if (broken !== 'cursor before data') return source
  async function* early(pages: AsyncIterable<Page>): AsyncIterable<Page> {
    let held: Page | null = null
    for await (const page of pages) {
      if (held) yield { ...held, checkpoint: page.checkpoint }
      held = page
    }
    if (held) yield held
  }
  return {
    ...source,
    scan: (entity, options) => early(source.scan(entity, options)),
    changes: (entity, options) => early(source.changes(entity, options)),
  }
}

export const openModelStores = () => ({ documents: openDocuments(':memory:'), graph: openGraph(':memory:') })
