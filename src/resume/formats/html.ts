/** HTML to blocks: what a reader of the page would see, line by line. */
import { Parser } from 'htmlparser2'
import { AppError } from '../../errors.ts'
import type { Block } from '../block.ts'
import { createFlow, type Flow, PLAIN } from './flow.ts'

const LINES = new Set(
  'address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section summary table tbody tfoot thead ul'.split(
    ' ',
  ),
)
const SKIPPED = new Set('audio canvas head iframe map noscript object script select style svg template textarea title video'.split(' '))
/** What is nested deeper is left out: no page that people wrote gets near it. Far deeper is an attack on the parser. */
const MAX_DEPTH = 200
const TOO_DEEP = 50_000

/** Throws `corrupt` where elements nest too deep, and on no other markup. Source tabs and line ends are blanks, except inside of `pre`. */
export function readHtml(html: string): Block[] {
  const flow = createFlow()
  const open = { bold: 0, heading: 0, pre: 0 }
  let depth = 0
  /** Depth at which the skipped element began, 0 while nothing is skipped. */
  let skipped = 0
  // Tags and dates set as neighbouring spans have a border in the style sheet only.
  let afterSpan = false
  const parser = new Parser({
    onopentag(name, attributes) {
      if (++depth > TOO_DEEP) throw new AppError('corrupt')
      if (skipped > 0) return
      if (SKIPPED.has(name) || depth > MAX_DEPTH || isHidden(attributes)) {
        skipped = depth
        return
      }
      if (name === 'span' && afterSpan) flow.tab()
      afterSpan = false
      count(name, open, 1)
      if (name === 'a' && attributes.href) flow.link(attributes.href)
      openTag(name, flow)
    },
    onclosetag(name) {
      depth--
      if (skipped > 0) {
        if (depth < skipped) skipped = 0
        return
      }
      count(name, open, -1)
      closeTag(name, flow)
      afterSpan = name === 'span'
    },
    ontext(text) {
      if (skipped > 0) return
      afterSpan = false
      const look = open.bold + open.heading === 0 ? PLAIN : { ...PLAIN, bold: open.bold > 0, heading: open.heading > 0 }
      const lines = open.pre > 0 ? text.split('\n') : [text.replace(/\t/g, ' ')]
      lines.forEach((line, i) => {
        if (i > 0) flow.endLine()
        flow.text(line, look)
      })
    },
  })
  parser.write(html)
  parser.end()
  return flow.blocks()
}

const isHidden = (attributes: Record<string, string>): boolean =>
  'hidden' in attributes ||
  attributes['aria-hidden'] === 'true' ||
  /(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(attributes.style ?? '')

const isHeading = (name: string): boolean => /^h[1-6]$/.test(name)

function count(name: string, open: { bold: number; heading: number; pre: number }, step: 1 | -1): void {
  if (name === 'b' || name === 'strong') open.bold += step
  else if (isHeading(name)) open.heading += step
  else if (name === 'pre') open.pre += step
}

function openTag(name: string, flow: Flow): void {
  if (name === 'tr') flow.openRow()
  else if (name === 'td' || name === 'th') flow.openCell()
  else if (name === 'br') flow.endLine()
  else if (LINES.has(name)) flow.endLine()
  if (name === 'li') flow.text('• ')
}

function closeTag(name: string, flow: Flow): void {
  if (name === 'tr') flow.closeRow()
  else if (name === 'td' || name === 'th') flow.closeCell()
  else if (LINES.has(name)) flow.endLine()
}
