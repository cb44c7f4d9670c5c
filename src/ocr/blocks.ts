/** Lines of a page image as blocks: from here on a scan is a document like any other. */
import type { Block } from '../resume/block.ts'
import { readingOrder } from '../resume/columns.ts'
import type { Glyphs } from '../resume/lines.ts'
import { weightedMedian } from './median.ts'
import type { Line } from './page.ts'

/** `scale` is points per pixel, `page` counts from 1. */
export function toBlocks(lines: Line[], scale: number, page: number): Block[] {
  const sizes = evenSizes(lines)
  const glyphs = lines.map(({ text, x, y, w }, i): Glyphs => {
    return { text, x: x * scale, y: y * scale, w: w * scale, size: sizes[i]! * scale, font: 'ocr' }
  })
  return readingOrder(glyphs, page)
}

/** Within these shares of the usual size a line has the usual size; others have one size where each is at most so much larger than the least. */
const USUAL = { from: 0.8, to: 1.25 }
const ALIKE = 1.15

/** Measured sizes vary by a tenth with the letters of a line, while readers of headings expect equal ones to be equal. */
function evenSizes(lines: Line[]): number[] {
  const usual = weightedMedian(lines.map(({ size, w }) => ({ value: size, weight: w }))) ?? 0
  const even = lines.map(() => usual)
  const others = [...lines.keys()]
    .filter((i) => lines[i]!.size < usual * USUAL.from || lines[i]!.size > usual * USUAL.to)
    .sort((a, b) => lines[a]!.size - lines[b]!.size)
  for (let i = 0, least = 0; i < others.length; i++) {
    const { size } = lines[others[i]!]!
    if (size > least * ALIKE) least = size
    even[others[i]!] = least
  }
  return even
}
