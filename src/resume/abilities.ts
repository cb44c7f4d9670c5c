/** Skills and languages. */
import { canonicalSkill, findSkillMentions, isKnownSkill, skillConcept } from '../skills/match.ts'
import { stripBullet } from './entries.ts'
import type { Section } from './sections.ts'

const LEVEL =
  '精通|熟练掌握|熟练使用|熟练运用|熟练|熟悉|掌握|了解|良好|一般|优秀|流利|擅长|中等|入门|会用|能使用|proficient in|proficient|experienced with|experienced|familiar with|familiar|expert in|expert|advanced|intermediate|beginner|basic|fluent in|fluent|native|working knowledge of|strong'
const BEFORE = new RegExp(`^(?:${LEVEL})(?:使用|运用)?\\s*:?\\s*`, 'i')
const BEHIND = new RegExp(`\\s*[:(-]?\\s*(?:\\d+\\s*(?:个月|年|years?|yrs?)[^)]*|(?:${LEVEL})(?:[^)]{0,6}))\\)?$`, 'i')
const LANGUAGE =
  /(?:普通话|国语|英语|英文|日语|日文|韩语|法语|德语|俄语|西班牙语|葡萄牙语|意大利语|阿拉伯语|粤语|台语|mandarin|chinese|cantonese|english|japanese|korean|french|german|russian|spanish|portuguese|italian|arabic|hindi|dutch|norwegian|swedish|danish|polish|romanian|ukrainian|turkish|hebrew)/gi

/**
 * The items of the skill sections as written, each skill once. Without such a section: the known skills of the whole text as written there, other than
 * traits of character and human languages, which prose mentions all the time.
 */
export function readSkills(sections: Section[], text: string): string[] {
  const listed = sections
    .filter((section) => section.kind === 'skills')
    .flatMap((section) => itemsIn(section.blocks.map((block) => block.text)))
  const labelled = () =>
    sections
      .filter((section) => !['experience', 'projects', 'education'].includes(section.kind))
      .flatMap((section) => section.blocks.map((block) => block.text).filter((line) => GROUP.test(stripBullet(line))))
      .flatMap(itemsOf)
  const sources = [() => listed, labelled, () => mentionsIn(text, true)]
  for (const source of sources) {
    const items = unique(source())
    if (items.length > 0) return items.slice(0, 500)
  }
  return []
}

/** Lines that list skills outside of a skills section: "Programming languages: Java, Go". */
const GROUP =
  /^(?:(?:programming|scripting) languages?|databases?|frameworks?|technolog(?:y|ies)|tools?|software|technical skills?|tech(?:nical)? stack|libraries|platforms?|environments?|skills?|编程语言|开发语言|数据库|框架|技术栈|工具|软件技能|专业技能|技能|技术)(?: (?:and|&) [a-z]+| ?[\p{Pd}/] ?[a-z/]+)?\s*[:：]/iu

/** The items of one skills section. */
function itemsIn(lines: string[]): string[] {
  if (isWrapped(lines)) return mentionsIn(lines.join(' '))
  const rows = lines.filter((line) => /^[^\t,，、;；]{2,30}\t\S/.test(stripBullet(line)))
  // A table: its first column names the groups.
  const isTable = rows.length > 1 && rows.length >= lines.length * 0.75 && !rows.some((row) => row.split('\t').length > 2)
  return lines.flatMap((line) => itemsOf(isTable ? stripBullet(line).replace('\t', ': ') : line))
}

/** Sentences over several lines: two stops or more, and two lines that begin in the middle of one. */
const isWrapped = (lines: string[]): boolean =>
  lines.filter((line) => /^\p{Ll}/u.test(line.trim())).length > 1 && (lines.join(' ').match(/\p{Ll}\.(?:\s|$)/gu)?.length ?? 0) > 1

/** Known skills in running text as they are spelt there; `hard` leaves out traits of character and human languages. */
function mentionsIn(text: string, hard = false): string[] {
  return findSkillMentions(text).flatMap(({ text: written }) => {
    const kind = skillConcept(written)?.kind
    return hard && (kind === 'soft' || kind === 'language') ? [] : [written.replace(/\s+/g, ' ')]
  })
}

/** Languages of the language section and of "languages:" lines, as written there, in order. */
export function readLanguages(sections: Section[]): string[] {
  const lines = sections.filter((section) => section.kind === 'languages').flatMap((section) => section.blocks.map((block) => block.text))
  const items = lines.flatMap((line) =>
    stripBullet(line)
      .replace(/^languages?\s*:/i, '')
      .split(/[,，、;；|•·\t/]|\s[-–—]\s/),
  )
  return unique(items.flatMap((item) => item.match(LANGUAGE)?.[0] ?? unlisted(item))).slice(0, 50)
}

/** A language that is not on the list: one capitalised word, or a short Chinese word that ends as languages do. */
function unlisted(item: string): string[] {
  const word = item.replace(/[(:].*$/, '').trim()
  return /^\p{Lu}\p{Ll}{2,14}$/u.test(word) || /^\p{Script=Han}{1,4}[语话語話]$/u.test(word) ? [word] : []
}

/** Levels and durations in brackets: "(12个月/精通)", "(advanced)", "(3 years)". */
const ASIDE = new RegExp(`\\s*[(（](?:[^()（）]{0,8}(?:${LEVEL}|\\d+\\s*(?:个月|年|years?|yrs?|months?))[^()（）]{0,12})[)）]`, 'giu')
/** Rows of skills sections that hold something else; human languages are read by readLanguages. */
const NO_SKILLS =
  /^(?:driving licen[cs]e|driver'?s licen[cs]e|mother tongue(?:\(s\))?|other languages?(?:\(s\))?|interests?|hobb(?:y|ies)|interests? (?:and|&) hobbies|兴趣|爱好|兴趣爱好)$/i
/** Divides items. A slash does between Chinese words or with blanks around it, since "CI/CD" and "SQL/CQL" are one. */
const BETWEEN =
  /[,，、;；|｜•●·\t]+|(?:^|\s)#|\s\/\s|(?<=\p{Script=Han})\/(?=\p{Script=Han})| {2,}|\.\s+(?=[A-Z])|\s[-–—]\s|\s*(?:={2,}|[>≥])\s*|[。](?=.)/u

function itemsOf(line: string): string[] {
  const bare = stripBullet(line).replace(ASIDE, '')
  // A line that ends with a colon names a group.
  if (/[:：]$/.test(bare)) return []
  // "Databases: MySQL, Redis": the label names a group, and so does the first cell of a row. "Excel：精通" is an item with its level.
  const label = /^([^::,、;]{1,40})[:]\s*(.+)$/.exec(bare) ?? /^([^\t,，、;：:]{2,30})\t([^\t]*[,，、].*)$/.exec(bare)
  const content =
    label && !BEFORE.test(`${label[2]}`) && !/^\d/.test(label[2]!)
      ? label[2]!
      : label?.[2] && isLevelOnly(label[2])
        ? label[1]!
        : (label?.[2] ?? bare)
  if (NO_SKILLS.test(label?.[1]?.trim() ?? '')) return []
  // "PROGRAMMING" on a line of its own is a heading without a colon.
  if (/^\p{Lu}{4,}(?: \p{Lu}{2,})*$/u.test(content) && !isKnownSkill(content)) return []
  const parts = content.split(BETWEEN).filter((part) => part.trim() !== '')
  if (isProse(parts)) return mentionsIn(content)
  return parts.flatMap((part) => toItems(part.trim()))
}

/** Sentences, not a list: at least ten words in parts of more than four on average. */
function isProse(parts: string[]): boolean {
  const words = parts.reduce((sum, part) => sum + part.trim().split(/\s+/).length, 0)
  return words >= 10 && words / parts.length > 4
}

const isLevelOnly = (text: string): boolean =>
  text.split(/[|,\s]+/).every((word) => word === '' || BEFORE.test(word) || /^\d+(?:个月|年|years?)$/.test(word))

function toItems(part: string): string[] {
  const item = part
    .replace(BEFORE, '')
    .replace(/等(?:软件|工具|技术|框架)?[。.]?$/, '')
    .replace(/^(?:和|以及|and|or)\s+/i, '')
    .replace(/[。.;,:]+$/, '')
    .replace(BEHIND, '')
    .trim()
  if (item === '' || /^[\d\s.%+-]+$/.test(item)) return []
  if (isKnownSkill(item)) return [item]
  const tiles = tilesOf(item)
  if (tiles.length > 1) return tiles
  const long = /\p{Script=Han}/u.test(item) ? item.length > 16 : item.split(/\s+/).length > 5
  return long ? mentionsIn(item) : [item]
}

/** Tags without commas, "Python C++ Spark" or "Windows and macOS": known skills and nothing else. Empty where something is left over. */
function tilesOf(item: string): string[] {
  const words = item.split(/\s+/)
  const tiles: string[] = []
  for (let at = 0; at < words.length; ) {
    if (tiles.length > 0 && /^(?:and|&|和|与|及)$/i.test(words[at]!)) at++
    let length = Math.min(4, words.length - at)
    while (length > 0 && !isTile(words.slice(at, at + length).join(' '))) length--
    if (length === 0) return []
    tiles.push(words.slice(at, at + length).join(' '))
    at += length
  }
  return tiles
}

/** A known skill, or some joined by slashes: "JavaScript/TypeScript". */
const isTile = (text: string): boolean => isKnownSkill(text) || (text.includes('/') && text.split('/').every(isKnownSkill))

function unique(items: string[]): string[] {
  const seen = new Set<string>()
  return items.filter((item) => {
    const key = canonicalSkill(item).toLowerCase()
    return item.length >= 1 && item.length <= 120 && key !== '' && !seen.has(key) && seen.add(key)
  })
}
