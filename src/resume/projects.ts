/** Projects from the sections that list them. */
import type { Project } from '../canonical/schema.ts'
import { joinBullets } from './bullets.ts'
import { type Entry, stripBullet, toEntries } from './entries.ts'
import { toPieces } from './heads.ts'
import { allPairs, pairsOf } from './labels.ts'
import { companyScore, isPlace, titleScore } from './words.ts'
import { unwrapped } from './wrapped.ts'

/** "项目名称：…", "Project 2: …", "项目一：…" in front of a name. */
const NAME_LABEL = /^(?:项目名称|專案名稱|项目[一二三四五六七八九十\d]{0,2}|project(?:\s+name)?(?:\s*\d+)?)\s*[:：]\s*/iu
const ROLE_LABEL = /(?:担任角色|项目角色|项目职务|角色|my role|role)\s*[:：]\s*([^\t;；,，]{2,40})/iu

/** `texts` are the lines of one section. Projects without dates are found by lines that look like names. */
export function readProjects(texts: string[]): Project[] {
  const dated = toEntries(unwrapped(texts), { single: false })
  return (dated.length > 0 ? dated : undated(texts)).map(toProject).filter((project) => project.name !== null)
}

export function toProject(entry: Entry): Project {
  const lines = entry.head.filter((line) => !ROLE_LABEL.test(line))
  const labelled = lines.map((line) => NAME_LABEL.exec(stripBullet(line)) && stripBullet(line).replace(NAME_LABEL, '')).find((name) => name)
  const pieces = lines
    .filter((line) => allPairs([line]).length === 0)
    .flatMap(toPieces)
    .filter((piece) => !isPlace(piece) && /\p{L}{2}/u.test(piece))
  const title = pieces.find((piece) => titleScore(piece) >= 2 && companyScore(piece) === 0) ?? null
  const name = labelled ?? pieces.find((piece) => piece !== title) ?? title
  const role =
    [...entry.head, ...entry.body].flatMap((line) => ROLE_LABEL.exec(line)?.[1]?.trim() ?? [])[0] ?? (title === name ? null : title)
  const unused = entry.head.slice(entry.own).filter((line) => !(name && line.includes(name)) && !(role && line.includes(role)))
  return { name, role, start: entry.start, end: entry.end, bullets: joinBullets([...unused, ...entry.body]) }
}

/** A line with a name's label, or a short line that is no bullet, no label and no sentence in front of content, opens a project. */
function undated(texts: string[]): Entry[] {
  const entries: Entry[] = []
  texts.forEach((text, i) => {
    const next = texts[i + 1]
    const plain = stripBullet(text) === text && pairsOf(text).length === 0 && !/[:：。.;；]|[,，、].*[,，、]/.test(text)
    const short = /\p{Script=Han}/u.test(text) ? text.length <= 30 : text.split(/\s+/).length <= 10
    const opens =
      NAME_LABEL.test(stripBullet(text)) ||
      (plain && short && next !== undefined && (stripBullet(next) !== next || next.length > text.length))
    if (opens) entries.push({ start: null, end: null, head: [text], own: 1, body: [] })
    else entries.at(-1)?.body.push(text)
  })
  return entries
}
