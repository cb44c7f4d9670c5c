/** Blocks to sections. */
import type { Block } from './block.ts'
import { guessKinds } from './guess.ts'
import { headingLook, isShort, type Look } from './heading-look.ts'
import { type Heading, headingOf, type SectionKind } from './headings.ts'
import { headingLines } from './models.ts'

/** `header` is what stands before the first heading, and the rest of a page after a sidebar that has none. */
export type Section = { kind: SectionKind | 'header'; heading: Block | null; blocks: Block[] }

/** Splits at headings. Lines that carry the typography of the document's headings open a section even when their words are unknown. */
export function toSections(blocks: Block[]): Section[] {
  const headings = headingLines(blocks)
  const look = headingLook(blocks)
  const person = personLine(blocks)
  const sections: Section[] = [{ kind: 'header', heading: null, blocks: [] }]
  for (const block of blocks) {
    // The name may be set like a heading.
    const heading = block === person && headingOf(block.text) === null ? null : openedBy(block, headings, look)
    if (block.opens && !heading) sections.push({ kind: 'header', heading: null, blocks: [] })
    if (heading && !staysInside(heading, block, sections.at(-1)!)) {
      // A heading with content behind it ("技能：SQL") is told as one line, the content.
      sections.push({ kind: heading.kind, heading: heading.rest ? null : block, blocks: [] })
      if (heading.rest) sections.at(-1)!.blocks.push({ ...block, text: heading.rest, heading: false })
    } else if (block === person) sections.push({ kind: 'header', heading: null, blocks: [block] })
    else sections.at(-1)!.blocks.push(block)
  }
  return guessKinds(sections)
}

/** "Tools: Jira" under a job and "Languages: Go" among the skills are lines of their section. */
function staysInside(heading: Heading, block: Block, section: Section): boolean {
  const inline = heading.rest !== '' && !block.text.includes('\t') && !/^\P{L}*\p{Script=Han}/u.test(block.text)
  return inline && ['experience', 'projects', 'skills'].includes(section.kind)
}

/** Known words open a section unless the look speaks against it; of other lines the classifier says which are headings. */
function openedBy(block: Block, headings: Set<Block>, look: Look): Heading | null {
  const heading = headingOf(block.text)
  if (heading) return look.refuses(block) ? null : heading
  return headings.has(block) && isShort(block.text) ? { kind: 'other', rest: '' } : null
}

/** A sidebar may come first in reading order; the one line in the largest type of the first page (the name) then starts the main column. */
function personLine(blocks: Block[]): Block | null {
  const first = blocks.filter((block) => block.page === 1 && block.size !== null)
  const largest = first.reduce((most, block) => Math.max(most, block.size!), 0)
  const lines = first.filter((block) => block.size === largest)
  return lines.length <= 2 ? (lines[0] ?? null) : null
}
