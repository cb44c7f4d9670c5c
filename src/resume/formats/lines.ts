/** Text items of a page to lines. */
import { type Block, cleanText, joinSpaced, plainBlock } from '../block.ts'

/** One run of text on a page: `x`, `y` (baseline, from the top), `w` and `size` in points. */
export type Glyphs = { text: string; x: number; y: number; w: number; size: number; font: string }

/** A gap wider than this many times the font size is a border between cells; narrower than the second value no gap at all. */
const CELL_GAP = 1.8
const WORD_GAP = 0.17

/** Rows from top to bottom, the items of a row from left to right. Items share a row when their baselines differ by under 0.4 of the font size. */
export function toRows(glyphs: Glyphs[]): Glyphs[][] {
  const rows: { y: number; fixed: boolean; size: number; items: Glyphs[] }[] = []
  for (const item of glyphs.toSorted((a, b) => a.y - b.y || a.x - b.x)) {
    const row = rows.at(-1)
    if (row && Math.abs(item.y - row.y) < 0.4 * Math.max(item.size, row.size)) {
      row.items.push(item)
      // A bullet or an icon in another size must not decide where the row lies; nor must each item draw it a little further down.
      if (!row.fixed && item.text.trim().length > 1) Object.assign(row, { y: item.y, fixed: true })
      row.size = Math.max(row.size, item.size)
    } else rows.push({ y: item.y, fixed: item.text.trim().length > 1, size: item.size, items: [item] })
  }
  return rows.map((row) => row.items.toSorted((a, b) => a.x - b.x))
}

/** Joins the items of one row to a block; null where nothing visible is left. */
export function toBlock(row: Glyphs[], page: number): Block | null {
  let text = ''
  let previous: Glyphs | null = null
  for (const item of row) {
    if (previous) text += separator(previous, item)
    // Letter-spaced words come as items of their own; joined one by one they stay apart.
    text += joinSpaced(item.text)
    previous = item
  }
  const clean = joinSpaced(cleanText(text))
  const widest = row.reduce((best, item) => (item.text.length > best.text.length ? item : best))
  const [first, last] = [row[0], row.at(-1)]
  if (clean === '' || !first || !last) return null
  // The largest real word decides: a name in large type may share its row with a longer line of contacts.
  const largest = row.reduce((most, item) => (item.text.trim().length > 1 ? Math.max(most, item.size) : most), widest.size)
  const size = Math.round(largest * 10) / 10
  return plainBlock(clean, { page, x: first.x, y: widest.y, w: last.x + last.w - first.x, h: size, size, font: widest.font })
}

function separator(left: Glyphs, right: Glyphs): string {
  const gap = right.x - (left.x + left.w)
  const size = Math.min(left.size, right.size)
  if (gap > CELL_GAP * size) return '\t'
  // Words in clearly different type are different things: a name and the title beside it. Single characters are icons and initials.
  const words = left.text.trim().length > 1 && right.text.trim().length > 1
  if (words && gap > -0.2 * size && Math.max(left.size, right.size) > 1.3 * size) return '\t'
  return gap > WORD_GAP * size ? ' ' : ''
}
