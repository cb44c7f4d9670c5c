/** How long, how lately and how well somebody has used each skill, by what the résumé says. */
import { z } from 'zod'
import type { Talent } from '../canonical/schema.ts'
import { findSkillMentions } from '../skills/match.ts'
import { toSkills } from './names.ts'
import { mergedMonths, toMonths } from './tenure.ts'

/** From high to low. */
const SKILL_LEVELS = ['expert', 'proficient', 'familiar', 'basic'] as const

export const SkillExperience = z
  .object({
    skill: z.string().meta({ description: 'Canonical name.' }),
    months: z
      .number()
      .meta({ description: 'Months of the jobs that mention it, overlaps counted once; 0 where none does or none has dates.' }),
    lastUsed: z.string().nullable().meta({ description: 'End of the latest job that mentions it: YYYY, YYYY-MM or present.' }),
    level: z.enum(SKILL_LEVELS).nullable().meta({ description: 'The highest level that the résumé claims in words.' }),
    mentions: z.number().meta({ description: 'Times it is named: skills, summary, titles and bullets.' }),
  })
  .meta({ id: 'SkillExperience' })
export type SkillExperience = z.infer<typeof SkillExperience>

type Level = (typeof SKILL_LEVELS)[number]
type Entry = Omit<SkillExperience, 'months'> & { intervals: { from: number; to: number }[] }

/**
 * One row for each skill that is listed or mentioned, listed ones first. Months come from the entries whose title or bullets mention the skill; months
 * after `now` do not count.
 */
export function skillExperience(talent: Pick<Talent, 'skills' | 'summary' | 'experience'>, now: Date): SkillExperience[] {
  const today = now.getUTCFullYear() * 12 + now.getUTCMonth() + 1
  const bySkill = new Map<string, Entry>()
  const entryOf = (skill: string): Entry => {
    const key = skill.toLowerCase()
    const entry = bySkill.get(key) ?? { skill, lastUsed: null, level: null, mentions: 0, intervals: [] }
    bySkill.set(key, entry)
    return entry
  }
  for (const { name } of toSkills(talent.skills)) entryOf(name).mentions++
  const read = (text: string): Set<Entry> => {
    const seen = new Set<Entry>()
    for (const { skill, from, to } of findSkillMentions(text)) {
      const entry = entryOf(skill)
      entry.mentions++
      entry.level = higher(entry.level, levelAt(text, from, to))
      seen.add(entry)
    }
    return seen
  }
  read(talent.summary ?? '')
  for (const { title, bullets, start, end } of talent.experience) {
    const interval = toMonths(start, end, today)
    for (const entry of read([title ?? '', ...bullets].join('\n'))) {
      if (interval) entry.intervals.push(interval)
      entry.lastUsed = later(entry.lastUsed, end)
    }
  }
  return Array.from(bySkill.values(), ({ intervals, ...entry }) => ({ ...entry, months: mergedMonths(intervals) }))
}

const WORDS: [Level, string][] = [
  ['expert', '精通|expert(?:ise)?(?: in| with)?|mastery of'],
  ['proficient', '熟练(?:掌握|使用|运用)?|proficien(?:t|cy)(?: in| with)?|advanced|strong(?: knowledge of)?'],
  ['familiar', '熟悉|掌握|familiar(?:ity)?(?: with)?|working knowledge of|intermediate'],
  ['basic', '了解|入门|接触过|basic(?: knowledge of)?|beginner'],
]
const LEVEL = new RegExp(WORDS.map(([level, words]) => `(?<${level}>${words})`).join('|'), 'giu')
/** Characters before a mention that a level word may stand in, and behind it. */
const REACH = 80
const BEHIND = 24

/** "精通Java、Go" and "Python (advanced)": the nearest level word before it in its sentence, or one in brackets or after a colon right behind it. */
function levelAt(text: string, from: number, to: number): Level | null {
  const behind = /^\s*[:：(（]\s*([^)）\n,，;；。]*)/.exec(text.slice(to, to + BEHIND))
  const named = behind && levelsIn(behind[1]!).at(0)
  if (named) return named
  const before = text.slice(Math.max(0, from - REACH), from)
  return levelsIn(before.slice(before.search(/[^。；;\n]*$/)).replace(/^.*\.\s/s, '')).at(-1) ?? null
}

const levelsIn = (text: string): Level[] =>
  Array.from(text.matchAll(LEVEL), (found) => SKILL_LEVELS.find((level) => found.groups?.[level] !== undefined)!)

const rank = (level: Level | null): number => (level === null ? SKILL_LEVELS.length : SKILL_LEVELS.indexOf(level))
const higher = (a: Level | null, b: Level | null): Level | null => (rank(b) < rank(a) ? b : a)

/** "present" is after every date; a year alone counts as its end. */
function later(a: string | null, b: string | null): string | null {
  const order = (date: string | null) => (date === null ? '' : date === 'present' ? '9999' : date.length === 4 ? `${date}-99` : date)
  return order(b) > order(a) ? b : a
}
