/** A person who was erased: the order, which is carried out until it is done, and then the reason why nothing of theirs is taken any more. */
import { derivedId } from './ids.ts'

/** Holds no personal data: ids are derived by hash. */
export type Erasure = {
  /** The talent. */
  subject: string
  status: 'open' | 'done'
  by: string
  requestedAt: string
  completedAt: string | null
  /** What finds the person's traces, until they are gone: sha256 of the résumé, and the id they were sent under. */
  traces: { blob: string | null; externalId: string | null } | null
  /** What was removed, by kind of thing. */
  removed: Record<string, number>
  /** Signed statement (JWS, compact), once it is done. */
  proof: string | null
}

export const erasureId = (tenant: string, subject: string): string => derivedId('e', tenant, subject)
