/** Canonical records that say nothing, for a tombstone of what was never there: only what was there can leave one. */
import { Company, Relation } from './incoming.ts'
import { Position, Talent } from './schema.ts'

const NOBODY = { kind: 'talent', id: '-' }

export const EMPTY = {
  talent: Talent.parse({}),
  position: Position.parse({ title: '-' }),
  company: Company.parse({ name: '-' }),
  relation: Relation.parse({ type: 'friend', from: NOBODY, to: NOBODY }),
} as const
