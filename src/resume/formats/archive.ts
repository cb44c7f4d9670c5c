/** Opens the package of a DOCX or ODT as far as reading it is safe. */
import { posix } from 'node:path'
import { buffer } from 'node:stream/consumers'
import yauzl from 'yauzl'
import { AppError } from '../../errors.ts'
import { decodeText } from './decode.ts'

/** Limits on what an archive may announce, in bytes and entries. A résumé with photos stays far under them. */
const ARCHIVE_LIMITS = {
  entries: 2000,
  totalBytes: 50 * 1024 * 1024,
  documentBytes: 20 * 1024 * 1024,
  ratio: 200,
  ratioFloor: 2 * 1024 * 1024,
}

/** The parts that readers know, by the name of the format. */
const MAIN_PARTS = { docx: 'word/document.xml', odt: 'content.xml' } as const
/** What a reader may open; photos and embedded files are never expanded. */
const PART = /\.(?:xml|rels)$/i

export type Archive = {
  type: keyof typeof MAIN_PARTS
  /** Names of the XML parts, as unpackers resolve them. */
  names: string[]
  /** The text of a part, null where there is none. Throws `too-large` or `corrupt`: a directory may announce less than the data holds. */
  read(name: string): Promise<string | null>
}

/**
 * Checks names and announced sizes of a zip and gives its XML parts to `use`. Names that leave the package are ignored (nothing is ever written to
 * disk), unless they would shadow a part of it.
 * Throws `too-large` (expands too far), `unsafe-archive` (one part under two names), `unsupported-type` (a zip of another kind), `encrypted` or `corrupt`.
 */
export async function withArchive<T>(bytes: Uint8Array, use: (archive: Archive) => Promise<T>): Promise<T> {
  const zip = await open(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  try {
    if (zip.entryCount > ARCHIVE_LIMITS.entries) throw new AppError('too-large')
    const parts = await readDirectory(zip)
    const type = (Object.keys(MAIN_PARTS) as Archive['type'][]).find((kind) => parts.has(MAIN_PARTS[kind]))
    if (!type) throw new AppError('unsupported-type')
    const read = async (name: string) => {
      const entry = parts.get(name)
      return entry ? decodeText(await expand(zip, entry)) : null
    }
    return await use({ type, names: [...parts.keys()].filter((name) => PART.test(name)), read })
  } finally {
    zip.close()
  }
}

function open(data: Buffer): Promise<yauzl.ZipFile> {
  // Raw names: with decoding, yauzl ends the whole directory at the first name it dislikes.
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true }
  return new Promise((resolve, reject) => {
    yauzl.fromBuffer(data, options, (error, zip) => (error || !zip ? reject(new AppError('corrupt')) : resolve(zip)))
  })
}

function readDirectory(zip: yauzl.ZipFile): Promise<Map<string, yauzl.Entry>> {
  const parts = new Map<string, yauzl.Entry>()
  let total = 0
  return new Promise((resolve, reject) => {
    zip.on('error', () => reject(new AppError('corrupt')))
    zip.on('end', () => resolve(parts))
    zip.on('entry', (entry: yauzl.Entry) => {
      total += entry.uncompressedSize
      // Resolved the way unpackers resolve it, so that "x/../../word/document.xml" is seen as a second main part.
      const name = posix.normalize(`/${String(entry.fileName).replaceAll('\\', '/')}`).slice(1)
      const fault = sizeFault(entry, name, total) ?? (PART.test(name) && parts.has(name) ? new AppError('unsafe-archive') : null)
      if (fault) return reject(fault)
      parts.set(name, entry)
      zip.readEntry()
    })
    zip.readEntry()
  })
}

function sizeFault(entry: yauzl.Entry, name: string, total: number): AppError | null {
  if (entry.generalPurposeBitFlag & 1) return new AppError('encrypted')
  if (total > ARCHIVE_LIMITS.totalBytes) return new AppError('too-large')
  if (PART.test(name) && entry.uncompressedSize > ARCHIVE_LIMITS.documentBytes) return new AppError('too-large')
  const expands = entry.uncompressedSize > ARCHIVE_LIMITS.ratioFloor
  return expands && entry.uncompressedSize > entry.compressedSize * ARCHIVE_LIMITS.ratio ? new AppError('too-large') : null
}

async function expand(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Buffer> {
  const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error, readable) => (error || !readable ? reject(new AppError('corrupt')) : resolve(readable)))
  })
  try {
    return await buffer(stream)
  } catch (error) {
    throw new AppError('corrupt', undefined, { cause: error })
  }
}
