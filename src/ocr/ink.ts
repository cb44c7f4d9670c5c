/** Where the ink of a line is. */
import type { Raster } from './raster.ts'

/** `columns`: whether there is ink in each; `top` and `bottom`: the rows between which the line's ink lies, the second exclusive. */
export type Ink = { columns: boolean[]; top: number; bottom: number }

/** Ink differs from paper by at least this share of the way to the strongest ink. */
const LIMIT = 0.35
/** A row or column of which so much is ink is no text: a rule, the edge of a bar, or the paper around white text on a dark one. */
const SOLID = 0.85
/** Rows with so few inked pixels end the line; a single p in a long line has three or four below it. */
const FAINT = 1

export function findInk({ width, height, data }: Raster): Ink {
  const { paper, ink } = tones(data)
  const sign = Math.sign(paper - ink)
  const limit = Math.abs(paper - ink) * LIMIT
  const inked = data.map((value) => (sign * (paper - value) > limit ? 1 : 0))
  const columns = new Int32Array(width)
  for (let i = 0; i < inked.length; i++) columns[i % width]! += inked[i]!
  const rows = new Int32Array(height)
  for (let i = 0; i < inked.length; i++) if (columns[i % width]! <= height * SOLID) rows[Math.floor(i / width)]! += inked[i]!
  for (let y = 0; y < height; y++) if (rows[y]! > width * SOLID) rows[y] = 0
  const fullest = rows.indexOf(rows.reduce((most, count) => Math.max(most, count), 0))
  let [top, bottom] = [fullest, fullest + 1]
  // A single faint row is the gap of an i or a scratch; two are the end.
  while (top > 0 && (rows[top - 1]! > FAINT || (rows[top - 2] ?? 0) > FAINT)) top--
  while (bottom < height && (rows[bottom]! > FAINT || (rows[bottom + 1] ?? 0) > FAINT)) bottom++
  return { columns: Array.from(columns, (count) => count > 0), top, bottom }
}

/** The two main tones: most of a crop is paper, and its ink is whichever extreme lies further from that. */
function tones(data: Uint8Array): { paper: number; ink: number } {
  const counts = new Int32Array(256)
  for (const value of data) counts[value]!++
  const quantile = (share: number): number => {
    let sum = 0
    for (let value = 0; value < 256; value++) {
      sum += counts[value]!
      if (sum >= data.length * share) return value
    }
    return 255
  }
  const paper = quantile(0.5)
  const [dark, light] = [quantile(0.02), quantile(0.98)]
  return { paper, ink: paper - dark >= light - paper ? dark : light }
}
