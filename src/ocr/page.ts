/** One page image to lines of text, whichever way up it lies. */
import type { Box } from './boxes.ts'
import type { Reading } from './decode.ts'
import { detect } from './detect.ts'
import { findInk, type Ink } from './ink.ts'
import type { OcrModels } from './models.ts'
import { isBlank, type Raster, turn } from './raster.ts'
import { CROP_HEIGHT, crop, recognize } from './recognize.ts'
import { typeOf } from './size.ts'
import { skewOf, turnBoxes } from './skew.ts'
import { type Piece, toPieces } from './spacing.ts'

/** A run of text: left edge, baseline, length and type size in pixels of the straightened page; `confidence` 0–1. */
export type Line = { text: string; x: number; y: number; w: number; size: number; confidence: number }

/** Lines that the recogniser is less sure of are mostly specks, logos and photographs. */
const LEAST_CONFIDENCE = 0.5
/** From this confidence on a reading is not doubted; below it the page is also tried the other way up, and the surer reading wins. */
const SURE = 0.9
/** Lines that are looked at to find out which way is up and which script it is. */
const SAMPLE = 6
/** Latin letters are narrower than what the recogniser was trained on: drawn out, they are lost less often. A doubtful line gets more. */
const STRETCH = { han: 1, latin: 1.2, doubtful: 1.4 }

type LineReading = Reading & { ink: Ink; pieces: Piece[] }

/** Lines from top to bottom; none on a page without text. */
export async function readPage(models: OcrModels, image: Raster): Promise<Line[]> {
  if (isBlank(image)) return []
  let page = image
  let boxes = await detect(models.detector, page)
  if (boxes.length === 0) return []
  if (liesOnItsSide(boxes)) {
    boxes = turnBoxes(boxes, page, 1)
    page = turn(page, 1)
  }
  // Upright text that runs up a margin is decoration; on a page that lies right it is nothing to read.
  boxes = boxes.filter(({ w, h }) => h < 2 * w)
  const read = async (box: Box, stretch: number): Promise<LineReading> => {
    const line = crop(page, box, stretch)
    const reading = await recognize(models.recognizer, models.characters, line)
    const ink = findInk(line)
    return { ...reading, ink, pieces: toPieces(line, ink, reading.characters) }
  }
  const readAll = async (list: Box[]) => {
    const readings = new Map<Box, LineReading>()
    for (const box of list) readings.set(box, await read(box, STRETCH.latin))
    return readings
  }

  let known = await readAll(typical(boxes))
  if (mean(known) < SURE) {
    const before = { page, boxes, known }
    boxes = turnBoxes(boxes, page, 2)
    page = turn(page, 2)
    known = await readAll(typical(boxes))
    if (mean(known) <= mean(before.known)) ({ page, boxes, known } = before)
  }

  const usual = isLatin([...known.values()]) ? STRETCH.latin : STRETCH.han
  const { angle, straighten } = skewOf(boxes, page)
  const lines: Line[] = []
  for (const found of boxes) {
    // The angle of a short box is chance.
    const box = found.w < 5 * found.h ? { ...found, angle } : found
    let reading = known.get(found) ?? (await read(box, usual))
    if (reading.confidence < SURE && isLatin([reading])) {
      const again = await read(box, STRETCH.doubtful)
      if (again.confidence > reading.confidence) reading = again
    }
    lines.push(...toLines(box, reading, straighten(box)))
  }
  return lines.sort((a, b) => a.y - b.y || a.x - b.x)
}

/** `middle` is where the box's middle lies on the straightened page. */
function toLines(box: Box, { pieces, ink }: LineReading, middle: { x: number; y: number }): Line[] {
  const height = ((ink.bottom - ink.top) / CROP_HEIGHT) * box.h
  const foot = middle.y - box.h / 2 + (ink.bottom / CROP_HEIGHT) * box.h
  return pieces
    .filter(({ confidence }) => confidence >= LEAST_CONFIDENCE)
    .map(({ text, from, to, confidence }) => {
      const { size, descent } = typeOf(pieces.map((piece) => piece.text).join(' '), height)
      return { text, x: middle.x - box.w / 2 + from * box.w, y: foot - descent, w: (to - from) * box.w, size, confidence }
    })
}

/** Boxes that stand higher than wide hold most of the text: the page was turned by a quarter. Square ones (single ideographs) say nothing. */
function liesOnItsSide(boxes: Box[]): boolean {
  const area = (list: Box[]) => list.reduce((sum, { w, h }) => sum + w * h, 0)
  return area(boxes.filter(({ w, h }) => h > 1.5 * w)) > area(boxes.filter(({ w, h }) => w > 1.5 * h))
}

/** A few lines of ordinary length: short ones say little, long ones take long. */
function typical(boxes: Box[]): Box[] {
  const lines = boxes.filter(({ w, h }) => w > 3 * h).toSorted((a, b) => a.w / a.h - b.w / b.h)
  const middle = Math.max(0, (lines.length - SAMPLE) >> 1)
  return (lines.length > 0 ? lines : boxes).slice(middle, middle + SAMPLE)
}

/** Over characters, so that a speck counts little. */
function mean(readings: Map<Box, Reading>): number {
  const characters = [...readings.values()].flatMap((reading) => reading.characters)
  return characters.reduce((sum, { confidence }) => sum + confidence, 0) / Math.max(1, characters.length)
}

function isLatin(readings: Reading[]): boolean {
  const text = readings.flatMap((reading) => reading.characters.map((one) => one.text)).join('')
  return (text.match(/\p{Script=Han}/gu)?.length ?? 0) * 2 < text.length
}
