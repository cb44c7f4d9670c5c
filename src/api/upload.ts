/** Multipart uploads, streamed: each file goes to the blob store while it arrives; ZIP archives are opened, NDJSON parts are read as lines. */
import type { Hash } from 'node:crypto'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import busboy from 'busboy'
import type { Request } from 'express'
import { AppError, toAppError } from '../errors.ts'
import type { Blobs } from '../stores/ports.ts'
import { isArchive, readArchive } from './archive.ts'
import { throughHash } from './idempotency.ts'
import { readLines } from './lines.ts'
import { type Submission, takeLines } from './submission.ts'
import type { TakeBack } from './work.ts'

const MAX_FILES = 10_000
/** What all archives of a request may expand to. */
const MAX_EXPANDED_BYTES = 2 * 1024 ** 3
/** Parts that may wait behind the one that is being stored: small ones sit whole in memory. */
const MAX_AHEAD = 8
/** So much of a request is still read after it was refused: a connection closed under a sender takes the answer with it. */
const MAX_DRAIN_BYTES = 64 * 1024 * 1024

type Options = {
  blobs: Blobs
  tenant: string
  submission: Submission
  maxFileBytes: number
  maxUploadBytes: number
  /** Takes in what was sent, part by part, in place of the raw bytes: the boundary differs each time. */
  fingerprint: Hash
}
/** What a request has stored and unpacked so far. */
type Taken = { made: { sha256: string; made: string }[]; entries: number; expandedBytes: number }

/**
 * Reads every part and stores the files. A file that is too large or that cannot be read costs one item; a broken stream throws. Answers what
 * takes the files back that were not there before; after an error they are taken back already.
 */
export async function readUpload(req: Request, options: Options): Promise<TakeBack> {
  const taken: Taken = { made: [], entries: 0, expandedBytes: 0 }
  const takeBack = async () => {
    for (const { sha256, made } of taken.made) await options.blobs.remove(options.tenant, sha256, made).catch(() => undefined)
  }
  try {
    await readParts(req, options, taken)
    return takeBack
  } catch (error) {
    await takeBack()
    throw error
  }
}

async function readParts(req: Request, options: Options, taken: Taken): Promise<void> {
  const form = createForm(req, options.maxFileBytes)
  const closed = new Promise<void>((resolve) => form.once('close', resolve))
  let failure: unknown
  const fail = (error: unknown) => {
    failure ??= error
    form.destroy()
  }
  // One part after the other, so that memory stays flat whatever is sent.
  const parts: Promise<void>[] = []
  form.on('file', (_field, stream, info) => {
    stream.on('error', () => undefined)
    const before = parts.at(-1) ?? Promise.resolve()
    const take = () =>
      failure ? void stream.resume() : takePart(readToTheEnd(stream), info, options, taken, () => Boolean(stream.truncated))
    parts.push(before.then(take).catch(fail))
  })
  form.on('filesLimit', () => fail(new AppError('too-many-items', `at most ${MAX_FILES} files in one request`)))
  form.on('error', () => {
    failure ??= new AppError('invalid-request', 'the multipart body is malformed')
  })

  let total = 0
  let drained = 0
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      total += chunk.length
      if (total > options.maxUploadBytes) fail(new AppError('too-large', `at most ${options.maxUploadBytes} bytes in one request`))
      if (failure) {
        drained += chunk.length
        if (drained > MAX_DRAIN_BYTES) break
        continue
      }
      if (!form.write(chunk)) await drainOrClose(form)
      await parts.at(-1 - MAX_AHEAD)
    }
  } catch {
    fail(new AppError('invalid-request', 'the request ended early'))
  }
  if (!failure) form.end()
  await closed
  await parts.at(-1)
  if (failure) throw failure
}

function createForm(req: Request, maxFileBytes: number): busboy.Busboy {
  try {
    return busboy({
      headers: req.headers,
      defParamCharset: 'utf8',
      limits: { files: MAX_FILES, fields: 100, fieldSize: 1024 * 1024, fileSize: maxFileBytes + 1 },
    })
  } catch {
    throw new AppError('unsupported-media-type')
  }
}

function drainOrClose(form: Writable): Promise<void> {
  if (form.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      form.off('drain', done)
      form.off('close', done)
      resolve()
    }
    form.on('drain', done)
    form.on('close', done)
  })
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
  const cut = () => {
    if (!part.readableEnded) copy.destroy(new AppError('invalid-request', 'the request ended early'))
  }
  // The part may have been cut off while it waited for its turn.
  if (part.closed) cut()
  else part.on('close', cut)
  return copy
}

async function takePart(stream: Readable, info: busboy.FileInfo, options: Options, taken: Taken, truncated: () => boolean): Promise<void> {
  const { submission, fingerprint } = options
  const name = fileName(info.filename)
  if (/ndjson|jsonl/.test(info.mimeType) || /\.(ndjson|jsonl)$/i.test(name ?? '')) {
    fingerprint.update('lines\0')
    await takeLines(submission, readLines(throughHash(stream, fingerprint)))
    if (truncated())
      throw new AppError('too-large', `an NDJSON part has at most ${options.maxFileBytes} bytes; send more as the body itself`)
    return
  }
  await takeFile(stream, name, options, taken)
}

async function takeFile(stream: Readable, name: string | null, options: Options, taken: Taken): Promise<void> {
  const { blobs, tenant } = options
  const stored = await store(stream, name, options, taken, toAppError)
  if (!stored) return
  const path = await blobs.file(tenant, stored.sha256)
  if (!(await isArchive(path))) return accept(stored.sha256, name, options)
  await takeArchive(path, name, options, taken)
  if (stored.made) await blobs.remove(tenant, stored.sha256, stored.made)
}

/** Null when the file was refused. `errorOf` says what an error of the stream means. */
async function store(stream: Readable, name: string | null, options: Options, taken: Taken, errorOf: (thrown: unknown) => AppError) {
  const { blobs, tenant, submission, maxFileBytes, fingerprint } = options
  try {
    const { sha256, made } = await blobs.put(tenant, stream, { maxBytes: maxFileBytes })
    if (made) taken.made.push({ sha256, made })
    fingerprint.update(`file\0${name}\0${sha256}\0`)
    return { sha256, made }
  } catch (thrown) {
    const error = errorOf(thrown)
    if (error.row.status >= 500) throw error
    fingerprint.update(`refused\0${name}\0${error.code}\0`)
    submission.reject(error.code, { key: name, type: 'resume', detail: error.detail })
    return null
  }
}

async function accept(sha256: string, name: string | null, { submission }: Options): Promise<void> {
  submission.accept('resume', name, { blob: sha256, fileName: name })
  await submission.flush()
}

async function takeArchive(path: string, archive: string | null, options: Options, taken: Taken): Promise<void> {
  const { submission } = options
  const before = taken.entries
  try {
    for await (const entry of readArchive(path)) {
      if (++taken.entries > MAX_FILES) throw new AppError('too-many-items', `at most ${MAX_FILES} files in archives`)
      const key = fileName(entry.name) ?? archive
      if ('refused' in entry) {
        submission.reject(entry.refused, { key, type: 'resume' })
        continue
      }
      taken.expandedBytes += entry.bytes
      if (taken.expandedBytes > MAX_EXPANDED_BYTES) submission.reject('unsafe-archive', { key, type: 'resume' })
      else await takeEntry(entry.open, key, options, taken)
    }
    if (taken.entries === before) submission.reject('empty', { key: archive, type: 'resume' })
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    submission.reject('corrupt', { key: archive, type: 'resume' })
  }
}

/** What is not an error of ours is one of the entry: a wrong size, damaged data, a method of compression nobody uses. */
async function takeEntry(open: () => Promise<Readable>, key: string | null, options: Options, taken: Taken): Promise<void> {
  const errorOf = (thrown: unknown) => (thrown instanceof AppError ? thrown : new AppError('corrupt'))
  let stream: Readable
  try {
    stream = await open()
  } catch {
    return options.submission.reject('corrupt', { key, type: 'resume' })
  }
  const stored = await store(stream, key, options, taken, errorOf)
  if (stored) await accept(stored.sha256, key, options)
}

/** Only the last part of a name is kept, without control characters: it is shown to people and never used as a path. */
export function fileName(name: string | undefined): string | null {
  const last = (name ?? '')
    .replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '')
    .split(/[\\/]/)
    .at(-1)
    ?.trim()
    .slice(0, 255)
  return last && !/^\.+$/.test(last) ? last : null
}
