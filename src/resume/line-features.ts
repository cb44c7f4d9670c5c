/** What the heading classifier sees of each line of a document. */
import type { Block } from './block.ts'
import { findDate, findRange } from './dates.ts'
import { stripBullet } from './entries.ts'
import { headingLook } from './heading-look.ts'
import { headingOf } from './headings.ts'
import { pairsOf } from './labels.ts'
import { companyScore, levelOf, schoolScore, titleScore } from './words.ts'

/** One list per line; the same names serve in training and in reading. */
export function lineFeatures(blocks: Block[]): string[][] {
  const body = mostCommon(blocks.map((block) => block.size))
  const bodyFont = mostCommon(blocks.map((block) => block.font))
  const known = blocks.map((block) => headingOf(block.text)?.rest === '')
  const looks = lookCounts(blocks, known)
  const shapes = blocks.map(shapeOf)
  const headings = headingLook(blocks)
  return blocks.map((block, i) => {
    const { text } = block
    const look = looks.get(lookOf(block))!
    const word = known[i] ? 'known' : headingOf(text) ? 'inline' : 'no'
    // How much this look belongs to headings elsewhere in the document, this line aside.
    const others = look.all - 1
    const share = others === 0 ? 'alone' : Math.round(((look.known - (known[i] ? 1 : 0)) / others) * 4)
    const size = block.size === null || body === null ? 'none' : sizeClass(block.size / body)
    const first = i < 3 ? i : 'later'
    const like = headings.accepts(block) ? 'like' : headings.refuses(block) ? 'unlike' : 'open'
    return [
      '*',
      `word ${word}`,
      `look ${share}`,
      `word ${word} look ${share}`,
      `many ${Math.min(look.all, 6)}`,
      `size ${size}`,
      `word ${word} size ${size}`,
      `bold ${block.bold} font ${block.font !== bodyFont}`,
      `word ${word} bold ${block.bold} font ${block.font !== bodyFont}`,
      `like ${like}`,
      `like ${like} word ${word}`,
      `like ${like} shape ${shapes[i]}`,
      `mark ${block.heading}`,
      `shape ${shapes[i]}`,
      `shape ${shapes[i]} word ${word}`,
      `before ${shapes[i - 1] ?? 'start'}`,
      `after ${shapes[i + 1] ?? 'end'}`,
      `shape ${shapes[i]} after ${shapes[i + 1] ?? 'end'}`,
      `shape ${shapes[i]} look ${share}`,
      `place ${first}`,
      `place ${first} word ${word}`,
    ]
  })
}

const sizeClass = (ratio: number): string =>
  ratio < 0.97 ? 'less' : ratio < 1.03 ? 'same' : ratio < 1.12 ? 'bit' : ratio < 1.45 ? 'more' : 'much'

const lookOf = ({ size, font, bold, heading, text }: Block): string => [size, font, bold, heading, isCapital(text)].join(' ')
const isCapital = (text: string): boolean => /[A-Z]{3}/.test(text) && !/[a-z]/.test(text)

function lookCounts(blocks: Block[], known: boolean[]): Map<string, { all: number; known: number }> {
  const looks = new Map<string, { all: number; known: number }>()
  blocks.forEach((block, i) => {
    const key = lookOf(block)
    const look = looks.get(key) ?? { all: 0, known: 0 }
    look.all++
    if (known[i]) look.known++
    looks.set(key, look)
  })
  return looks
}

/** What kind of line it is, in one word. */
function shapeOf({ text }: Block): string {
  if (stripBullet(text) !== text) return 'bullet'
  if (findRange(text)) return 'range'
  if (pairsOf(text).length > 0) return 'label'
  if (/[@]|https?:|\d{3}[-.\s]?\d{3,4}/.test(text)) return 'contact'
  const han = /\p{Script=Han}/u.test(text)
  const length = han ? text.length : text.split(/\s+/).length
  if (/[。.;；]$/.test(text) && length > 4) return 'sentence'
  if (length > (han ? 22 : 9)) return 'long'
  if (findDate(text) || /\d/.test(text)) return 'number'
  if (text.includes('\t') || /[|,，、]/.test(text)) return 'pieces'
  if (schoolScore(text) > 0 || companyScore(text) > 1) return 'name'
  if (levelOf(text) !== null) return 'degree'
  if (titleScore(text) > 0) return 'title'
  if (/[:：]$/.test(text)) return 'colon'
  if (isCapital(text)) return 'capitals'
  return length <= (han ? 8 : 3) ? 'short' : 'words'
}

function mostCommon<T>(values: (T | null)[]): T | null {
  const counts = new Map<T, number>()
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1)
  let best: T | null = null
  for (const [value, n] of counts) if (best === null || n > counts.get(best)!) best = value
  return best
}
