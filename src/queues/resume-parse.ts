import { z } from 'zod'
import { defineJob, exponential } from './define.ts'

const ResumeInput = z.strictObject({
  blob: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be a sha256 in lower-case hex')
    .meta({ description: 'sha256 of a file that was uploaded before.' }),
  fileName: z.string().max(255).nullable().default(null),
})

export const resumeParse = defineJob({
  name: 'resume-parse',
  about: 'Reads a résumé file into a talent.',
  takes: { resume: ResumeInput },
  next: ['ocr', 'embed', 'match'],
  chunk: 50,
  attempts: 3,
  backoff: exponential(1000, { jitter: 0.5 }),
  deadlineMs: 10 * 60_000,
  concurrency: 1,
  unreadable: [
    'empty',
    'unsupported-type',
    'corrupt',
    'encrypted',
    'no-pages',
    'no-text',
    'garbled-text',
    'too-many-pages',
    'too-large',
    'unsafe-archive',
  ],
  example: { resume: { blob: 'a'.repeat(64), fileName: 'resume.pdf' } },
})
