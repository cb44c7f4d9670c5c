/** What is missing for a position or a role, and what in the document should be cleared up. */
import type { Reading } from '../canonical/reading.ts'
import { LEVELS, type Level, type Position, type Talent } from '../canonical/schema.ts'
import { toSkills } from '../matching/names.ts'
import type { DateFault } from './faults.ts'
import type { Career, Recommendation, Schooling } from './views.ts'

/** A skill counts as asked by a role when this share of its positions asks for it. */
const ROLE_SHARE = 0.3
/** Values less sure than this should be looked at by somebody. */
const UNSURE = 0.6
const LONG_GAP = 6
const MAX_SKILLS = 10
const MAX_UNSURE = 10

type About = { talent: Talent; career: Career; schooling: Schooling; reading: Reading | null; unread: number[]; faults: DateFault[] }

/** Most needed first. Without positions nothing is said about what is missing. */
export function recommend(about: About, positions: Position[]): Recommendation[] {
  return [...(positions.length > 0 ? missing(about, positions) : []), ...unclear(about)]
}

function missing({ talent, career, schooling }: About, positions: Position[]): Recommendation[] {
  const held = new Set(toSkills(talent.skills).map(({ key }) => key))
  const asked = new Map<string, { name: string; count: number }>()
  for (const position of positions)
    for (const { key, name } of toSkills([...position.mustSkills, ...(positions.length === 1 ? position.niceSkills : [])]))
      asked.set(key, { name, count: (asked.get(key)?.count ?? 0) + 1 })
  const skills = [...asked]
    .filter(([key, { count }]) => !held.has(key) && count >= positions.length * ROLE_SHARE)
    .sort(([, a], [, b]) => b.count - a.count)
    .slice(0, MAX_SKILLS)
    .map(([, { name, count }]): Recommendation => {
      const of =
        positions.length === 1
          ? { en: 'the position', zh: '该职位' }
          : { en: `${count} of ${positions.length} positions`, zh: `${positions.length} 个职位中的 ${count} 个` }
      return {
        code: 'add-skill',
        text: { en: `${name} is asked for by ${of.en} and is not named.`, zh: `${of.zh}要求「${name}」，简历中未提及。` },
        evidence: ['/skills'],
      }
    })
  return [...skills, ...years(career, positions), ...degree(schooling, positions)]
}

function years({ months }: Career, positions: Position[]): Recommendation[] {
  const wanted = median(positions.flatMap(({ minYears }) => minYears ?? []))
  if (wanted === null || months === null || months / 12 >= wanted) return []
  const held = Math.round(months / 1.2) / 10
  return [
    {
      code: 'gain-years',
      text: { en: `${wanted} years of experience are asked for; ${held} are named.`, zh: `要求 ${wanted} 年经验，简历中为 ${held} 年。` },
      evidence: ['/experience'],
    },
  ]
}

function degree({ level }: Schooling, positions: Position[]): Recommendation[] {
  const wanted = median(positions.flatMap(({ minLevel }) => (minLevel ? LEVELS.indexOf(minLevel) : [])))
  if (wanted === null || level === null || LEVELS.indexOf(level) >= wanted) return []
  const name = LEVELS[Math.round(wanted)]!
  return [
    {
      code: 'raise-degree',
      text: {
        en: `The degree asked for is ${name}; the highest named is ${level}.`,
        zh: `要求学历为${ZH[name]}，简历中最高为${ZH[level]}。`,
      },
      evidence: ['/education'],
    },
  ]
}

const ZH: Record<Level, string> = { highschool: '高中', associate: '大专', bachelor: '本科', master: '硕士', phd: '博士' }

function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
}

function unclear({ talent, career, reading, unread, faults }: About): Recommendation[] {
  const out: Recommendation[] = []
  const say = (code: Recommendation['code'], en: string, zh: string, evidence: string[]) => out.push({ code, text: { en, zh }, evidence })
  for (const page of unread)
    say(
      'read-page',
      `Page ${page} could not be read: look at it, or ask for it as text.`,
      `第 ${page} 页无法识别，请查看原件或索取文本版。`,
      [],
    )
  if (talent.name === null) say('add-field', 'No name was found.', '未找到姓名。', ['/name'])
  if (talent.emails.length + talent.phones.length === 0)
    say('add-field', 'No e-mail address or phone was found.', '未找到邮箱或电话。', ['/emails', '/phones'])
  for (const { en, zh, evidence } of faults) say('date-order', en, zh, evidence)
  const undated = talent.experience.flatMap(({ start, end }, i) => (start === null && end === null ? [`/experience/${i}`] : []))
  if (undated.length > 0) say('name-dates', `${undated.length} jobs have no dates.`, `${undated.length} 段工作经历没有时间。`, undated)
  for (const gap of career.gaps)
    if (gap.months >= LONG_GAP)
      say(
        'explain-gap',
        `Nothing is said about ${gap.from} to ${gap.to} (${gap.months} months).`,
        `${gap.from} 至 ${gap.to}（${gap.months} 个月）没有说明。`,
        gap.evidence,
      )
  for (const { path, confidence } of (reading?.fields ?? [])
    .filter((field) => field.confidence < UNSURE && !/\/(?:bullets|skills)\//.test(field.path))
    .slice(0, MAX_UNSURE))
    say(
      'check-field',
      `${path} was read with confidence ${confidence.toFixed(2)}: look at it.`,
      `${path} 的识别置信度为 ${confidence.toFixed(2)}，请核对。`,
      [path],
    )
  return out
}
