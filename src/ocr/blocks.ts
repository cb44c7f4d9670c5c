/** Lines of a page image as blocks: from here on a scan is a document like any other. */
import type { Block } from '../resume/block.ts'
import { readingOrder } from '../resume/columns.ts'
import type { Glyphs } from '../resume/lines.ts'
import { weightedMedian } from './median.ts'
import type { Line } from './page.ts'

/** Measured sizes vary with the letters; within this share of the usual size a line has the usual size. */
const SAME_SIZE = 0.12

/** `scale` is points per pixel, `page` counts from 1. */
export function toBlocks(lines: Line[], scale: number, page: number): Block[] {
  const usual = weightedMedian(lines.map(({ size, w }) => ({ value: size, weight: w }))) ?? 0
  const glyphs = lines.map(({ text, x, y, w, size }): Glyphs => {
    const type = Math.abs(size - usual) < SAME_SIZE * usual ? usual : size
    return { text, x: x * scale, y: y * scale, w: w * scale, size: type * scale, font: 'ocr' }
  })
  return readingOrder(glyphs, page)
}
