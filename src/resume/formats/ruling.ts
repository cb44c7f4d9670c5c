/** The lines drawn on a page: borders of tables. */
import type { PDFPageProxy } from 'pdfjs-dist/types/src/pdf.d.ts'
import { type Matrix, readOperations } from './operators.ts'

/** A straight line across (`y` is its height, from `from` to `to` in x) or down (`x`, from `from` to `to` in y), in points from the top left corner. */
export type Rule = { at: number; from: number; to: number }
export type Ruling = { across: Rule[]; down: Rule[] }

/** Thinner than this is a line, longer than this a border: the strokes of icons are shorter. In points. */
const THIN = 3
const LONG = 8
/** A page with more lines is a drawing. */
const MAX_RULES = 2000

/** Strokes and thin fillings of a page; clip paths, which look alike, are no lines. */
export async function readRuling(page: PDFPageProxy): Promise<Ruling> {
  const { ops, operations } = await readOperations(page)
  const [left = 0, , , top = 0] = page.view
  const ruling: Ruling = { across: [], down: [] }
  const drawn = new Set([ops.stroke, ops.closeStroke, ops.fill, ops.eoFill, ops.fillStroke, ops.eoFillStroke])
  for (const { code, args, matrix } of operations) {
    if (code !== ops.constructPath || ruling.across.length + ruling.down.length >= MAX_RULES) continue
    const [how, [path]] = args as [number, [Float32Array | null]]
    if (path && drawn.has(how)) addPath(ruling, path, matrix, left, top)
  }
  return ruling
}

/** Path codes of pdfjs: 0 move, 1 line, 2 curve (three points), 3 quadratic curve (two points), 4 close. */
const POINTS = [1, 1, 3, 2, 0]

/** Each straight piece that runs along an axis is a line; a thin rectangle is drawn as two of them, which are one line. */
function addPath(ruling: Ruling, path: Float32Array, matrix: Matrix, left: number, top: number): void {
  let start: [number, number] | null = null
  let last: [number, number] | null = null
  const piece = (to: [number, number]) => {
    if (last) addPiece(ruling, last, to)
    last = to
  }
  for (let i = 0; i < path.length; ) {
    const code = path[i++]!
    const count = POINTS[code]
    if (count === undefined) return
    if (code === 4) {
      if (start) piece(start)
      continue
    }
    const [x, y] = [path[i + 2 * count - 2]!, path[i + 2 * count - 1]!]
    const point: [number, number] = [matrix[0] * x + matrix[2] * y + matrix[4] - left, top - (matrix[1] * x + matrix[3] * y + matrix[5])]
    if (code === 1) piece(point)
    else last = point
    if (code === 0) start = point
    i += 2 * count
  }
}

function addPiece({ across, down }: Ruling, [x1, y1]: [number, number], [x2, y2]: [number, number]): void {
  if (Math.abs(y1 - y2) < THIN && Math.abs(x1 - x2) > LONG) across.push({ at: (y1 + y2) / 2, from: Math.min(x1, x2), to: Math.max(x1, x2) })
  else if (Math.abs(x1 - x2) < THIN && Math.abs(y1 - y2) > LONG)
    down.push({ at: (x1 + x2) / 2, from: Math.min(y1, y2), to: Math.max(y1, y2) })
}
