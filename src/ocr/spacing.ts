/**
 * Blanks of a line. The recogniser drops some of them between Latin words, many in small type, so the white between the inks decides: a gap is looked for in
 * the crop and put between the two characters on its sides.
 */
import type { Character } from './decode.ts'
import type { Ink } from './ink.ts'
import type { Crop } from './recognize.ts'

/**
 * The least gap that is a blank, in shares of the crop's height, by what stands on both sides: `l` letter, `d` digit, `h` ideograph, `p` others.
 * Measured on some 23,000 pairs of about 30 first pages: letters of a word lie under 0.13 apart (99 %), words over 0.14; a narrow 1 among digits leaves 0.16.
 */
const BLANK: Record<string, number> = { ll: 0.145, dl: 0.18, dd: 0.2, lp: 0.19, dp: 0.22, pp: 0.22, dh: 0.28, hl: 0.28, hh: 0.3, hp: 0.7 }
/** Letters this far apart are surely two words; in large or widely set type, the blanks of a line are this share of those at least. */
const SURE_BLANK = 0.24
const SHARE_OF_SURE = 0.6
/** From here on it is a border of cells. */
const CELL = 1.1

/** A run of text within a line with its left and right edge as shares of the line's length, 0–1. */
export type Piece = { text: string; from: number; to: number; confidence: number }

type Gap = { at: number; share: number; width: number }

/** The pieces between cell borders, from left to right, blanks put in; empty for a line without characters. */
export function toPieces(line: Crop, ink: Ink, read: Character[]): Piece[] {
  const characters = read.filter(({ text }) => text !== ' ')
  // A blank that the recogniser gave is one, however narrow.
  const spaced = new Set(read.flatMap((one, i) => (one.text !== ' ' && read[i - 1]?.text === ' ' ? [one] : [])))
  const before = gapsBefore(characters, findGaps(line, ink))
  const least = leastBlanks(characters, before)
  const pieces: Piece[] = []
  // Where the ink is, not where the box ends: readers of columns and cells measure the white between.
  let from = Math.max(0, ink.columns.indexOf(true)) / line.width
  let open: Character[] = []
  let text = ''
  const close = (to: number) => {
    const confidence = open.reduce((sum, one) => sum + one.confidence, 0) / open.length
    if (text.trim() !== '') pieces.push({ text: text.trim(), from, to, confidence })
    open = []
    text = ''
  }
  for (const [i, one] of characters.entries()) {
    const gap = before[i]
    if (gap && gap.width >= CELL) {
      close(gap.at - gap.share / 2)
      from = gap.at + gap.share / 2
    } else if (i > 0 && spaced.has(one)) text += ' '
    else if (gap && gap.width >= least[sidesOf(characters[i - 1]!, one)]!) text += ' '
    text += one.text
    open.push(one)
  }
  close((ink.columns.lastIndexOf(true) + 1) / line.width)
  return pieces
}

/** For each character the widest gap between the one before and it. */
const gapsBefore = (characters: Character[], gaps: Gap[]): (Gap | undefined)[] =>
  characters.map((one, i) => {
    const left = characters[i - 1]
    return left && gaps.filter(({ at }) => at > left.at && at <= one.at).toSorted((a, b) => b.width - a.width)[0]
  })

function leastBlanks(characters: Character[], before: (Gap | undefined)[]): Record<string, number> {
  const sure = before
    .flatMap((gap, i) => (gap && gap.width >= SURE_BLANK && sidesOf(characters[i - 1]!, characters[i]!) === 'll' ? [gap.width] : []))
    .sort((a, b) => a - b)
  const usual = sure[sure.length >> 1]
  return usual === undefined ? BLANK : { ...BLANK, ll: Math.max(BLANK.ll!, usual * SHARE_OF_SURE) }
}

const sidesOf = (left: Character, right: Character): string => [kindOf(left.text), kindOf(right.text)].sort().join('')

const kindOf = (text: string): string => (/\p{Script=Han}/u.test(text) ? 'h' : /\d/.test(text) ? 'd' : /\p{L}/u.test(text) ? 'l' : 'p')

/** Columns without ink between columns with ink. */
function findGaps({ width, height, stretch }: Crop, { columns }: Ink): Gap[] {
  const gaps: Gap[] = []
  let last = -1
  for (let x = 0; x < width; x++) {
    if (!columns[x]) continue
    const white = x - last - 1
    if (last >= 0 && white > 0) gaps.push({ at: (last + x + 1) / 2 / width, share: white / width, width: white / stretch / height })
    last = x
  }
  return gaps
}
