/**
 * From the detector's probability map to boxes around lines of text: threshold, connected components, smallest enclosing rectangle, widened
 * again. The method is DB's (Liao et al., "Real-time Scene Text Detection with Differentiable Binarization", 2020), whose maps are shrunken lines.
 */

/** A rectangle around one run of text, in pixels: its centre, its length along the text and across it, the angle of the text in radians. */
export type Box = { cx: number; cy: number; w: number; h: number; angle: number; score: number }

/** A pixel belongs to text from this probability on; a component is text when the mean over its pixels reaches the second value. */
const PIXEL = 0.3
const COMPONENT = 0.6
/** Smaller components (in pixels of the map, across) are specks. */
const MIN_SIDE = 3
/** The training maps were shrunken by area × ratio / perimeter; this widens by as much and some room. */
const UNCLIP = 1.5
const MAX_BOXES = 1000

/** `map` holds `width` × `height` probabilities. Boxes are in its pixels, the largest first where there are too many. */
export function findBoxes(map: Float32Array, width: number, height: number): Box[] {
  const boxes: Box[] = []
  for (const part of components(map, width, height)) {
    if (part.sum / part.pixels < COMPONENT) continue
    const box = smallestRectangle(outline(part))
    if (Math.min(box.w, box.h) < MIN_SIDE) continue
    const grow = (box.w * box.h * UNCLIP) / (box.w + box.h)
    boxes.push({ ...box, w: box.w + grow, h: box.h + grow, score: part.sum / part.pixels })
  }
  if (boxes.length <= MAX_BOXES) return boxes
  return boxes.toSorted((a, b) => b.w * b.h - a.w * a.h).slice(0, MAX_BOXES)
}

/** `left` and `right` are the outermost pixels of each row from `top` on. */
type Component = { top: number; left: number[]; right: number[]; pixels: number; sum: number }

/** Components of neighbours in eight directions, found with a stack: recursion would overflow on a dark page. */
function components(map: Float32Array, width: number, height: number): Component[] {
  const seen = new Uint8Array(map.length)
  const stack = new Int32Array(map.length)
  const found: Component[] = []
  for (let start = 0; start < map.length; start++) {
    if (seen[start] || map[start]! < PIXEL) continue
    const top = Math.floor(start / width)
    const part: Component = { top, left: [], right: [], pixels: 0, sum: 0 }
    let size = 0
    stack[size++] = start
    seen[start] = 1
    while (size > 0) {
      const at = stack[--size]!
      const x = at % width
      const y = (at - x) / width
      const row = y - top
      part.pixels++
      part.sum += map[at]!
      // The scan goes from the top down, so no row of the component lies above its first pixel.
      if (!(part.left[row]! <= x)) part.left[row] = x
      if (!(part.right[row]! >= x)) part.right[row] = x
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++)
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx
          if (seen[next] || map[next]! < PIXEL) continue
          seen[next] = 1
          stack[size++] = next
        }
    }
    found.push(part)
  }
  return found
}

type Point = readonly [x: number, y: number]

/** Corners of the outermost pixels of every row; the rectangle around these is the rectangle around all pixels. */
const outline = ({ top, left, right }: Component): Point[] =>
  left.flatMap((x, row): Point[] => [
    [x, top + row],
    [x, top + row + 1],
    [right[row]! + 1, top + row],
    [right[row]! + 1, top + row + 1],
  ])

/** Convex hull, counter-clockwise (Andrew's monotone chain). */
function hull(points: Point[]): Point[] {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
  const half = (list: Point[]): Point[] => {
    const chain: Point[] = []
    for (const p of list) {
      while (chain.length >= 2) {
        const [a, b] = [chain.at(-2)!, chain.at(-1)!]
        if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break
        chain.pop()
      }
      chain.push(p)
    }
    return chain.slice(0, -1)
  }
  return [...half(sorted), ...half(sorted.reverse())]
}

/** One side of the smallest rectangle lies on a side of the hull (Freeman and Shapira 1975), so each is tried. The angle is within ±45° of the axis. */
function smallestRectangle(points: Point[]): Omit<Box, 'score'> {
  const corners = hull(points)
  let best: Omit<Box, 'score'> = { cx: 0, cy: 0, w: 0, h: 0, angle: 0 }
  let least = Number.POSITIVE_INFINITY
  for (const [i, a] of corners.entries()) {
    const b = corners[(i + 1) % corners.length]!
    const angle = Math.atan2(b[1] - a[1], b[0] - a[0])
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    let [minU, maxU, minV, maxV] = [Infinity, -Infinity, Infinity, -Infinity]
    for (const [x, y] of corners) {
      const u = x * cos + y * sin
      const v = y * cos - x * sin
      minU = Math.min(minU, u)
      maxU = Math.max(maxU, u)
      minV = Math.min(minV, v)
      maxV = Math.max(maxV, v)
    }
    const area = (maxU - minU) * (maxV - minV)
    if (area >= least) continue
    least = area
    const [u, v] = [(minU + maxU) / 2, (minV + maxV) / 2]
    best = { cx: u * cos - v * sin, cy: u * sin + v * cos, w: maxU - minU, h: maxV - minV, angle }
  }
  return towardsAxis(best)
}

/** The same rectangle with its angle in (-45°, 45°]: `w` is then the side that lies across the page. */
function towardsAxis(box: Omit<Box, 'score'>): Omit<Box, 'score'> {
  let { w, h, angle } = box
  while (angle > Math.PI / 4) {
    angle -= Math.PI / 2
    ;[w, h] = [h, w]
  }
  while (angle <= -Math.PI / 4) {
    angle += Math.PI / 2
    ;[w, h] = [h, w]
  }
  return { ...box, w, h, angle }
}
