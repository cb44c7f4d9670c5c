/** What a page carries besides its text: running heads, footers and page numbers. */
import type { Block } from '../block.ts'

/** So many lines from the top and from the bottom of a page may be decoration, and so far apart may they lie from page to page, in points. */
const EDGE_LINES = 2
const SAME_HEIGHT = 4
const PAGE_NUMBER = /^(?:page|第)?\s*[-–—]?\s*\d{1,2}\s*(?:(?:\/|of|页\s*[/,，]?\s*共?)\s*\d{0,2}\s*页?)?\s*[-–—]?$/i

/**
 * The pages without page numbers and without lines that stand at the same height of several pages and differ in nothing but digits. A running head
 * stays on the first page: it may be the only place where the name is.
 */
export function withoutDecoration(pages: Block[][]): Block[][] {
  const edges = pages.map((blocks) => {
    const lines = blocks.toSorted((a, b) => (a.y ?? 0) - (b.y ?? 0))
    return { top: lines.slice(0, EDGE_LINES), bottom: lines.slice(-EDGE_LINES) }
  })
  const repeats = (block: Block, side: 'top' | 'bottom', page: number) =>
    edges.some(
      (edge, i) =>
        i !== page && edge[side].some((other) => keyOf(other) === keyOf(block) && Math.abs((other.y ?? 0) - (block.y ?? 0)) < SAME_HEIGHT),
    )
  return pages.map((blocks, page) => {
    const { top, bottom } = edges[page]!
    const gone = new Set<Block>()
    for (const block of top) if (page > 0 && repeats(block, 'top', page)) gone.add(block)
    for (const block of bottom) if (repeats(block, 'bottom', page)) gone.add(block)
    for (const block of [top[0], bottom.at(-1)]) if (block && PAGE_NUMBER.test(block.text)) gone.add(block)
    return blocks.filter((block) => !gone.has(block))
  })
}

const keyOf = ({ text }: Block): string => text.replace(/\d+/g, '#')
