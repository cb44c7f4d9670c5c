/**
 * Uploaded files on an S3-compatible server, as `<prefix>/<tenant>/<first two hex digits>/<sha256>/<copy>`. Every put stores a copy of its own
 * under a new name and then removes the copies with smaller names. So taking a copy back is one exact delete, whatever others store meanwhile,
 * and needs no conditional request: the greatest copy is never removed by another put, and a put that removed others is never taken back.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { newId } from '../canonical/ids.ts'
import { AppError } from '../errors.ts'
import type { Finding } from '../findings.ts'
import { openFileCache } from './blobs.s3.cache.ts'
import { connectS3, type S3, type S3Credentials, type S3Object, s3Error } from './blobs.s3.request.ts'
import type { Blobs, OnServer } from './ports.ts'
import { temporaryName, writeHashed } from './spool.ts'
import { tenantFolder } from './tenant-folder.ts'

export type S3Blobs = Blobs & Omit<OnServer, 'plans' | 'schema'>

const SHA256 = /^[0-9a-f]{64}$/
const COPY = /^c_[0-9a-z]{26}$/
/** Copies that may vanish one after the other while a file is fetched: each time another put has stored a newer one. */
const FETCHES = 5
const EVICT_MS = 10 * 60_000

/** `cacheDir` holds files on their way and local copies, at most some 2 GB. Does not wait for the server. Throws `store-down` or `disk-full`. */
export async function openS3Blobs(
  url: string,
  { cacheDir, credentials }: { cacheDir: string; credentials: S3Credentials },
): Promise<S3Blobs> {
  const s3 = connectS3(url, credentials)
  const cache = await openFileCache(cacheDir)
  const tidy = setInterval(() => void cache.evict().catch(() => undefined), EVICT_MS).unref()
  let closed = false

  const place = (tenant: string, sha256: string) => `${tenantFolder(tenant)}/${sha256.slice(0, 2)}/${sha256}/`
  const local = (tenant: string, sha256: string) => join(tenantFolder(tenant), sha256.slice(0, 2), sha256)
  const open = () => {
    if (closed) throw new AppError('store-down', 'the store of files is closed')
  }
  const copies = (tenant: string, sha256: string, limit?: number) => s3.list('blobs.find', place(tenant, sha256), limit)
  const drop = (key: string) => s3.call('blobs.remove', { method: 'DELETE', key }, (answer) => answer.arrayBuffer())

  async function fetchCopy({ key, bytes }: S3Object, path: string): Promise<string> {
    const take = async (answer: Response) => {
      // A repeated call writes the file anew.
      await rm(path, { force: true })
      return (await writeHashed(path, Readable.fromWeb(answer.body as ReadableStream), bytes)).sha256
    }
    return await s3.call('blobs.fetch', { method: 'GET', key }, take, { bytes })
  }

  const fetching = new Map<string, Promise<string>>()
  async function fetchFile(tenant: string, sha256: string): Promise<string> {
    const path = join(cache.temporary, temporaryName())
    try {
      for (let tries = 0; tries < FETCHES; tries++) {
        const copy = (await copies(tenant, sha256)).at(-1)
        if (!copy) throw new AppError('blob-missing')
        try {
          const found = await fetchCopy(copy, path)
          if (found !== sha256) throw new AppError('internal', `the stored copy ${copy.key} is damaged`)
          return await cache.take(path, local(tenant, sha256))
        } catch (error) {
          if ((error as AppError).code !== 'blob-missing') throw error
        }
      }
      throw new AppError('blob-missing')
    } finally {
      await rm(path, { force: true })
    }
  }

  return {
    async put(tenant, content, { maxBytes }) {
      open()
      const path = join(cache.temporary, temporaryName())
      try {
        const { sha256, bytes } = await writeHashed(path, content, maxBytes)
        const made = newId('c')
        const own = place(tenant, sha256) + made
        await s3.call('blobs.put', { method: 'PUT', key: own, file: { path, bytes, sha256 } }, (answer) => answer.arrayBuffer(), { bytes })
        const others = (await copies(tenant, sha256)).filter(({ key }) => key !== own)
        for (const { key } of others) if (key < own) await drop(key)
        await cache.take(path, local(tenant, sha256))
        return { sha256, bytes, made: others.length === 0 ? made : null }
      } finally {
        await rm(path, { force: true })
      }
    },

    async has(tenant, sha256) {
      open()
      return SHA256.test(sha256) && (await copies(tenant, sha256, 1)).length > 0
    },

    async file(tenant, sha256) {
      open()
      if (!SHA256.test(sha256)) throw new AppError('blob-missing')
      const name = local(tenant, sha256)
      // The server is asked all the same: another process may have removed the file.
      const path = await cache.find(name)
      if (path) {
        if ((await copies(tenant, sha256, 1)).length > 0) return path
        await cache.drop(name)
        throw new AppError('blob-missing')
      }
      let pending = fetching.get(name)
      if (!pending) {
        pending = fetchFile(tenant, sha256).finally(() => fetching.delete(name))
        fetching.set(name, pending)
      }
      return await pending
    },

    async remove(tenant, sha256, made) {
      open()
      if (!SHA256.test(sha256)) return
      if (made !== undefined) {
        if (COPY.test(made)) await drop(place(tenant, sha256) + made)
        return
      }
      for (let found = await copies(tenant, sha256); found.length > 0; found = await copies(tenant, sha256))
        for (const { key } of found) await drop(key)
      await cache.drop(local(tenant, sha256))
    },

    check: s3.check,
    examine: () => examineS3(s3),
    queries: s3.queries,
    watch: s3.watch,
    async close() {
      closed = true
      clearInterval(tidy)
    },
  }
}

async function examineS3(s3: S3): Promise<Finding[]> {
  try {
    await s3.check()
    const key = `looma-doctor/${newId('d')}`
    await s3.call('blobs.examine', { method: 'PUT', key }, (answer) => answer.arrayBuffer())
    await s3.call('blobs.examine', { method: 'DELETE', key }, (answer) => answer.arrayBuffer())
    const findings: Finding[] = [{ what: 's3 bucket', level: 'ok', found: 'lists, writes and deletes', fix: null }]
    // These keys need not be allowed to ask for it.
    const request = { method: 'GET', query: { versioning: '' } } as const
    const versioning = await s3.call('blobs.examine', request, (answer) => answer.text()).catch(() => '')
    if (/<Status>Enabled<\/Status>/.test(versioning))
      findings.push({
        what: 's3 versioning',
        level: 'warning',
        found: 'the bucket keeps what is deleted, erased résumés too',
        fix: 'a lifecycle rule that expires noncurrent versions, or versioning off',
      })
    return findings
  } catch (error) {
    const { code, detail } = s3Error(error)
    return [{ what: 's3 bucket', level: 'error', found: detail ?? code, fix: 'see BLOBS_URL, its bucket and what its keys may do' }]
  }
}
