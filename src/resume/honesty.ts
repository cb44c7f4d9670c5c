/** Is the text layer to be believed? A parser that fills a profile from unmapped glyphs does more harm than one that says so. */
import { AppError } from '../errors.ts'
import type { Block } from './block.ts'

/** Fewer visible characters than this on all pages is a stamp or a page number over a scan, not a text layer. */
const MIN_CHARACTERS = 25
/** Shares of all visible characters. Sound files stay under 1 % (icon fonts); files without a Unicode map lie above 20 %. */
const MAX_UNMAPPED = 0.1
/** A page of this many characters without one digit has lost its digits: every résumé of that length has a year or a phone. */
const DIGITLESS_CHARACTERS = 400

/** Throws `no-text` or `garbled-text`. */
export function checkText(blocks: Block[]): void {
  const text = blocks
    .map((block) => block.text)
    .join('')
    .replace(/\s/g, '')
  if (text.length < MIN_CHARACTERS) throw new AppError('no-text')
  const unmapped = text.match(/[\ufffd\ue000-\uf8ff\u0080-\u009f]/g)?.length ?? 0
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  if (unmapped > text.length * MAX_UNMAPPED || letters < text.length * 0.3) throw new AppError('garbled-text')
  if (text.length > DIGITLESS_CHARACTERS && blocks.length > 10 && lostDigits(text)) throw new AppError('garbled-text')
}

/** Hardly any digit, though a résumé of this length has dates; broken date dashes ("-." alone) make it certain but are not needed. */
const lostDigits = (text: string): boolean => (text.match(/\d/g)?.length ?? 0) < Math.max(3, text.length / 400)
