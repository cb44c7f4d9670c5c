import { defineJob, exponential } from './define.ts'

/** Takes no items of its own: `resume-parse` hands those on that have no usable text layer. */
export const ocr = defineJob({
  name: 'ocr',
  about: 'Reads scans and photos of résumés by character recognition.',
  takes: {},
  next: ['embed', 'match'],
  optional: true,
  chunk: 50,
  attempts: 3,
  backoff: exponential(5000, { jitter: 0.5 }),
  // Some 2 s a page: a chunk of nothing but scans of two pages takes minutes, one of long ones on a busy core an hour.
  deadlineMs: 60 * 60_000,
  concurrency: 1,
  unreadable: ['unrecognized-text', 'no-text', 'unsupported-type', 'corrupt', 'encrypted', 'no-pages', 'too-many-pages', 'too-large'],
  example: {},
})
