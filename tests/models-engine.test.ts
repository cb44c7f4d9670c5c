import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AppError } from '../src/errors.ts'
import { createEmbedder } from '../src/models/engine.ts'
import { cosine, recordingLog, tempFolder, tinyEmbedder } from './fixtures/embedder.ts'
import { TINY, writeTinyModel } from './fixtures/tiny-model.ts'

const word = (i: number) => `w${i % TINY.words}`
const texts = (n: number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: 1 + ((i * 7) % 20) }, (_, j) => word(i + j * (1 + i))).join(' '))

test('vectors come in order, normalised, and a text gets the same one alone and in a batch', async () => {
  const batched = await tinyEmbedder({ cacheEntries: 0, hosts: 2, maxTokensPerBatch: 64 })
  const many = texts(60)
  const together = await batched.embed(many)
  for (let i = 0; i < many.length; i += 11) {
    const [alone] = await batched.embed([many[i]!])
    expect(cosine(alone!, together[i]!)).toBeGreaterThan(0.999)
    expect(Math.hypot(...together[i]!)).toBeCloseTo(1, 5)
  }
  expect(cosine(together[0]!, together[1]!)).toBeLessThan(0.999)
  const { batches, fill, embedded } = batched.stats()
  expect(batches).toBeGreaterThan(10)
  expect(fill).toBeGreaterThan(0.8)
  expect(embedded).toBe(60 + 6)
})

test('empty and wholly unknown texts get the zero vector, long ones are cut', async () => {
  const embedder = await tinyEmbedder()
  const long = Array.from({ length: 500 }, (_, i) => word(i)).join(' ')
  const [empty, blank, unknown, cut, head] = await embedder.embed([
    '',
    '  ',
    'zzz \ud800',
    long,
    long
      .split(' ')
      .slice(0, TINY.maxTokens - 2)
      .join(' '),
  ])
  for (const vector of [empty, blank, unknown]) expect(vector).toEqual(new Float32Array(TINY.dim))
  expect(cosine(cut!, head!)).toBeGreaterThan(0.9999)
  expect(await embedder.embed([])).toEqual([])
})

test('pooling by the first token and prefixes change the vector', async () => {
  const mean = await tinyEmbedder()
  const cls = await tinyEmbedder({}, { pooling: 'cls', space: 'tiny-cls' })
  const [byMean] = await mean.embed(['w3 w4'])
  const [byCls] = await cls.embed(['w3 w4'])
  const [asQuery] = await mean.embed(['w3 w4'], { side: 'query' })
  const [spelledOut] = await mean.embed(['w1 w3 w4'])
  expect(cosine(byMean!, byCls!)).toBeLessThan(0.99)
  expect(cosine(asQuery!, spelledOut!)).toBeGreaterThan(0.9999)
  expect(cosine(asQuery!, byMean!)).toBeLessThan(0.9999)
})

test('two embedders of one process are apart', async () => {
  const [a, b] = await Promise.all([tinyEmbedder(), tinyEmbedder({}, { space: 'other', name: 'other' })])
  const [[va], [vb]] = await Promise.all([a.embed(['w1']), b.embed(['w1'])])
  expect(va).toEqual(vb)
  expect([a.space, b.space, a.model, b.model]).toEqual(['tiny-space', 'other', 'tiny@1', 'other@1'])
  await a.close()
  expect(await b.embed(['w2'])).toHaveLength(1)
  expect(new Set([...a.pids(), ...b.pids()]).size).toBe(1)
})

test('an equal text that waits or was seen costs nothing, and callers own their vectors', async () => {
  const embedder = await tinyEmbedder()
  const [first, second] = await embedder.embed(['w1 w2', 'w1 w2'])
  first!.fill(9)
  expect(second).not.toEqual(first)
  const [again] = await embedder.embed(['w1 w2'])
  expect(again).toEqual(second)
  expect(embedder.stats()).toMatchObject({ embedded: 1, joined: 1, cacheHits: 1, texts: 3 })
})

test('a host that is killed is replaced and its texts get their vectors', async () => {
  const log = recordingLog()
  const embedder = await tinyEmbedder({ log, cacheEntries: 0 })
  // So many that a quick host cannot have answered all of them before the kill arrives.
  const many = Array.from({ length: 3000 }, (_, i) => `w${i % 40} w${i % 37} w${i}`)
  const results = embedder.embed(many)
  const { pid } = await log.next('slice sent')
  process.kill(pid!, 'SIGKILL')
  const vectors = await results
  expect(embedder.pids()).not.toContain(pid)
  expect(embedder.stats()).toMatchObject({ hostRestarts: 1, hostsReady: 1, queueDepth: 0, running: 0, failed: 0 })
  const sample = [0, 1, 1500, 2999]
  const expected = await embedder.embed(sample.map((i) => many[i]!))
  for (const [at, i] of sample.entries()) expect(cosine(vectors[i]!, expected[at]!)).toBeGreaterThan(0.999)
})

test('an idle host that is killed is replaced', async () => {
  const log = recordingLog()
  const embedder = await tinyEmbedder({ log })
  const { pid } = await log.next('model host ready')
  process.kill(pid!, 'SIGKILL')
  await log.next('model host ready')
  expect(await embedder.embed(['w1'])).toHaveLength(1)
})

test('a host that hangs is killed; the one text at fault is found and set aside, the others get their vectors', async () => {
  const embedder = await tinyEmbedder({ silenceLimitMs: 1000 })
  const results = await embedder.embedEach(['w1', 'w4 spin', 'w5 w6'])
  expect(results.map((result) => (result instanceof AppError ? result.code : result.length))).toEqual([TINY.dim, 'poison', TINY.dim])
  expect(embedder.stats().failed).toBe(1)
}, 60_000)

test('a text that ends its host twice is poison, and is remembered', async () => {
  const log = recordingLog()
  const embedder = await tinyEmbedder({ log })
  const result = embedder.embedEach(['spin'])
  for (let deaths = 0; deaths < 2; deaths++) process.kill((await log.next('slice sent')).pid!, 'SIGKILL')
  expect((await result)[0]).toMatchObject({ code: 'poison' })
  await expect(embedder.embed(['w1', 'spin'])).rejects.toMatchObject({ code: 'poison' })
  expect(log.lines.filter(({ message }) => message === 'slice sent').map(({ texts: n }) => n)).toEqual([1, 1, 1])
})

test('interactive texts go before bulk ones, and one that waits in both lanes moves up', async () => {
  const log = recordingLog()
  const embedder = await tinyEmbedder({ log })
  const order: string[] = []
  const ask = (text: string, lane: 'bulk' | 'interactive') => embedder.embedEach([text], { lane }).then(() => order.push(`${lane} ${text}`))
  const held = embedder.embedEach(['spin'])
  const { pid } = await log.next('slice sent')
  const bulk = [ask('w1', 'bulk'), ask('w2 w3', 'bulk')]
  const front = [ask('w9', 'interactive'), ask('w2 w3', 'interactive')]
  await expect.poll(() => embedder.stats().queueDepth).toBe(3)
  process.kill(pid!, 'SIGKILL')
  process.kill((await log.next('slice sent')).pid!, 'SIGKILL')
  await Promise.all([held, ...bulk, ...front])
  expect(order.at(-1)).toBe('bulk w1')
})

test('aborting drops what waits and rejects with the reason; a text somebody else wants stays', async () => {
  const log = recordingLog()
  const embedder = await tinyEmbedder({ log })
  const holding = new AbortController()
  const held = embedder.embed(['spin'], { signal: holding.signal })
  const { pid } = await log.next('slice sent')
  const aborter = new AbortController()
  const aborted = embedder.embed(['w1', 'w2'], { signal: aborter.signal })
  const kept = embedder.embed(['w2'])
  await expect.poll(() => embedder.stats().queueDepth).toBe(2)
  aborter.abort(new Error('caller left'))
  await expect(aborted).rejects.toThrow('caller left')
  expect(embedder.stats().queueDepth).toBe(1)
  await expect(embedder.embed(['w3'], { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late')
  // Nobody wants the text that hangs any more, so the next host does not get it.
  holding.abort(new Error('enough'))
  await expect(held).rejects.toThrow('enough')
  process.kill(pid!, 'SIGKILL')
  expect(await kept).toHaveLength(1)
  expect(embedder.stats()).toMatchObject({ queueDepth: 0, hostRestarts: 1, embedded: 1 })
})

test('a full lane answers overloaded at once, the other lane still takes', async () => {
  const log = recordingLog()
  const embedder = await tinyEmbedder({ log, maxQueued: 2 })
  const held = embedder.embedEach(['spin'])
  const { pid } = await log.next('slice sent')
  const waiting = embedder.embed(['w1', 'w2'])
  await expect.poll(() => embedder.stats().queueDepth).toBe(2)
  await expect(embedder.embed(['w3'])).rejects.toMatchObject({ code: 'overloaded', retryAfter: 1 })
  const front = embedder.embed(['w3'], { lane: 'interactive' })
  process.kill(pid!, 'SIGKILL')
  process.kill((await log.next('slice sent')).pid!, 'SIGKILL')
  expect([...(await waiting), ...(await front), ...(await held)]).toHaveLength(4)
  // More than the lane holds, but it is empty: taken, or it could never be.
  expect(await embedder.embed(['w4', 'w5', 'w6'])).toHaveLength(3)
})

test('closing refuses what waits and what comes, ends the children, and may be repeated', async () => {
  const log = recordingLog()
  const embedder = await tinyEmbedder({ log })
  const held = embedder.embed(['spin'])
  const { pid } = await log.next('slice sent')
  const waiting = embedder.embed(['w1'])
  await expect.poll(() => embedder.stats().queueDepth).toBe(1)
  const refusals = Promise.all([
    expect(held).rejects.toMatchObject({ code: 'shutting-down' }),
    expect(waiting).rejects.toMatchObject({ code: 'shutting-down' }),
  ])
  const closed = embedder.close()
  process.kill(pid!, 'SIGKILL')
  await closed
  await embedder.close()
  await refusals
  await expect(embedder.embed(['w1'])).rejects.toMatchObject({ code: 'shutting-down' })
  expect(embedder.pids()).toEqual([])
  expect(() => process.kill(pid!, 0)).toThrow()
})

test('closing while a host starts again ends that host too', async () => {
  const log = recordingLog()
  const embedder = await tinyEmbedder({ log })
  const { pid } = await log.next('model host ready')
  process.kill(pid!, 'SIGKILL')
  await log.next('model host ended')
  // Before the limit of 10 s after which hosts are killed, or this test runs out of time.
  await embedder.close()
  expect(embedder.stats()).toMatchObject({ hostsReady: 0, hostRestarts: 1 })
})

test('this process never loads ONNX Runtime, and the child runs without telemetry and without our environment', async () => {
  const embedder = await tinyEmbedder()
  await embedder.embed(['w1'])
  const [pid] = embedder.pids()
  // Spares the report its look-ups of host names (missing in the type declarations).
  Object.assign(process.report, { excludeNetwork: true })
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
  expect(sharedObjects.length).toBeGreaterThan(0)
  expect(sharedObjects.filter((path) => path.includes('onnxruntime'))).toEqual([])
  if (process.platform === 'linux') {
    expect(await readFile(`/proc/${pid}/maps`, 'utf8')).toContain('onnxruntime')
    const names = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter((line) => line && !line.startsWith('NODE_CHANNEL'))
    expect(names).toEqual(['ORT_DISABLE_TELEMETRY=1'])
  }
  await embedder.close()
  // The trace of the telemetry client where it is on.
  expect(existsSync(join(tmpdir(), `mat-debug-${pid}.log`))).toBe(false)
})

test('a folder that is not what its manifest says is refused by name', async () => {
  const dir = await tempFolder()
  const start = (changes: Record<string, unknown>) => writeTinyModel(dir, changes).then(() => createEmbedder({ modelDir: dir, hosts: 1 }))
  const detail = async (changes: Record<string, unknown>) => {
    const error = await start(changes).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'model-unavailable' })
    return (error as AppError).detail
  }
  const bytes = (await readFile(join(await written(), 'model.onnx'))).length
  const other = (over: object) => [
    { path: 'tokenizer.json', sha256: '0'.repeat(64), bytes: 1 },
    { path: 'model.onnx', sha256: '0'.repeat(64), bytes, ...over },
  ]
  expect(await detail({ files: other({}).slice(1) })).toContain('must list model.onnx and tokenizer.json')
  expect(await detail({ files: other({ path: '../model.onnx' }) })).toContain('relative path')
  expect(await detail({ files: [other({})[1], { ...other({})[0], bytes: 7 }] })).toMatch(/size differs|sha256 differs/)
  expect(await detail({ dim: 17 })).toContain('[1,3,17]')
  expect(await detail({ pooling: 'in-graph' })).toContain('[1,16]')
  await expect(createEmbedder({ modelDir: join(dir, 'nowhere') })).rejects.toMatchObject({ code: 'model-unavailable' })

  async function written(): Promise<string> {
    await writeTinyModel(dir)
    return dir
  }
})
