/** What the search index, the graph and the models see of a document: pure functions, so that a projection can always be made again. */
import type { Company, Relation } from '../canonical/incoming.ts'
import type { Kind, Position, Talent } from '../canonical/schema.ts'
import type { CanonicalKind } from '../canonical/sync.ts'
import type { Doc, Edge, SearchEntry, VectorField } from '../stores/ports.ts'
import { toCity, toSkills } from './names.ts'

/** Characters that a model is given at most; models read a few hundred tokens, the rest would only be tokenised and dropped. */
const MAX_EMBEDDED = 6000

/** `doc` is alive. */
export function searchEntryOf({ kind, id, ver, data }: Doc<Kind>): SearchEntry {
  if (kind === 'position') {
    const position = data as Position
    return {
      kind,
      id,
      ver,
      name: null,
      title: position.title,
      text: lines(position.company, position.description),
      skills: skillsOf(position.mustSkills, position.niceSkills),
      city: toCity(position.city),
    }
  }
  const talent = data as Talent
  return {
    kind,
    id,
    ver,
    name: talent.name,
    title: titleOf(talent),
    text: lines(talent.summary, ...workOf(talent), ...studiesOf(talent), ...talent.languages),
    skills: skillsOf(talent.skills),
    city: toCity(talent.location),
  }
}

/** What the models read. */
export function textsOf({ kind, data }: Doc<Kind>): Record<VectorField, string> {
  if (kind === 'position') {
    const { title, mustSkills, niceSkills, description } = data as Position
    return { title: embedded(title, skillsOf(mustSkills, niceSkills).join(', ')), text: embedded(description) }
  }
  const talent = data as Talent
  return { title: embedded(titleOf(talent), skillsOf(talent.skills).join(', ')), text: embedded(talent.summary, ...workOf(talent)) }
}

/** One edge per type and target, the first: a résumé lists the latest stay first. */
export function edgesOf({ kind, data }: Doc<CanonicalKind>): Edge[] {
  const byKey = new Map<string, Edge>()
  for (const one of edgesFrom[kind](data as never)) if (!byKey.has(`${one.type} ${one.to}`)) byKey.set(`${one.type} ${one.to}`, one)
  return [...byKey.values()]
}

const edgesFrom = {
  talent: ({ skills, experience, education }: Talent): Edge[] => [
    ...skillEdges('HAS_SKILL', skills),
    ...experience.flatMap(({ company, title, start, end }) => edge('WORKED_AT', 'company', company, { title, start, end })),
    ...education.flatMap(({ school, level, field, end }) => edge('STUDIED_AT', 'school', school, { level, field, end })),
  ],
  position: ({ mustSkills, niceSkills, company }: Position): Edge[] => [
    ...skillEdges('REQUIRES', mustSkills, { must: true }),
    ...skillEdges('REQUIRES', niceSkills, { must: false }),
    ...edge('POSTED_BY', 'company', company),
  ],
  company: ({ name }: Company): Edge[] => edge('CALLED', 'company', name),
  relation: ({ type, from, to, strength, status }: Relation): Edge[] =>
    [
      { type: 'FROM' as const, end: from },
      { type: 'TO' as const, end: to },
    ].map(({ type: way, end }) => ({
      type: way,
      to: `${end.kind}#${end.id}`,
      props: { type, strength, status },
    })),
}

const titleOf = ({ title, experience }: Talent): string => title ?? experience[0]?.title ?? ''
const workOf = ({ experience }: Talent): string[] => experience.map(({ title, company, bullets }) => lines(title, company, ...bullets))
const studiesOf = ({ education }: Talent): string[] => education.map(({ school, degree, field }) => lines(school, degree, field))
const skillsOf = (...raw: string[][]): string[] => toSkills(raw.flat()).map(({ name }) => name)

const skillEdges = (type: Edge['type'], raw: string[], props?: Record<string, unknown>): Edge[] =>
  toSkills(raw).map(({ key }) => ({ type, to: `skill:${key}`, ...(props ? { props } : {}) }))

function edge(type: Edge['type'], prefix: 'company' | 'school', name: string | null, props?: Record<string, unknown>): Edge[] {
  const key = name?.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase()
  return key ? [{ type, to: `${prefix}:${key}`, ...(props ? { props } : {}) }] : []
}

const lines = (...parts: (string | null)[]): string => parts.filter((part) => part).join('\n')
const embedded = (...parts: (string | null)[]): string => lines(...parts).slice(0, MAX_EMBEDDED)
