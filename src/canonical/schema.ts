/**
 * The canonical talent and position: one schema that validates what comes in, types what we hold and documents the API.
 * Dates are `YYYY`, `YYYY-MM` or `present`. Unknown fields are refused, so that a misspelt one is not lost in silence.
 */
import { z } from 'zod'

const text = (max: number) => z.string().trim().max(max)
const line = text(300)
const short = text(120).min(1)

const PartialDate = z.string().regex(/^(present|\d{4}(-(0[1-9]|1[0-2]))?)$/, 'must be YYYY, YYYY-MM or present')
export const LEVELS = ['highschool', 'associate', 'bachelor', 'master', 'phd'] as const
export const Level = z.enum(LEVELS)
export type Level = z.infer<typeof Level>

export const Education = z.strictObject({
  school: line.nullable().default(null),
  degree: line.nullable().default(null),
  level: Level.nullable().default(null),
  field: line.nullable().default(null),
  start: PartialDate.nullable().default(null),
  end: PartialDate.nullable().default(null),
})
export type Education = z.infer<typeof Education>

export const Experience = z.strictObject({
  company: line.nullable().default(null),
  title: line.nullable().default(null),
  location: line.nullable().default(null),
  start: PartialDate.nullable().default(null),
  end: PartialDate.nullable().default(null),
  bullets: z.array(text(2000)).max(100).default([]),
})
export type Experience = z.infer<typeof Experience>

export const Project = z.strictObject({
  name: line.nullable().default(null),
  role: line.nullable().default(null),
  start: PartialDate.nullable().default(null),
  end: PartialDate.nullable().default(null),
  bullets: z.array(text(2000)).max(100).default([]),
})
export type Project = z.infer<typeof Project>

export const Certificate = z.strictObject({ name: short.max(300), date: PartialDate.nullable().default(null) })
export type Certificate = z.infer<typeof Certificate>

/** What the person looks for (求职意向). `salary` as written. */
export const Intention = z.strictObject({
  title: line.nullable().default(null),
  cities: z.array(short).max(20).default([]),
  salary: line.nullable().default(null),
})
export type Intention = z.infer<typeof Intention>

export const Talent = z
  .strictObject({
    name: line.nullable().default(null),
    emails: z.array(text(200)).max(20).default([]),
    phones: z.array(text(60)).max(20).default([]),
    links: z.array(text(500)).max(50).default([]),
    location: line.nullable().default(null),
    title: line.nullable().default(null).meta({ description: 'Current or latest title, or the title the talent looks for.' }),
    summary: text(10_000).nullable().default(null),
    education: z.array(Education).max(50).default([]),
    experience: z.array(Experience).max(100).default([]),
    skills: z.array(short).max(500).default([]),
    languages: z.array(short).max(50).default([]),
    projects: z.array(Project).max(100).default([]),
    certificates: z.array(Certificate).max(100).default([]),
    intention: Intention.nullable().default(null).meta({ description: 'What the talent looks for: title, cities, salary as written.' }),
    years: z
      .number()
      .min(0)
      .max(50)
      .nullable()
      .default(null)
      .meta({ description: 'Years of work as stated, where there is more than the experience shows.' }),
    status: z.enum(['active', 'inactive', 'archived']).nullable().default(null).meta({ description: 'Archived: gone from its source.' }),
  })
  .meta({ id: 'Talent' })
export type Talent = z.infer<typeof Talent>

export const Position = z
  .strictObject({
    title: short,
    company: line.nullable().default(null),
    city: line.nullable().default(null),
    remote: z.boolean().default(false),
    description: text(20_000).default(''),
    mustSkills: z.array(short).max(100).default([]),
    niceSkills: z.array(short).max(100).default([]),
    minYears: z.number().min(0).max(60).nullable().default(null),
    maxYears: z.number().min(0).max(60).nullable().default(null),
    minLevel: Level.nullable().default(null),
    status: z.enum(['draft', 'open', 'paused', 'closed']).nullable().default(null),
  })
  .meta({ id: 'Position' })
export type Position = z.infer<typeof Position>

export type Kind = 'talent' | 'position'

/** Names one talent or one position. */
export const SubjectInput = z
  .strictObject({ talentId: z.string().max(64).optional(), positionId: z.string().max(64).optional() })
  .refine((s) => (s.talentId === undefined) !== (s.positionId === undefined), 'give talentId or positionId, one of them')
