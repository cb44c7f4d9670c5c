/** What the search index, the graph and the models see of a document: pure functions, so that a projection can always be made again. */
import type { Kind, Position, Talent } from '../canonical/schema.ts'
import type { Doc, Edge, SearchEntry, VectorField } from '../stores/ports.ts'
import { toCity, toSkills } from './names.ts'

/** Characters that a model is given at most; models read a few hundred tokens, the rest would only be tokenised and dropped. */
const MAX_EMBEDDED = 6000

export type Projected = { search: SearchEntry; edges: Edge[]; texts: Record<VectorField, string> }

/** `doc` is alive and a talent or a position. */
export function projectionsOf(doc: Doc<Kind>): Projected {
  return doc.kind === 'talent' ? ofTalent(doc, doc.data as Talent) : ofPosition(doc, doc.data as Position)
}

function ofTalent({ id, ver }: Doc<Kind>, talent: Talent): Projected {
  const skills = toSkills(talent.skills).map(({ name }) => name)
  const title = talent.title ?? talent.experience[0]?.title ?? ''
  const work = talent.experience.map(({ title, company, bullets }) => lines(title, company, ...bullets))
  const studies = talent.education.map(({ school, degree, field }) => lines(school, degree, field))
  return {
    search: {
      kind: 'talent',
      id,
      ver,
      name: talent.name,
      title,
      text: lines(talent.summary, ...work, ...studies, ...talent.languages),
      skills,
      city: toCity(talent.location),
    },
    edges: distinct([
      ...skillEdges('HAS_SKILL', talent.skills),
      ...talent.experience.flatMap(({ company, title, start, end }) => edge('WORKED_AT', 'company', company, { title, start, end })),
      ...talent.education.flatMap(({ school, level, field, end }) => edge('STUDIED_AT', 'school', school, { level, field, end })),
    ]),
    texts: { title: embedded(title, skills.join(', ')), text: embedded(talent.summary, ...work) },
  }
}

function ofPosition({ id, ver }: Doc<Kind>, position: Position): Projected {
  const skills = toSkills([...position.mustSkills, ...position.niceSkills]).map(({ name }) => name)
  return {
    search: {
      kind: 'position',
      id,
      ver,
      name: null,
      title: position.title,
      text: lines(position.company, position.description),
      skills,
      city: toCity(position.city),
    },
    edges: distinct([
      ...skillEdges('REQUIRES', position.mustSkills, { must: true }),
      ...skillEdges('REQUIRES', position.niceSkills, { must: false }),
      ...edge('POSTED_BY', 'company', position.company),
    ]),
    texts: { title: embedded(position.title, skills.join(', ')), text: embedded(position.description) },
  }
}

const skillEdges = (type: Edge['type'], raw: string[], props?: Record<string, unknown>): Edge[] =>
  toSkills(raw).map(({ key }) => ({ type, to: `skill:${key}`, ...(props ? { props } : {}) }))

function edge(type: Edge['type'], prefix: 'company' | 'school', name: string | null, props?: Record<string, unknown>): Edge[] {
  const key = name?.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase()
  return key ? [{ type, to: `${prefix}:${key}`, ...(props ? { props } : {}) }] : []
}

/** One edge per type and target, the first: a résumé lists the latest stay first. */
function distinct(edges: Edge[]): Edge[] {
  const byKey = new Map<string, Edge>()
  for (const one of edges) if (!byKey.has(`${one.type} ${one.to}`)) byKey.set(`${one.type} ${one.to}`, one)
  return [...byKey.values()]
}

const lines = (...parts: (string | null)[]): string => parts.filter((part) => part).join('\n')
const embedded = (...parts: (string | null)[]): string => lines(...parts).slice(0, MAX_EMBEDDED)
