/** Where in the document each value of a profile stands. Values are taken verbatim, so they are found again in the lines that they came from. */
import { LEVELS, type Talent } from '../canonical/schema.ts'
import { findSkills } from '../skills/match.ts'
import type { Block } from './block.ts'
import { findDates } from './dates.ts'
import type { Section } from './sections.ts'
import { levelOf } from './words.ts'

/** `path` is a JSON pointer into the talent ("/experience/0/company"); `blocks` are indexes of the lines the value was read from, in order. */
export type Place = { path: string; value: string; blocks: number[] }

type Kinds = readonly Section['kind'][]
/** A line with the section it stands in and its text as compared: without case, blanks and punctuation. */
type Line = { index: number; kind: Section['kind']; text: string; key: string }

/** The lines of all sections in order, with their headings: what `Place.blocks` counts. */
export const linesOf = (sections: Section[]): Block[] =>
  sections.flatMap(({ heading, blocks }) => (heading ? [heading, ...blocks] : blocks))

export function placesOf(talent: Talent, sections: Section[]): Place[] {
  const lines = linesIn(sections)
  const places: Place[] = []
  const add = (path: string, value: string | null, at: number[]) => {
    if (value !== null && at.length > 0) places.push({ path, value, blocks: at })
  }
  const about: Kinds = ['header', 'basic', 'intent', 'other', 'summary']
  add('/name', talent.name, locate(talent.name, lines, about))
  for (const list of ['emails', 'phones', 'links'] as const)
    talent[list].forEach((value, i) => {
      add(`/${list}/${i}`, value, locate(value, lines, about))
    })
  add('/location', talent.location, locate(talent.location, lines, about))
  add('/title', talent.title, locate(talent.title, lines, [...about, 'experience']))
  if (talent.summary)
    add(
      '/summary',
      talent.summary,
      talent.summary.split('\n').flatMap((line) => locate(line, lines, ['summary'])),
    )
  entries('/education', talent.education, ['school', 'degree', 'level', 'field'], lines, ['education', 'basic', 'header'], add)
  entries('/experience', talent.experience, ['company', 'title', 'location'], lines, ['experience'], add)
  entries('/projects', talent.projects, ['name', 'role'], lines, ['projects'], add)
  talent.skills.forEach((value, i) => {
    const verbatim = locate(value, lines, ['skills'])
    // Skills found in running text carry the list's name for them, not the one used there.
    add(
      `/skills/${i}`,
      value,
      verbatim.length > 0 ? verbatim : first(lines, ['skills'], 0, (line) => findSkills(line.text).includes(value)),
    )
  })
  talent.languages.forEach((value, i) => {
    add(`/languages/${i}`, value, locate(value, lines, ['languages', 'skills']))
  })
  talent.certificates.forEach(({ name, date }, i) => {
    const at = locate(name, lines, ['certificates'])
    add(`/certificates/${i}/name`, name, at)
    add(`/certificates/${i}/date`, date, at)
  })
  const { intention } = talent
  if (intention) {
    for (const field of ['title', 'salary'] as const)
      add(`/intention/${field}`, intention[field], locate(intention[field], lines, ['intent', ...about]))
    intention.cities.forEach((city, i) => {
      add(`/intention/cities/${i}`, city, locate(city, lines, ['intent', ...about]))
    })
  }
  return places
}

/** Headings are no evidence. */
function linesIn(sections: Section[]): Line[] {
  let index = 0
  return sections.flatMap(({ kind, heading, blocks }) => {
    if (heading) index++
    return blocks.map(({ text }) => ({ index: index++, kind, text, key: keyOf(text) }))
  })
}

type Entry = { start: string | null; end: string | null; bullets?: string[] } & Record<string, unknown>

/** Entries follow each other: each is looked for behind the last one's head first, so that equal titles and dates find their own lines. */
function entries(
  base: string,
  list: Entry[],
  fields: string[],
  lines: Line[],
  kinds: Kinds,
  add: (path: string, value: string | null, at: number[]) => void,
): void {
  let from = 0
  list.forEach((entry, i) => {
    const found: number[] = []
    const put = (field: string, value: string | null, at: number[]) => {
      add(`${base}/${i}/${field}`, value, at)
      found.push(...at)
    }
    for (const field of fields) {
      const value = entry[field] as string | null
      const test = field === 'level' ? (line: Line) => levelOf(line.text) === value && LEVELS.includes(value as never) : null
      put(field, value, value === null ? [] : test ? first(lines, kinds, from, test) : locate(value, lines, kinds, from))
    }
    for (const field of ['start', 'end'] as const) {
      const value = entry[field]
      put(field, value, value === null ? [] : first(lines, kinds, from, (line) => findDates(line.text).includes(value)))
    }
    entry.bullets?.forEach((bullet, n) => {
      add(`${base}/${i}/bullets/${n}`, bullet, locate(bullet, lines, kinds, from))
    })
    // The next entry's head stands behind this one's first line at the earliest; employers shared by several roles are looked for from the top.
    if (found.length > 0) from = Math.max(from, Math.min(...found.filter((at) => at >= from), lines.length) + 1)
  })
}

/** The lines of `kinds` from `from` on come first, then all lines of `kinds`, then the whole document. */
function first(lines: Line[], kinds: Kinds, from: number, test: (line: Line) => boolean): number[] {
  const within = lines.filter((line) => kinds.includes(line.kind))
  const line = within.find((one) => one.index >= from && test(one)) ?? within.find(test) ?? lines.find(test)
  return line ? [line.index] : []
}

/** A value stands in one line, or was joined from lines that follow each other. */
function locate(value: string | null, lines: Line[], kinds: Kinds, from = 0): number[] {
  const key = keyOf(value ?? '')
  if (key === '') return []
  const whole = first(lines, kinds, from, (line) => line.key.includes(key))
  return whole.length > 0 ? whole : joined(key, lines)
}

const MAX_JOINED = 40

function joined(key: string, lines: Line[]): number[] {
  for (let i = 0; i < lines.length; i++) {
    const start = lines[i]!.key
    if (start === '' || !(key.startsWith(start) || startsInside(start, key))) continue
    let text = ''
    for (let n = i; n < Math.min(lines.length, i + MAX_JOINED); n++) {
      text += lines[n]!.key
      if (text.includes(key)) return lines.slice(i, n + 1).map((line) => line.index)
      if (text.length > key.length * 2 + 200) break
    }
  }
  return []
}

/** True where the line ends with the beginning of the value ("Responsibilities: Led the" for "Led the team"). */
function startsInside(line: string, key: string): boolean {
  const head = key.slice(0, 8)
  const at = line.indexOf(head)
  return at >= 0 && key.startsWith(line.slice(at))
}

const keyOf = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}+#@]/gu, '')
