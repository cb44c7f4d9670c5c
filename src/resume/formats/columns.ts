/** The reading order of a page: one column, or two with a gutter between them. */
import type { Block } from '../block.ts'
import { findDate, findRange } from '../dates.ts'
import { headingOf } from '../headings.ts'
import { withoutDecoration } from './decoration.ts'
import { type Glyphs, toBlock, toRows } from './lines.ts'

/** A column needs this many rows, the two-column part this share of all rows, and the gutter lies in this part of the width. */
const MIN_ROWS = 5
const MIN_SHARE = 0.5
const BAND = [0.2, 0.8] as const
const MAX_EDGES = 100

/** `main` is what the page says from top to bottom, `side` the column beside it, empty where there is none. */
export type PageBlocks = { main: Block[]; side: Block[] }

/**
 * Blocks of one page in reading order. A gutter is a vertical line that no item crosses over most of the rows; since dates set flush right leave
 * such a corridor too, both sides must hold a section heading of their own. What stands above or below the gutter is read across.
 */
export function readingOrder(glyphs: Glyphs[], page: number): PageBlocks {
  const rows = toRows(glyphs)
  const split = findGutter(rows, page)
  if (!split) return { main: toBlocks(rows, page), side: [] }
  const middle = rows.slice(split.from, split.to).flat()
  const left = toBlocks(toRows(middle.filter((item) => item.x < split.x)), page)
  const right = toBlocks(toRows(middle.filter((item) => item.x >= split.x)), page)
  const [main, side] = lengthOf(right) > lengthOf(left) ? [right, left] : [left, right]
  return { main: [...toBlocks(rows.slice(0, split.from), page), ...main, ...toBlocks(rows.slice(split.to), page)], side }
}

/**
 * A job that goes on overleaf must not be cut by what stands beside it: the pages' main columns come first, then those beside them.
 */
export function inOrder(pages: PageBlocks[]): Block[] {
  const side = pages.flatMap((page) => page.side)
  if (side[0]) side[0] = { ...side[0], opens: true }
  return [...withoutDecoration(pages.map((page) => page.main)).flat(), ...side]
}

const lengthOf = (blocks: Block[]): number => blocks.reduce((sum, block) => sum + block.text.length, 0)

const toBlocks = (rows: Glyphs[][], page: number): Block[] => rows.map((row) => toBlock(row, page)).filter((block) => block !== null)

type Gutter = { x: number; from: number; to: number }

function findGutter(rows: Glyphs[][], page: number): Gutter | null {
  const items = rows.flat()
  if (rows.length < MIN_ROWS * 2) return null
  // Not Math.min(...): a page may hold more items than a call may have arguments.
  const left = items.reduce((least, item) => Math.min(least, item.x), Number.POSITIVE_INFINITY)
  const right = items.reduce((most, item) => Math.max(most, item.x + item.w), Number.NEGATIVE_INFINITY)
  const width = right - left
  let best: Gutter | null = null
  let most = 0
  // A gutter begins where the right column's items begin, so only left edges need a try.
  for (const x of commonEdges(items)) {
    if (x < left + BAND[0] * width || x > left + BAND[1] * width) continue
    const run = longestClearRun(rows, x)
    if (run.to - run.from <= rows.length * MIN_SHARE) continue
    const inside = rows.slice(run.from, run.to)
    // Dates set flush right, left of the true gutter, leave a corridor too, but what stands right of it seldom begins there.
    const score = (run.to - run.from) * startShare(inside, x)
    if (score <= most) continue
    if (isTwoColumns(inside.flat(), x, page)) {
      best = { x, ...run }
      most = score
    }
  }
  return best
}

/** Of the rows with something right of `x`, the share that begins there, within a bullet's width. */
function startShare(rows: Glyphs[][], x: number): number {
  let [all, there] = [0, 0]
  for (const row of rows) {
    const first = row.find((item) => item.x >= x - 1)
    if (!first) continue
    all++
    if (first.x < x + 2 * first.size) there++
  }
  return all === 0 ? 0 : there / all
}

/** The left edges that most items share, from left to right; bounded, since a hostile page can have as many edges as items. */
function commonEdges(items: Glyphs[]): number[] {
  const counts = new Map<number, number>()
  for (const item of items) counts.set(Math.floor(item.x), (counts.get(Math.floor(item.x)) ?? 0) + 1)
  const common = [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, MAX_EDGES)
  return common.map(([x]) => x).sort((a, b) => a - b)
}

/** The longest stretch of rows in which no item lies across `x` (one point of slack for rounded widths). */
function longestClearRun(rows: Glyphs[][], x: number): { from: number; to: number } {
  let best = { from: 0, to: 0 }
  let from = 0
  for (let i = 0; i <= rows.length; i++) {
    const crossed = i === rows.length || rows[i]!.some((item) => item.x < x - 1 && item.x + item.w > x + 1)
    if (!crossed) continue
    if (i - from > best.to - best.from) best = { from, to: i }
    from = i + 1
  }
  return best
}

/** Dates set apart, flush right or in a rail, belong to what stands beside them. As a share of a side's lines. */
const MAX_DATES = 0.25

function isDates(text: string): boolean {
  const date = findRange(text) ?? findDate(text)
  return date !== null && date.length > text.length * 0.6
}

function isTwoColumns(items: Glyphs[], x: number, page: number): boolean {
  const sides = [items.filter((item) => item.x < x), items.filter((item) => item.x >= x)]
  return sides.every((side) => {
    const blocks = toBlocks(toRows(side), page)
    const dates = blocks.filter(({ text }) => isDates(text)).length
    return blocks.length >= MIN_ROWS && dates <= blocks.length * MAX_DATES && blocks.some((block) => headingOf(block.text) !== null)
  })
}
