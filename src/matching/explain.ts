/** Why a pair scored as it did: one sentence per known feature, in both languages, with the evidence in it. */
import type { Level } from '../canonical/schema.ts'
import type { Reason } from '../stores/ports.ts'
import { type AskedSkill, heldBy, type PositionFacts, type TalentFacts } from './facts.ts'
import { FEATURES, type Feature, type Features } from './features.ts'
import type { Skill } from './names.ts'
import { WEIGHTS } from './score.ts'

/**
 * Reasons in the order of what they add to the score; features without data have none. Where job titles stand for asked skills that the talent does
 * not name, a last reason says so: `skillsByTitle`, weight 0, since the skill features count them already.
 */
export function explain(talent: TalentFacts, position: PositionFacts, features: Features): Reason[] {
  const reasons = FEATURES.flatMap((feature) => {
    const value = features[feature]
    return value === null
      ? []
      : [{ feature, value: round(value), weight: WEIGHTS[feature], text: SENTENCES[feature](talent, position, value) }]
  }).sort((a, b) => b.value * b.weight - a.value * a.weight)
  return features.mustSkills === null && features.niceSkills === null ? reasons : [...reasons, ...byTitle(talent, position)]
}

function byTitle(talent: TalentFacts, { must, nice }: PositionFacts): Reason[] {
  const asked = [...must, ...nice]
  const said = asked.filter((skill) => heldBy(talent, skill) === 'title')
  if (said.length === 0) return []
  return [
    {
      feature: 'skillsByTitle',
      value: round(said.length / asked.length),
      weight: 0,
      text: {
        en: `By job title, not named as a skill: ${list(said, ', ')}.`,
        zh: `由职位名称得出、简历未单独列出的技能：${list(said, '、')}。`,
      },
    },
  ]
}

type Sentence = (talent: TalentFacts, position: PositionFacts, value: number) => Reason['text']

const SENTENCES: Record<Feature, Sentence> = {
  mustSkills: (talent, { must }) => skillSentence(talent, must, 'required', '必备'),
  niceSkills: (talent, { nice }) => skillSentence(talent, nice, 'preferred', '加分'),
  years: ({ years }, { minYears, maxYears }) => ({
    en: `${round1(years)} years of experience; ${rangeEn(minYears, maxYears)} asked for.`,
    zh: `工作经验 ${round1(years)} 年，要求${rangeZh(minYears, maxYears)}。`,
  }),
  education: ({ level }, { minLevel }) => ({
    en: `Education: ${LEVEL_NAMES[level!].en}; at least ${LEVEL_NAMES[minLevel!].en} asked for.`,
    zh: `学历：${LEVEL_NAMES[level!].zh}，要求${LEVEL_NAMES[minLevel!].zh}及以上。`,
  }),
  location: ({ city }, position) =>
    position.remote
      ? { en: 'The position can be done remotely.', zh: '该职位可远程办公。' }
      : { en: `Lives in ${city}; the position is in ${position.city}.`, zh: `所在地：${city}；工作地点：${position.city}。` },
  title: ({ title }, position, value) => ({
    en: `Title and skills are ${percent(value)} similar${title === null ? '' : ` (“${title}” and “${position.title}”)`}.`,
    zh: `职位名称与技能相似度 ${percent(value)}${title === null ? '' : `（“${title}”与“${position.title}”）`}。`,
  }),
  text: (_talent, _position, value) => ({
    en: `Summary and experience are ${percent(value)} similar to the description.`,
    zh: `简介与经历同职位描述的相似度 ${percent(value)}。`,
  }),
}

const LEVEL_NAMES: Record<Level, Reason['text']> = {
  highschool: { en: 'high school', zh: '高中' },
  associate: { en: 'associate degree', zh: '大专' },
  bachelor: { en: "bachelor's degree", zh: '本科' },
  master: { en: "master's degree", zh: '硕士' },
  phd: { en: 'doctorate', zh: '博士' },
}

function skillSentence(talent: TalentFacts, asked: AskedSkill[], en: string, zh: string): Reason['text'] {
  const held = asked.filter((skill) => heldBy(talent, skill) !== null)
  const missing = asked.filter((skill) => heldBy(talent, skill) === null)
  const [n, of] = [held.length, asked.length]
  return {
    en: `Has ${n} of ${of} ${en} skills${n > 0 ? `: ${list(held, ', ')}` : ''}${missing.length > 0 ? `; missing: ${list(missing, ', ')}` : ''}.`,
    zh: `具备 ${of} 项${zh}技能中的 ${n} 项${n > 0 ? `：${list(held, '、')}` : ''}${missing.length > 0 ? `；缺少：${list(missing, '、')}` : ''}。`,
  }
}

/** A position may ask for a hundred skills; a sentence names the first eight. */
function list(skills: Skill[], comma: string): string {
  const names = skills.slice(0, 8).map(({ name }) => name)
  if (skills.length > 8) names.push(`+${skills.length - 8}`)
  return names.join(comma)
}

const rangeEn = (min: number | null, max: number | null) =>
  min !== null && max !== null ? `${min}–${max}` : min !== null ? `at least ${min}` : `at most ${max}`
const rangeZh = (min: number | null, max: number | null) =>
  min !== null && max !== null ? ` ${min}–${max} 年` : min !== null ? `至少 ${min} 年` : `至多 ${max} 年`
const percent = (value: number) => `${Math.round(value * 100)} %`
const round1 = (value: number | null) => Math.round((value ?? 0) * 10) / 10
const round = (value: number) => Math.round(value * 10_000) / 10_000
