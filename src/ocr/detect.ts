/** Where text stands on a page. */
import { Tensor } from 'onnxruntime-node'
import { type Box, findBoxes } from './boxes.ts'
import type { Session } from './models.ts'
import { type Raster, resize } from './raster.ts'

/** Longest side that the detector sees, in pixels: time and memory grow with the area, and smaller pages lose lines of small type. */
const LONGEST = 1120
/** The network halves its input five times. */
const STEP = 32
/** Mean and standard deviation of the training images (ImageNet), by channel. */
const MEAN = [0.485, 0.456, 0.406]
const DEVIATION = [0.229, 0.224, 0.225]

/** Boxes in the page's own pixels, in no particular order. */
export async function detect(session: Session, page: Raster): Promise<Box[]> {
  const scale = Math.min(1, LONGEST / Math.max(page.width, page.height))
  const side = (pixels: number) => Math.max(STEP, Math.round((pixels * scale) / STEP) * STEP)
  const [width, height] = [side(page.width), side(page.height)]
  const small = resize(page, width, height)
  const area = width * height
  const input = new Float32Array(3 * area)
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < area; i++) input[channel * area + i] = (small.data[i]! / 255 - MEAN[channel]!) / DEVIATION[channel]!
  const output = await session.run({ [session.inputNames[0]!]: new Tensor('float32', input, [1, 3, height, width]) })
  const map = output[session.outputNames[0]!]!.data as Float32Array
  // Rounding to whole steps stretches the two sides a little differently; at such small angles a box stays a rectangle.
  const [sx, sy] = [page.width / width, page.height / height]
  return findBoxes(map, width, height).map((box) => ({ ...box, cx: box.cx * sx, cy: box.cy * sy, w: box.w * sx, h: box.h * sy }))
}
