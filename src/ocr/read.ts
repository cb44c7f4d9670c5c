/** The pipeline of a scan: pages to images, images to lines, lines to blocks; from there on the one of every document (resume/read.ts). */
import type { PDFDocumentProxy } from 'pdfjs-dist/types/src/pdf.d.ts'
import { AppError } from '../errors.ts'
import { type DrawnPage, drawPage } from '../pages/draw.ts'
import { drawPhoto } from '../pages/photo.ts'
import { inOrder, type PageBlocks } from '../resume/formats/columns.ts'
import { readPages, withPdf } from '../resume/formats/pdf.ts'
import { sniff } from '../resume/formats/sniff.ts'
import { interpret, languageOf, type ReadResume } from '../resume/read.ts'
import { toBlocks } from './blocks.ts'
import type { OcrModels } from './models.ts'
import { type Line, readPage } from './page.ts'
import { fromRgba } from './raster.ts'

export type ScanOptions = {
  /** Pages looked at, from the first on that needs it; what comes after them is not read, and `unread` of the result tells. */
  maxPages: number
  /** Called after each page. */
  onPage?: (done: number, of: number) => void
}
export type ReadScan = ReadResume & { ocr?: { pages: number; of: number; confidence: number } }

/** Dots per inch that a page is drawn with. Of 10 pt type that makes 28 pixels, over half of what the recogniser sees. */
const DPI = 200
/** Fewer visible characters than this in all are a stamp or a logo. */
const MIN_CHARACTERS = 25
/** Mean over all characters; chosen by hand. The scans it was tried on lie at 0.93 to 0.99. */
const MIN_CONFIDENCE = 0.8

/**
 * Reads a PNG or JPEG by its looks, and of a PDF the pages that its text layer does not tell; one that tells all of them is looked at whole. Throws
 * `unrecognized-text` where the looks give no text that can be trusted and no other page gives any, `unsupported-type` for other files, or another
 * AppError of the documents group of errors.ts.
 */
export async function readScan(models: OcrModels, bytes: Uint8Array, options: ScanOptions): Promise<ReadScan> {
  const { type } = await sniff(bytes)
  if (type === 'pdf') return { type, ...conclude(await withPdf(bytes, (document) => lookAtPdf(models, document, options))) }
  if (type !== 'png' && type !== 'jpeg') throw new AppError('unsupported-type')
  const { lines, blocks } = await lookAt(models, await drawPhoto(bytes), 1)
  options.onPage?.(1, 1)
  return { type, ...conclude({ told: null, inPages: [blocks], lines, asked: [1], seen: [1] }) }
}

type Looks = {
  /** By their text layer; null where it tells no page. */
  told: PageBlocks[] | null
  /** By their looks where they were looked at, by their text layer elsewhere. */
  inPages: PageBlocks[]
  lines: Line[]
  /** Pages that had to be looked at, and those of them that were. */
  asked: number[]
  seen: number[]
}

async function lookAtPdf(models: OcrModels, document: PDFDocumentProxy, { maxPages, onPage }: ScanOptions): Promise<Looks> {
  const { inPages: told, unread } = await readPages(document)
  const asked = unread.length > 0 ? unread : told.map((_, i) => i + 1)
  const seen = asked.slice(0, maxPages)
  const inPages = [...told]
  const lines: Line[] = []
  for (const [i, number] of seen.entries()) {
    const page = await document.getPage(number)
    const found = await lookAt(models, await drawPage(page, DPI), number)
    lines.push(...found.lines)
    inPages[number - 1] = found.blocks
    page.cleanup()
    onPage?.(i + 1, seen.length)
  }
  return { told: asked.length < told.length ? told : null, inPages, lines, asked, seen }
}

async function lookAt(models: OcrModels, { canvas, scale }: DrawnPage, page: number): Promise<{ lines: Line[]; blocks: PageBlocks }> {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const lines = await readPage(models, fromRgba(data, canvas.width, canvas.height))
  return { lines, blocks: toBlocks(lines, scale, page) }
}

function conclude({ told, inPages, lines, asked, seen }: Looks): Omit<ReadScan, 'type'> {
  const confidence = trust(lines)
  if (confidence === null && told === null) throw new AppError('unrecognized-text')
  const blocks = inOrder(confidence === null ? told! : inPages)
  const read = { ...interpret(blocks), pages: inPages.length, language: languageOf(blocks) }
  if (confidence === null) return { ...read, unread: asked }
  const looked = new Set<number | null>(seen)
  // A value can be no surer than its letters.
  for (const field of read.reading.fields)
    if (told === null || field.blocks.some((i) => looked.has(read.reading.blocks[i]!.page)))
      field.confidence = Math.round(field.confidence * confidence * 100) / 100
  return { ...read, unread: asked.slice(seen.length), ocr: { pages: seen.length, of: asked.length, confidence } }
}

/** Mean confidence over the characters, to three digits; null where it is too low or there is too little. */
function trust(lines: Line[]): number | null {
  let [characters, letters, sum] = [0, 0, 0]
  for (const { text, confidence } of lines) {
    const visible = text.replace(/\s/g, '')
    characters += visible.length
    letters += visible.match(/\p{L}/gu)?.length ?? 0
    sum += visible.length * confidence
  }
  const confidence = sum / Math.max(1, characters)
  if (characters < MIN_CHARACTERS || letters < characters * 0.3 || confidence < MIN_CONFIDENCE) return null
  return Math.round(confidence * 1000) / 1000
}
