/** The features of one pair: each 0–1, or null where either side lacks the data. Pure, and cheap enough for millions of pairs. */
import { type AskedSkill, heldBy, type PositionFacts, rankOf, type TalentFacts } from './facts.ts'

export const FEATURES = ['mustSkills', 'niceSkills', 'years', 'education', 'location', 'title', 'text'] as const
export type Feature = (typeof FEATURES)[number]
export type Features = Record<Feature, number | null>

export function featuresOf(talent: TalentFacts, position: PositionFacts): Features {
  return {
    mustSkills: coverage(talent, position.must),
    niceSkills: coverage(talent, position.nice),
    years: yearsFit(talent.years, position.minYears, position.maxYears),
    education: educationFit(talent, position),
    location: locationFit(talent, position),
    title: similarity(talent.vectors.title, position.vectors.title),
    text: similarity(talent.vectors.text, position.vectors.text),
  }
}

/** Share of the asked skills that the talent names, or that a job title says. A talent without any skill was not read well: unknown, not zero. */
function coverage(talent: TalentFacts, asked: AskedSkill[]): number | null {
  if (asked.length === 0 || talent.skills.size === 0) return null
  let held = 0
  for (const skill of asked) if (heldBy(talent, skill) !== null) held++
  return held / asked.length
}

/**
 * 1 inside [min, max]. Below, it falls to 0 over half of `min` (at least two years), so that "5 years" does not shut out 4.5. Above, it
 * falls slower and stays at 0.4: too much experience is rarely a reason to say no.
 */
export function yearsFit(years: number | null, min: number | null, max: number | null): number | null {
  if (years === null || (min === null && max === null)) return null
  if (min !== null && years < min) return Math.max(0, 1 - (min - years) / Math.max(2, min / 2))
  if (max !== null && years > max) return Math.max(0.4, 1 - (years - max) / Math.max(5, max) / 2)
  return 1
}

/** One level short counts half: experience often stands in for a degree. */
function educationFit({ level }: TalentFacts, { minLevel }: PositionFacts): number | null {
  if (level === null || minLevel === null) return null
  const short = rankOf(minLevel) - rankOf(level)
  return short <= 0 ? 1 : short === 1 ? 0.5 : short === 2 ? 0.2 : 0
}

/** Another city is a hurdle, not a wall: people move. */
function locationFit({ city }: TalentFacts, position: PositionFacts): number | null {
  if (position.remote) return 1
  if (city === null || position.city === null) return null
  return city.toLowerCase() === position.city.toLowerCase() ? 1 : 0.2
}

/** Cosine of two unit vectors, with opposite directions as 0. Null when one is missing or they come from models of different sizes. */
function similarity(a: Float32Array | undefined, b: Float32Array | undefined): number | null {
  if (!a || !b || a.length !== b.length) return null
  let dot = 0
  for (let i = 0; i < a.length; i++) dot += a[i]! * b[i]!
  return Math.min(1, Math.max(0, dot))
}
