/** Uploaded files as `<folder>/<tenant>/<first two hex digits>/<sha256>`. A file is complete and durable under its name, or not there. */
import { constants } from 'node:fs'
import { access, link, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../errors.ts'
import type { Blobs } from './ports.ts'
import { removeStale, temporaryName, toStore, writeHashed } from './spool.ts'
import { storeError } from './sqlite.ts'
import { tenantFolder } from './tenant-folder.ts'

const SHA256 = /^[0-9a-f]{64}$/

/** Creates the folder and removes temporary files that dead processes left. Throws `store-down` or `disk-full`. */
export async function openBlobs(folder: string): Promise<Blobs> {
  const temporary = join(folder, 'tmp')
  await toStore(async () => {
    await mkdir(temporary, { recursive: true })
    await removeStale(temporary)
  })
  const place = (tenant: string, sha256: string) => join(folder, 'tenants', tenantFolder(tenant), sha256.slice(0, 2), sha256)
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
      const path = join(temporary, temporaryName())
      try {
        const { sha256, bytes } = await writeHashed(path, content, maxBytes)
        const target = place(tenant, sha256)
        const made = await toStore(async () => {
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
      await toStore(async () => {
        if (made === undefined || (await copyName(path)) === made) await rm(path, { force: true })
      })
    },
  }
}

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
