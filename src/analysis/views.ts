/** What an analysis says: facts, each with the evidence it rests on. */
import { z } from 'zod'
import { Level } from '../canonical/schema.ts'

const Sentence = z.object({ en: z.string(), zh: z.string() })
/** JSON pointers into the talent that a statement rests on. */
const Evidence = z.array(z.string()).meta({ description: 'JSON pointers into the talent.' })

export const SENIORITIES = ['intern', 'junior', 'mid', 'senior', 'lead', 'executive'] as const

export const Career = z.object({
  months: z
    .number()
    .int()
    .nullable()
    .meta({ description: 'Months of work, those at the same time counted once, internships aside; null where no job has both dates.' }),
  internshipMonths: z.number().int(),
  current: z.object({ company: z.string().nullable(), title: z.string().nullable(), evidence: Evidence }).nullable(),
  jobChanges: z.number().int().meta({ description: 'Changes of employer, internships aside.' }),
  averageMonthsPerEmployer: z.number().nullable(),
  gaps: z
    .array(z.object({ from: z.string(), to: z.string(), months: z.number().int(), evidence: Evidence }))
    .meta({ description: 'Times of at least three months between two jobs.' }),
  seniority: z.enum(SENIORITIES).nullable(),
  seniorityEvidence: Evidence,
})
export type Career = z.infer<typeof Career>

export const Schooling = z.object({
  level: Level.nullable(),
  schools: z.array(z.object({ school: z.string(), projects: z.array(z.enum(['985', '211'])), evidence: Evidence })).meta({
    description: 'Former state programmes a Chinese university belonged to: facts about the school, not about the person.',
  }),
})
export type Schooling = z.infer<typeof Schooling>

export const Recommendation = z.object({
  code: z.enum([
    'add-skill',
    'gain-years',
    'raise-degree',
    'check-field',
    'add-field',
    'date-order',
    'explain-gap',
    'name-dates',
    'read-page',
  ]),
  text: Sentence,
  evidence: Evidence,
})
export type Recommendation = z.infer<typeof Recommendation>

export const Quality = z.object({
  score: z.number().min(0).max(1).meta({ description: 'Weighted mean of completeness (0.5), consistency (0.3) and freshness (0.2).' }),
  completeness: z.number().min(0).max(1),
  consistency: z.number().min(0).max(1),
  freshness: z.number().min(0).max(1),
  reasons: z.array(z.object({ code: z.string(), text: Sentence, evidence: Evidence })),
})
export type Quality = z.infer<typeof Quality>

export const Analysis = z
  .object({ career: Career, schooling: Schooling, quality: Quality, recommendations: z.array(Recommendation) })
  .meta({ id: 'Analysis' })
export type Analysis = z.infer<typeof Analysis>
