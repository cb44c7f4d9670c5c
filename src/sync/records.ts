/** Source records: from what a connector read to what is kept of it, and whether it is newer than what is kept already. Pure. */
import type { z } from 'zod'
import { canonicalJson, derivedId } from '../canonical/ids.ts'
import type { CanonicalKind, SourceRecord } from '../canonical/sync.ts'
import { AppError, type Fault } from '../errors.ts'
import type { Doc } from '../stores/ports.ts'
import { SCHEMAS } from './merge.ts'
import type { Key, Mapped, Raw } from './source.ts'

const PREFIX: Record<CanonicalKind, string> = { talent: 't', position: 'p', company: 'c', relation: 'rel' }
/** Undefined for an id that no canonical record has. */
export const kindOf = (id: string): CanonicalKind | undefined =>
  (Object.keys(PREFIX) as CanonicalKind[]).find((kind) => id.startsWith(`${PREFIX[kind]}_`))
/** The canonical record that a key of a source system stands for: the same through whichever connector it is read. */
export const canonicalId = (tenant: string, kind: CanonicalKind, { system, entity, id }: Key): string =>
  derivedId(PREFIX[kind], tenant, system, entity, id)

/** As many as there are streams; every record asks for its own. */
const prefixes = new Map<string, string>()
/** Begins the ids of all records of one stream, so that they are one range. */
export function recordPrefix(tenant: string, source: string, entity: string): string {
  const stream = `${tenant}\0${source}\0${entity}`
  const prefix = prefixes.get(stream) ?? `${derivedId('r', tenant, source, entity).slice(0, 14)}_`
  prefixes.set(stream, prefix)
  return prefix
}
export const recordId = (tenant: string, source: string, { entity, id }: Pick<Raw, 'entity' | 'id'>): string =>
  derivedId(recordPrefix(tenant, source, entity).slice(0, -1), tenant, source, entity, id)

export type Incoming = Omit<SourceRecord, 'fetch' | 'rev'> & { id: string }

/**
 * Checks and addresses what a connector mapped. Throws `record-rejected` with a fault per field where the record cannot be used. A field that
 * does not fit is left out, with a fault, as long as the record can do without it.
 */
export function incoming(tenant: string, source: string, raw: Raw, map: (raw: Raw) => Mapped): Incoming {
  const mapped = map(raw)
  const faults = [...mapped.faults]
  const data = mapped.kind === 'relation' ? { ...mapped.data, ...endsOf(tenant, mapped.data) } : mapped.data
  const says = fitting(mapped.kind, data, faults)
  // Whole kinds must be whole; a talent may be anything down to a name.
  const whole = SCHEMAS[mapped.kind].safeParse(Object.fromEntries(Object.entries(says).filter(([, value]) => value !== null)))
  if (!whole.success && !raw.deleted)
    throw new AppError('record-rejected', undefined, {
      faults: whole.error.issues.slice(0, 20).map((issue) => ({ pointer: `/${issue.path.join('/')}`, detail: issue.message })),
    })
  return {
    id: recordId(tenant, source, raw),
    source,
    key: mapped.key,
    subject: { kind: mapped.kind, id: canonicalId(tenant, mapped.kind, mapped.key) },
    at: raw.at,
    says,
    extra: Object.fromEntries(mapped.unknown.map((name) => [name, raw.value[name] ?? null])),
    faults,
    gone: raw.deleted === true,
  }
}

function fitting(kind: CanonicalKind, data: Record<string, unknown>, faults: Fault[]): Record<string, unknown> {
  const shape = SCHEMAS[kind].shape as Record<string, z.ZodType>
  const says: Record<string, unknown> = {}
  for (const [path, value] of Object.entries(data)) {
    if (value === undefined) continue
    if (value === null) says[path] = null
    else {
      const parsed = shape[path]?.safeParse(value)
      if (parsed?.success) says[path] = parsed.data
      else faults.push({ pointer: `/${path}`, detail: parsed?.error.issues[0]?.message ?? 'is not a field of this kind' })
    }
  }
  return says
}

function endsOf(tenant: string, { from, to }: Extract<Mapped, { kind: 'relation' }>['data']) {
  const end = ({ kind, key }: typeof from) => ({ kind, id: canonicalId(tenant, kind, key) })
  const ends = { from: end(from), to: end(to) }
  if (ends.from.kind === ends.to.kind && ends.from.id === ends.to.id)
    throw new AppError('record-rejected', undefined, { faults: [{ pointer: '/to', detail: 'a record cannot be related to itself' }] })
  return ends
}

/** Ids of the talents that a record tells of. */
export function personsOf({ subject, says }: Pick<SourceRecord, 'subject' | 'says'>): string[] {
  if (subject.kind !== 'relation') return subject.kind === 'talent' ? [subject.id] : []
  const ends = [says.from, says.to] as (Subject | null | undefined)[]
  return ends.flatMap((end) => (end?.kind === 'talent' ? [end.id] : []))
}
type Subject = SourceRecord['subject']

export type Decision =
  | { outcome: 'inserted' | 'updated' | 'deleted'; record: SourceRecord }
  /** Same content with a later time: kept, so that an older state that comes late loses against it; nothing is made from it. */
  | { outcome: 'unchanged'; record: SourceRecord | null }
  | { outcome: 'stale' }

/**
 * A record wins by its source time, and by the number of its fetch where the times are equal or
 * missing. A stored tombstone is an erased person: nothing brings it back, unless the erasure was `lifted`.
 */
export function decide(known: Doc<'record'> | undefined, { id: _, ...next }: Incoming, fetch: number, lifted = false): Decision {
  const stored = known?.deleted && lifted ? undefined : known
  if (!stored)
    return next.gone
      ? { outcome: 'deleted', record: { ...unsaid(next), fetch, rev: 1 } }
      : { outcome: 'inserted', record: { ...next, fetch, rev: 1 } }
  if (stored.deleted) return { outcome: 'stale' }
  const was = stored.data
  const order = next.at === null || was.at === null ? 0 : next.at - was.at
  if (order < 0 || (order === 0 && fetch < was.fetch)) return { outcome: 'stale' }
  if (next.gone && was.unseen) return { outcome: 'unchanged', record: order > 0 ? { ...was, at: next.at, fetch } : null }
  // A source that says no more than "deleted" leaves what it said before.
  const says = next.gone && Object.keys(next.says).length === 0 ? was.says : next.says
  const equal = canonicalJson([says, next.extra, next.subject, next.gone]) === canonicalJson([was.says, was.extra, was.subject, was.gone])
  if (equal) return { outcome: 'unchanged', record: order > 0 ? { ...was, at: next.at, fetch } : null }
  const outcome = next.gone && !was.gone ? 'deleted' : 'updated'
  return { outcome, record: { ...next, says, at: next.at ?? was.at, fetch, rev: was.rev + 1 } }
}

/**
 * Who was deleted before anybody saw them becomes no talent, so an erasure would not find them here: nothing of them is kept. Other kinds are
 * treated alike. By this alone, and not by what was made of it yet, it is known: so a crash makes no difference.
 */
const unsaid = (record: Omit<Incoming, 'id'>): Omit<Incoming, 'id'> & { unseen: true } => ({
  ...record,
  key: { ...record.key, id: '' },
  says: {},
  extra: {},
  faults: [],
  unseen: true,
})
