/** What all formats without fixed places (DOCX, ODT, RTF, HTML) have in common: text in runs, lines, and tables whose rows are lines or layouts. */
import { type Block, cleanText, joinSpaced, plainBlock } from '../block.ts'

/** How a run of text looks: size in points, null where the document does not say. */
export type Look = { size: number | null; bold: boolean; font: string | null; heading: boolean }

export const PLAIN: Look = { size: null, bold: false, font: null, heading: false }

export type Flow = {
  text(text: string, look?: Look): void
  /** The line holds a link to this address. */
  link(url: string): void
  /** Ends the line; what follows is a new one. Empty lines leave nothing behind. */
  endLine(): void
  /** A border between two cells of one line: a tab stop, or two neighbours that only a style sheet keeps apart. */
  tab(): void
  openRow(): void
  openCell(): void
  closeCell(): void
  closeRow(): void
  /** All blocks in order; open rows are closed. */
  blocks(): Block[]
}

type Row = { cells: Block[][] }

/** Blank text between cells of a row is dropped by `endLine`, which callers need not call at cell borders. */
export function createFlow(): Flow {
  const done: Block[] = []
  const rows: Row[] = []
  let runs: { text: string; look: Look }[] = []
  let links: string[] = []

  /** Lines go to the innermost open cell. */
  function target(): Block[] {
    const cells = rows.at(-1)?.cells
    return cells ? (cells.at(-1) ?? cells[cells.push([]) - 1]!) : done
  }

  function endLine(): void {
    if (runs.length === 0) return
    const block = toBlock(runs)
    if (block) target().push(links.length > 0 ? { ...block, links } : block)
    runs = []
    links = []
  }

  function closeRow(): void {
    endLine()
    const row = rows.pop()
    if (row) for (const block of rowBlocks(row.cells)) target().push(block)
  }

  return {
    text(text, look = PLAIN) {
      if (text !== '') runs.push({ text, look })
    },
    link(url) {
      if (/^https?:/i.test(url)) links.push(url)
    },
    endLine,
    tab() {
      runs.push({ text: '\t', look: PLAIN })
    },
    openRow() {
      endLine()
      rows.push({ cells: [] })
    },
    openCell() {
      endLine()
      rows.at(-1)?.cells.push([])
    },
    closeCell: endLine,
    closeRow,
    blocks() {
      endLine()
      while (rows.length > 0) closeRow()
      return done
    },
  }
}

/**
 * A row whose cells are single lines is one line with cell borders; a layout row with whole passages in its cells is read cell by cell. Neither
 * "教 / 育 / 经 / 历" down the side of a form nor an empty cell decides.
 */
export function rowBlocks(cells: Block[][]): Block[] {
  const joined = cells.map((lines) => (isVerticalLabel(lines) ? [{ ...lines[0]!, text: lines.map((line) => line.text).join('') }] : lines))
  if (joined.some((lines) => lines.length > 1)) return joined.flat()
  const filled = joined.flat()
  const first = filled[0]
  if (!first) return []
  // Empty cells stay as borders, so that a label never takes the value of the next label.
  const text = joined.map((lines) => lines[0]?.text ?? '').join('\t')
  const links = filled.flatMap((block) => block.links ?? [])
  return [
    {
      ...first,
      ...(links.length > 0 && { links }),
      bold: filled.every((block) => block.bold),
      heading: filled.some((block) => block.heading),
      text: text.trim(),
    },
  ]
}

const isVerticalLabel = (lines: Block[]): boolean =>
  lines.length > 1 && lines.length <= 6 && lines.every((line) => /^\p{Script=Han}{1,2}$/u.test(line.text))

function toBlock(runs: { text: string; look: Look }[]): Block | null {
  const text = joinSpaced(cleanText(runs.map((run) => run.text).join('')))
  if (text === '') return null
  const visible = runs.filter((run) => /[\p{L}\p{N}]/u.test(run.text))
  const longest = visible.reduce((best, run) => (run.text.length > best.text.length ? run : best), visible[0] ?? runs[0]!)
  const sizes = visible.flatMap((run) => (run.text.trim().length > 1 ? (run.look.size ?? []) : []))
  const size = sizes.length > 0 ? Math.max(...sizes.slice(0, 100)) : longest.look.size
  return plainBlock(text, {
    size,
    font: longest.look.font,
    bold: visible.length > 0 && visible.every((run) => run.look.bold),
    heading: runs.some((run) => run.look.heading),
  })
}
