/** Local copies of files that live on S3, so that readers get a path. Any file may be removed at any time: it is fetched again. */
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { removeStale, toStore } from './spool.ts'

const MAX_BYTES = 2 * 1024 ** 3
/** A path that was handed out is about to be opened: it stays this long, whatever the size. */
const GRACE_MS = 10 * 60_000
/** Nothing stays longer than this after its last use, so that a file which was erased does not live on here. */
const KEEP_MS = 3_600_000

export type FileCache = {
  /** A folder on the same disk for files that are being written. */
  temporary: string
  /** The file, marked as used; null when it is not here. */
  find(name: string): Promise<string | null>
  /** Gives a complete temporary file its place. */
  take(from: string, name: string): Promise<string>
  drop(name: string): Promise<void>
  /** Removes what was used longest ago until the rest fits. */
  evict(now?: number): Promise<void>
}

/** `maxBytes` is exceeded only by what was handed out in the last ten minutes. Throws `store-down` or `disk-full`. */
export async function openFileCache(folder: string, maxBytes = MAX_BYTES): Promise<FileCache> {
  const temporary = join(folder, 'tmp')
  const files = join(folder, 'files')
  await toStore(async () => {
    for (const path of [temporary, files]) await mkdir(path, { recursive: true, mode: 0o700 })
    await removeStale(temporary)
  })
  let size = 0

  async function list(): Promise<{ path: string; bytes: number; used: number }[]> {
    const entries = await readdir(files, { recursive: true, withFileTypes: true })
    const found = await Promise.all(
      entries
        .filter((entry) => entry.isFile())
        .map(async ({ parentPath, name }) => {
          const path = join(parentPath, name)
          const of = await stat(path).catch(() => null)
          return of && { path, bytes: of.size, used: of.mtimeMs }
        }),
    )
    return found.filter((one) => one !== null).sort((a, b) => a.used - b.used)
  }

  async function evict(now = Date.now()): Promise<void> {
    const all = await list()
    size = all.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { path, bytes, used } of all) {
      if (now - used < GRACE_MS || (size <= maxBytes && now - used < KEEP_MS)) break
      await rm(path, { force: true })
      size -= bytes
    }
  }
  await toStore(evict)

  return {
    temporary,
    async find(name) {
      const path = join(files, name)
      const now = new Date()
      return await utimes(path, now, now).then(
        () => path,
        () => null,
      )
    },
    take: (from, name) =>
      toStore(async () => {
        const path = join(files, name)
        await mkdir(dirname(path), { recursive: true, mode: 0o700 })
        const now = new Date()
        await utimes(from, now, now)
        size += (await stat(from)).size
        await rename(from, path)
        if (size > maxBytes) await evict()
        return path
      }),
    drop: (name) => toStore(() => rm(join(files, name), { force: true })),
    evict,
  }
}
