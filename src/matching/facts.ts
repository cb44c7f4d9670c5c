/** What matching needs of a document, worked out once per document instead of once per pair. */
import { LEVELS, type Level, type Position, type Talent } from '../canonical/schema.ts'
import { foldTitle, titlesOf } from '../skills/titles.ts'
import type { VectorField } from '../stores/ports.ts'
import { type Skill, toCity, toSkills } from './names.ts'
import { yearsOfExperience } from './tenure.ts'

export type Vectors = Partial<Record<VectorField, Float32Array>>

export type TalentFacts = {
  id: string
  title: string | null
  /** Titles now and before, folded: they say some skills by themselves. */
  titles: string[]
  skills: Map<string, Skill>
  years: number | null
  level: Level | null
  city: string | null
  vectors: Vectors
}

/** `titles`: folded titles that say the skill by themselves; null where none does. */
export type AskedSkill = Skill & { titles: RegExp | null }

export type PositionFacts = {
  id: string
  title: string
  must: AskedSkill[]
  nice: AskedSkill[]
  minYears: number | null
  maxYears: number | null
  minLevel: Level | null
  city: string | null
  remote: boolean
  vectors: Vectors
}

export function talentFacts(id: string, talent: Talent, vectors: Vectors, now: Date): TalentFacts {
  return {
    id,
    title: talent.title ?? talent.experience[0]?.title ?? null,
    titles: [talent.title, ...talent.experience.map((job) => job.title)].flatMap((title) => (title === null ? [] : [foldTitle(title)])),
    skills: new Map(toSkills(talent.skills).map((skill) => [skill.key, skill])),
    years: yearsOfExperience(talent.experience, now) ?? talent.years,
    level: highestLevel(talent),
    city: toCity(talent.location),
    vectors,
  }
}

export function positionFacts(id: string, position: Position, vectors: Vectors): PositionFacts {
  const must = toSkills(position.mustSkills).map(asked)
  const musts = new Set(must.map(({ key }) => key))
  return {
    id,
    title: position.title,
    must,
    nice: toSkills(position.niceSkills)
      .filter(({ key }) => !musts.has(key))
      .map(asked),
    minYears: position.minYears,
    maxYears: position.maxYears,
    minLevel: position.minLevel,
    city: toCity(position.city),
    remote: position.remote,
    vectors,
  }
}

const asked = (skill: Skill): AskedSkill => ({ ...skill, titles: titlesOf(skill.name) })

/** How the talent has a skill: it is named, or a job title says it; null where neither. */
export function heldBy({ skills, titles }: Pick<TalentFacts, 'skills' | 'titles'>, skill: AskedSkill): 'skill' | 'title' | null {
  if (skills.has(skill.key)) return 'skill'
  return skill.titles !== null && titles.some((title) => skill.titles!.test(title)) ? 'title' : null
}

/** Order of the levels, 0 (high school) to 4 (doctorate). */
export const rankOf = (level: Level): number => LEVELS.indexOf(level)

function highestLevel(talent: Talent): Level | null {
  const ranks = talent.education.flatMap(({ level }) => (level === null ? [] : [rankOf(level)]))
  return ranks.length === 0 ? null : LEVELS[Math.max(...ranks)]!
}
