/** Pages of a PDF on a canvas. */
import { type Canvas, createCanvas } from '@napi-rs/canvas'
import type { PDFPageProxy } from 'pdfjs-dist/types/src/pdf.d.ts'

/** Pixels of a page at most (an A4 page has 3.9 million at 200 dpi): a poster must not take all memory. */
export const MAX_PIXELS = 5_000_000

/** A page as a person sees it; `scale` is points per pixel. */
export type DrawnPage = { canvas: Canvas; scale: number }

/** White behind it; `dpi` is lowered for pages that would have more than MAX_PIXELS. */
export async function drawPage(page: PDFPageProxy, dpi: number): Promise<DrawnPage> {
  const plain = page.getViewport({ scale: 1 })
  const scale = Math.min(dpi / 72, Math.sqrt(MAX_PIXELS / (plain.width * plain.height)))
  const viewport = page.getViewport({ scale })
  const canvas = createCanvas(Math.max(1, Math.ceil(viewport.width)), Math.max(1, Math.ceil(viewport.height)))
  // The types of pdfjs are those of browsers; it needs no more of a canvas than this one has.
  const target = canvas as unknown as NonNullable<Parameters<PDFPageProxy['render']>[0]['canvas']>
  await page.render({ canvas: target, viewport, background: '#fff' }).promise
  return { canvas, scale: 1 / scale }
}
