/** The pipeline of a scan: pages to images, images to lines, lines to blocks; from there on the one of every document (resume/read.ts). */
import { AppError } from '../errors.ts'
import { type DrawnPage, drawPage } from '../pages/draw.ts'
import { drawPhoto } from '../pages/photo.ts'
import { inOrder, type PageBlocks } from '../resume/formats/columns.ts'
import { withPdf } from '../resume/formats/pdf.ts'
import { sniff } from '../resume/formats/sniff.ts'
import { interpret, languageOf, type ReadResume } from '../resume/read.ts'
import { toBlocks } from './blocks.ts'
import type { OcrModels } from './models.ts'
import { type Line, readPage } from './page.ts'
import { fromRgba } from './raster.ts'

export type ScanOptions = {
  /** Pages looked at, from the first on; what comes after them is not read, and `ocr.pages` of the result tells. */
  maxPages: number
  /** Called after each page. */
  onPage?: (done: number, of: number) => void
}
export type ReadScan = ReadResume & { ocr: { pages: number; confidence: number } }

/** Dots per inch that a page is drawn with. Of 10 pt type that makes 28 pixels, over half of what the recogniser sees. */
const DPI = 200
/** Fewer visible characters than this in all are a stamp or a logo. */
const MIN_CHARACTERS = 25
/** Mean over all characters; chosen by hand. The scans it was tried on lie at 0.93 to 0.99. */
const MIN_CONFIDENCE = 0.8

/**
 * Reads a PDF, PNG or JPEG by its looks. Throws `unrecognized-text` where that gives no text that can be trusted, `unsupported-type` for other
 * files, or another AppError of the documents group of errors.ts.
 */
export async function readScan(models: OcrModels, bytes: Uint8Array, { maxPages, onPage }: ScanOptions): Promise<ReadScan> {
  const { type } = await sniff(bytes)
  const lines: Line[] = []
  const inPages: PageBlocks[] = []
  const look = async ({ canvas, scale }: DrawnPage, page: number): Promise<void> => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const raster = fromRgba(data, canvas.width, canvas.height)
    const found = await readPage(models, raster)
    lines.push(...found)
    inPages.push(toBlocks(found, scale, page))
  }
  let pages = 1
  let seen = 1
  if (type === 'pdf') {
    await withPdf(bytes, async (document) => {
      pages = document.numPages
      seen = Math.min(pages, maxPages)
      for (let number = 1; number <= seen; number++) {
        const page = await document.getPage(number)
        await look(await drawPage(page, DPI), number)
        page.cleanup()
        onPage?.(number, seen)
      }
    })
  } else if (type === 'png' || type === 'jpeg') {
    await look(await drawPhoto(bytes), 1)
    onPage?.(1, 1)
  } else throw new AppError('unsupported-type')
  const confidence = trust(lines)
  const blocks = inOrder(inPages)
  const { talent, reading } = interpret(blocks)
  // A value can be no surer than its letters.
  for (const field of reading.fields) field.confidence = Math.round(field.confidence * confidence * 100) / 100
  return { talent, reading, type, pages, language: languageOf(blocks), ocr: { pages: seen, confidence } }
}

/** Mean confidence over the characters, to three digits. Throws `unrecognized-text` where it is too low or there is too little. */
function trust(lines: Line[]): number {
  let [characters, letters, sum] = [0, 0, 0]
  for (const { text, confidence } of lines) {
    const visible = text.replace(/\s/g, '')
    characters += visible.length
    letters += visible.match(/\p{L}/gu)?.length ?? 0
    sum += visible.length * confidence
  }
  const confidence = sum / Math.max(1, characters)
  if (characters < MIN_CHARACTERS || letters < characters * 0.3 || confidence < MIN_CONFIDENCE) throw new AppError('unrecognized-text')
  return Math.round(confidence * 1000) / 1000
}
