/** DOCX to blocks, from the document's own XML: runs with their look, tables, text boxes, headers and footers. Macros and external parts are never touched. */
import type { Block } from '../block.ts'
import type { Archive } from './archive.ts'
import { readStyles, type Styles } from './docx-styles.ts'
import { createFlow, type Flow, type Look } from './flow.ts'
import { readXml } from './xml.ts'

/** Throws what `Archive.read` throws, and nothing of its own: what is not understood is left out. */
export async function readDocx(archive: Archive): Promise<Block[]> {
  const styles = readStyles((await archive.read('word/styles.xml')) ?? '')
  const links = readTargets((await archive.read('word/_rels/document.xml.rels')) ?? '')
  const around = async (kind: 'header' | 'footer') => {
    const names = archive.names.filter((name) => new RegExp(`^word/${kind}\\d*\\.xml$`).test(name)).toSorted()
    const parts: Block[][] = []
    for (const name of names) parts.push(readPart((await archive.read(name)) ?? '', styles, NO_LINKS))
    // First, even and other pages often repeat the same words.
    return unique(parts.flat())
  }
  return [
    ...(await around('header')),
    ...readPart((await archive.read('word/document.xml')) ?? '', styles, links),
    ...(await around('footer')),
  ]
}

const NO_LINKS = new Map<string, string>()

/** Addresses outside of the package by the id that the document uses for them. */
function readTargets(xml: string): Map<string, string> {
  const targets = new Map<string, string>()
  readXml(xml, {
    open(_name, { Id, Target, TargetMode }) {
      if (Id && Target && TargetMode === 'External') targets.set(Id, Target)
    },
    close() {},
    text() {},
  })
  return targets
}

function unique(blocks: Block[]): Block[] {
  const seen = new Set<string>()
  return blocks.filter((block) => !seen.has(block.text) && seen.add(block.text))
}

/** Content that is not shown: deletions leave `w:delText`, which is no text here; the fallback of a drawing repeats its text box for old programs. */
const SKIPPED = new Set(['mc:Fallback', 'w:instrText', 'w:rPrChange', 'w:pPrChange', 'w:moveFrom', 'w:del'])

type Paragraph = { style: string | null; numbered: boolean; heading: boolean; started: boolean }
type Run = { style: string | null; bold: boolean | null; size: number | null; font: string | null; hidden: boolean }

const newParagraph = (): Paragraph => ({ style: null, numbered: false, heading: false, started: false })
const newRun = (): Run => ({ style: null, bold: null, size: null, font: null, hidden: false })

/** One part (document, header, footer): a state per open paragraph, since a text box opens paragraphs inside of a paragraph. */
function readPart(xml: string, styles: Styles, links: Map<string, string>): Block[] {
  const flow = createFlow()
  const paragraphs: Paragraph[] = []
  let run = newRun()
  let skipped = 0
  let inText = false
  // A run's properties come as `w:rPr` of a run; the same element inside of `w:pPr` describes the paragraph mark only.
  let inRun = 0
  const look = (): Look => {
    const paragraph = paragraphs.at(-1)
    const base = styles.of(paragraph?.style ?? null)
    const own = styles.of(run.style, false)
    return {
      size: run.size ?? own.size ?? base.size,
      bold: run.bold ?? own.bold ?? base.bold ?? false,
      font: run.font ?? own.font ?? base.font,
      heading: (paragraph?.heading ?? false) || base.heading,
    }
  }
  readXml(xml, {
    open(name, attributes) {
      if (skipped > 0 || SKIPPED.has(name)) {
        skipped++
        return
      }
      const value = attributes['w:val']
      const paragraph = paragraphs.at(-1)
      switch (name) {
        case 'w:p':
          flow.endLine()
          paragraphs.push(newParagraph())
          break
        case 'w:pStyle':
          if (paragraph) paragraph.style = value ?? null
          break
        case 'w:outlineLvl':
          if (paragraph) paragraph.heading = Number(value) < 9
          break
        case 'w:numId':
          if (paragraph) paragraph.numbered = value !== '0'
          break
        case 'w:r':
          inRun++
          run = newRun()
          break
        case 'w:t':
          inText = true
          startParagraph(paragraph, flow)
          break
        case 'w:hyperlink':
          flow.link(links.get(attributes['r:id'] ?? '') ?? '')
          break
        case 'w:tbl':
          flow.endLine()
          break
        case 'w:tr':
          flow.openRow()
          break
        case 'w:tc':
          flow.openCell()
          break
        default:
          if (inRun > 0) readRunPart(name, attributes, run, flow)
      }
    },
    close(name) {
      if (skipped > 0) {
        skipped--
        return
      }
      if (name === 'w:t') inText = false
      else if (name === 'w:r') inRun--
      else if (name === 'w:p') {
        flow.endLine()
        paragraphs.pop()
      } else if (name === 'w:tc') flow.closeCell()
      else if (name === 'w:tr') flow.closeRow()
    },
    text(text) {
      if (inText && skipped === 0 && !run.hidden) flow.text(text, look())
    },
  })
  return flow.blocks()
}

function startParagraph(paragraph: Paragraph | undefined, flow: Flow): void {
  if (paragraph && !paragraph.started && paragraph.numbered) flow.text('• ')
  if (paragraph) paragraph.started = true
}

const isOn = (value: string | undefined): boolean => value === undefined || !/^(?:0|false|off|none)$/.test(value)

function readRunPart(name: string, attributes: Record<string, string>, run: Run, flow: Flow): void {
  const value = attributes['w:val']
  switch (name) {
    case 'w:rStyle':
      run.style = value ?? null
      break
    case 'w:b':
      run.bold = isOn(value)
      break
    case 'w:sz':
      run.size = Number(value) / 2 || null
      break
    case 'w:rFonts':
      run.font = attributes['w:eastAsia'] ?? attributes['w:ascii'] ?? null
      break
    case 'w:vanish':
      run.hidden = isOn(value)
      break
    case 'w:tab':
    case 'w:ptab':
      flow.tab()
      break
    case 'w:br':
    case 'w:cr':
      flow.endLine()
      break
    case 'w:noBreakHyphen':
      flow.text('-')
      break
    // Symbol fonts: the glyph is an icon or a bullet.
    case 'w:sym':
      flow.text(' ')
      break
  }
}
