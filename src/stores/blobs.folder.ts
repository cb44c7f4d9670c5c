/** Uploaded files as `<folder>/<tenant>/<first two hex digits>/<sha256>`. A file is complete and durable under its name, or not there. */
import { createHash, randomUUID } from 'node:crypto'
import { constants, createWriteStream } from 'node:fs'
import { access, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sha256 as hashOf } from '../canonical/ids.ts'
import { AppError } from '../errors.ts'
import type { Blobs } from './ports.ts'
import { storeError } from './sqlite.ts'

const SHA256 = /^[0-9a-f]{64}$/
/** A temporary file that nobody wrote to for this long was left by a process that died. */
const STALE_MS = 3_600_000

/** Creates the folder and removes temporary files that dead processes left. Throws `store-down` or `disk-full`. */
export async function openBlobs(folder: string): Promise<Blobs> {
  const temporary = join(folder, 'tmp')
  await mapped(async () => {
    await mkdir(temporary, { recursive: true })
    await removeStale(temporary)
  })
  const place = (tenant: string, sha256: string) => join(folder, 'tenants', folderName(tenant), sha256.slice(0, 2), sha256)
  const exists = (path: string) =>
    access(path, constants.R_OK).then(
      () => true,
      (error) => {
        if (error.code === 'ENOENT') return false
        throw storeError(error)
      },
    )

  return {
    async put(tenant, content, { maxBytes }) {
      const path = join(temporary, `${hostname()}.${process.pid}.${randomUUID()}`)
      try {
        const { sha256, bytes } = await writeHashed(path, content, maxBytes)
        const target = place(tenant, sha256)
        const made = await mapped(async () => {
          await makeDurableFolder(dirname(target))
          const first = await placeFile(path, target)
          await syncFolder(dirname(target))
          return first ? copyName(target) : null
        })
        return { sha256, bytes, made }
      } catch (error) {
        await rm(path, { force: true })
        throw error
      }
    },

    async has(tenant, sha256) {
      return SHA256.test(sha256) && exists(place(tenant, sha256))
    },

    async file(tenant, sha256) {
      if (!SHA256.test(sha256) || !(await exists(place(tenant, sha256)))) throw new AppError('blob-missing')
      return place(tenant, sha256)
    },

    async remove(tenant, sha256, made) {
      if (!SHA256.test(sha256)) return
      const path = place(tenant, sha256)
      await mapped(async () => {
        if (made === undefined || (await copyName(path)) === made) await rm(path, { force: true })
      })
    },
  }
}

/** Tenant names that are safe on every file system stay readable; all others go by their hash, which cannot leave the folder. */
const folderName = (tenant: string): string => (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(tenant) ? tenant : `~${hashOf(tenant)}`)

/**
 * Gives a written file its name; false where the name was taken. It is replaced then all the same: whoever stored the content first and
 * takes it back later must find another copy there than its own.
 */
async function placeFile(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    await rename(from, to)
    return false
  }
  await rm(from)
  return true
}

/** Null when the file is gone. The time stands beside the number because file systems give numbers out again. */
async function copyName(path: string): Promise<string | null> {
  try {
    const { ino, mtimeNs } = await stat(path, { bigint: true })
    return `${ino}-${mtimeNs}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function mapped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storeError(error)
  }
}

/** Writes and syncs a new file. An error of `content` itself is thrown as it is; the disk's errors get their codes. */
async function writeHashed(path: string, content: NodeJS.ReadableStream, maxBytes: number): Promise<{ sha256: string; bytes: number }> {
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

/** A rename survives a power cut only when its folder was synced, and the folder only when its own parent was. */
async function makeDurableFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true })
  if (first === undefined) return
  for (let at = folder; ; at = dirname(at)) {
    await syncFolder(dirname(at))
    if (at === first || at === dirname(at)) return
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows neither needs nor allows this.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function removeStale(folder: string): Promise<void> {
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
