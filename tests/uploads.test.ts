/** Files from strangers: each bad one costs itself only. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Client, type System, startSystem } from './support.ts'

let system: System
let acme: Client
beforeAll(async () => {
  system = await startSystem()
  acme = await system.as('acme')
})
afterAll(() => system[Symbol.asyncDispose]())

const SAMPLES = join(import.meta.dirname, '..', 'samples', 'resumes')
const text = (name: string) =>
  `${name}\n${name.toLowerCase().replace(' ', '.')}@example.com\n\nExperience\nJan 2019 - Present Engineer, Example Ltd\n\nSkills\nPython, SQL\n`

/** A ZIP archive of stored entries, names as given. */
function zip(entries: [string, string][]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of entries) {
    const [n, data] = [Buffer.from(name), Buffer.from(content)]
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(0x800, 2)
    fields.writeUInt32LE(crc32(data), 10)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(data.length, 18)
    fields.writeUInt16LE(n.length, 22)
    parts.push(Buffer.from('PK\x03\x04'), fields, n, data)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), fields, tail, n)
    offset += 30 + n.length + data.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06'), end])
}

type Items = { data: { key: string; outcome: string; code: string | null; subject: { id: string } | null; attempts: number }[] }
async function upload(files: [string, string | Buffer][]) {
  const form = new FormData()
  for (const [name, content] of files) form.append('file', new Blob([new Uint8Array(Buffer.from(content as string))]), name)
  const answer = await acme.call('/v1/batches', { method: 'POST', body: form, headers: { prefer: 'wait=50' } })
  const batch = (await answer.json()) as { id: string; code?: string }
  return { status: answer.status, batch, items: batch.id ? (await acme.get<Items>(`/v1/batches/${batch.id}/items`)).data : [] }
}

it('reads files with the same content once and answers all of them', async () => {
  const { items } = await upload([
    ['one.txt', text('Ada Quill')],
    ['两.txt', text('Ada Quill')],
    ['other.txt', text('Bob Reed')],
  ])
  expect(items.map((item) => [item.key, item.outcome])).toEqual([
    ['one.txt', 'done'],
    ['两.txt', 'done'],
    ['other.txt', 'done'],
  ])
  expect(items[0]!.subject).toEqual(items[1]!.subject)
  expect(items[2]!.subject).not.toEqual(items[0]!.subject)
})

it('goes by content, not by name, and says why a file cannot be read', async () => {
  const { items } = await upload([
    ['empty.pdf', ''],
    ['program.pdf', Buffer.from('MZ\x90\x00'.padEnd(400, '\x00'), 'latin1')],
    ['cut.pdf', readFileSync(join(SAMPLES, 'en-01-backend.pdf')).subarray(0, 3000)],
    ['really-text.pdf', text('Cleo Stone')],
    ['good.txt', text('Dan Tower')],
  ])
  expect(items.map((item) => [item.key, item.outcome, item.code])).toEqual([
    ['empty.pdf', 'unreadable', 'empty'],
    ['program.pdf', 'unreadable', 'unsupported-type'],
    ['cut.pdf', 'unreadable', 'corrupt'],
    ['really-text.pdf', 'done', null],
    ['good.txt', 'done', null],
  ])
})

it('opens an archive and refuses names that would leave it', async () => {
  const good = await upload([
    [
      'all.zip',
      zip([
        ['a/eve.txt', text('Eve Urban')],
        ['b/fay.txt', text('Fay Vale')],
        ['__MACOSX/._x', 'x'],
      ]),
    ],
  ])
  expect(good.items.map((item) => [item.key, item.outcome])).toEqual([
    ['eve.txt', 'done'],
    ['fay.txt', 'done'],
  ])
  const bad = await upload([
    ['bad.zip', zip([['../../evil.txt', text('Gus Wild')]])],
    ['beside.txt', text('Hal Xander')],
  ])
  expect(bad.items.find((item) => item.key === 'beside.txt')?.outcome).toBe('done')
  expect(bad.items.find((item) => item.key === 'bad.zip')?.code).toBe('unsafe-archive')
  expect(readdirSync(system.dataDir)).not.toContain('evil.txt')
})

it('refuses 200 MB without keeping them, and takes what stands beside', async () => {
  const boundary = 'looma-test'
  const part = (name: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: application/octet-stream\r\n\r\n`
  async function* body() {
    yield Buffer.from(part('small.txt') + text('Ivy York'))
    yield Buffer.from(`\r\n${part('huge.pdf')}`)
    const block = Buffer.alloc(1024 * 1024, 65)
    for (let i = 0; i < 200; i++) yield block
    yield Buffer.from(`\r\n${part('last.txt')}${text('Jon Zane')}\r\n--${boundary}--\r\n`)
  }
  const answer = await acme.call('/v1/batches', {
    method: 'POST',
    body: Readable.toWeb(Readable.from(body())) as ReadableStream,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, prefer: 'wait=50' },
    duplex: 'half',
  } as RequestInit)
  const { id } = (await answer.json()) as { id: string }
  const items = (await acme.get<Items>(`/v1/batches/${id}/items`)).data
  expect(Object.fromEntries(items.map((item) => [item.key, item.code ?? item.outcome]))).toEqual({
    'small.txt': 'done',
    'huge.pdf': 'too-large',
    'last.txt': 'done',
  })
})

it('takes a file once and lets batches name it; another tenant cannot', async () => {
  const stored = await acme.call('/v1/blobs', {
    method: 'POST',
    body: text('Kim Adler'),
    headers: { 'content-type': 'application/octet-stream' },
  })
  expect(stored.status).toBe(201)
  const { blob } = (await stored.json()) as { blob: string }
  const mine = await acme.batch([{ type: 'resume', blob, fileName: 'kim.txt' }])
  expect(mine.counts.done).toBe(1)
  const theirs = await (await system.as('rival')).batch([{ type: 'resume', blob }])
  expect(theirs.counts).toMatchObject({ done: 0, failed: 1 })
})

it('stores nothing of an upload that breaks off', async () => {
  const before = (await acme.get<{ data: { id: string }[] }>('/v1/batches?limit=1')).data[0]?.id
  const controller = new AbortController()
  async function* body() {
    yield Buffer.from('--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc')
    controller.abort()
    await new Promise(() => undefined)
  }
  await expect(
    acme.call('/v1/batches', {
      method: 'POST',
      body: Readable.toWeb(Readable.from(body())) as ReadableStream,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      duplex: 'half',
      signal: controller.signal,
    } as RequestInit),
  ).rejects.toThrow()
  expect((await acme.batch([{ type: 'position', title: 'Still here' }])).counts.done).toBe(1)
  expect((await acme.get<{ data: { id: string }[] }>('/v1/batches?limit=2')).data[1]?.id).toBe(before)
})
