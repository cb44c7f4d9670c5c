import { z } from 'zod'
import { Position, Talent } from '../canonical/schema.ts'
import { defineJob, exponential } from './define.ts'

const ExternalId = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .optional()
  .meta({ description: 'Your own id. The same id again updates the same record.' })

export const ingest = defineJob({
  name: 'ingest',
  about: 'Stores talents and positions that come as records.',
  takes: {
    talent: Talent.extend({ id: ExternalId }).meta({ id: 'TalentInput' }),
    position: Position.extend({ id: ExternalId }).meta({ id: 'PositionInput' }),
  },
  next: ['embed', 'match'],
  chunk: 500,
  attempts: 3,
  backoff: exponential(1000, { jitter: 0.5 }),
  deadlineMs: 5 * 60_000,
  concurrency: 2,
  example: {
    talent: { id: 'crm-17', name: '林晓', skills: ['Java', 'Spring'], location: '上海' },
    position: { id: 'req-4', title: 'Data engineer', city: 'Shanghai', mustSkills: ['Python', 'SQL'], minYears: 3 },
  },
})
