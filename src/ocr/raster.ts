/** Grey images in plain arrays: colour tells the models of this folder hardly anything, and a quarter of the memory does. */

/** One byte a pixel, row by row, 0 black to 255 white. */
export type Raster = { width: number; height: number; data: Uint8Array }

/** Canvas pixels (RGBA) over a white page; weights of ITU-R BT.601. */
export function fromRgba(rgba: Uint8ClampedArray | Uint8Array, width: number, height: number): Raster {
  const data = new Uint8Array(width * height)
  for (let i = 0, at = 0; i < data.length; i++, at += 4) {
    const grey = 0.299 * rgba[at]! + 0.587 * rgba[at + 1]! + 0.114 * rgba[at + 2]!
    const alpha = rgba[at + 3]! / 255
    data[i] = grey * alpha + 255 * (1 - alpha)
  }
  return { width, height, data }
}

/** Resized by the mean of the source pixels under each target pixel (bilinear where the target is larger): thin strokes survive a reduction. */
export function resize(source: Raster, width: number, height: number): Raster {
  const across = spans(source.width, width)
  const down = spans(source.height, height)
  const data = new Uint8Array(width * height)
  const line = new Float32Array(source.width)
  for (let y = 0; y < height; y++) {
    // Rows first: they lie side by side in memory.
    line.fill(0)
    for (let i = down.from[y]!, w = down.first[y]!; i < down.from[y + 1]!; i++, w++) {
      const weight = down.weights[i]!
      const row = w * source.width
      for (let x = 0; x < source.width; x++) line[x]! += source.data[row + x]! * weight
    }
    for (let x = 0; x < width; x++) {
      let sum = 0
      for (let i = across.from[x]!, w = across.first[x]!; i < across.from[x + 1]!; i++, w++) sum += line[w]! * across.weights[i]!
      data[y * width + x] = sum + 0.5
    }
  }
  return { width, height, data }
}

/** For each target index the first source index and the weights from there on (they lie in `weights` from `from[i]` to `from[i + 1]`). */
function spans(source: number, target: number): { first: Int32Array; from: Int32Array; weights: number[] } {
  const ratio = source / target
  const first = new Int32Array(target)
  const from = new Int32Array(target + 1)
  const weights: number[] = []
  for (let i = 0; i < target; i++) {
    const center = (i + 0.5) * ratio
    // A triangle as wide as the step, but at least one pixel to each side, which is bilinear.
    const reach = Math.max(1, ratio)
    const low = Math.max(0, Math.ceil(center - reach - 0.5))
    const high = Math.min(source - 1, Math.floor(center + reach - 0.5))
    first[i] = low
    let sum = 0
    const at = weights.length
    for (let s = low; s <= high; s++) {
      const weight = Math.max(0, 1 - Math.abs(s + 0.5 - center) / reach)
      weights.push(weight)
      sum += weight
    }
    for (let w = at; w < weights.length; w++) weights[w]! /= sum || 1
    from[i + 1] = weights.length
  }
  return { first, from, weights }
}

export type QuarterTurns = 0 | 1 | 2 | 3

/** Turned clockwise by quarters of a circle. */
export function turn(source: Raster, turns: QuarterTurns): Raster {
  if (turns === 0) return source
  const { width: w, height: h } = source
  const data = new Uint8Array(w * h)
  const [width, height] = turns === 2 ? [w, h] : [h, w]
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const [tx, ty] = turns === 1 ? [h - 1 - y, x] : turns === 2 ? [w - 1 - x, h - 1 - y] : [y, w - 1 - x]
      data[ty * width + tx] = source.data[y * w + x]!
    }
  return { width, height, data }
}

/** Less than one pixel in 5,000 stands out: a line of small type on a page is more than that. */
export function isBlank({ data }: Raster): boolean {
  const counts = new Int32Array(256)
  for (const value of data) counts[value]!++
  const paper = counts.indexOf(counts.reduce((most, count) => Math.max(most, count), 0))
  let apart = 0
  for (let value = 0; value < 256; value++) if (Math.abs(value - paper) > 50) apart += counts[value]!
  return apart < data.length / 5000
}
