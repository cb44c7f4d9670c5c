/**
 * Makes canonical records from what sources and people say. The mark `canonical` of a source record or correction is the outbox: it is cleared
 * only when the canonical record was made from exactly that version, so a crash anywhere leaves a mark for `settleDirty`.
 *
 * Why stale writers cannot win: the canonical record's version is read before anything it is made from, and written only while it still is that
 * version. Whoever writes later has therefore read later. Its `basis` names the revisions it was made from, so that data which happens to be
 * equal still moves the version on and makes a writer that read older ones lose.
 */
import type { Correction } from '../canonical/correction.ts'
import { erasureId, stands } from '../canonical/erasure.ts'
import { canonicalJson } from '../canonical/ids.ts'
import type { CanonicalKind, Conflict, SourceRecord } from '../canonical/sync.ts'
import { AppError, toAppError } from '../errors.ts'
import type { Doc, Documents, DocWrite } from '../stores/ports.ts'
import { forget } from './forget.ts'
import { type Merged, merge, type Rules } from './merge.ts'
import { kindOf, personsOf } from './records.ts'

export type Subject = { kind: CanonicalKind; id: string }
/** A subject and the source records that may be new to it. */
export type Due = Subject & { records: string[] }
export type Settled = { subject: Subject; ver: number; outcome: 'created' | 'updated' | 'unchanged' | 'gone'; conflict: Conflict | null }

/** Each round one of the rivals gets through. */
const ROUNDS = 50

/** Any number of subjects of one tenant, no subject twice. */
export async function settle(documents: Documents, tenant: string, due: Due[], rules: Rules): Promise<Settled[]> {
  const done: Settled[] = []
  let open = due
  for (let round = 0; open.length > 0; round++) {
    if (round === ROUNDS) throw new AppError('store-down', 'too many writers at the same records')
    const lost: Due[] = []
    for (const [kind, some] of Map.groupBy(open, (one) => one.kind))
      lost.push(...(await settleKind(documents, tenant, kind, some, rules, done)))
    open = lost
  }
  return done
}

/** One try. Answers those that somebody else wrote in between. */
async function settleKind(
  documents: Documents,
  tenant: string,
  kind: CanonicalKind,
  due: Due[],
  rules: Rules,
  done: Settled[],
): Promise<Due[]> {
  const ids = due.map(({ id }) => id)
  const asked = new Set(ids)
  const before = await byId(documents, tenant, kind, ids)
  const known = await byId(documents, tenant, 'conflict', ids)
  const recordsOf = (one: Due) => [...new Set([...(before.get(one.id)?.source.records ?? []), ...one.records])].sort()
  const records = await byId(documents, tenant, 'record', [...new Set(due.flatMap(recordsOf))])
  const corrections = await byId(documents, tenant, 'correction', ids)
  const saysOf = (one: Due) => recordsOf(one).flatMap((id) => records.get(id) ?? [])
  const personsIn = (one: Due) => (kind === 'talent' ? [one.id] : [...saysOf(one), before.get(one.id)].flatMap(personsNamed))
  const persons = [...new Set(due.flatMap(personsIn))]
  const erased = await erasedAmong(documents, tenant, persons)
  const isBarred = (doc: Doc | undefined) => personsNamed(doc).some((person) => erased.has(person))

  const conflicts: DocWrite[] = []
  const writes: DocWrite[] = []
  const made = new Map<string, { due: Due; made: Made }>()
  const gone: string[] = []
  /** Source records that name an erased person: what is made of the others stays. */
  const barred: { id: string; subject: string }[] = []
  for (const one of due) {
    const says = saysOf(one)
    const own = says.filter((record) => !isBarred(record))
    for (const record of says) if (isBarred(record)) barred.push({ id: record.id, subject: one.id })
    const result = make(kind, one.id, own, corrections.get(one.id), rules)
    if (!result) {
      gone.push(one.id)
      continue
    }
    made.set(one.id, { due: one, made: result })
    const was = known.get(one.id)
    const source = { by: 'sync' as const }
    if (was || result.conflict)
      conflicts.push({
        kind: 'conflict',
        id: one.id,
        data: result.conflict ?? { subject: { kind, id: one.id }, fields: {} },
        source,
        expect: was?.ver ?? 0,
        basis: result.basis,
      })
    writes.push({
      kind,
      id: one.id,
      data: result.data,
      source: { ...source, externalId: result.externalId, records: own.map(({ id }) => id) },
      expect: before.get(one.id)?.ver ?? 0,
      basis: result.basis,
    })
  }

  const lost = new Set<string>()
  // Marked, since they go only when nothing is made of them any more: whoever dies before that comes back to them.
  await documents.redo(
    'canonical',
    tenant,
    'record',
    barred.flatMap(({ id }) => (records.get(id)!.dirty.canonical === undefined ? [id] : [])),
  )
  // A talent is taken away by its erasure itself.
  if (kind === 'relation')
    for (const id of gone)
      if (isBarred(before.get(id)) || barred.some(({ subject }) => subject === id))
        if (!(await removeRelation(documents, tenant, id, before.get(id)))) lost.add(id)

  // First the conflicts: the canonical record is the commit, and who loses it comes back for both.
  for (const id of stale(await documents.put(tenant, conflicts))) lost.add(id)
  const results = await documents.put(
    tenant,
    writes.filter(({ id }) => !lost.has(id)),
  )
  for (const id of stale(results)) lost.add(id)
  // An order that is given meanwhile makes the write of its talent lose, but not that of a relation, which it may not have found yet.
  const since = kind === 'relation' ? await erasedAmong(documents, tenant, persons) : erased
  for (const one of due) if (personsIn(one).some((person) => since.has(person) && !erased.has(person))) lost.add(one.id)

  for (const { id, ver, outcome } of results)
    if (outcome !== 'stale' && !lost.has(id)) done.push({ subject: { kind, id }, ver, outcome, conflict: made.get(id)!.made.conflict })
  for (const id of gone)
    if (!lost.has(id)) done.push({ subject: { kind, id }, ver: before.get(id)?.ver ?? 0, outcome: 'gone', conflict: null })
  for (const { id, subject } of barred)
    if (!lost.has(subject)) for (const what of ['record', 'reject'] as const) await documents.remove(tenant, what, id)

  // What was read is in the canonical record now; what has been said since keeps its mark.
  const settled = (id: string) => asked.has(id) && !lost.has(id)
  await documents.clean('canonical', [
    ...[...records.values()].filter((doc) => doc.dirty.canonical !== undefined && settled(subjectOf(doc))),
    ...[...corrections.values()].filter((doc) => doc.dirty.canonical !== undefined && settled(doc.id)),
  ])
  return due.filter(({ id }) => lost.has(id))
}

/** False where somebody has written it since it was read as `doc`. */
async function removeRelation(documents: Documents, tenant: string, id: string, doc: Doc | undefined): Promise<boolean> {
  if (doc && !doc.deleted && !(await documents.remove(tenant, 'relation', id, doc.ver))) return false
  await forget(documents, tenant, 'relation', id)
  return true
}

/** Those of the persons who are erased. Read after the version that is written over: an order that is given later makes the write lose. */
async function erasedAmong(documents: Documents, tenant: string, persons: string[]): Promise<Set<string>> {
  const orders = await byId(
    documents,
    tenant,
    'erasure',
    persons.map((id) => erasureId(tenant, id)),
  )
  return new Set([...orders.values()].filter(stands).map((order) => order.data.subject))
}

/** What canonical records should hold by what is said now; those with something unsettled are left out. */
export async function expected(
  documents: Documents,
  tenant: string,
  kind: CanonicalKind,
  docs: Doc<CanonicalKind>[],
  rules: Rules,
): Promise<Map<string, Merged['data']>> {
  const records = await byId(
    documents,
    tenant,
    'record',
    docs.flatMap(({ source }) => source.records ?? []),
  )
  const corrections = await byId(
    documents,
    tenant,
    'correction',
    docs.map(({ id }) => id),
  )
  const should = new Map<string, Merged['data']>()
  for (const { id, source } of docs) {
    const own = (source.records ?? []).flatMap((record) => records.get(record) ?? [])
    const correction = corrections.get(id)
    if (own.some((record) => record.dirty.canonical !== undefined) || correction?.dirty.canonical !== undefined) continue
    const made = make(kind, id, own, correction, rules)
    if (made) should.set(id, made.data)
  }
  return should
}

type Made = Merged & { conflict: Conflict | null; basis: string; externalId: string }
/** Null where nobody says anything: what was deleted before it was ever seen is kept as a source record only. */
function make(
  kind: CanonicalKind,
  id: string,
  records: Doc<'record'>[],
  correction: Doc<'correction'> | undefined,
  rules: Rules,
): (Made & { data: Merged['data'] }) | null {
  const living = records.filter((record) => !record.deleted && !record.data.unseen && record.data.subject.id === id)
  if (living.length === 0) return null
  const { data, conflicts } = merge(
    kind,
    living.map(({ data: said }) => said),
    correctionOf(correction),
    rules,
  )
  const fields = Object.keys(conflicts).length > 0 ? conflicts : null
  const { system, entity, id: externalId } = living[0]!.data.key
  return {
    data,
    conflicts,
    conflict: fields && { subject: { kind, id }, fields },
    basis: canonicalJson([living.map((record) => [record.id, record.data.rev]), correctionOf(correction)]),
    externalId: `${system}:${entity}:${externalId}`,
  }
}
const stale = (results: { id: string; outcome: string }[]): string[] =>
  results.flatMap(({ id, outcome }) => (outcome === 'stale' ? [id] : []))
const correctionOf = (doc: Doc<'correction'> | undefined): Correction | null => (doc && !doc.deleted ? doc.data : null)

/** Talents that a source record or a relation tells of. */
function personsNamed(doc: Doc | undefined): string[] {
  if (!doc || doc.deleted) return []
  if (doc.kind === 'record') return personsOf(doc.data as SourceRecord)
  return doc.kind === 'relation' ? personsOf({ subject: { kind: 'relation', id: doc.id }, says: { ...doc.data } }) : []
}
const subjectOf = (record: Doc<'record'>): string => (record.deleted ? '' : record.data.subject.id)

async function byId<K extends 'record' | 'correction' | 'conflict' | 'erasure' | CanonicalKind>(
  documents: Documents,
  tenant: string,
  kind: K,
  ids: string[],
): Promise<Map<string, Doc<K>>> {
  return new Map((await documents.many(tenant, kind, ids, { tombstones: true })).map((doc) => [doc.id, doc]))
}

/**
 * What a crash left between a source record and the canonical one, oldest first, over all tenants. Answers how many subjects were looked at. One
 * that fails costs no other; its error is thrown at the end.
 */
export async function settleDirty(
  documents: Documents,
  rulesOf: (tenant: string) => Rules,
  options: { tenant?: string; limit: number },
): Promise<number> {
  const dirty = await documents.dirty('canonical', options)
  let subjects = 0
  const errors: unknown[] = []
  for (const [tenant, docs] of Map.groupBy(dirty, (doc) => doc.tenant)) {
    const due = new Map<string, Due>()
    const add = (kind: CanonicalKind, id: string, records: string[]) => {
      const one = due.get(id) ?? { kind, id, records: [] }
      one.records.push(...records)
      due.set(id, one)
    }
    for (const doc of docs) {
      if (doc.kind === 'record' && !doc.deleted) {
        const { subject } = doc.data as SourceRecord
        add(subject.kind, subject.id, [doc.id])
      } else if (doc.kind === 'correction' && kindOf(doc.id)) add(kindOf(doc.id)!, doc.id, [])
    }
    errors.push(...(await settleEach(documents, tenant, [...due.values()], rulesOf(tenant))))
    // An erased record says nothing any more.
    await documents.clean(
      'canonical',
      docs.filter((doc) => doc.kind === 'record' && doc.deleted),
    )
    subjects += due.size
  }
  if (errors.length > 0) throw errors[0]
  return subjects
}

/** All at once, and one by one where that fails. Answers what failed; throws where the store is at fault. */
async function settleEach(documents: Documents, tenant: string, due: Due[], rules: Rules): Promise<unknown[]> {
  try {
    await settle(documents, tenant, due, rules)
    return []
  } catch (error) {
    if (toAppError(error).row.retry === 'park') throw error
    if (due.length === 1) return [error]
    const errors: unknown[] = []
    for (const one of due) errors.push(...(await settleEach(documents, tenant, [one], rules)))
    return errors
  }
}
