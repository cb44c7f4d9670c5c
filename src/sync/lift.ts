/** Takes an erasure back: who was erased has come again, and wants to be found. What was erased stays erased; the proof of it is kept. */
import { type Erasure, erasureId, stands } from '../canonical/erasure.ts'
import { AppError } from '../errors.ts'
import type { Doc, Documents } from '../stores/ports.ts'
import { type Incoming, personsOf } from './records.ts'

/** Throws `not-acceptable-now` while the order is still being carried out, or is lifted already. */
export async function liftErasure(
  documents: Documents,
  { tenant, id, data, ver }: Doc<'erasure'>,
  { by, reason }: { by: string; reason: string },
  now: Date,
): Promise<Doc<'erasure'>> {
  const refused = new AppError('not-acceptable-now', `the erasure is ${data.status}`)
  if (data.status !== 'done') throw refused
  const next: Erasure = { ...data, status: 'lifted', lifted: { by, at: now.toISOString(), reason } }
  const [put] = await documents.put(tenant, [{ kind: 'erasure', id, data: next, source: { by: 'api' }, expect: ver }])
  if (put!.outcome === 'stale') throw refused
  return (await documents.get(tenant, 'erasure', id))!
}

/**
 * Those of the records, all known as tombstones only, that are taken again: a person of theirs was erased, and no such order stands any more. Of
 * relations nothing but an erasure leaves tombstones, and their ends may have been other persons then.
 */
export async function liftedAmong(documents: Documents, tenant: string, records: Incoming[]): Promise<Set<string>> {
  if (records.length === 0) return new Set()
  const persons = [...new Set(records.flatMap(personsOf))]
  const orders = new Map(
    (
      await documents.many(
        tenant,
        'erasure',
        persons.map((person) => erasureId(tenant, person)),
      )
    ).map((order) => [order.data.subject, order]),
  )
  const lifted = records.filter((record) => {
    const own = personsOf(record).flatMap((person) => orders.get(person) ?? [])
    return (own.length > 0 || record.subject.kind === 'relation') && !own.some(stands)
  })
  return new Set(lifted.map(({ id }) => id))
}
