/** PDF to blocks: pdfjs gives text items with their place; lines and columns are ours (lines.ts, columns.ts). */
import { fileURLToPath } from 'node:url'
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist/types/src/pdf.d.ts'
import { AppError } from '../../errors.ts'
import { type Block, cleanText } from '../block.ts'
import { faultOf, pageFaultOf } from '../honesty.ts'
import { bareLabel } from '../labels.ts'
import { inOrder, type PageBlocks, readingOrder } from './columns.ts'
import type { Glyphs } from './lines.ts'
import { isPicture } from './picture.ts'
import { readRuling } from './ruling.ts'
import { findTable } from './tables.ts'

/** A résumé has a few pages; a whole book costs minutes and can only be a mistake. Items bound the work on one page. */
const PDF_LIMITS = { pages: 50, items: 200_000, imagePixels: 36_000_000 }

/** `unread`: pages, from 1, whose text cannot be told but by looking at them. */
export type PdfText = { blocks: Block[]; pages: number; unread: number[] }

/** Throws `encrypted`, `corrupt`, `no-pages`, `too-many-pages` or `too-large`. Scripts, forms and fonts of the file are never run or loaded. */
export const readPdf = (bytes: Uint8Array): Promise<PdfText> =>
  withPdf(bytes, async (document) => {
    const { inPages, unread } = await readPages(document)
    return { blocks: inOrder(inPages), pages: document.numPages, unread }
  })

/** Opens a PDF for as long as `use` takes. Throws `encrypted`, `corrupt`, `no-pages`, `too-many-pages`, or what `use` throws as an AppError. */
export async function withPdf<T>(bytes: Uint8Array, use: (document: PDFDocumentProxy) => Promise<T>): Promise<T> {
  const pdfjs = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const folder = (name: string) => fileURLToPath(new URL(`./${name}/`, import.meta.resolve('pdfjs-dist/package.json')))
  const task = pdfjs.getDocument({
    // pdfjs takes the buffer over, so it gets a copy.
    data: new Uint8Array(bytes),
    cMapUrl: folder('cmaps'),
    cMapPacked: true,
    standardFontDataUrl: folder('standard_fonts'),
    // Decoders of JPEG 2000 and JBIG2, which scanners write.
    wasmUrl: folder('wasm'),
    // Larger images are left out of a page that is drawn: they would take more memory than a child has.
    maxImageSize: PDF_LIMITS.imagePixels,
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    stopAtErrors: false,
    enableXfa: false,
    verbosity: 0,
  })
  try {
    const document = await task.promise
    if (document.numPages < 1) throw new AppError('no-pages')
    if (document.numPages > PDF_LIMITS.pages) throw new AppError('too-many-pages')
    return await use(document)
  } catch (error) {
    throw toPdfError(error)
  } finally {
    // A broken file can make the clean-up fail too; what counts was thrown already.
    await task.destroy().catch(() => {})
  }
}

/** What the text layer says page by page, and which pages it does not tell: all where it cannot be believed as a whole. */
export async function readPages(document: PDFDocumentProxy): Promise<{ inPages: PageBlocks[]; unread: number[] }> {
  const inPages: PageBlocks[] = []
  let items = 0
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number)
    const glyphs = await readGlyphs(page)
    items += glyphs.length
    if (items > PDF_LIMITS.items) throw new AppError('too-large')
    const order = await orderOf(page, glyphs, number)
    attachLinks([...order.main, ...order.side], await readLinks(page))
    inPages.push(order)
    page.cleanup()
  }
  if (faultOf(inOrder(inPages), inPages.length)) return { inPages, unread: inPages.map((_, i) => i + 1) }
  const unread: number[] = []
  for (const [i, { main, side }] of inPages.entries()) {
    const fault = pageFaultOf([...main, ...side])
    if (fault === null) continue
    if (fault === 'garbled-text') inPages[i] = { main: [], side: [] }
    else if (!(await isPicture(await document.getPage(i + 1)))) continue
    unread.push(i + 1)
  }
  return { inPages, unread }
}

/** Labels that make a page a form, whose ruled cells say what belongs together. Finding the lines takes as long as reading the text. */
const FORM_LABELS = 5

async function orderOf(page: PDFPageProxy, glyphs: Glyphs[], number: number): Promise<PageBlocks> {
  const labels = glyphs.filter((item) => item.text.length <= 12 && bareLabel(cleanText(item.text)) !== null).length
  const table = labels >= FORM_LABELS ? findTable(glyphs, await readRuling(page), number) : null
  if (!table) return readingOrder(glyphs, number)
  const above = readingOrder(
    glyphs.filter((item) => item.y <= table.top),
    number,
  )
  const below = readingOrder(
    glyphs.filter((item) => item.y > table.bottom),
    number,
  )
  return { main: [...above.main, ...table.blocks, ...below.main], side: [...above.side, ...below.side] }
}

async function readGlyphs(page: PDFPageProxy): Promise<Glyphs[]> {
  const [left = 0, , , top = 0] = page.view
  const { items } = await page.getTextContent()
  const out: Glyphs[] = []
  for (const item of items) {
    if (!('str' in item) || item.str.trim() === '') continue
    const [a = 0, b = 0, , d = 0, e = 0, f = 0] = item.transform as number[]
    // Text that runs up the page is a watermark or a page decoration.
    if (Math.abs(b) > Math.abs(a)) continue
    out.push({ text: item.str, x: e - left, y: top - f, w: item.width, size: Math.abs(d) || item.height || 10, font: item.fontName })
  }
  return out
}

const MAX_LINKS = 200
type Link = { url: string; x: number; y: number }

/** Web addresses behind the text, each with the middle of its area. */
async function readLinks(page: PDFPageProxy): Promise<Link[]> {
  const [left = 0, , , top = 0] = page.view
  const annotations = (await page.getAnnotations()) as { subtype?: string; url?: string; rect?: number[] }[]
  return annotations.slice(0, MAX_LINKS).flatMap(({ subtype, url, rect }) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = rect ?? []
    return subtype === 'Link' && url && /^https?:/i.test(url) ? [{ url, x: (x1 + x2) / 2 - left, y: top - (y1 + y2) / 2 }] : []
  })
}
function attachLinks(blocks: Block[], links: Link[]): void {
  for (const { url, x, y } of links) {
    const block = blocks.find(
      (one) => x >= one.x! - 2 && x <= one.x! + one.w! + 2 && y >= one.y! - 1.2 * one.h! && y <= one.y! + 0.4 * one.h!,
    )
    if (block) block.links = [...(block.links ?? []), url]
  }
}

function toPdfError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const name = error instanceof Error ? error.name : ''
  return new AppError(name === 'PasswordException' ? 'encrypted' : 'corrupt', undefined, { cause: error })
}
