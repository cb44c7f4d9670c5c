/** The lines of an entry's head to the pieces that name one thing each. */

import { schoolScore, titleScore } from './words.ts'

/** "(3年2个月)", "2 yrs 5 mos" behind an employer. */
const DURATION =
  /[((]?\s*(?:\d+\s*(?:年|years?|yrs?)\s*[多零]?\s*(?:\d+\s*(?:个月|個月|months?|mos?))?|\d+\s*(?:个月|個月|months?|mos?))\s*[))]?$/i
const LABEL = /^(?:职位|职务|岗位|公司|title|company|role|position|employer)\s*:\s*/i

/** Pieces in order of appearance: cells, then " | ", " · ", dashes and bullets with blanks, blanks between Chinese words, commas in English lines. */
export function toPieces(line: string): string[] {
  return line
    .split(/\t| ?[|｜•●▪] ?| · |·(?=\p{Script=Han})|\s+[-–—‒]+\s+|\s+\/\s+|\s+@\s+/u)
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

/** "Engineer at Acme", but not "University of Texas at Austin". */
function splitAt(piece: string): string[] {
  const match = /^(.+?) at ([A-Z].*)$/.exec(piece)
  return match && titleScore(match[1]!) > 0 && schoolScore(match[1]!) === 0 ? [match[1]!, match[2]!] : [piece]
}

function splitBlanks(piece: string): string[] {
  return piece.split(/(?<=[\p{Script=Han})])\s+(?=[\p{Script=Han}A-Z(])|(?<=[A-Za-z)])\s+(?=\p{Script=Han}{2,})/u)
}

function tidy(piece: string): string {
  const text = piece.replace(LABEL, '').trim()
  const short = text.replace(DURATION, '').trim()
  return short.replace(/^[\s,;:、,·|/–—-]+|[\s,;:、,·|/–—-]+$/gu, '')
}
