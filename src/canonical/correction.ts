/** What people changed in a profile: it wins over every later reading of the document, and is kept as feedback on the reader. */
import { z } from 'zod'
import { AppError, type Fault } from '../errors.ts'
import { Talent } from './schema.ts'

export const Correction = z
  .strictObject({
    fields: z.record(
      z.string(),
      z.strictObject({
        value: z.unknown().meta({ description: 'What the field is since.' }),
        read: z.unknown().meta({ description: 'What it was before the first correction.' }),
        by: z.string(),
        at: z.string(),
        verdict: z
          .enum(['approved', 'rejected'])
          .optional()
          .meta({ description: 'Where it settled a conflict: the proposal was taken, or not.' }),
        reason: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Correction' })
export type Correction = z.infer<typeof Correction>

/** Body of a correction: RFC 7396 on the top level, so that a list is replaced whole and null empties a field. */
export const TalentPatch = z.strictObject(
  Object.fromEntries(Object.entries(Talent.shape).map(([name, field]) => [name, (field as z.ZodType).nullable().optional()])),
)

/** The talent with the fields of `patch`. Throws `invalid-request` with a pointer per fault; unknown fields are faults. */
export function patched(talent: Talent, patch: Record<string, unknown>): Talent {
  const next: Record<string, unknown> = { ...talent, ...patch }
  for (const [name, value] of Object.entries(patch)) if (value === null) delete next[name]
  const parsed = Talent.safeParse(next)
  if (parsed.success) return parsed.data
  const faults: Fault[] = parsed.error.issues.slice(0, 20).map((issue) => ({ pointer: `/${issue.path.join('/')}`, detail: issue.message }))
  throw new AppError('invalid-request', undefined, { faults })
}

/** `before` is what the talent was until now; a field corrected twice keeps what was read at first. */
export function noteCorrection(
  known: Correction | null,
  before: Talent,
  after: Talent,
  patch: Record<string, unknown>,
  by: string,
  at: string,
): Correction {
  const fields = { ...known?.fields }
  for (const name of Object.keys(patch) as (keyof Talent)[])
    fields[name] = { value: after[name], read: fields[name] ? fields[name].read : before[name], by, at }
  return { fields }
}

/** A talent as read, with what people said about it. A correction that no longer fits the schema is left out. */
export function corrected(talent: Talent, correction: Correction | null): Talent {
  if (!correction) return talent
  const values = Object.fromEntries(Object.entries(correction.fields).map(([name, { value }]) => [name, value]))
  const parsed = Talent.safeParse({ ...talent, ...values })
  return parsed.success ? parsed.data : talent
}
