/** HTML to blocks, also used for what mammoth makes of a DOCX. */
import { compile, type DomNode, type FormatCallback, type RecursiveCallback } from 'html-to-text'
import { type Block, cleanText, joinSpaced, plainBlock } from './block.ts'

/** Marks that the formatters leave in the text; cleanText drops control characters, so a document cannot smuggle them in by itself. */
const HEADING = '\u0001'
const BOLD = ['\u0002', '\u0003'] as const
const CELL = '\u0004'

type Builder = Parameters<FormatCallback>[2]

const heading: FormatCallback = (elem, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 1 })
  builder.addLiteral(HEADING)
  walk(elem.children, builder)
  builder.closeBlock({ trailingLineBreaks: 1 })
}

const bold: FormatCallback = (elem, walk, builder) => {
  builder.addLiteral(BOLD[0])
  walk(elem.children, builder)
  builder.addLiteral(BOLD[1])
}

/** A row whose cells are single lines is one line with cell borders; a layout row with whole passages in its cells is read cell by cell. */
const row: FormatCallback = (elem, walk, builder) => {
  const cells = elem.children.filter((child) => child.name === 'td' || child.name === 'th')
  const layout = cells.some((cell) => countBreaks(cell) > 1 && !isVerticalLabel(cell))
  builder.openBlock({ leadingLineBreaks: 1 })
  cells.forEach((cell, i) => {
    layout ? cellBlock(cell, walk, builder) : cellInline(cell, i, walk, builder)
  })
  builder.closeBlock({ trailingLineBreaks: 1 })
}

function cellBlock(cell: DomNode, walk: RecursiveCallback, builder: Builder): void {
  builder.openBlock({ leadingLineBreaks: 1 })
  walk(cell.children, builder)
  builder.closeBlock({ trailingLineBreaks: 1 })
}

function cellInline(cell: DomNode, index: number, walk: RecursiveCallback, builder: Builder): void {
  if (index > 0) builder.addLiteral(CELL)
  if (isVerticalLabel(cell)) {
    builder.addInline(textOf(cell))
    return
  }
  // A single paragraph in a cell would open a block of its own and break the row.
  walk(
    cell.children.flatMap((child) => (child.name === 'p' || child.name === 'div' ? child.children : [child])),
    builder,
  )
}

/** "教 / 育 / 经 / 历" down the side of a form is one word. */
const isVerticalLabel = (cell: DomNode): boolean => /^\p{Script=Han}{2,6}$/u.test(textOf(cell))

function textOf(cell: DomNode): string {
  let text = ''
  const open = [...cell.children].reverse()
  for (let node = open.pop(); node && text.length < 50; node = open.pop()) {
    text += (node.data ?? '').trim()
    for (const child of [...(node.children ?? [])].reverse()) open.push(child)
  }
  return text
}

/** Lines a cell will have, counted without recursion: nesting depth is the sender's choice. */
function countBreaks(cell: DomNode): number {
  let lines = 0
  const open = [...cell.children]
  for (let node = open.pop(); node && lines < 2; node = open.pop()) {
    if (/^(?:p|div|br|li|tr|h[1-6]|dt|dd)$/.test(node.name ?? '')) lines++
    for (const child of node.children ?? []) open.push(child)
  }
  return lines
}

/** Tags and dates set as neighbouring spans have a border in the style sheet only. */
const span: FormatCallback = (elem, walk, builder) => {
  const { prev } = elem as DomNode & { prev?: DomNode | null }
  if (prev?.name === 'span') builder.addLiteral(CELL)
  walk(elem.children, builder)
}

const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6']
const toLines = compile({
  wordwrap: false,
  limits: { maxInputLength: 20_000_000, maxDepth: 200, maxChildNodes: 50_000 },
  formatters: { heading, bold, row, span },
  selectors: [
    ...HEADINGS.map((selector) => ({ selector, format: 'heading' })),
    ...['b', 'strong'].map((selector) => ({ selector, format: 'bold' })),
    ...['p', 'dt', 'dd', 'table'].map((selector) => ({
      selector,
      format: 'block',
      options: { leadingLineBreaks: 1, trailingLineBreaks: 1 },
    })),
    ...['ul', 'ol'].map((selector) => ({
      selector,
      format: 'unorderedList',
      options: { itemPrefix: '• ', leadingLineBreaks: 1, trailingLineBreaks: 1 },
    })),
    { selector: 'tr', format: 'row' },
    { selector: 'span', format: 'span' },
    { selector: 'a', format: 'inline' },
    // What the reader of the page does not see is not said by the candidate.
    ...[
      'img',
      'script',
      'style',
      'noscript',
      'template',
      'title',
      'svg',
      '[hidden]',
      '[style*="display:none"]',
      '[style*="display: none"]',
    ].map((selector) => ({
      selector,
      format: 'skip',
    })),
  ],
})

/**
 * Never throws on markup: what is nested deeper than 200 levels is left out. With `tabs`, tab characters are cell borders (DOCX); in web
 * pages they are indentation of the source.
 */
export function readHtml(html: string, { tabs = false } = {}): Block[] {
  const marked = html.replace(/[\u0001-\u0004]/g, '')
  return toLines(tabs ? marked.replaceAll('\t', CELL) : marked)
    .split('\n')
    .map(toBlock)
    .filter((block) => block !== null)
}

function toBlock(line: string): Block | null {
  const text = joinSpaced(cleanText(line.replaceAll(CELL, '\t')))
  if (text === '') return null
  const plain = line.replace(/\u0002[^\u0003]*\u0003/g, '').replace(/[\u0001-\u0004\s•]/g, '')
  return plainBlock(text, { bold: plain === '', heading: line.includes(HEADING) })
}
