/** What reader.ts and reader.child.ts say to each other. */
import { z } from 'zod'
import { Reading } from '../canonical/reading.ts'
import { Talent } from '../canonical/schema.ts'
import { ERRORS, type ErrorCode } from '../errors.ts'
import { DOCUMENT_TYPES } from './formats/sniff.ts'

export type ReadRequest = { path: string; maxBytes: number }

/** The child handles hostile bytes, so its answers are checked like any other input. */
export const ReadReply = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('read'),
    talent: Talent,
    reading: Reading,
    type: z.enum(DOCUMENT_TYPES),
    pages: z.number().int().min(1),
    language: z.enum(['zh', 'en']),
    ms: z.number().min(0),
  }),
  z.object({ status: z.literal('unreadable'), code: z.custom<ErrorCode>((code) => typeof code === 'string' && code in ERRORS) }),
  z.object({ status: z.literal('failed'), name: z.string().max(100) }),
])
export type ReadReply = z.infer<typeof ReadReply>

/** `ms` is the time inside of the child, without waiting. */
export type ReadOutcome = Exclude<ReadReply, { status: 'failed' }>
