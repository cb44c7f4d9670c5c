/** How matching and the projections compare names that people write in many ways. */
import { canonicalCity } from '../skills/cities.ts'
import { canonicalSkill } from '../skills/match.ts'

/** A skill as shown (`name`) and as compared (`key`: without case, because skills that are not on the list keep their spelling). */
export type Skill = { key: string; name: string }

/** Distinct skills in the order given. */
export function toSkills(raw: string[]): Skill[] {
  const byKey = new Map<string, Skill>()
  for (const one of raw) {
    const name = canonicalSkill(one)
    const key = name.toLowerCase()
    if (key !== '' && !byKey.has(key)) byKey.set(key, { key, name })
  }
  return [...byKey.values()]
}

/** A known city by its canonical name, an unknown one as it was written, null for nothing and for "Remote", which is no place. */
export function toCity(raw: string | null): string | null {
  if (raw === null || raw.trim() === '') return null
  const city = canonicalCity(raw) ?? raw.normalize('NFKC').trim()
  return city === 'Remote' ? null : city
}
