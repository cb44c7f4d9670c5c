/** Temporary files: content is written and hashed before it gets the name that its hash gives it. */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../errors.ts'
import { storeError } from './sqlite.ts'

/** A temporary file that nobody wrote to for this long was left by a process that died. */
const STALE_MS = 3_600_000

/** Tells which process wrote the file, for `removeStale`. */
export const temporaryName = (): string => `${hostname()}.${process.pid}.${randomUUID()}`

/** Gives the errors of a disk their codes. */
export async function toStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storeError(error)
  }
}

/** Writes and syncs a new file. An error of `content` itself is thrown as it is; the disk's errors get their codes. */
export async function writeHashed(
  path: string,
  content: NodeJS.ReadableStream,
  maxBytes: number,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) return done(new AppError('too-large', `at most ${maxBytes} bytes`))
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  let source: unknown
  content.once('error', (error) => {
    source = error
  })
  try {
    await pipeline(content, counted, file)
  } catch (error) {
    const isOfDisk = error !== source && typeof (error as NodeJS.ErrnoException).errno === 'number'
    throw isOfDisk ? storeError(error) : error
  }
  return { sha256: hash.digest('hex'), bytes }
}

/** Removes the temporary files of processes that ended before they could. */
export async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => null,
    )
    if (age !== null && (age > STALE_MS || isOfDeadProcess(name))) await rm(path, { force: true })
  }
}

function isOfDeadProcess(name: string): boolean {
  const [, host, pid] = /^(.*)\.(\d+)\.[^.]+$/.exec(name) ?? []
  if (host !== hostname()) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
