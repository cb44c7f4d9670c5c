/** Opens a DOCX only as far as needed to know that it is one and that reading it is safe. */
import { posix } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'
import { AppError } from '../errors.ts'

/** Limits on what an archive may announce, in bytes and entries. A résumé with photos stays far under them. */
const ARCHIVE_LIMITS = {
  entries: 2000,
  totalBytes: 50 * 1024 * 1024,
  documentBytes: 20 * 1024 * 1024,
  ratio: 200,
  ratioFloor: 2 * 1024 * 1024,
}

const MAIN_PART = 'word/document.xml'
/** What a reader opens; photos and embedded files are never expanded. */
const PART = /\.(?:xml|rels)$/i

/**
 * Checks names and announced sizes of a zip, then expands its XML parts once into nothing: a directory that announces less than the data holds
 * is caught here, before a reader takes the whole part into memory.
 * Names that leave the package are ignored (nothing is ever written to disk), unless they would shadow a part of it.
 * Throws `too-large` (expands too far), `unsafe-archive` (one part under two names), `unsupported-type` (a zip of another kind), `encrypted` or `corrupt`.
 */
export async function checkDocx(bytes: Uint8Array): Promise<void> {
  const zip = await open(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  try {
    if (zip.entryCount > ARCHIVE_LIMITS.entries) throw new AppError('too-large')
    const parts = await readDirectory(zip)
    if (!parts.has(MAIN_PART)) throw new AppError('unsupported-type')
    for (const [name, entry] of parts) if (PART.test(name)) await expand(zip, entry)
  } finally {
    zip.close()
  }
}

function open(buffer: Buffer): Promise<yauzl.ZipFile> {
  // Raw names: with decoding, yauzl ends the whole directory at the first name it dislikes.
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true }
  return new Promise((resolve, reject) => {
    yauzl.fromBuffer(buffer, options, (error, zip) => (error || !zip ? reject(new AppError('corrupt')) : resolve(zip)))
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
  if (name === MAIN_PART && entry.uncompressedSize > ARCHIVE_LIMITS.documentBytes) return new AppError('too-large')
  const expands = entry.uncompressedSize > ARCHIVE_LIMITS.ratioFloor
  return expands && entry.uncompressedSize > entry.compressedSize * ARCHIVE_LIMITS.ratio ? new AppError('too-large') : null
}

async function expand(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<void> {
  const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error, readable) => (error || !readable ? reject(new AppError('corrupt')) : resolve(readable)))
  })
  try {
    await pipeline(stream, new Writable({ write: (_chunk, _encoding, done) => done() }))
  } catch (error) {
    throw new AppError('corrupt', undefined, { cause: error })
  }
}
