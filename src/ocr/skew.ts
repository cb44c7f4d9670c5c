/** Pages that lie turned or a little askew. */
import type { Box } from './boxes.ts'
import { weightedMedian } from './median.ts'
import type { QuarterTurns, Raster } from './raster.ts'

/** The boxes of a page after `turn` with as many quarter turns; `page` as it was before. */
export function turnBoxes(boxes: Box[], page: Raster, turns: QuarterTurns): Box[] {
  const { width, height } = page
  return boxes.map((box) => {
    if (turns === 1) return { ...box, cx: height - box.cy, cy: box.cx, w: box.h, h: box.w }
    if (turns === 2) return { ...box, cx: width - box.cx, cy: height - box.cy }
    if (turns === 3) return { ...box, cx: box.cy, cy: width - box.cx, w: box.h, h: box.w }
    return box
  })
}

/**
 * The angle of most of the text in radians (the median over the long boxes, weighted by their length), and where the middle of a box
 * comes to lie when the page is turned back by it about its centre.
 */
export function skewOf(boxes: Box[], page: Raster): { angle: number; straighten: (box: Box) => { x: number; y: number } } {
  const long = boxes.filter(({ w, h }) => w > 5 * h)
  const angle = weightedMedian(long.map((box) => ({ value: box.angle, weight: box.w }))) ?? 0
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const [mx, my] = [page.width / 2, page.height / 2]
  const straighten = ({ cx, cy }: Box) => ({ x: mx + (cx - mx) * cos + (cy - my) * sin, y: my + (cy - my) * cos - (cx - mx) * sin })
  return { angle, straighten }
}
