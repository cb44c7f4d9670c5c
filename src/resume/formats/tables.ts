/** Ruled tables of a page: which cell each piece of text lies in. */
import type { Block } from '../block.ts'
import { rowBlocks } from './flow.ts'
import { type Glyphs, toBlock, toRows } from './lines.ts'
import type { Rule, Ruling } from './ruling.ts'

type Cell = { left: number; right: number; top: number; bottom: number; items: Glyphs[] }

/** Lines that end within this of each other meet; so do the edges of neighbouring cells. In points. */
const SLACK = 4
/** Fewer filled cells, or fewer rows, are a frame around something. */
const MIN_CELLS = 8
const MIN_ROWS = 4

/** Blocks by the height at which their row begins. */
type PlacedBlocks = { top: number; blocks: Block[] }
export type Table = { top: number; bottom: number; blocks: Block[] }

/**
 * The tables of a page as one, from its first to its last row, with what stands between the rows outside of any cell (the names of sections). Null
 * where the page has none.
 */
export function findTable(glyphs: Glyphs[], ruling: Ruling, page: number): Table | null {
  const cells = new Map<string, Cell>()
  for (const item of glyphs) {
    const cell = cellAt(item, ruling)
    if (!cell) continue
    const key = [cell.left, cell.right, cell.top, cell.bottom].map((edge) => Math.round(edge / SLACK)).join(' ')
    const known = cells.get(key)
    if (known) known.items.push(item)
    else cells.set(key, { ...cell, items: [item] })
  }
  const rows = toTableRows([...cells.values()])
  if (cells.size < MIN_CELLS || rows.length < MIN_ROWS) return null
  const all = [...cells.values()]
  const top = Math.min(...all.map((cell) => cell.top))
  const bottom = Math.max(...all.map((cell) => cell.bottom))
  const inside = new Set(all.flatMap((cell) => cell.items))
  const between = toRows(glyphs.filter((item) => !inside.has(item) && item.y > top && item.y <= bottom)).map((line) => ({
    top: line[0]!.y - line[0]!.size,
    blocks: [toBlock(line, page)].filter((block) => block !== null),
  }))
  const placed: PlacedBlocks[] = [...rows.map((row) => ({ top: row[0]!.top, blocks: blocksOf(row, page) })), ...between]
  return { top, bottom, blocks: placed.toSorted((a, b) => a.top - b.top).flatMap(({ blocks }) => blocks) }
}

/** The box of lines around the middle of an item, or null where a side is open. */
function cellAt(item: Glyphs, { across, down }: Ruling): Omit<Cell, 'items'> | null {
  const x = item.x + Math.min(item.w, item.size) / 2
  const y = item.y - item.size * 0.35
  const top = nearest(across, x, y, -1)
  const bottom = nearest(across, x, y, 1)
  const left = nearest(down, y, x, -1)
  const right = nearest(down, y, x, 1)
  return top === null || bottom === null || left === null || right === null ? null : { left, right, top, bottom }
}

/** The closest line on one side of `at` that covers `along`. */
function nearest(rules: Rule[], along: number, at: number, side: -1 | 1): number | null {
  let best: number | null = null
  for (const rule of rules) {
    if (along < rule.from - SLACK || along > rule.to + SLACK) continue
    const away = (rule.at - at) * side
    if (away >= -1 && (best === null || away < (best - at) * side)) best = rule.at
  }
  return best
}

/** Cells that begin at the same height, from the top down; a cell that spans rows (a section's name down the side) is a row of its own in front. */
function toTableRows(cells: Cell[]): Cell[][] {
  const rows: Cell[][] = []
  for (const cell of cells.toSorted((a, b) => a.top - b.top || a.left - b.left)) {
    const row = rows.at(-1)
    if (row && Math.abs(row[0]!.top - cell.top) < SLACK) row.push(cell)
    else rows.push([cell])
  }
  return rows.flatMap((row) => {
    const height = Math.min(...row.map((cell) => cell.bottom))
    const tall = row.filter((cell) => cell.bottom > height + SLACK)
    const rest = row.filter((cell) => !tall.includes(cell)).toSorted((a, b) => a.left - b.left)
    return [...tall.map((cell) => [cell]), rest].filter((some) => some.length > 0)
  })
}

function blocksOf(row: Cell[], page: number): Block[] {
  return rowBlocks(
    row.map((cell) =>
      unwrap(
        toRows(cell.items).flatMap((line) => toBlock(line, page) ?? []),
        cell,
      ),
    ),
  )
}

/** A line goes on in the next one where that one's first word had no room left on it. */
function unwrap(lines: Block[], cell: Cell): Block[] {
  const out: Block[] = []
  let end = 0
  for (const line of lines) {
    const last = out.at(-1)
    const goesOn =
      end + firstWord(line) > cell.right - 0.6 * (line.size ?? 10) && last !== undefined && !/^(?:[•●▪■◆·*-]|\d{1,2}[.、)])/.test(line.text)
    if (goesOn) {
      const han = /[\p{Script=Han}，。；、,;]$/u.test(last.text) || /^\p{Script=Han}/u.test(line.text) || /[@.]\S*$/.test(last.text)
      out[out.length - 1] = {
        ...last,
        text: han ? last.text + line.text : `${last.text} ${line.text}`,
        w: Math.max(last.w ?? 0, line.w ?? 0),
      }
    } else out.push(line)
    end = (line.x ?? 0) + (line.w ?? 0)
  }
  return out
}

/** Width of the first word in points; ideographs wrap one by one and are as wide as high, letters half of that. */
function firstWord({ text, size }: Block): number {
  const word = /^\p{Script=Han}|^\S+/u.exec(text)?.[0] ?? ''
  return (/\p{Script=Han}/u.test(word) ? 1 : word.length * 0.5) * (size ?? 10)
}
