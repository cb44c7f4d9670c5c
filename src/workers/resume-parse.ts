import { needsLook } from '../resume/protocol.ts'
import type { Context } from './context.ts'
import { readFiles } from './reading.ts'

/** By the text of a file. One that has pages without usable text is handed on to `ocr`, where that is on. */
export default function resumeParse(context: Context): Promise<void> {
  const { reader, scans, signal } = context
  return readFiles(
    context,
    (path) => reader.read(path, { signal }),
    (outcome) => (scans && needsLook(outcome) ? 'ocr' : null),
  )
}
