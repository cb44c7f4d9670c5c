/** Lines of a page image as blocks: from here on a scan is a document like any other. */
import { type PageBlocks, readingOrder } from '../resume/formats/columns.ts'
import type { Glyphs } from '../resume/formats/lines.ts'
import { weightedMedian } from './median.ts'
import type { Line } from './page.ts'

/** `scale` is points per pixel, `page` counts from 1. */
export function toBlocks(lines: Line[], scale: number, page: number): PageBlocks {
  const sizes = evenSizes(lines)
  const glyphs = lines.map(({ text, x, y, w }, i): Glyphs => {
    return { text, x: x * scale, y: y * scale, w: w * scale, size: sizes[i]! * scale, font: 'ocr' }
  })
  return readingOrder(glyphs, page)
}

/** Up to this many times the usual size a line has the usual size; larger ones have one size where each is at most so much larger than the least. */
const USUAL = 1.25
const ALIKE = 1.15

/** Measured sizes vary by a tenth with the letters of a line, while readers of headings expect equal ones to be equal. */
function evenSizes(lines: Line[]): number[] {
  const usual = weightedMedian(lines.map(({ size, w }) => ({ value: size, weight: w }))) ?? 0
  const even = lines.map(() => usual)
  const larger = [...lines.keys()].filter((i) => lines[i]!.size > usual * USUAL).sort((a, b) => lines[a]!.size - lines[b]!.size)
  let least = 0
  for (const i of larger) {
    if (lines[i]!.size > least * ALIKE) least = lines[i]!.size
    even[i] = least
  }
  return even
}
