/** How the headings of a document look, learnt from those whose words are known. */
import type { Block } from './block.ts'
import { headingOf } from './headings.ts'

export type Look = { accepts: (block: Block) => boolean; refuses: (block: Block) => boolean }

/**
 * Learns how headings look from those whose words are known. On pages with sizes, a known word in smaller type than the headings ("Volunteer" as a
 * title, "Languages:" inside of the skills) is content; a short line in exactly the headings' look is a heading of an unknown kind.
 */
export function headingLook(blocks: Block[]): Look {
  const known = blocks.filter((block) => block.size !== null && headingOf(block.text)?.rest === '')
  const sizes = count(known.map((block) => block.size!))
  const body = mostCommon(count(blocks.filter((block) => block.size !== null).map((block) => block.size!)))
  const size = mostCommon(sizes)
  if (size === null || (sizes.get(size) ?? 0) < 2) {
    const capitals = inCapitals(blocks.filter((block) => headingOf(block.text)?.rest === ''))
    return { accepts: () => false, refuses: (block) => capitals && isLower(block.text) }
  }
  const larger = body !== null && size > body * 1.04
  const capitals = inCapitals(known)
  const fonts = new Set(known.filter((block) => block.size === size).map((block) => block.font))
  return {
    refuses: (block) => (block.size !== null && block.size < size * 0.97) || (capitals && isLower(block.text)),
    accepts: (block) =>
      larger &&
      !(capitals && isLower(block.text)) &&
      block.size !== null &&
      Math.abs(block.size - size) < 0.15 &&
      fonts.has(block.font) &&
      isShort(block.text),
  }
}

/** True where the Latin headings of the document are set in capitals (two of them at least, and most). */
function inCapitals(known: Block[]): boolean {
  const latin = known.filter((block) => /[A-Za-z]{3}/.test(block.text))
  const upper = latin.filter((block) => !isLower(block.text))
  return upper.length >= 2 && upper.length > latin.length * 0.6
}

const isLower = (text: string): boolean => /[a-z]/.test(text.split('\t')[0]!)

export const isShort = (text: string): boolean =>
  !/[\t\d@|,。,:]/.test(text) && (/\p{Script=Han}/u.test(text) ? text.length <= 10 : text.split(' ').length <= 5)

function count<T>(values: T[]): Map<T, number> {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

function mostCommon(counts: Map<number, number>): number | null {
  let best: number | null = null
  for (const [value, n] of counts) if (best === null || n > counts.get(best)! || (n === counts.get(best) && value > best)) best = value
  return best
}
