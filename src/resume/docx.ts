/** DOCX to blocks: mammoth gives the structure as HTML (headings, lists, tables, text boxes), which the HTML reader takes from there. */
import { AppError } from '../errors.ts'
import { checkDocx } from './archive.ts'
import type { Block } from './block.ts'
import { readHtml } from './html.ts'

/** Throws `unsupported-type`, `too-large`, `unsafe-archive`, `encrypted` or `corrupt`. Macros, fields and external parts are never touched. */
export async function readDocx(bytes: Uint8Array): Promise<Block[]> {
  await checkDocx(bytes)
  // Loaded on the first DOCX: it is most of a reader's start-up time, and many children never see one.
  const { default: mammoth } = await import('mammoth')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // Photos are left where they are: as data URIs they would be the larger part of the document.
  const convertImage = mammoth.images.imgElement(() => Promise.resolve({ src: '' }))
  try {
    const { value } = await mammoth.convertToHtml({ buffer }, { convertImage, externalFileAccess: false, idPrefix: '' })
    return readHtml(value, { tabs: true })
  } catch (error) {
    if (error instanceof AppError) throw error
    // Deep nesting ends mammoth's recursion with a RangeError, broken XML with an Error of the parser: both are the file's fault.
    throw new AppError('corrupt', undefined, { cause: error })
  }
}
