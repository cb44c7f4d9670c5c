/** The lines of an entry's head to the pieces that name one thing each. */

import { companyScore, isPlace, levelOf, schoolScore, titleScore } from './words.ts'

/** "(3年2个月)", "2 yrs 5 mos" behind an employer. */
const DURATION =
  /[((]?\s*(?:\d+\s*(?:年|years?|yrs?)\s*[多零]?\s*(?:\d+\s*(?:个月|個月|months?|mos?))?|\d+\s*(?:个月|個月|months?|mos?))\s*[))]?$/i
/** True for a line that ends with a length of time: "PHP Developer (9 month)". */
export const isMeasured = (text: string): boolean => DURATION.test(text) && !DURATION.test(text.slice(0, 12))

const LABEL = /^(?:职位|职务|岗位|公司|title|company|role|position|employer)\s*:\s*/i

/** Pieces in order of appearance: cells, then " | ", " · ", dashes and bullets with blanks, blanks between Chinese words, commas in English lines. */
export function toPieces(line: string): string[] {
  return line
    .split(/\t| ?[|｜•●▪] ?| · |·(?=\p{Script=Han})|\s+[-–—‒]+\s+|\s+@\s+/u)
    .flatMap(splitSlash)
    .flatMap(splitAt)
    .flatMap(splitBlanks)
    .map(tidy)
    .filter((piece) => piece.length > 0)
}

/** English pieces split further at commas: "Engineer, Acme Corp, Austin, TX" keeps "Acme Corp" apart, but "Acme, Inc." stays whole. */
export function splitCommas(piece: string): string[] {
  if (/\p{Script=Han}/u.test(piece)) return piece.split(/[,、]\s*/).filter(Boolean)
  return piece
    .split(/,\s+(?!(?:[Ii]nc|INC|LLC|[Ll]td|LTD|L\.?P|[Cc]orp|Co|S\.A|[Pp]lc|[JS]r|Ph\.?D)\b)(?![^(]*\))/)
    .map(tidy)
    .filter(Boolean)
}

/** "Company / Title / City" divides, "Engineer / Senior Engineer" and "Initech / Vandelay" are one thing each. */
function splitSlash(piece: string): string[] {
  const parts = piece.split(/\s+\/\s+/)
  const titles = parts.filter((part) => titleScore(part) > 0).length
  const mixed =
    (titles > 0 && titles < parts.length) || parts.some((part) => isPlace(part) || levelOf(part) !== null || schoolScore(part) > 0)
  return mixed ? parts : [piece]
}

/** "Engineer at Acme", but not "University of Texas at Austin". */
function splitAt(piece: string): string[] {
  const match = /^(.+?) at ([A-Z].*)$/.exec(piece)
  return match && titleScore(match[1]!) > 0 && schoolScore(match[1]!) === 0 ? [match[1]!, match[2]!] : [piece]
}

/** Chinese lines divide by blanks: "某某有限公司 Java工程师". A Latin word goes with what stands before it unless that is a name of its own ("北辰工业 ORBITA"). */
function splitBlanks(piece: string): string[] {
  const out: string[] = []
  for (const part of piece.split(/(?<=[\p{Script=Han})])\s+(?=[\p{Script=Han}A-Z(])(?![^(]*\))/u)) {
    const last = out.at(-1)
    const whole =
      last === undefined || /^\p{Script=Han}/u.test(part) || companyScore(last) > 0 || schoolScore(last) > 0 || titleScore(last) > 0
    if (whole) out.push(part)
    else out[out.length - 1] = `${last} ${part}`
  }
  return out
}

function tidy(piece: string): string {
  const text = piece.replace(LABEL, '').trim()
  const short = text.replace(DURATION, '').trim()
  return short.replace(/^[\s,;:、,·|/–—-]+|[\s,;:、,·|/–—-]+$/gu, '')
}
