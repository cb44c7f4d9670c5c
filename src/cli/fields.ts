/** Values of a profile by JSON pointer. */
import type { Talent } from '../canonical/schema.ts'

/** The value a pointer of a reading names; empty where it names nothing. */
export function valueAt(talent: Talent, path: string): string {
  let value: unknown = talent
  for (const key of path.split('/').slice(1)) value = (value as Record<string, unknown> | undefined)?.[key]
  return value == null ? '' : String(value)
}
