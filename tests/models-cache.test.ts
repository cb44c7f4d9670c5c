import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as turn } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { cacheKey, openCache } from '../src/models/cache.ts'
import { tempFolder, tinyEmbedder } from './fixtures/embedder.ts'

const vector = (...values: number[]) => Float32Array.from(values)
const failing = (error: unknown) => {
  throw error
}

test('vectors survive a restart, by embedder and bit for bit', async () => {
  const path = join(await tempFolder(), 'cache.sqlite')
  const first = await tinyEmbedder({ cacheDb: path })
  const before = await first.embed(['w1 w2', 'w3', ''])
  await first.close()
  const second = await tinyEmbedder({ cacheDb: path })
  expect(await second.embed(['w1 w2', 'w3', ''])).toEqual(before)
  expect(second.stats()).toMatchObject({ cacheHits: 3, embedded: 0, cacheErrors: 0 })
  await second.embed(['w1 w2'], { side: 'query' })
  expect(second.stats()).toMatchObject({ cacheHits: 3, embedded: 1 })
})

test('a text never reaches the file', async () => {
  const path = join(await tempFolder(), 'cache.sqlite')
  const embedder = await tinyEmbedder({ cacheDb: path })
  await embedder.embed(['w1 verysecretname'])
  await embedder.close()
  const file = await readFile(path)
  expect(file.includes('verysecretname')).toBe(false)
  expect(file.includes(cacheKey('tiny-space', '', 'w1 verysecretname'))).toBe(true)
})

test('space, prefix and text all belong to the key', () => {
  const keys = [
    cacheKey('s', 'p', 't'),
    cacheKey('s2', 'p', 't'),
    cacheKey('s', 'p2', 't'),
    cacheKey('s', '', 'pt'),
    cacheKey('s', 'p', 't2'),
  ]
  expect(new Set(keys).size).toBe(keys.length)
})

test('memory and file are bounded; the least recently used go first', async () => {
  const path = join(await tempFolder(), 'cache.sqlite')
  const open = (memory: number) => openCache({ dim: 2, memory, path, rows: 100, onError: failing })
  const cache = open(2)
  cache.put('old', vector(1, 2))
  cache.put('used', vector(3, 4))
  for (let i = 0; i < 98; i++) cache.put(`k${i}`, vector(i, i))
  await cache.close()
  const reader = open(0)
  expect(await reader.get(['used'])).toEqual([vector(3, 4)])
  await reader.close()
  const writer = open(0)
  for (let i = 0; i < 40; i++) writer.put(`new${i}`, vector(i, 0))
  await writer.close()
  const last = open(0)
  const left = await last.get(['used', 'new0', 'new39', ...Array.from({ length: 98 }, (_, i) => `k${i}`), 'old'])
  expect(left.slice(0, 3)).toEqual([vector(3, 4), vector(0, 0), vector(39, 0)])
  expect(left.slice(3).filter(Boolean).length).toBeLessThanOrEqual(60)
  await last.close()
})

test('what is to be forgotten is gone from memory and file', async () => {
  const path = join(await tempFolder(), 'cache.sqlite')
  const embedder = await tinyEmbedder({ cacheDb: path })
  const texts = ['w1 w2', 'w3']
  await embedder.embed(texts)
  embedder.forget(embedder.keysOf(['w1 w2']))
  await embedder.embed(texts)
  expect(embedder.stats()).toMatchObject({ embedded: 3, cacheHits: 1 })
  embedder.forget(embedder.keysOf(['w1 w2']))
  await embedder.close()
  const after = await tinyEmbedder({ cacheDb: path })
  await after.embed(texts)
  expect(after.stats()).toMatchObject({ embedded: 1, cacheHits: 1, cacheErrors: 0 })
})

test('what nobody asked for in 30 days is gone, and what somebody did is there', async () => {
  const path = join(await tempFolder(), 'cache.sqlite')
  const day = 24 * 3_600_000
  const from = Date.now()
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const open = () => openCache({ dim: 1, memory: 0, path, rows: 10_000, onError: failing })
  const on = async <T>(days: number, work: (cache: ReturnType<typeof open>) => T | Promise<T>) => {
    vi.setSystemTime(from + days * day)
    const cache = open()
    const done = await work(cache)
    await cache.close()
    return done
  }
  await on(0, (cache) => {
    for (let i = 0; i < 1000; i++) cache.put(`k${i}`, vector(i))
  })
  await on(20, (cache) => cache.get(['k1']))
  await on(31, () => turn(10))
  expect(await on(31, (cache) => cache.get(['k0', 'k1', 'k999']))).toEqual([undefined, vector(1), undefined])
})

test('in memory alone, the least recently used is forgotten', async () => {
  const cache = openCache({ dim: 1, memory: 2, path: null, rows: 0, onError: failing })
  cache.put('a', vector(1))
  cache.put('b', vector(2))
  await cache.get(['a'])
  cache.put('c', vector(3))
  expect(await cache.get(['a', 'b', 'c'])).toEqual([vector(1), undefined, vector(3)])
})

test('a cache that cannot be opened costs nothing but the cache', async () => {
  const embedder = await tinyEmbedder({ cacheDb: await tempFolder() })
  expect(await embedder.embed(['w1'])).toHaveLength(1)
  expect(embedder.stats()).toMatchObject({ cacheErrors: 1, embedded: 1 })
})
