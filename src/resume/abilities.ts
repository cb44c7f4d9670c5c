/** Skills and languages. */
import { canonicalSkill, findSkills, isKnownSkill } from '../skills/match.ts'
import { stripBullet } from './entries.ts'
import type { Section } from './sections.ts'

const LEVEL =
  '精通|熟练掌握|熟练使用|熟练运用|熟练|熟悉|掌握|了解|良好|一般|优秀|流利|擅长|中等|入门|会用|能使用|proficient in|proficient|experienced with|experienced|familiar with|familiar|expert in|expert|advanced|intermediate|beginner|basic|fluent in|fluent|native|working knowledge of|strong'
const BEFORE = new RegExp(`^(?:${LEVEL})(?:使用|运用)?\\s*:?\\s*`, 'i')
const BEHIND = new RegExp(`\\s*[:(-]?\\s*(?:\\d+\\s*(?:个月|年|years?|yrs?)[^)]*|(?:${LEVEL})(?:[^)]{0,6}))\\)?$`, 'i')
const LANGUAGE =
  /(?:普通话|国语|英语|英文|日语|日文|韩语|法语|德语|俄语|西班牙语|葡萄牙语|意大利语|阿拉伯语|粤语|台语|mandarin|chinese|cantonese|english|japanese|korean|french|german|russian|spanish|portuguese|italian|arabic|hindi|dutch|norwegian|swedish|danish|polish|romanian|ukrainian|turkish|hebrew)/gi

/** The items of the skill sections as written, each skill once; without such a section the known skills of the whole text by canonical name. */
export function readSkills(sections: Section[], text: string): string[] {
  const lines = sections.filter((section) => section.kind === 'skills').flatMap((section) => section.blocks.map((block) => block.text))
  const listed = lines.flatMap(itemsOf)
  return unique(listed.length > 0 ? listed : findSkills(text)).slice(0, 500)
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

function itemsOf(line: string): string[] {
  const bare = stripBullet(line)
  // A line that ends with a colon names a group.
  if (/[:：]$/.test(bare)) return []
  // "Databases: MySQL, Redis": the label names a group. "Excel：精通" is an item with its level.
  const label = /^([^::,、;]{1,40})[:]\s*(.+)$/.exec(bare)
  const content =
    label && !BEFORE.test(`${label[2]}`) && !/^\d/.test(label[2]!)
      ? label[2]!
      : label?.[2] && isLevelOnly(label[2])
        ? label[1]!
        : (label?.[2] ?? bare)
  const parts = content.split(
    /[,，、;；|｜•●·\t]+|(?:^|\s)#|\s\/\s|(?<=\p{Script=Han})\/(?=\p{Script=Han})| {2,}|\.\s+(?=[A-Z])|\s[-–—]\s/u,
  )
  return parts.flatMap((part) => toItems(part.trim()))
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
  const words = item.split(/\s+/)
  // Tags without commas: "Python C++ Spark".
  if (words.length > 1 && words.every((word) => isKnownSkill(word)) && !isKnownSkill(item)) return words
  const long = /\p{Script=Han}/u.test(item) ? item.length > 16 : words.length > 5
  return long ? findSkills(item) : [item]
}

function unique(items: string[]): string[] {
  const seen = new Set<string>()
  return items.filter((item) => {
    const key = canonicalSkill(item).toLowerCase()
    return item.length >= 1 && item.length <= 120 && key !== '' && !seen.has(key) && seen.add(key)
  })
}
