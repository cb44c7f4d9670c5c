/** What reader.ts and reader.child.ts say to each other, beyond what readers of documents do. */
import { z } from 'zod'
import type { ReadRequest } from '../resume/protocol.ts'

export type ScanRequest = ReadRequest & { maxPages: number }

/** A page of the document is through: `page` counts from 1, `of` is how many will be looked at. */
export const PageNote = z.object({ status: z.literal('page'), page: z.number().int().min(1), of: z.number().int().min(1) })
export type PageNote = z.infer<typeof PageNote>
