/** Blocks to sections. */
import type { Block } from './block.ts'
import { type Heading, headingOf, type SectionKind } from './headings.ts'

/** `header` is what stands before the first heading, and the rest of a page after a sidebar that has none. */
export type Section = { kind: SectionKind | 'header'; heading: Block | null; blocks: Block[] }

/** Splits at headings. Lines that carry the typography of the document's headings open a section even when their words are unknown. */
export function toSections(blocks: Block[]): Section[] {
  const look = headingLook(blocks)
  const person = personLine(blocks)
  const sections: Section[] = [{ kind: 'header', heading: null, blocks: [] }]
  for (const block of blocks) {
    const heading = openedBy(block, look)
    if (block.opens && !heading) sections.push({ kind: 'header', heading: null, blocks: [] })
    if (heading && !staysInside(heading, block, sections.at(-1)!)) {
      // A heading with content behind it ("技能：SQL") is told as one line, the content.
      sections.push({ kind: heading.kind, heading: heading.rest ? null : block, blocks: [] })
      if (heading.rest) sections.at(-1)!.blocks.push({ ...block, text: heading.rest, heading: false })
    } else if (block === person) sections.push({ kind: 'header', heading: null, blocks: [block] })
    else sections.at(-1)!.blocks.push(block)
  }
  return sections
}

/** "Tools: Jira" under a job and "Languages: Go" among the skills are lines of their section. */
function staysInside(heading: Heading, block: Block, section: Section): boolean {
  const inline = heading.rest !== '' && !block.text.includes('\t') && !/^\P{L}*\p{Script=Han}/u.test(block.text)
  return inline && ['experience', 'projects', 'skills'].includes(section.kind)
}

function openedBy(block: Block, look: Look): Heading | null {
  const heading = headingOf(block.text)
  if (heading) return look.refuses(block) ? null : heading
  return look.accepts(block) ? { kind: 'other', rest: '' } : null
}

type Look = { accepts: (block: Block) => boolean; refuses: (block: Block) => boolean }

/**
 * Learns how headings look from those whose words are known. On pages with sizes, a known word in smaller type than the headings ("Volunteer" as a
 * title, "Languages:" inside of the skills) is content; a short line in exactly the headings' look is a heading of an unknown kind.
 */
function headingLook(blocks: Block[]): Look {
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

const isShort = (text: string): boolean =>
  !/[\t\d@|,。,:]/.test(text) && (/\p{Script=Han}/u.test(text) ? text.length <= 10 : text.split(' ').length <= 5)

/** A sidebar may come first in reading order; the one line in the largest type of the first page (the name) then starts the main column. */
function personLine(blocks: Block[]): Block | null {
  const first = blocks.filter((block) => block.page === 1 && block.size !== null)
  const largest = first.reduce((most, block) => Math.max(most, block.size!), 0)
  const lines = first.filter((block) => block.size === largest)
  return lines.length <= 2 ? (lines[0] ?? null) : null
}

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
