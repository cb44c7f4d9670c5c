import { AppError } from '../errors.ts'
import type { Context } from './context.ts'
import { readFiles } from './reading.ts'

/** By the looks of a file. Where character recognition was switched off meanwhile, nothing can be read. */
export default function ocr(context: Context): Promise<void> {
  const { scans, signal, pageDone } = context
  return readFiles(context, async (path) => {
    if (!scans) throw new AppError('no-text')
    return scans.read(path, { signal, onPage: pageDone })
  })
}
