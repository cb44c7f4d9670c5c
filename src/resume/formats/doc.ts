/** Old Word documents to blocks. The library gives text in which a tab ends a cell and a line end behind a tab ends a row; looks are lost. */
import WordExtractor from 'word-extractor'
import { AppError } from '../../errors.ts'
import { type Block, plainBlock } from '../block.ts'
import { rowBlocks } from './flow.ts'
import { readText } from './text.ts'

/** Throws `corrupt`. Text boxes come first: they hold the name and contacts of a head, and their anchors are not told. */
export async function readDoc(bytes: Uint8Array): Promise<Block[]> {
  try {
    const document = await new WordExtractor().extract(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    const boxes = document.getTextboxes({ includeHeadersAndFooters: true, includeBody: true })
    return [
      ...readText(document.getHeaders({ includeFooters: false })),
      ...readText(boxes),
      ...readBody(document.getBody()),
      ...readText(document.getFooters()),
    ]
  } catch (error) {
    throw new AppError('corrupt', undefined, { cause: error })
  }
}

/** Rows end with an empty cell and a line end; text in front of a table's first row has no mark of its own, so only its last line counts as the cell. */
function readBody(body: string): Block[] {
  const parts = body.split('\t\n')
  const rest = parts.pop() ?? ''
  const rows = parts.flatMap((part) => {
    const [first = '', ...cells] = part.split('\t')
    const lines = first.split('\n').filter((line) => line.trim() !== '')
    const vertical = lines.length > 1 && lines.length <= 6 && lines.every((line) => /^\s*\p{Script=Han}{1,2}\s*$/u.test(line))
    const [before, own] = vertical ? [[], lines] : [lines.slice(0, -1), lines.slice(-1)]
    return [...readText(before.join('\n')), ...rowBlocks([own.join('\n'), ...cells].map(readText))]
  })
  return [...rows, ...readText(rest)].map((block) => plainBlock(block.text))
}
