/** Plain text to blocks. */
import { type Block, cleanText, joinSpaced, plainBlock } from '../block.ts'

/** "姓    名：" is one word set as wide as its neighbours. */
const SPACED_LABEL = /(?<!\S)(\p{Script=Han})[ \u3000]+(\p{Script=Han})(?=\s*[:：])/gu

/** One block a line; runs of three or more blanks are column borders in text that was pasted from a form. */
export function readText(text: string): Block[] {
  return text
    .split(/\r\n?|\n|\f|\v/)
    .map((line) => joinSpaced(cleanText(line.replace(SPACED_LABEL, '$1$2').replace(/(?<=\S)(?: {3,}|\u3000{2,})(?=\S)/g, '\t'))))
    .filter((line) => line !== '')
    .map((line) => plainBlock(line))
}
