/** How a profile was read from a document: where each value stands, and how sure that is. */
import { z } from 'zod'

/** A line of the document. Place and size in points from the top left corner of the page, null where the format has no pages. */
const EvidenceBlock = z.strictObject({
  page: z.number().int().min(1).nullable(),
  x: z.number().nullable(),
  /** The baseline. */
  y: z.number().nullable(),
  w: z.number().nullable(),
  h: z.number().nullable(),
  heading: z.boolean().meta({ description: 'Opens a section.' }),
  text: z.string(),
})

const ReadField = z.strictObject({
  path: z.string().meta({ description: 'JSON pointer into the talent, such as /experience/0/company.' }),
  confidence: z
    .number()
    .min(0)
    .max(1)
    .meta({ description: 'How likely the value is right: the share of right values found in the same way.' }),
  blocks: z.array(z.number().int().min(0)).meta({ description: 'The lines the value was read from, as indexes into `blocks`.' }),
})

export const Reading = z.strictObject({ fields: z.array(ReadField), blocks: z.array(EvidenceBlock) }).meta({ id: 'Reading' })
export type Reading = z.infer<typeof Reading>
