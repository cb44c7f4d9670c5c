/** Is a page a picture of its text: a scan, or letters drawn as outlines? */
import type { PDFPageProxy } from 'pdfjs-dist/types/src/pdf.d.ts'
import { readOperations } from './operators.ts'

/** Images cover this share of a scanned page at least; a portrait or a logo covers less. Scans may come in strips, so areas are added up. */
const COVERED = 0.4
/** A page of outlined letters has a path for each; borders and ornaments are fewer. */
const OUTLINES = 300

export async function isPicture(page: PDFPageProxy): Promise<boolean> {
  const { ops, operations } = await readOperations(page)
  const images = new Set([ops.paintImageXObject, ops.paintInlineImageXObject, ops.paintImageMaskXObject])
  const [left = 0, bottom = 0, right = 0, top = 0] = page.view
  let area = 0
  let outlines = 0
  for (const { code, matrix } of operations) {
    // An image fills the unit square.
    if (images.has(code)) area += Math.abs(matrix[0] * matrix[3] - matrix[1] * matrix[2])
    else if (code === ops.constructPath) outlines++
  }
  return area >= COVERED * Math.abs((right - left) * (top - bottom)) || outlines >= OUTLINES
}
