/** Files on a real S3-compatible server (S3_URL, keys in S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY; `npm run servers -- up s3` starts one). */
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openFileCache } from '../../src/stores/blobs.s3.cache.ts'
import { connectS3 } from '../../src/stores/blobs.s3.request.ts'
import { openS3Blobs } from '../../src/stores/blobs.s3.ts'
import { blobsContract } from '../contracts/blobs.ts'
import { tempDir } from '../support.ts'

const S3_URL = process.env.S3_URL
const credentials = {
  accessKeyId: process.env.S3_ACCESS_KEY_ID ?? 'minioadmin',
  secretAccessKey: process.env.S3_SECRET_ACCESS_KEY ?? 'minioadmin',
}
/** The URL with a prefix nobody else has. */
function freshUrl(): string {
  const url = new URL(S3_URL!)
  return `s3://${url.host}/t ü/${randomUUID()}${url.search}`
}

async function opened(url = freshUrl()) {
  const cacheDir = await tempDir()
  const blobs = await openS3Blobs(url, { cacheDir, credentials })
  const s3 = connectS3(url, credentials)
  return {
    blobs,
    cacheDir,
    copies: async () => (await s3.list('test', '')).map(({ key }) => key),
    temporary: () => readdir(join(cacheDir, 'tmp')),
    async [Symbol.asyncDispose]() {
      await blobs.close()
      await rm(cacheDir, { recursive: true })
    },
  }
}
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
const stream = (text: string) => Readable.from([Buffer.from(text)])
const hello = sha256('hello')

describe.skipIf(!S3_URL)('on S3 (S3_URL)', () => {
  blobsContract('blobs on s3', async () => {
    const { blobs, copies, temporary, ...more } = await opened()
    // Puts of one content that race may leave a copy each.
    const list = async () => [...new Set((await copies()).map((key) => key.slice(0, key.lastIndexOf('/')))), ...(await temporary())]
    return { store: { ...blobs, list, read: (path: string) => readFile(path) }, close: () => more[Symbol.asyncDispose]() }
  })

  it('never loses a content that somebody stored and did not take back, in any interleaving', async () => {
    await using one = await opened()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('keep', 'take back'), { minLength: 2, maxLength: 5 }), fc.uuid(), async (plan, content) => {
        await Promise.all(
          plan.map(async (what) => {
            const { sha256: name, made } = await one.blobs.put('a', stream(content), { maxBytes: 99 })
            if (what === 'take back' && made) await one.blobs.remove('a', name, made)
          }),
        )
        if (plan.includes('keep')) expect(await one.blobs.has('a', sha256(content))).toBe(true)
      }),
      { numRuns: 40 },
    )
    expect(await one.temporary()).toEqual([])
  })

  it('gives the file to another process, and not once it is removed, though it is cached', async () => {
    const url = freshUrl()
    await using one = await opened(url)
    await using two = await opened(url)
    await one.blobs.put('a', stream('hello'), { maxBytes: 99 })
    const paths = await Promise.all([two.blobs.file('a', hello), two.blobs.file('a', hello)])
    expect(paths[0]).toBe(paths[1])
    expect(await readFile(paths[0]!, 'utf8')).toBe('hello')
    expect((await two.blobs.queries()).find(({ query }) => query === 'blobs.fetch')?.count).toBe(1)
    await one.blobs.remove('a', hello)
    await expect(two.blobs.file('a', hello)).rejects.toMatchObject({ code: 'blob-missing' })
    await expect(readFile(paths[0]!)).rejects.toThrow()
  })

  it('hands out no damaged copy', async () => {
    const url = freshUrl()
    await using one = await opened(url)
    const s3 = connectS3(url, credentials)
    const key = `a/${hello.slice(0, 2)}/${hello}/c_${'0'.repeat(26)}`
    const file = { path: join(one.cacheDir, 'wrong'), bytes: 5, sha256: sha256('hellp') }
    await writeFile(file.path, 'hellp')
    await s3.call('test', { method: 'PUT', key, file }, (answer) => answer.text())
    await expect(one.blobs.file('a', hello)).rejects.toMatchObject({ code: 'internal', detail: expect.stringContaining('damaged') })
    expect(await one.temporary()).toEqual([])
    const wrong = s3.call('test', { method: 'PUT', key: 'x', file: { ...file, sha256: hello } }, (answer) => answer.text())
    await expect(wrong).rejects.toThrow(/XAmzContentSHA256Mismatch|400/)
    expect(await one.copies()).toEqual([key])
  })

  it('streams a large file up and down without holding it in memory', async () => {
    const url = freshUrl()
    await using one = await opened(url)
    await using two = await opened(url)
    const MB = 1024 * 1024
    const chunk = Buffer.alloc(MB, 'x')
    const content = Readable.from(
      (function* () {
        for (let i = 0; i < 300; i++) yield chunk
      })(),
    )
    let peak = 0
    const before = process.memoryUsage().rss
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 20)
    const { sha256: name, bytes } = await one.blobs.put('a', content, { maxBytes: 400 * MB })
    expect(bytes).toBe(300 * MB)
    await two.blobs.file('a', name)
    clearInterval(watch)
    expect((peak - before) / MB).toBeLessThan(150)
    await one.blobs.remove('a', name)
  })

  it('is examined: writable, a missing bucket, wrong keys', async () => {
    await using one = await opened()
    await one.blobs.check()
    expect((await one.blobs.examine())[0]).toMatchObject({ level: 'ok' })
    expect(await one.copies()).toEqual([])
    await using missing = await opened(`s3://no-such-bucket-here${new URL(S3_URL!).search}`)
    expect(await missing.blobs.examine()).toMatchObject([{ level: 'error', found: expect.stringContaining('bucket') }])
    const cacheDir = await tempDir()
    const wrong = await openS3Blobs(freshUrl(), { cacheDir, credentials: { ...credentials, secretAccessKey: 'wrong-secret' } })
    await expect(wrong.check()).rejects.toMatchObject({ code: 'store-down', detail: expect.stringContaining('credentials') })
    await wrong.close()
    await expect(wrong.has('a', hello)).rejects.toMatchObject({ code: 'store-down' })
    await rm(cacheDir, { recursive: true })
  })
})

describe('S3 out of reach', () => {
  it('answers store-down in bounded time and leaves nothing behind', async () => {
    await using one = await opened('s3://looma?endpoint=http://127.0.0.1:1&pathStyle=true')
    const since = performance.now()
    await expect(one.blobs.check()).rejects.toMatchObject({ code: 'store-down' })
    await expect(one.blobs.put('a', stream('x'), { maxBytes: 9 })).rejects.toMatchObject({ code: 'store-down' })
    await expect(one.blobs.file('a', hello)).rejects.toMatchObject({ code: 'store-down' })
    expect(performance.now() - since).toBeLessThan(6000)
    expect(await one.temporary()).toEqual([])
  })

  it('gives up on a server that hangs when it is asked how it is', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(server, 'listening')
    await using one = await opened(`s3://looma?endpoint=http://127.0.0.1:${(server.address() as AddressInfo).port}&pathStyle=true`)
    const since = performance.now()
    await expect(one.blobs.check()).rejects.toMatchObject({ code: 'store-down' })
    expect(performance.now() - since).toBeLessThan(700)
    server.closeAllConnections()
    server.close()
  })

  it.each([
    's3://',
    's3://UPPER_case',
    's3://key:hidden@bucket',
    's3://bucket?acl=public',
    's3://bucket?endpoint=ftp://x',
    'https://bucket',
  ])('refuses the URL %s', async (url) => {
    const refused = openS3Blobs(url, { cacheDir: await tempDir(), credentials })
    await expect(refused).rejects.toMatchObject({ code: 'store-down' })
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('hidden') })
  })
})

describe('the cache of files', () => {
  it('keeps what was used last, spares what was just handed out, and forgets what is old', async () => {
    const folder = await tempDir()
    const cache = await openFileCache(folder, 25)
    for (const name of ['a', 'b', 'c', 'd']) {
      const path = join(cache.temporary, name)
      await writeFile(path, '')
      await truncate(path, 10)
      await cache.take(path, name)
    }
    const there = () => readdir(join(folder, 'files'))
    expect(await there()).toHaveLength(4)
    const minutes = (n: number) => new Date(Date.now() - n * 60_000)
    for (const [name, ago] of [
      ['a', 20],
      ['b', 40],
      ['c', 30],
    ] as const)
      await utimes(join(folder, 'files', name), minutes(ago), minutes(ago))
    expect(await cache.find('b')).not.toBeNull()
    await cache.evict()
    expect(await there()).toEqual(['b', 'd'])
    await utimes(join(folder, 'files', 'b'), minutes(70), minutes(70))
    await cache.evict()
    expect(await there()).toEqual(['d'])
    expect(await cache.find('b')).toBeNull()
    await rm(folder, { recursive: true })
  })
})
