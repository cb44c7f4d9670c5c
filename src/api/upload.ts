/** Multipart uploads, streamed: each file goes to the blob store while it arrives; ZIP archives are opened, NDJSON parts are read as lines. */
import type { Hash } from 'node:crypto'
import { once } from 'node:events'
import { open as openFile } from 'node:fs/promises'
import { PassThrough, type Readable } from 'node:stream'
import busboy from 'busboy'
import type { Request } from 'express'
import yauzl from 'yauzl'
import { AppError, toAppError } from '../errors.ts'
import type { Blobs } from '../stores/ports.ts'
import { throughHash } from './idempotency.ts'
import { readLines } from './lines.ts'
import { type Submission, takeLines } from './submission.ts'

const MAX_FILES = 10_000
/** Limits of a ZIP archive: what it may expand to in all, and by how much one entry may grow. */
const MAX_ZIP_BYTES = 2 * 1024 ** 3
const MAX_ZIP_RATIO = 200

type Options = {
  blobs: Blobs | null
  tenant: string
  submission: Submission
  maxFileBytes: number
  maxUploadBytes: number
  /** Takes in what was sent, part by part, in place of the raw bytes: the boundary differs each time. */
  fingerprint: Hash
}

/** Reads every part. A file that is too large or that cannot be stored costs one item; a broken stream throws. `blobs` null stores nothing (pre-flight). */
export async function readUpload(req: Request, options: Options): Promise<void> {
  let form: busboy.Busboy
  try {
    form = busboy({
      headers: req.headers,
      defParamCharset: 'utf8',
      limits: { files: MAX_FILES, fields: 100, fieldSize: 1024 * 1024, fileSize: options.maxFileBytes + 1 },
    })
  } catch {
    throw new AppError('unsupported-media-type')
  }
  // One part after the other: the next one's bytes wait in the socket, so memory stays flat whatever is sent.
  let turn: Promise<void> = Promise.resolve()
  let failure: unknown
  let total = 0
  const fail = (error: unknown) => {
    failure ??= error
    req.unpipe(form)
    form.destroy()
  }
  req.on('data', (chunk: Buffer) => {
    total += chunk.length
    if (total > options.maxUploadBytes) fail(new AppError('too-large', `at most ${options.maxUploadBytes} bytes in one request`))
  })
  form.on('file', (_field, stream, info) => {
    stream.on('error', () => undefined)
    turn = turn
      .then(() => (failure ? void stream.resume() : takePart(readToTheEnd(stream), info, options, () => Boolean(stream.truncated))))
      .catch(fail)
  })
  form.on('filesLimit', () => fail(new AppError('too-many-items', `at most ${MAX_FILES} files in one request`)))
  const aborted = once(req, 'aborted').then(() => fail(new AppError('invalid-request', 'the request ended early')))
  aborted.catch(() => undefined)
  req.pipe(form)
  await new Promise<void>((resolve) => {
    form.once('close', resolve)
    form.once('error', (error) => {
      failure ??= new AppError(
        'invalid-request',
        error instanceof Error && /boundary|form/i.test(error.message) ? 'the multipart body is malformed' : undefined,
      )
      resolve()
    })
  })
  await turn
  if (failure) throw failure
}

/**
 * A copy of a part that its reader may give up: the part itself is read to its end whatever happens, since busboy waits for the end of every
 * part and a refused file would otherwise hold the request for ever.
 */
function readToTheEnd(part: Readable): Readable {
  const copy = new PassThrough()
  copy.on('error', () => undefined)
  copy.on('drain', () => part.resume())
  copy.on('close', () => part.resume())
  part.on('data', (chunk) => {
    if (!copy.destroyed && !copy.write(chunk)) part.pause()
  })
  part.on('end', () => copy.end())
  part.on('close', () => {
    if (!part.readableEnded) copy.destroy(new AppError('invalid-request', 'the request ended early'))
  })
  return copy
}

async function takePart(stream: Readable, info: busboy.FileInfo, options: Options, truncated: () => boolean): Promise<void> {
  const { submission, fingerprint } = options
  const name = fileName(info.filename)
  if (/ndjson|jsonl/.test(info.mimeType) || /\.(ndjson|jsonl)$/i.test(name ?? '')) {
    fingerprint.update('lines\0')
    await takeLines(submission, readLines(throughHash(stream, fingerprint)))
    if (truncated())
      throw new AppError('too-large', `an NDJSON part has at most ${options.maxFileBytes} bytes; send more as the body itself`)
    return
  }
  await takeFile(stream, name, options, true)
}

async function takeFile(stream: Readable, name: string | null, options: Options, mayBeZip: boolean): Promise<void> {
  const { blobs, tenant, submission, maxFileBytes, fingerprint } = options
  if (!blobs) {
    let bytes = 0
    for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length
    if (bytes > maxFileBytes) submission.reject('too-large', { key: name, type: 'resume' })
    else submission.accept('resume', name, null)
    return
  }
  try {
    const { sha256 } = await blobs.put(tenant, stream, { maxBytes: maxFileBytes })
    fingerprint.update(`file\0${name}\0${sha256}\0`)
    if (mayBeZip && (await isArchive(await blobs.file(tenant, sha256)))) {
      await takeArchive(await blobs.file(tenant, sha256), name, options)
      await blobs.remove(tenant, sha256)
      return
    }
    submission.accept('resume', name, { blob: sha256, fileName: name })
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.row.status >= 500) throw error
    fingerprint.update(`refused\0${name}\0${error.code}\0`)
    submission.reject(error.code, { key: name, type: 'resume', detail: error.detail })
  }
  await submission.flush(false)
}

/** A ZIP that is not a DOCX or another Office package: those name [Content_Types].xml first. */
async function isArchive(path: string): Promise<boolean> {
  const file = await openFile(path)
  try {
    const head = Buffer.alloc(4096)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    if (bytesRead < 4 || head.readUInt32LE(0) !== 0x04034b50) return false
  } finally {
    await file.close()
  }
  let zip: yauzl.ZipFile
  try {
    zip = await yauzl.openPromise(path, { lazyEntries: true, decodeStrings: true, validateEntrySizes: true })
  } catch {
    return false
  }
  try {
    for await (const entry of entries(zip)) if (entry.fileName === '[Content_Types].xml' || entry.fileName === 'mimetype') return false
    return true
  } catch {
    return true
  } finally {
    zip.close()
  }
}

async function takeArchive(path: string, archive: string | null, options: Options): Promise<void> {
  const { submission } = options
  let total = 0
  let files = 0
  let zip: yauzl.ZipFile
  try {
    zip = await yauzl.openPromise(path, { lazyEntries: true, decodeStrings: true, validateEntrySizes: true })
  } catch {
    return submission.reject('corrupt', { key: archive, type: 'resume' })
  }
  try {
    for await (const entry of entries(zip)) {
      if (entry.fileName.endsWith('/') || /(^|\/)(__MACOSX\/|\.)/.test(entry.fileName)) continue
      if (++files > MAX_FILES) throw new AppError('too-many-items', `at most ${MAX_FILES} files in an archive`)
      total += entry.uncompressedSize
      const grows = entry.uncompressedSize > 1024 * 1024 && entry.uncompressedSize / Math.max(1, entry.compressedSize) > MAX_ZIP_RATIO
      const key = fileName(entry.fileName)
      if (entry.generalPurposeBitFlag & 1) submission.reject('encrypted', { key, type: 'resume' })
      else if (total > MAX_ZIP_BYTES || grows) submission.reject('unsafe-archive', { key, type: 'resume' })
      else await takeFile(await zip.openReadStreamPromise(entry), key, options, false)
    }
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : ''
    // yauzl refuses absolute names and names with .. itself, and stops at the first one.
    if (/invalid relative path|absolute path|invalid characters/.test(message))
      return submission.reject('unsafe-archive', { key: archive, type: 'resume' })
    if (thrown instanceof AppError) throw thrown
    submission.reject('corrupt', { key: archive, type: 'resume' })
  } finally {
    zip.close()
  }
}

async function* entries(zip: yauzl.ZipFile): AsyncGenerator<yauzl.Entry> {
  for await (const entry of zip.eachEntry()) yield entry
}

/** Only the last part of a name is kept: it is shown to people and never used as a path. */
export function fileName(name: string | undefined): string | null {
  const last = (name ?? '').replaceAll('\0', '').split(/[\\/]/).at(-1)?.trim().slice(0, 255)
  return last || null
}
