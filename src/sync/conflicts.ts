/** What people decide where sources disagree. A decision is a correction: it stands until the sources say something new, and can be taken back. */
import type { Correction } from '../canonical/correction.ts'
import type { Conflict, FieldConflict } from '../canonical/sync.ts'
import { AppError } from '../errors.ts'
import type { Doc, Documents } from '../stores/ports.ts'
import type { Rules } from './merge.ts'
import { type Settled, settle } from './settle.ts'

export type Decision = {
  /** The field. */
  path: string
  /** `approve` takes what is proposed, or what `source` says; `reject` keeps what stands; `undo` lets the policy decide again. */
  decision: 'approve' | 'reject' | 'undo'
  source?: string
  reason?: string
  /** Version of the conflict that was looked at: another one is refused. */
  version?: number
}

const ROUNDS = 50
/** Documents that are looked through in one call where only some have the status asked for. */
const LOOKED_AT = 5000
const PAGE = 200

/**
 * Writes the decision and makes the canonical record from it. Throws `not-found` where nothing disagrees in that field, and
 * `not-acceptable-now` where there is nothing to take back, no such source, or the conflict has changed since.
 */
export async function decideConflict(
  documents: Documents,
  tenant: string,
  id: string,
  decision: Decision,
  by: { subject: string; at: string },
  rules: Rules,
): Promise<Settled> {
  for (let round = 0; round < ROUNDS; round++) {
    const conflict = await documents.get(tenant, 'conflict', id)
    const field = conflict && !conflict.deleted ? conflict.data.fields[decision.path] : undefined
    if (!conflict || !field) throw new AppError('not-found', 'nothing disagrees there')
    if (decision.version !== undefined && decision.version !== conflict.ver)
      throw new AppError('not-acceptable-now', 'the conflict has changed since; look at it again')
    const was = await documents.get(tenant, 'correction', id)
    const next = decided(was && !was.deleted ? was.data : { fields: {} }, decision, field, by)
    const took =
      Object.keys(next.fields).length === 0
        ? await documents.remove(tenant, 'correction', id, was!.ver)
        : (await documents.put(tenant, [{ kind: 'correction', id, data: next, source: { by: 'api' }, expect: was?.ver ?? 0 }]))[0]!
            .outcome !== 'stale'
    if (!took) continue
    const [settled] = await settle(documents, tenant, [{ ...conflict.data.subject, records: [] }], rules)
    return settled!
  }
  throw new AppError('store-down', 'too many writers at the same record')
}

function decided(
  known: Correction,
  { path, decision, source, reason }: Decision,
  field: FieldConflict,
  by: { subject: string; at: string },
): Correction {
  if (decision === 'undo') {
    const { [path]: own, ...fields } = known.fields
    if (!own) throw new AppError('not-acceptable-now', 'nobody has decided that')
    return { fields }
  }
  const voice = source === undefined ? undefined : field.values.find((one) => one.source === source)
  if (source !== undefined && !voice) throw new AppError('not-acceptable-now', `the source ${source} says nothing there`)
  const value = decision === 'reject' ? field.value : voice ? voice.value : field.proposed
  // What the sources come to without people: once that changes, somebody has to look again.
  const read = field.chosen === 'people' ? field.proposed : field.value
  const verdict = decision === 'reject' ? 'rejected' : 'approved'
  return { fields: { ...known.fields, [path]: { value, read, by: by.subject, at: by.at, verdict, ...(reason && { reason }) } } }
}

/** A page of records that disagree somewhere, in id order; with `status` those that do so in that way. `next` is where to go on, null at the end. */
export async function listConflicts(
  documents: Documents,
  tenant: string,
  { status, after, limit }: { status?: FieldConflict['status']; after?: string; limit: number },
): Promise<{ conflicts: Doc<'conflict'>[]; next: string | null }> {
  const conflicts: Doc<'conflict'>[] = []
  for (let at = after, looked = 0; looked < LOOKED_AT; looked += PAGE) {
    const page = await documents.page(tenant, 'conflict', { after: at, limit: PAGE })
    for (const doc of page) {
      at = doc.id
      if (!hasStatus(doc.data, status)) continue
      conflicts.push(doc)
      if (conflicts.length === limit) return { conflicts, next: doc.id }
    }
    if (page.length < PAGE) return { conflicts, next: null }
    if (looked + PAGE >= LOOKED_AT) return { conflicts, next: at! }
  }
  return { conflicts, next: null }
}

const hasStatus = ({ fields }: Conflict, status?: FieldConflict['status']): boolean =>
  Object.values(fields).some((field) => status === undefined || field.status === status)
