/** What the ledger holds about one person, and how it is taken out of a chunk's items. Pure. */
import type { ItemState } from './ports.ts'

/** `subject`: the talent's id; `blob`: sha256 of the résumé; `externalId`: the id that a talent was sent under. */
export type Person = { subject: string; blob: string | null; externalId: string | null }

/**
 * Empties key, detail and input of the person's items, in place. One that has not ended keeps them: it could not run without. Answers the numbers
 * of the items emptied, none where they already were, and how many are still open.
 */
export function takeOut(person: Person, items: ItemState[], inputs: unknown[]): { emptied: number[]; open: number } {
  const emptied: number[] = []
  let open = 0
  for (const [i, item] of items.entries()) {
    if (!isAbout(person, item, inputs[i])) continue
    if (!item.outcome) {
      open++
      continue
    }
    if (item.key === null && item.detail === undefined && (inputs[i] ?? null) === null) continue
    item.key = null
    delete item.detail
    inputs[i] = null
    emptied.push(item.n)
  }
  return { emptied, open }
}

function isAbout({ subject, blob, externalId }: Person, item: ItemState, input: unknown): boolean {
  if (item.subject?.kind === 'talent' && item.subject.id === subject) return true
  const { blob: file, talentId, id } = (input ?? {}) as { blob?: unknown; talentId?: unknown; id?: unknown }
  if (talentId === subject || (blob !== null && file === blob)) return true
  return item.type === 'talent' && externalId !== null && id === externalId
}

/** Places in a chunk of the items that were refused because their person was erased: their inputs go too. */
export const erasedPlaces = (items: ItemState[]): number[] => items.flatMap(({ code }, i) => (code === 'person-erased' ? [i] : []))

/** An `items` event without the keys of the items given; null where it names none of them. */
export function withoutKeys(data: unknown, numbers: ReadonlySet<number>): unknown {
  const { items, ...rest } = data as { items?: { n: number; key: string | null }[] }
  if (!items?.some(({ n, key }) => numbers.has(n) && key !== null)) return null
  return { ...rest, items: items.map((item) => (numbers.has(item.n) ? { ...item, key: null } : item)) }
}
