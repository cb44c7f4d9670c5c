import { SubjectInput } from '../canonical/schema.ts'
import { defineJob, exponential } from './define.ts'

export const match = defineJob({
  name: 'match',
  about: 'Finds the best positions for a talent, or the best talents for a position.',
  takes: { match: SubjectInput },
  next: [],
  waitsForBatch: true,
  chunk: 200,
  attempts: 3,
  backoff: exponential(1000, { jitter: 0.5 }),
  deadlineMs: 10 * 60_000,
  concurrency: 1,
  example: { match: { positionId: 'p_0123456789abcdefghjkmnpqrs' } },
})
