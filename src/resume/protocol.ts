/** What parents and children that read documents say to each other. */
import { z } from 'zod'
import { Reading } from '../canonical/reading.ts'
import { Talent } from '../canonical/schema.ts'
import { ERRORS, type ErrorCode } from '../errors.ts'
import { DOCUMENT_TYPES } from './formats/sniff.ts'

export type ReadRequest = { path: string; maxBytes: number }

const Code = z.custom<ErrorCode>((code) => typeof code === 'string' && code in ERRORS)

/** The child handles hostile bytes, so its answers are checked like any other input. */
export const ReadReply = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('read'),
    talent: Talent,
    reading: Reading,
    type: z.enum(DOCUMENT_TYPES),
    pages: z.number().int().min(1),
    /** As ReadResume's. */
    unread: z.array(z.number().int().min(1)),
    language: z.enum(['zh', 'en']),
    /** Character recognition only: pages read so, of how many that needed it, and mean confidence over the characters, 0–1. */
    ocr: z.object({ pages: z.number().int().min(1), of: z.number().int().min(1), confidence: z.number().min(0).max(1) }).optional(),
    ms: z.number().min(0),
  }),
  /** `image`: the text layer is missing or broken, but there are pages to be looked at. */
  z.object({ status: z.literal('unreadable'), code: Code, image: z.literal(true).optional() }),
  z.object({ status: z.literal('failed'), name: z.string().max(100) }),
])
export type ReadReply = z.infer<typeof ReadReply>

/** `ms` is the time inside of the child, without waiting. */
export type ReadOutcome = Exclude<ReadReply, { status: 'failed' }>

/** Are there pages to be looked at that the text layer does not tell? */
export const needsLook = (outcome: ReadOutcome): boolean =>
  outcome.status === 'unreadable' ? outcome.image === true : outcome.unread.length > 0
