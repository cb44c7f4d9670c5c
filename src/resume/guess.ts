/** Kinds of sections whose headings say nothing, or that have none, by what stands in them. */
import { findSkills } from '../skills/match.ts'
import { toEntries } from './entries.ts'
import type { SectionKind } from './headings.ts'
import { toPieces } from './heads.ts'
import type { Section } from './sections.ts'
import { companyScore, levelOf, schoolScore, titleScore } from './words.ts'

/** Sections under unknown headings get a kind that the document has no section of; a run of dated heads without any heading becomes one. */
export function guessKinds(sections: Section[]): Section[] {
  const missing = (kind: SectionKind) => !sections.some((section) => section.kind === kind && section.blocks.length > 0)
  const wanted = (['education', 'experience', 'skills'] as const).filter(missing)
  if (wanted.length === 0) return sections
  const guessed = sections.map((section): Section => {
    const kind = section.kind === 'other' ? kindOf(section.blocks.map((block) => block.text)) : null
    return kind && wanted.includes(kind) ? { ...section, kind } : section
  })
  // Jobs and schools in one run are told apart by the reader of jobs.
  const none =
    wanted.includes('experience') &&
    wanted.includes('education') &&
    !guessed.some(({ kind }) => kind === 'experience' || kind === 'education')
  return none ? guessed.flatMap(splitRun) : guessed
}

function kindOf(texts: string[]): 'education' | 'experience' | 'skills' | null {
  const heads = toEntries(texts, { single: true }).flatMap((entry) => entry.head.slice(0, entry.own))
  const count = (test: (piece: string) => boolean) => heads.filter((line) => toPieces(line).some(test)).length
  const schools = count((piece) => schoolScore(piece) > 0) + count((piece) => levelOf(piece) !== null)
  const posts = count((piece) => titleScore(piece) >= 2) + count((piece) => companyScore(piece) >= 2 && schoolScore(piece) === 0)
  if (schools > posts && schools >= 1) return 'education'
  if (posts >= 2) return 'experience'
  const listed = texts.filter((text) => text.length < 200 && findSkills(text).length >= 2).length
  return heads.length === 0 && listed > 0 && listed >= texts.length * 0.5 ? 'skills' : null
}

/** The lines of a section from its first dated head on. */
function splitRun(section: Section): Section[] {
  if (section.kind !== 'header' && section.kind !== 'other' && section.kind !== 'basic' && section.kind !== 'summary') return [section]
  const texts = section.blocks.map((block) => block.text)
  const first = toEntries(texts, { single: false })[0]
  const opening = first?.head[0]
  const head = first?.head.slice(0, first.own) ?? []
  const names = head.flatMap(toPieces).some((piece) => titleScore(piece) >= 2 || companyScore(piece) >= 2 || schoolScore(piece) > 0)
  if (!opening || !names) return [section]
  const at = texts.findIndex((text) => text.includes(opening))
  if (at < 0) return [section]
  return [
    { ...section, blocks: section.blocks.slice(0, at) },
    { kind: 'experience', heading: null, blocks: section.blocks.slice(at) },
  ]
}
