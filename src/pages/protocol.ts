/** What pages.ts and pages.child.ts say to each other. */
import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../errors.ts'
import type { ReadRequest } from '../resume/protocol.ts'

/** A place on a page to be marked, in points from its top left corner. */
export type Mark = { x: number; y: number; w: number; h: number }
/** Pages from `from` to `to`, counted from 1. `marks` are drawn on the page of their number. */
export type PagesRequest = ReadRequest & { from: number; to: number; dpi: number; marks: ({ page: number } & Mark)[] }

/** Width and height in points; the image is a WebP in base64. */
const Page = z.object({ number: z.number().int().min(1), width: z.number(), height: z.number(), image: z.string() })
export type Page = z.infer<typeof Page>

export const PagesReply = z.discriminatedUnion('status', [
  z.object({ status: z.literal('read'), pages: z.array(Page), ms: z.number() }),
  z.object({ status: z.literal('unreadable'), code: z.custom<ErrorCode>((code) => typeof code === 'string' && code in ERRORS) }),
  z.object({ status: z.literal('failed'), name: z.string().max(100) }),
])
export type PagesReply = z.infer<typeof PagesReply>
