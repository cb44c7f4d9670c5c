/** A page drawer of pages.ts: one process. A hostile file can at worst end this process. */
import { AppError } from '../errors.ts'
import { withPdf } from '../resume/formats/pdf.ts'
import { sniff } from '../resume/formats/sniff.ts'
import { serve } from '../resume/serve.ts'
import { type DrawnPage, drawPage } from './draw.ts'
import { drawPhoto } from './photo.ts'
import type { Page, PagesRequest } from './protocol.ts'

/** Of 100; text stays sharp at 85. */
const QUALITY = 85

serve<PagesRequest>(async (bytes, request) => {
  const { type } = await sniff(bytes)
  if (type === 'pdf')
    return withPdf(bytes, async (document) => {
      const pages: Page[] = []
      for (let number = request.from; number <= Math.min(request.to, document.numPages); number++) {
        const page = await document.getPage(number)
        pages.push(await toPage(await drawPage(page, request.dpi), number, request))
        page.cleanup()
      }
      return { pages }
    })
  if (type === 'png' || type === 'jpeg') return { pages: request.from === 1 ? [await toPage(await drawPhoto(bytes), 1, request)] : [] }
  // The other formats have no pages.
  throw new AppError('unsupported-type')
})

async function toPage({ canvas, scale }: DrawnPage, number: number, { marks }: PagesRequest): Promise<Page> {
  const context = canvas.getContext('2d')
  context.fillStyle = 'rgba(255, 200, 0, 0.35)'
  // The baseline is told, not the top: letters reach 0.85 of their size above it and 0.25 below.
  for (const { page, x, y, w, h } of marks)
    if (page === number) context.fillRect(x / scale - 2, (y - 0.85 * h) / scale, w / scale + 4, (1.1 * h) / scale)
  const image = (await canvas.encode('webp', QUALITY)).toString('base64')
  return { number, width: canvas.width * scale, height: canvas.height * scale, image }
}
