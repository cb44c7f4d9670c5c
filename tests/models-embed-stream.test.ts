import { PassThrough, Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { embedStream } from '../src/models/embed-stream.ts'
import type { Engine } from '../src/models/engine.ts'
import { splitLines } from '../src/models/lines.ts'
import { tinyEmbedder } from './fixtures/embedder.ts'

type Answer = { id?: string | number; line?: number; vector?: number[]; error?: { code: string; detail?: string } }

async function run(input: Readable, embedder: Engine) {
  const output = new PassThrough()
  const written = text(output)
  const counts = await embedStream(input, output, embedder)
  output.end()
  const answers = (await written)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Answer)
  return { counts, answers }
}

test('each line gets its answer in order; a bad line costs only itself', async () => {
  const embedder = await tinyEmbedder()
  const lines = [
    '\ufeff{"id":"a","text":"w1 w2"}',
    '',
    '{"id":7,"text":""}\r',
    '{"id":',
    '[1]',
    '{"id":"b"}',
    '{"id":{},"text":"w1"}',
    `{"id":"long","text":"${'x'.repeat(1 << 20)}"}`,
    '{"id":"z","text":"w1 w2","more":1}',
  ]
  const bytes = Buffer.concat([
    Buffer.from(lines.join('\n')),
    Buffer.from('\n'),
    Buffer.from([0x22, 0xff, 0x22]),
    Buffer.from('\n{"id":"end","text":"w3"}'),
  ])
  const { counts, answers } = await run(Readable.from([bytes.subarray(0, 5), bytes.subarray(5, 40), bytes.subarray(40)]), embedder)
  expect(answers.map(({ id, line, error }) => [id ?? line, error?.code ?? 'ok'])).toEqual([
    ['a', 'ok'],
    [7, 'ok'],
    [4, 'malformed-line'],
    [5, 'malformed-line'],
    ['b', 'invalid-item'],
    [7, 'invalid-item'],
    [8, 'too-large'],
    ['z', 'ok'],
    [10, 'malformed-line'],
    ['end', 'ok'],
  ])
  expect(counts).toEqual({ embedded: 4, failed: 6 })
  const [vector] = await embedder.embed(['w1 w2'])
  for (const [i, value] of answers[0]!.vector!.entries()) expect(Math.abs(value - vector![i]!)).toBeLessThan(1e-7)
  expect(answers[7]!.vector).toEqual(answers[0]!.vector)
})

test('many lines keep their order', async () => {
  const embedder = await tinyEmbedder({ hosts: 2 })
  const input = Readable.from(
    (function* () {
      for (let i = 0; i < 3000; i++) yield `{"id":${i},"text":"w${i % 60} w${i % 7} w${i % 11}"}\n`
    })(),
  )
  const { counts, answers } = await run(input, embedder)
  expect(counts).toEqual({ embedded: 3000, failed: 0 })
  expect(answers.map(({ id }) => id)).toEqual([...Array(3000).keys()])
})

test('a reader that stops reading stops the reading of the input', async () => {
  const embedder = await tinyEmbedder()
  let read = 0
  const input = Readable.from(
    (function* () {
      for (; read < 200_000; read++) yield `{"id":${read},"text":"w1"}\n`
    })(),
  )
  const first = Promise.withResolvers<() => void>()
  const output = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, next) => first.resolve(next) })
  const done = embedStream(input, output, embedder)
  await first.promise
  // Everything that could still move has moved when nothing is under way any more.
  await expect.poll(() => embedder.stats().running + embedder.stats().queueDepth).toBe(0)
  expect(read).toBeLessThan(10_000)
  output.destroy()
  await done
})

test('a reader that goes away ends the stream without an error', async () => {
  const embedder = await tinyEmbedder()
  const input = Readable.from(
    (function* () {
      for (let i = 0; i < 5000; i++) yield `{"id":${i},"text":"w1"}\n`
    })(),
  )
  const broken = Object.assign(new Error('gone'), { code: 'EPIPE' })
  const output = new Writable({ write: (_chunk, _encoding, next) => next(broken) })
  const { failed } = await embedStream(input, output, embedder)
  expect(failed).toBe(0)
})

test('lines are cut at newlines wherever the chunks are, and a long line is not held', async () => {
  const cut = async (chunks: string[]) => {
    const lines: (string | number)[] = []
    for await (const line of splitLines(Readable.from(chunks), 4)) lines.push('bytes' in line ? line.bytes.toString() : line.n)
    return lines
  }
  expect(await cut(['ab', 'c\n\nd', 'e'])).toEqual(['abc', '', 'de'])
  expect(await cut(['abc', 'de', 'fgh\nij\n'])).toEqual([1, 'ij'])
  expect(await cut([])).toEqual([])
})
