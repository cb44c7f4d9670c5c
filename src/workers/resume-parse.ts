import { AppError } from '../errors.ts'
import type { Context } from './context.ts'
import { readFiles } from './reading.ts'

/** By the text of a file. A page without usable text is handed on to `ocr`, where that is on. */
export default function resumeParse(context: Context): Promise<void> {
  const { reader, scans, signal } = context
  return readFiles(
    context,
    (path) => reader.read(path, { signal }),
    ({ code, image }) => (image && scans ? { next: 'ocr' } : { error: new AppError(code) }),
  )
}
