/** How much can be done with a record: is it whole, does it agree with itself, is it up to date. Takes far less than a millisecond. */
import type { Talent } from '../canonical/schema.ts'
import type { DateFault } from './faults.ts'
import type { Quality } from './views.ts'

const WEIGHTS = { completeness: 0.5, consistency: 0.3, freshness: 0.2 }
/** Months after which a record counts less, and after which it counts nothing. */
const FRESH_MONTHS = 6
const STALE_MONTHS = 48
/** What one thing that cannot be right takes from consistency. */
const FAULT_COST = 0.25
const MONTH_MS = 30.44 * 86_400_000

type Reason = Quality['reasons'][number]
/** What a record should have: its weight, how much of it is there (0 to 1), and what to say when some of it is missing. */
type Part = { weight: number; there: number; reason: Reason }

export function qualityOf(talent: Talent, faults: DateFault[], { now, updatedAt }: { now: Date; updatedAt: Date }): Quality {
  const parts = partsOf(talent)
  const completeness =
    parts.reduce((sum, { weight, there }) => sum + weight * there, 0) / parts.reduce((sum, { weight }) => sum + weight, 0)
  const consistency = Math.max(0, 1 - faults.length * FAULT_COST)
  const age = ageInMonths(talent, now, updatedAt)
  const freshness = age <= FRESH_MONTHS ? 1 : Math.max(0, 1 - (age - FRESH_MONTHS) / (STALE_MONTHS - FRESH_MONTHS))
  const reasons = [
    ...parts.filter(({ there }) => there < 1).map(({ reason }) => reason),
    ...faults.map(({ code, en, zh, evidence }) => ({ code, text: { en, zh }, evidence })),
    ...(freshness < 1 ? [stale(Math.round(age))] : []),
  ]
  const score = WEIGHTS.completeness * completeness + WEIGHTS.consistency * consistency + WEIGHTS.freshness * freshness
  return { score: round(score), completeness: round(completeness), consistency: round(consistency), freshness: round(freshness), reasons }
}

const round = (value: number): number => Math.round(value * 1000) / 1000

function partsOf(talent: Talent): Part[] {
  const part = (weight: number, there: number | boolean, code: string, en: string, zh: string, evidence: string[]): Part => ({
    weight,
    there: Number(there),
    reason: { code, text: { en, zh }, evidence },
  })
  const { experience, education } = talent
  return [
    part(2, talent.name !== null, 'no-name', 'The name is missing.', '缺少姓名。', ['/name']),
    part(2, talent.emails.length + talent.phones.length > 0, 'no-contact', 'There is no e-mail address and no phone.', '缺少邮箱和电话。', [
      '/emails',
      '/phones',
    ]),
    part(1, talent.location !== null, 'no-location', 'The place is missing.', '缺少所在地。', ['/location']),
    part(1, talent.title !== null, 'no-title', 'The title is missing.', '缺少职位名称。', ['/title']),
    part(
      3,
      share(experience, ['company', 'title', 'start', 'end']),
      'incomplete-experience',
      'Jobs are missing, or lack employer, title or dates.',
      '工作经历缺失，或缺少公司、职位、时间。',
      missing('/experience', experience, ['company', 'title', 'start', 'end']),
    ),
    part(
      2,
      share(education, ['school', 'level']),
      'incomplete-education',
      'Education is missing, or lacks school or degree.',
      '教育经历缺失，或缺少学校、学历。',
      missing('/education', education, ['school', 'level']),
    ),
    part(1, Math.min(1, talent.skills.length / 3), 'few-skills', 'Fewer than three skills are named.', '技能少于三项。', ['/skills']),
  ]
}

/** Share of the fields that are there over all entries; no entry is 0. */
function share<T extends object>(entries: T[], fields: (keyof T)[]): number {
  if (entries.length === 0) return 0
  const there = entries.reduce((sum, entry) => sum + fields.filter((field) => entry[field] !== null).length, 0)
  return there / (entries.length * fields.length)
}

function missing<T extends object>(base: string, entries: T[], fields: (keyof T & string)[]): string[] {
  if (entries.length === 0) return [base]
  return entries.flatMap((entry, i) => fields.filter((field) => entry[field] === null).map((field) => `${base}/${i}/${field}`)).slice(0, 20)
}

/** Since the record was written; a document whose last date is older than that is as old as this date. */
function ageInMonths(talent: Talent, now: Date, updatedAt: Date): number {
  const written = Math.max(0, (now.getTime() - updatedAt.getTime()) / MONTH_MS)
  const ends = [...talent.experience, ...talent.education].flatMap(({ end }) => end ?? [])
  if (ends.length === 0 || ends.includes('present')) return written
  const last = ends.toSorted().at(-1)!
  const [year = 0, month = 12] = last.split('-').map(Number)
  return Math.max(written, (now.getUTCFullYear() - year) * 12 + now.getUTCMonth() + 1 - month)
}

const stale = (months: number): Reason => ({
  code: 'stale',
  text: { en: `Nothing in it is newer than ${months} months.`, zh: `内容已有 ${months} 个月未更新。` },
  evidence: ['/experience', '/education'],
})
