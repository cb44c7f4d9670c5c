/** Lines of a page image as blocks: from here on a scan is a document like any other. */
import type { Block } from '../resume/block.ts'
import { readingOrder } from '../resume/columns.ts'
import type { Glyphs } from '../resume/lines.ts'
import { weightedMedian } from './median.ts'
import type { Line } from './page.ts'

/** A box is this many times as high as the type in it: it spans ascenders, descenders and the detector's margin. */
const BOX_TO_SIZE = 1.2
/** Heights of boxes vary with their letters; within this share of the usual size a line has the usual size. */
const SAME_SIZE = 0.18

/** `scale` is points per pixel, `page` counts from 1. */
export function toBlocks(lines: Line[], scale: number, page: number): Block[] {
  const usual = weightedMedian(lines.map(({ h, w }) => ({ value: h, weight: w }))) ?? 0
  const glyphs = lines.map((line): Glyphs => {
    const height = Math.abs(line.h - usual) < SAME_SIZE * usual ? usual : line.h
    const size = (height / BOX_TO_SIZE) * scale
    // The baseline lies about a third of the size under the middle of the line.
    return { text: line.text, x: line.x * scale, y: line.y * scale + size / 3, w: line.w * scale, size, font: 'ocr' }
  })
  return readingOrder(glyphs, page)
}
