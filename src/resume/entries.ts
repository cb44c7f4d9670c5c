/** Lines of a section to entries, with date ranges as the anchors. */
import { type DateRange, findDate, findRange, OPEN_START, withoutRange } from './dates.ts'
import { bareLabel, pairsOf } from './labels.ts'
import { isPlace } from './words.ts'

/** `head` are the lines that may name things, without their dates, of which those from `own` on stand behind the dates; `body` what was done there. */
export type Entry = { start: string | null; end: string | null; head: string[]; own: number; body: string[] }

type Line = { text: string; range: DateRange | null; bullet: boolean; prose: boolean }

/** Wingdings bullets come out as the letters of their code points (n, l, u, Ø ...). */
const BULLET = /^(?:[nluvqpüØ§] (?=\p{Script=Han})|[•●▪■◆◇○▸►➢✓*·\-–—]|\d{1,2}[.、)](?!\d)|[((]?[一二三四五六七八九]、)\s*/u
/** How many lines in front of its dates, and behind them, may belong to the head of an entry. */
const MAX_BEFORE = 4
const MAX_AFTER = 3

export const stripBullet = (text: string): string => text.replace(BULLET, '').trim()

/**
 * The lines between a section's heading and its first dates show how its heads are built (0: dates come first or share the first line;
 * 2: title, company, then dates); the same number of lines in front of every later date opens the next entry, unless they are plainly content.
 * With `single`, a lone date ("May 2011") anchors too.
 */
export function toEntries(texts: string[], options: { single: boolean }): Entry[] {
  const lines = stackedDates(texts.filter((text) => !isTableHead(text))).map((line) => toLine(line, options.single))
  const anchors = lines.flatMap((line, i) => (isAnchor(line) ? [i] : []))
  if (anchors.length === 0) return []
  const before = headDepth(lines, anchors[0]!)
  const starts = anchors.map((anchor, n) => startOf(lines, anchor, before, n === 0 ? 0 : anchors[n - 1]! + 1))
  return anchors.map((anchor, n) => toEntry(lines, starts[n]!, anchor, starts[n + 1] ?? lines.length))
}

/** "起止时间 | 毕业院校 | 专业 | 学历" over the rows of a table names columns, not an entry. */
function isTableHead(text: string): boolean {
  const cells = text.split('\t')
  return cells.length >= 3 && cells.filter((cell) => bareLabel(cell) !== null).length > cells.length / 2
}

function toLine(text: string, single: boolean): Line {
  const range = findRange(text) ?? (single ? findDate(text) : null)
  const bullet = BULLET.test(text)
  return { text, range, bullet, prose: isProse(text) }
}

/** A date inside of a sentence is content, not an anchor. */
function isAnchor(line: Line): boolean {
  if (!line.range) return false
  const rest = withoutRange(line.text, line.range)
  if (line.bullet && !/^\S\s*(?:\d{4}|[A-Z])/.test(line.text)) return false
  if (/[。;]\s*\S/.test(rest) && line.range.index > 12) return false
  return /\p{Script=Han}/u.test(rest) ? rest.length <= 90 : rest.split(/\s+/).length <= 22
}

/** What somebody did: lists whose bullets are drawn, not written, come as plain lines. */
const DID_EN =
  /^(?!(?:United|Allied|Advanced|Applied|Integrated|Certified|Registered|Licensed|Associated|Limited|Distributed|Federated|Consolidated|Chartered|Embedded)\b)(?:[A-Z][a-z]+ed|Led|Built|Wrote|Drew|Ran|Kept|Won|Made|Drove|Grew|Oversaw|Taught|Sold|Held|Took|Brought|Gave|Cut|Spoke|Set|Put|Met|(?:Develop|Manag|Design|Creat|Implement|Conduct|Support|Maintain|Work|Collaborat|Lead|Build|Writ)(?:e|ing)?)\s+[\p{Ll}\d]\S*\s+\S+\s+\S/u
const DID_ZH =
  /^(?:负责|参与|主导|优化|编制|维护|组织|搭建|带领|协助|完成|制定|推动|建立|跟进|撰写|策划|执行|统筹|配合|協助|負責)\p{Script=Han}/u
/** "组织发展高级经理" begins with a verb and is a post all the same. */
const POST_ZH = /(?:经理|经理人|总监|主管|专员|董事|总裁|工程师|设计师|顾问|助理|代表|负责人|主任|书记)$/
const isDeed = (text: string): boolean =>
  (DID_EN.test(text) && !/\t|\s[-–|]\s/.test(text)) || (DID_ZH.test(text) && text.length >= 8 && !POST_ZH.test(text))

function isProse(text: string): boolean {
  if (isDeed(text)) return true
  if (/[.。;;]$/.test(text) && !/\b(?:Inc|Ltd|Co|Corp|S\.A|St|Jr)\.$/.test(text)) return true
  return /\p{Script=Han}/u.test(text) ? text.length > 45 || /,.*,/.test(text) : text.split(/\s+/).length > 14
}

const isHeadLike = (line: Line): boolean => !line.range && !line.bullet && !line.prose

function headDepth(lines: Line[], first: number): number {
  let depth = 0
  while (depth < MAX_BEFORE && depth < first && isHeadLike(lines[first - 1 - depth]!)) depth++
  return depth
}

function startOf(lines: Line[], anchor: number, before: number, floor: number): number {
  let start = anchor
  while (anchor - start < before && start > floor) {
    const line = lines[start - 1]!
    // The place line of the entry above ends what could be ours.
    if (!isHeadLike(line) || (isPlace(line.text) && anchor - start > 0)) break
    start--
  }
  return start
}

function toEntry(lines: Line[], start: number, anchor: number, end: number): Entry {
  const range = lines[anchor]!.range!
  const head = lines.slice(start, anchor).map((line) => line.text)
  const own = stripBullet(withoutRange(lines[anchor]!.text, range))
  // A sentence behind the dates is content already.
  const sentence = own !== '' && isProse(own)
  if (own && !sentence) head.push(own)
  const ownCount = head.length
  let next = anchor + 1
  while (next < end && next - anchor <= MAX_AFTER && isFollower(lines[next]!)) head.push(lines[next++]!.text)
  const body = [...(sentence ? [own] : []), ...lines.slice(next, end).map((line) => line.text)]
  return { start: range.start, end: range.end, head, own: ownCount, body }
}

const isFollower = (line: Line): boolean => isHeadLike(line) || (pairsOf(line.text).length > 0 && !line.range)

/**
 * Timelines set the start over the end: "2021.06 ⇥ Title" above "present ⇥ Company". Both dates are joined on the upper line; a bare date label
 * ("在职时间") is joined with the line below it.
 */
function stackedDates(texts: string[]): string[] {
  const out: string[] = []
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i]!
    const below = texts[i + 1]
    if (below !== undefined && bareLabel(text) === 'dates' && findRange(below)) continue
    const merged = below === undefined || findRange(text) ? null : stack(text, below)
    if (merged) {
      out.push(merged)
      i++
      const rest = below!.includes('\t') || leadingDate(below!)?.rest ? leadingRest(below!) : ''
      if (rest) out.push(rest)
    } else out.push(text)
  }
  return out
}

function stack(upper: string, lower: string): string | null {
  const first = leadingDate(upper)
  const second = leadingDate(lower)
  if (!first || !second || first.date === 'present') return null
  const [from, to] = second.date === 'present' || second.date >= first.date ? [first.date, second.date] : [second.date, first.date]
  return `${from} - ${to}\t${first.rest}`
}

const leadingRest = (text: string): string => leadingDate(text)?.rest ?? ''

function leadingDate(text: string): { date: string; rest: string } | null {
  const open = OPEN_START.exec(text)
  if (open) return { date: 'present', rest: text.slice(open[0].length).trim() }
  const date = findRange(text) ? null : findDate(text)
  if (!date?.end || date.index > 0) return null
  return { date: date.end, rest: text.slice(date.length).trim() }
}
