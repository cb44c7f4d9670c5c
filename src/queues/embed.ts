import { SubjectInput } from '../canonical/schema.ts'
import { defineJob, exponential } from './define.ts'

export const embed = defineJob({
  name: 'embed',
  about: 'Computes vectors and brings the search index and the graph up to date.',
  takes: { embed: SubjectInput },
  next: [],
  chunk: 500,
  attempts: 3,
  backoff: exponential(1000, { jitter: 0.5 }),
  deadlineMs: 10 * 60_000,
  concurrency: 1,
  example: { embed: { talentId: 't_0123456789abcdefghjkmnpqrs' } },
})
