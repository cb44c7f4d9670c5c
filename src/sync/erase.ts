/**
 * Erases a person from everything that Looma holds. The order is stored first and marked, so whatever dies on the way, the next tick goes on; and
 * it stays, so that neither a sync nor a batch nor a file brings the person back.
 */
import { type Erasure, erasureId, stands } from '../canonical/erasure.ts'
import { AppError } from '../errors.ts'
import type { Person } from '../ledger/person.ts'
import type { Ledger } from '../ledger/ports.ts'
import type { Logger } from '../log.ts'
import { project } from '../matching/project.ts'
import { textsOf } from '../matching/projections.ts'
import type { Embedder } from '../models/ports.ts'
import type { Doc, DocKind, Documents, Stores } from '../stores/ports.ts'
import { forget } from './forget.ts'
import type { Rules } from './merge.ts'
import { outOfRelations } from './relations.ts'

/** `sign` makes a statement (JWS, compact) of claims that hold no personal data. */
export type EraseDeps = {
  stores: Stores
  ledger: Ledger
  embedder: Embedder
  /** Tells every process that caches vectors; `keys` are separated by a space. */
  signals: { send(signal: { type: 'forget'; keys: string }): void }
  sources: { rules(tenant: string): Rules }
  sign: (claims: Record<string, unknown>) => Promise<string>
}

const source = { by: 'api' as const }
const PAGE = 200

/** `talent` is null where it is gone already; `proven` is an order of which this Looma has nothing but the proof. */
type Ordered = { tenant: string; subject: string; talent: Doc<'talent'> | null; by: string; proven?: Earlier }
type Earlier = NonNullable<Erasure['earlier']>[number]

/** Stores the order. Asked again, answers the one that stands. Throws `not-acceptable-now` where another call changes it at the same time. */
export async function orderErasure(
  { documents, embedder }: { documents: Documents; embedder: Embedder },
  { tenant, subject, talent, by, proven }: Ordered,
  now: Date,
): Promise<Doc<'erasure'>> {
  const id = erasureId(tenant, subject)
  const before = await documents.get(tenant, 'erasure', id)
  const unknown = proven && ![before?.data, ...(before?.data.earlier ?? [])].some((order) => order?.proof === proven.proof)
  if (before && stands(before) && !unknown) return before
  if (before && stands(before)) {
    const data = { ...before.data, earlier: [...(before.data.earlier ?? []), proven!] }
    return write(documents, before, { ...before, data })
  }
  const earlier = [...(before && !before.deleted ? [...(before.data.earlier ?? []), ended(before.data)] : []), ...(proven ? [proven] : [])]
  const data: Erasure = {
    subject,
    status: 'open',
    by,
    requestedAt: now.toISOString(),
    completedAt: null,
    traces: talent && tracesOf(talent, embedder),
    removed: {},
    proof: null,
    ...(earlier.length > 0 && { earlier }),
  }
  return write(documents, before, { tenant, id, data })
}

async function write(
  documents: Documents,
  before: Doc<'erasure'> | null,
  { tenant, id, data }: Pick<Doc<'erasure'>, 'tenant' | 'id' | 'data'>,
): Promise<Doc<'erasure'>> {
  const [put] = await documents.put(tenant, [{ kind: 'erasure', id, data, source, expect: before?.ver ?? 0 }])
  if (put!.outcome === 'stale') throw new AppError('not-acceptable-now', 'another call has just changed the erasure; ask again')
  return (await documents.get(tenant, 'erasure', id))!
}

function tracesOf(talent: Doc<'talent'>, embedder: Embedder): Erasure['traces'] {
  const { title, text } = textsOf(talent)
  const from = talent.source
  return {
    blob: from.blob ?? null,
    externalId: from.by === 'api' ? (from.externalId ?? null) : null,
    vectors: embedder.keysOf([title, text]),
  }
}

const ended = ({ by, requestedAt, completedAt, proof, lifted }: Erasure): Earlier => ({ by, requestedAt, completedAt, proof, lifted })

/**
 * Does all that can be done now. Answers the order: still open while items of the person are being worked on. One that is done is carried out again
 * as far as that needs no traces, since a store may have been restored from before it. Throws what a store threw.
 */
export async function carryOut(deps: EraseDeps, order: Doc<'erasure'>, at: Date): Promise<Doc<'erasure'>> {
  const { documents } = deps.stores
  const { tenant, data } = order
  const { subject } = data
  const again = data.status !== 'open'
  const { removed: now, open } = await removeAll(deps, tenant, subject, data.traces)
  if (again) {
    await documents.clean('canonical', [order])
    return order
  }
  const removed = { ...data.removed }
  for (const [what, n] of Object.entries(now)) removed[what] = (removed[what] ?? 0) + n
  const done = open === 0
  const completedAt = done ? at.toISOString() : null
  const next: Erasure = { ...data, removed, ...(done && { status: 'done', completedAt, traces: null }) }
  if (done) next.proof = await deps.sign(claimsOf(tenant, next))
  const [put] = await documents.put(tenant, [{ kind: 'erasure', id: order.id, data: next, source, expect: order.ver }])
  const stored = (await documents.get(tenant, 'erasure', order.id))!
  // Only what was written here is known to be done.
  if (done && put!.outcome !== 'stale') await documents.clean('canonical', [stored])
  return stored
}

/** What a proof states of an order that is done. */
const claimsOf = (tenant: string, { subject, requestedAt, completedAt, removed }: Erasure) => ({
  tenant,
  subject,
  requestedAt,
  completedAt,
  removed,
})

/** Signs the proof of an order that is done anew: its signature is of a secret that is no longer used. */
export async function signAgain({ stores, sign }: Pick<EraseDeps, 'stores' | 'sign'>, order: Doc<'erasure'>): Promise<Doc<'erasure'>> {
  const { tenant, data } = order
  return write(stores.documents, order, { ...order, data: { ...data, proof: await sign(claimsOf(tenant, data)) } })
}

/** What was removed, by kind of thing, and how many items of the person are still being worked on. */
async function removeAll(
  { stores, ledger, embedder, signals, sources }: EraseDeps,
  tenant: string,
  subject: string,
  traces: Erasure['traces'],
): Promise<{ removed: Record<string, number>; open: number }> {
  const { documents } = stores
  const { blob, externalId, vectors } = traces ?? { blob: null, externalId: null }
  const removed: Record<string, number> = {}
  const count = (what: string, n: number) => {
    if (n > 0) removed[what] = (removed[what] ?? 0) + n
  }
  const forgotten = await forget(documents, tenant, 'talent', subject)
  for (const [kind, n] of Object.entries(forgotten.removed)) count(kind, n)
  if (blob && (await stores.blobs.has(tenant, blob))) {
    await stores.blobs.remove(tenant, blob)
    count('file', 1)
  }
  count('relation', await outOfRelations({ stores, embedder, rules: sources.rules(tenant) }, tenant, subject))
  count('match of a position', await outOfMatches(documents, tenant, subject))
  count('dry run', await outOfRuns(documents, tenant, subject))
  const work = await eraseWork(ledger, tenant, { subject, blob, externalId })
  count('item', work.items)
  await project(stores, embedder, [forgotten.gone], { lane: 'interactive' })
  if (vectors) signals.send({ type: 'forget', keys: vectors.join(' ') })
  return { removed, open: work.open }
}

/** Goes on with orders that were not finished, over all tenants. One that fails costs no other. */
export async function resumeErasures(deps: EraseDeps, log: Logger, limit: number): Promise<void> {
  const orders = (await deps.stores.documents.dirty('canonical', { limit })).filter((doc): doc is Doc<'erasure'> => doc.kind === 'erasure')
  for (const order of orders)
    try {
      if (order.deleted || order.data.status !== 'open') await deps.stores.documents.clean('canonical', [order])
      else await carryOut(deps, order, new Date())
    } catch (err) {
      log.warn({ err, tenant: order.tenant, erasure: order.id }, 'an erasure is not done yet and will go on')
    }
}

/** Those of the talents that were erased. What somebody who did not know yet has written of them is taken away again. */
export async function turnAway(documents: Documents, tenant: string, talents: string[]): Promise<Set<string>> {
  if (talents.length === 0) return new Set()
  const orders = (
    await documents.many(
      tenant,
      'erasure',
      talents.map((id) => erasureId(tenant, id)),
    )
  ).filter(stands)
  for (const { data } of orders) await forget(documents, tenant, 'talent', data.subject)
  return new Set(orders.map(({ data }) => data.subject))
}

async function* all<K extends DocKind>(documents: Documents, tenant: string, kind: K): AsyncGenerator<Doc<K>> {
  for (let after = ''; ; ) {
    const page = await documents.page(tenant, kind, { after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)!.id
  }
}

/** A match that is made anew meanwhile no longer finds the person. */
async function outOfMatches(documents: Documents, tenant: string, subject: string): Promise<number> {
  let n = 0
  for await (const { id, data, source: made, ver } of all(documents, tenant, 'match')) {
    const results = data.results.filter((result) => result.id !== subject)
    if (results.length === data.results.length) continue
    const [put] = await documents.put(tenant, [{ kind: 'match', id, data: { ...data, results }, source: made, expect: ver }])
    if (put!.outcome !== 'stale') n++
  }
  return n
}

async function outOfRuns(documents: Documents, tenant: string, subject: string): Promise<number> {
  let n = 0
  for await (const { id, data, source: made, ver } of all(documents, tenant, 'run')) {
    // A relation names its ends in its fields.
    const diff = data.diff?.filter((one) => !JSON.stringify(one).includes(subject))
    if (!diff || diff.length === data.diff!.length) continue
    await documents.put(tenant, [{ kind: 'run', id, data: { ...data, diff }, source: made, expect: ver }])
    n++
  }
  return n
}

async function eraseWork(ledger: Ledger, tenant: string, person: Person): Promise<{ items: number; open: number }> {
  const total = { items: 0, open: 0 }
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<Ledger['erase']>> = await ledger.erase(tenant, person, { after, limit: PAGE })
    total.items += page.items
    total.open += page.open
    if (page.next === null) return total
    after = page.next
  }
}
