/** What a source says about a canonical record: each field on its own may be absent. Also the two kinds that only syncs bring. */
import { z } from 'zod'
import type { Position, Talent } from './schema.ts'

const text = (max: number) => z.string().trim().max(max)

export const Company = z
  .strictObject({
    name: text(300).min(1),
    industry: text(120).nullable().default(null),
    size: text(60).nullable().default(null).meta({ description: 'As the source says it, such as 101-500人.' }),
    city: text(120).nullable().default(null),
    website: text(500).nullable().default(null),
    description: text(20_000).nullable().default(null),
    status: z.enum(['active', 'inactive', 'archived']).nullable().default(null),
  })
  .meta({ id: 'Company' })
export type Company = z.infer<typeof Company>

const End = z.strictObject({ kind: z.enum(['talent', 'position', 'company']), id: z.string().min(1).max(64) })

/** A tie between two records, such as an application or two people who worked together. The ends are canonical ids. */
export const Relation = z
  .strictObject({
    type: z.enum(['applied', 'favourite', 'colleague', 'mentor', 'mentee', 'friend', 'family', 'business_partner', 'posted_by']),
    from: End,
    to: End,
    strength: z.number().min(0).max(1).nullable().default(null),
    status: text(60).nullable().default(null),
    context: text(500).nullable().default(null),
  })
  .meta({ id: 'Relation' })
export type Relation = z.infer<typeof Relation>

export type TalentInput = Partial<Talent>
export type PositionInput = Partial<Position>
export type CompanyInput = Partial<Company>
/** Ends are named as the source names them. */
type KeyEnd = { kind: 'talent' | 'position' | 'company'; key: { system: string; entity: string; id: string } }
export type RelationInput = Partial<Omit<Relation, 'from' | 'to'>> & { from: KeyEnd; to: KeyEnd }
