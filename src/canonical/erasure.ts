/** A person who was erased: the order, which is carried out until it is done, and then the reason why nothing of theirs is taken any more. */
import { derivedId } from './ids.ts'

/** Holds no personal data: ids are derived by hash. */
export type Erasure = {
  /** The talent. */
  subject: string
  /** `lifted`: what is said of the person from then on is taken again, as of somebody new. */
  status: 'open' | 'done' | 'lifted'
  by: string
  requestedAt: string
  completedAt: string | null
  /** What finds the person's traces, until they are gone: sha256 of the résumé, the id they were sent under, and keys of cached vectors. */
  traces: { blob: string | null; externalId: string | null; vectors?: string[] } | null
  /** What was removed, by kind of thing. */
  removed: Record<string, number>
  /** Signed statement (JWS, compact), once it is done. */
  proof: string | null
  lifted?: { by: string; at: string; reason: string }
  /** Orders before this one: lifted, or known by their proof to a Looma that was restored from before them. */
  earlier?: (Pick<Erasure, 'requestedAt' | 'completedAt' | 'proof' | 'lifted'> & { by: string | null })[]
}

export const erasureId = (tenant: string, subject: string): string => derivedId('e', tenant, subject)

/** Whether nothing about the person is taken. */
export const stands = (order: { deleted: boolean; data: Erasure } | null | undefined): boolean =>
  !!order && !order.deleted && order.data.status !== 'lifted'
