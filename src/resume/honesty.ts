/** Is the text layer to be believed? A parser that fills a profile from unmapped glyphs does more harm than one that says so. */
import { AppError } from '../errors.ts'
import type { Block } from './block.ts'

type Fault = 'no-text' | 'garbled-text'

/** `no-text` or `garbled-text` of a document whose pages can be looked at: character recognition may read what the text layer does not tell. */
export class NoTextLayer extends AppError {}

/** Fewer visible characters than this on a page in the mean is a stamp or a page number over a scan, not a text layer. */
const MIN_CHARACTERS = 25
/** Shares of all visible characters. Sound files stay under 1 % (icon fonts); files without a Unicode map lie above 20 %. */
const MAX_UNMAPPED = 0.1
/** A text of this many characters with hardly a digit has lost its digits: every résumé of that length has a year or a phone. */
const DIGITLESS_CHARACTERS = 400
/** And of this many without a single one. */
const NO_DIGIT_CHARACTERS = 200

/** The fault of a text layer of so many pages, or null where it can be believed. */
export function faultOf(blocks: Block[], pages: number): Fault | null {
  const text = visible(blocks)
  // Many empty pages behind a full one are no scan.
  if (text.length < MIN_CHARACTERS * Math.min(pages, 10)) return 'no-text'
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  if (isUnmapped(text) || letters < text.length * 0.3) return 'garbled-text'
  return blocks.length > 10 && lostDigits(text) ? 'garbled-text' : null
}

/** The fault of one page of a document whose text layer can be believed as a whole. Less is known of a page: it may well do without digits. */
export function pageFaultOf(blocks: Block[]): Fault | null {
  const text = visible(blocks)
  if (text.length < MIN_CHARACTERS) return 'no-text'
  return isUnmapped(text) ? 'garbled-text' : null
}

const visible = (blocks: Block[]): string =>
  blocks
    .map((block) => block.text)
    .join('')
    .replace(/\s/g, '')

const isUnmapped = (text: string): boolean => (text.match(/[\ufffd\ue000-\uf8ff\u0080-\u009f]/g)?.length ?? 0) > text.length * MAX_UNMAPPED

function lostDigits(text: string): boolean {
  const digits = text.match(/\d/g)?.length ?? 0
  if (digits === 0) return text.length > NO_DIGIT_CHARACTERS
  // Hardly any digit, though a résumé of this length has dates; broken date dashes ("-." alone) make it certain but are not needed.
  return text.length > DIGITLESS_CHARACTERS && digits < Math.max(3, text.length / 400)
}
