/** What a line of text says. */
import { Tensor } from 'onnxruntime-node'
import type { Box } from './boxes.ts'
import { decode, type Reading } from './decode.ts'
import type { Session } from './models.ts'
import type { Raster } from './raster.ts'

/** Height that the recogniser was trained on; it reads one column of classes for each 8 pixels of width. */
export const CROP_HEIGHT = 48
const STRIDE = 8
/** Narrower crops are padded: the network was hardly ever shown any. Wider ones are squeezed, or a line as wide as a poster would take all memory. */
const WIDTHS = { least: 96, most: 2400, step: 16 }

/** The pixels of a box, straightened, scaled to the height of the recogniser and drawn out to `stretch` times the width. */
export type Crop = Raster & { stretch: number }

export function crop(page: Raster, box: Box, stretch: number): Crop {
  const width = Math.max(8, Math.min(WIDTHS.most, Math.round((box.w / box.h) * CROP_HEIGHT * stretch)))
  const data = new Uint8Array(width * CROP_HEIGHT)
  const [cos, sin] = [Math.cos(box.angle), Math.sin(box.angle)]
  const [stepU, stepV] = [box.w / width, box.h / CROP_HEIGHT]
  // Where a pixel of the crop covers several of the page, their mean is taken, or thin strokes would fall between the samples.
  const taps = Math.max(1, Math.min(4, Math.round(stepV)))
  for (let y = 0; y < CROP_HEIGHT; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0
      for (let ty = 0; ty < taps; ty++)
        for (let tx = 0; tx < taps; tx++) {
          const u = (x + (tx + 0.5) / taps) * stepU - box.w / 2
          const v = (y + (ty + 0.5) / taps) * stepV - box.h / 2
          sum += sample(page, box.cx + u * cos - v * sin - 0.5, box.cy + u * sin + v * cos - 0.5)
        }
      data[y * width + x] = sum / (taps * taps) + 0.5
    }
  return { width, height: CROP_HEIGHT, data, stretch }
}

/** Bilinear; beyond the edge the nearest pixel counts. */
function sample({ width, height, data }: Raster, x: number, y: number): number {
  const px = Math.max(0, Math.min(width - 1.001, x))
  const py = Math.max(0, Math.min(height - 1.001, y))
  const [x0, y0] = [Math.floor(px), Math.floor(py)]
  const [fx, fy] = [px - x0, py - y0]
  const at = y0 * width + x0
  const below = y0 + 1 < height ? at + width : at
  const right = x0 + 1 < width ? 1 : 0
  const upper = data[at]! * (1 - fx) + data[at + right]! * fx
  const lower = data[below]! * (1 - fx) + data[below + right]! * fx
  return upper * (1 - fy) + lower * fy
}

/** One line at a time: on one core a batch is no faster than its lines one by one, and padding them to one width costs. */
export async function recognize(session: Session, characters: string[], line: Crop): Promise<Reading> {
  const width = Math.max(WIDTHS.least, Math.ceil(line.width / WIDTHS.step) * WIDTHS.step)
  const area = width * CROP_HEIGHT
  const input = new Float32Array(3 * area)
  for (let y = 0; y < CROP_HEIGHT; y++)
    for (let x = 0; x < line.width; x++) {
      const value = line.data[y * line.width + x]! / 127.5 - 1
      const at = y * width + x
      input[at] = value
      input[area + at] = value
      input[2 * area + at] = value
    }
  const output = (await session.run({ [session.inputNames[0]!]: new Tensor('float32', input, [1, 3, CROP_HEIGHT, width]) }))[
    session.outputNames[0]!
  ]!
  return decode(output.data as Float32Array, characters, line.width / STRIDE)
}
