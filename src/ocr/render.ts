/** Pages of a PDF as images. */
import { createCanvas } from '@napi-rs/canvas'
import type { PDFPageProxy } from 'pdfjs-dist/types/src/pdf.d.ts'
import { fromRgba, type Raster } from './raster.ts'

/** Dots per inch that a page is drawn with. Of 10 pt type that makes 28 pixels, over half of what the recogniser sees. */
const DPI = 200
/** Pixels of a page at most (an A4 page has 3.9 million at 200 dpi): a poster must not take all memory. */
export const MAX_PIXELS = 5_000_000

/** The page as a person sees it, white behind it; `scale` is points per pixel. */
export async function renderPage(page: PDFPageProxy): Promise<{ raster: Raster; scale: number }> {
  const plain = page.getViewport({ scale: 1 })
  const scale = Math.min(DPI / 72, Math.sqrt(MAX_PIXELS / (plain.width * plain.height)))
  const viewport = page.getViewport({ scale })
  const [width, height] = [Math.max(1, Math.ceil(viewport.width)), Math.max(1, Math.ceil(viewport.height))]
  const canvas = createCanvas(width, height)
  // The types of pdfjs are those of browsers; it needs no more of a canvas than this one has.
  const target = canvas as unknown as NonNullable<Parameters<PDFPageProxy['render']>[0]['canvas']>
  await page.render({ canvas: target, viewport, background: '#fff' }).promise
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height)
  return { raster: fromRgba(data, width, height), scale: 1 / scale }
}
