/** What a page of a PDF draws, each operation with the matrix that holds there: from its own units to points of the page. */
import type { PDFPageProxy } from 'pdfjs-dist/types/src/pdf.d.ts'

export type Matrix = [number, number, number, number, number, number]
export type Operation = { code: number; args: unknown[]; matrix: Matrix }

const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0]
const times = (m: Matrix, n: Matrix): Matrix => [
  m[0] * n[0] + m[2] * n[1],
  m[1] * n[0] + m[3] * n[1],
  m[0] * n[2] + m[2] * n[3],
  m[1] * n[2] + m[3] * n[3],
  m[0] * n[4] + m[2] * n[5] + m[4],
  m[1] * n[4] + m[3] * n[5] + m[5],
]

/** `ops` gives the codes their names. Decodes the pictures of the page, which can take as long as drawing it. */
export async function readOperations(page: PDFPageProxy): Promise<{ ops: Record<string, number>; operations: Operation[] }> {
  const { OPS } = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const { fnArray, argsArray } = await page.getOperatorList()
  const stack: Matrix[] = []
  let matrix = IDENTITY
  const operations = fnArray.map((code, i): Operation => {
    const args = (argsArray[i] ?? []) as unknown[]
    if (code === OPS.save) stack.push(matrix)
    else if (code === OPS.restore || code === OPS.paintFormXObjectEnd) matrix = stack.pop() ?? IDENTITY
    else if (code === OPS.transform) matrix = times(matrix, args as Matrix)
    else if (code === OPS.paintFormXObjectBegin) {
      stack.push(matrix)
      if (args[0]) matrix = times(matrix, args[0] as Matrix)
    }
    return { code, args, matrix }
  })
  return { ops: OPS, operations }
}
