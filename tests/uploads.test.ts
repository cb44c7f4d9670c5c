/** Files from strangers: each bad one costs itself only, and what is refused is not kept. */
import { globSync, readFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { issueToken } from '../src/api/auth.ts'
import { createLog } from '../src/log.ts'
import { createReader } from '../src/resume/reader.ts'
import { openStores } from '../src/stores/open.ts'
import type { Context, Settled } from '../src/workers/context.ts'
import resumeParse from '../src/workers/resume-parse.ts'
import { zip } from './fixtures/zip.ts'
import { killLeftovers, type Process, spawnLooma } from './processes.ts'
import { type Client, client, type System, startSystem, tempDir, testConfig } from './support.ts'

let system: System
let acme: Client
beforeAll(async () => {
  system = await startSystem()
  acme = await system.as('acme')
})
afterAll(() => system[Symbol.asyncDispose]())

const SAMPLES = join(import.meta.dirname, '..', 'samples', 'resumes')
const MB = 1024 * 1024
const text = (name: string) =>
  `${name}\n${name.toLowerCase().replace(' ', '.')}@example.com\n\nExperience\nJan 2019 - Present Engineer, Example Ltd\n\nSkills\nPython, SQL\n`

type Items = { data: { key: string; outcome: string; code: string | null; subject: { id: string } | null; attempts: number; ms: number }[] }
const itemsOf = async (id: string) => (await acme.get<Items>(`/v1/batches/${id}/items`)).data
const whatBecame = (items: Items['data']) => items.map((item) => [item.key, item.code ?? item.outcome])
/** Everything that the folder of files holds, temporary ones too. */
const kept = () =>
  globSync('blobs/**', { cwd: system.dataDir, withFileTypes: true })
    .flatMap((e) => (e.isFile() ? [e.name] : []))
    .sort()
const batchIds = async () => (await acme.get<{ data: { id: string }[] }>('/v1/batches')).data.map((batch) => batch.id)

async function upload(files: [string, string | Buffer][]) {
  const form = new FormData()
  for (const [name, content] of files) form.append('file', new Blob([new Uint8Array(Buffer.from(content as string))]), name)
  const answer = await acme.call('/v1/batches', { method: 'POST', body: form, headers: { prefer: 'wait=50' } })
  const batch = (await answer.json()) as { id: string; code?: string }
  return { status: answer.status, batch, items: batch.id ? await itemsOf(batch.id) : [] }
}

const BOUNDARY = 'looma-test'
const part = (disposition: string, content: string, type = 'application/octet-stream') =>
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; ${disposition}\r\ncontent-type: ${type}\r\n\r\n${content}`
const END = `\r\n--${BOUNDARY}--\r\n`
const send = (body: AsyncIterable<Buffer> | Iterable<Buffer>, options: RequestInit = {}, api = acme) =>
  api.call('/v1/batches', {
    method: 'POST',
    body: Readable.toWeb(Readable.from(body, { objectMode: false })) as ReadableStream,
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, prefer: 'wait=50' },
    duplex: 'half',
    ...options,
  } as RequestInit)

describe('files', () => {
  it('with the same content are read once and answer all their items', async () => {
    const { items } = await upload([
      ['one.txt', text('Ada Quill')],
      ['两.txt', text('Ada Quill')],
      ['other.txt', text('Bob Reed')],
    ])
    expect(whatBecame(items)).toEqual([
      ['one.txt', 'done'],
      ['两.txt', 'done'],
      ['other.txt', 'done'],
    ])
    expect(items[0]!.subject).toEqual(items[1]!.subject)
    expect(items[2]!.subject).not.toEqual(items[0]!.subject)
    expect(items.map((item) => item.attempts)).toEqual([1, 1, 1])
  })

  it('are counted before the flight, those in archives too, and none is kept', async () => {
    const before = kept()
    const form = new FormData()
    const add = (name: string, content: string | Buffer) =>
      form.append('file', new Blob([new Uint8Array(Buffer.from(content as string))]), name)
    add('flight.txt', text('Fay Light'))
    add(
      'both.zip',
      zip([
        { name: 'a.txt', content: text('Al Pha') },
        { name: '../b.txt', content: text('Be Ta') },
      ]),
    )
    const answer = await acme.call('/v1/batches?dryRun=true', { method: 'POST', body: form })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ items: 3, accepted: 2, byType: { resume: 2 }, rejected: [{ code: 'unsafe-archive' }] })
    expect(kept()).toEqual(before)
  })

  it('with the same content go through the reader once, in whatever order the items come', async () => {
    const dataDir = await tempDir()
    const stores = await openStores(testConfig(dataDir))
    const reader = createReader({ processes: 1, memoryMb: 384, timeoutMs: 30_000, maxBytes: MB })
    try {
      const put = (name: string) => stores.blobs.put('acme', Readable.from([Buffer.from(text(name))]), { maxBytes: MB })
      const [ada, bob] = [(await put('Ada Quill')).sha256, (await put('Bob Reed')).sha256]
      let reads = 0
      const settled: Settled[] = []
      await resumeParse({
        tenant: 'acme',
        batchId: 'b',
        stores,
        reader: {
          ...reader,
          read(path, options) {
            reads++
            return reader.read(path, options)
          },
        },
        items: [ada, bob, ada, ada].map((blob, n) => ({ n, type: 'resume', input: { blob, fileName: null }, attempts: 0, crashes: 0 })),
        signal: new AbortController().signal,
        log: createLog('silent'),
        settle: async (results) => void settled.push(...results),
      } as Partial<Context> as Context)
      expect(reads).toBe(2)
      const ids = new Map(settled.map((s) => [s.n, 'subject' in s ? s.subject?.id : 'failed']))
      expect([ids.get(0), ids.get(2), ids.get(3)]).toEqual([ids.get(0), ids.get(0), ids.get(0)])
      expect(ids.get(1)).not.toBe(ids.get(0))
    } finally {
      await reader.close()
      await stores.close()
      await rm(dataDir, { recursive: true, force: true })
    }
  })

  it('go by content, not by name, and say why they cannot be read', async () => {
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

  it('keep Chinese names, raw or by RFC 5987, and stand beside NDJSON', async () => {
    const answer = await send([
      Buffer.from(part('filename="张三 简历.txt"', text('Zhang San'))),
      Buffer.from(`\r\n${part(`filename*=UTF-8''${encodeURIComponent('李四.txt')}`, text('Li Si'))}`),
      Buffer.from(`\r\n${part('filename="C:\\\\users\\\\x\\\\..\\\\wang.txt"', text('Wang Wu'))}`),
      Buffer.from(
        `\r\n${part('filename="more.ndjson"', '{"type":"position","id":"p1","title":"Engineer"}\n{"bad\n', 'application/x-ndjson')}${END}`,
      ),
    ])
    expect(answer.status).toBe(200)
    const { id } = (await answer.json()) as { id: string }
    expect(whatBecame(await itemsOf(id)).sort()).toEqual([
      [null, 'malformed-line'],
      ['p1', 'done'],
      ['wang.txt', 'done'],
      ['张三 简历.txt', 'done'],
      ['李四.txt', 'done'],
    ])
  })

  it('are stored once by /v1/blobs and named by batches of their tenant only', async () => {
    const put = () =>
      acme.call('/v1/blobs', { method: 'POST', body: text('Kim Adler'), headers: { 'content-type': 'application/octet-stream' } })
    const stored = await put()
    expect(stored.status).toBe(201)
    const { blob } = (await stored.json()) as { blob: string }
    expect(await (await put()).json()).toMatchObject({ blob })
    expect((await acme.batch([{ type: 'resume', blob, fileName: 'kim.txt' }])).counts.done).toBe(1)
    const rival = await system.as('rival')
    const theirs = await rival.batch([{ type: 'resume', blob }])
    expect(theirs.counts).toMatchObject({ done: 0, failed: 1 })
    expect((await rival.get<Items>(`/v1/batches/${theirs.id}/items`)).data[0]?.code).toBe('blob-missing')
  })
})

describe('archives', () => {
  it('give an item for each file, with names from any system', async () => {
    const before = kept()
    const { items } = await upload([
      [
        'all.zip',
        zip([
          { name: 'a/', content: '' },
          { name: 'a/eve.txt', content: text('Eve Urban'), deflate: true },
          { name: 'a/b/费.txt', content: text('Fay Vale') },
          { name: iconv.encode('简历/李明.txt', 'gbk'), content: text('Li Ming') },
          { name: Buffer.from('王.txt'), content: text('Wang Fang') },
          { name: 'a/.hidden', content: 'x' },
          { name: '__MACOSX/._eve.txt', content: 'x' },
        ]),
      ],
    ])
    expect(whatBecame(items)).toEqual([
      ['eve.txt', 'done'],
      ['费.txt', 'done'],
      ['李明.txt', 'done'],
      ['王.txt', 'done'],
    ])
    // The archive itself is not kept.
    expect(kept().length).toBe(before.length + 4)
  })

  it('lose what is unsafe, encrypted, damaged or an archive again, and nothing else', async () => {
    const before = kept()
    const { items } = await upload([
      [
        'bad.zip',
        zip([
          { name: '../../evil.txt', content: text('Gus Wild') },
          { name: '/tmp/looma-absolute.txt', content: text('Gus Wild') },
          { name: 'C:\\windows.txt', content: text('Gus Wild') },
          { name: '..\\back.txt', content: text('Gus Wild') },
          { name: 'locked.txt', content: text('Gus Wild'), encrypted: true },
          { name: 'bomb.txt', content: Buffer.alloc(300 * MB), deflate: true },
          { name: 'liar.txt', content: Buffer.alloc(64 * MB), deflate: true, claims: 1000 },
          { name: 'inner.zip', content: zip([{ name: 'x.txt', content: text('Too Deep') }]) },
          { name: 'hal.txt', content: text('Hal Xander'), deflate: true },
        ]),
      ],
      ['beside.txt', text('Jan Zorn')],
      ['broken.zip', zip([{ name: 'x.txt', content: text('Cut Off') }]).subarray(0, 150)],
      ['folders.zip', zip([{ name: 'only/', content: '' }])],
    ])
    expect(Object.fromEntries(whatBecame(items))).toEqual({
      'evil.txt': 'unsafe-archive',
      'looma-absolute.txt': 'unsafe-archive',
      'windows.txt': 'unsafe-archive',
      'back.txt': 'unsafe-archive',
      'locked.txt': 'encrypted',
      'bomb.txt': 'unsafe-archive',
      'liar.txt': 'corrupt',
      'inner.zip': 'unsupported-type',
      'hal.txt': 'done',
      'beside.txt': 'done',
      'broken.zip': 'corrupt',
      'folders.zip': 'empty',
    })
    // hal, beside, and what only the reader could refuse: inner.zip and broken.zip.
    expect(kept().length).toBe(before.length + 4)
    expect(
      globSync(
        ['evil.txt', 'back.txt', 'windows.txt'].map((name) => `**/${name}`),
        { cwd: system.dataDir },
      ),
    ).toEqual([])
    expect(globSync('/tmp/looma-absolute.txt')).toEqual([])
  })
})

describe('too much', () => {
  it('10,001 files are refused whole, and none of them is kept', async () => {
    const mine = await upload([['mine.txt', text('Number 7')]])
    expect(mine.items[0]!.outcome).toBe('done')
    const before = kept()
    const ids = await batchIds()
    // Few of them are files, since each of those is synced to the disk; parts are counted whatever they hold.
    function* body() {
      for (let i = 0; i < 20; i++) yield Buffer.from(`\r\n${part(`filename="${i}.txt"`, text(`Number ${i}`))}`)
      for (let i = 20; i <= 10_000; i++) yield Buffer.from(`\r\n${part(`filename="${i}.ndjson"`, '')}`)
      yield Buffer.from(END)
    }
    const answer = await send(body())
    expect(answer.status).toBe(413)
    expect(await answer.json()).toMatchObject({ code: 'too-many-items' })
    // Also not the one of them that was there before.
    expect(kept()).toEqual(before)
    expect(await batchIds()).toEqual(ids)
  })
})

describe('memory of the server', () => {
  /** A server of its own process, so that what the client and the tests hold is not counted. */
  let looma: Process
  let dataDir: string
  beforeAll(async () => {
    dataDir = await tempDir()
    await cp(inject('queueTemplate'), join(dataDir, 'queue'), { recursive: true })
    looma = await spawnLooma('all', dataDir)
    // What the first upload and the first work of a process take is not what is measured.
    await measured(async function* () {
      yield Buffer.from(part('filename="first.txt"', text('Al First')))
      yield Buffer.concat([Buffer.from(`\r\n${part('filename="first.pdf"', '')}`), Buffer.alloc(30 * MB, 65), Buffer.from(END)])
    })
  })
  afterAll(async () => {
    await looma?.kill('SIGTERM')
    killLeftovers()
    await rm(dataDir, { recursive: true, force: true })
  })
  const rss = async () => {
    const metrics = await (await fetch(`${looma.adminUrl}/metrics`)).text()
    return Number(/^looma_process_resident_memory_bytes (\S+)/m.exec(metrics)![1]) / MB
  }
  async function measured(body: (look: () => Promise<void>) => AsyncIterable<Buffer>) {
    const api = client(looma.apiUrl, await issueToken(testConfig(dataDir), { tenant: 'acme', role: 'recruiter', subject: 'x' }, 1))
    const seen = [await rss()]
    const answer = await send(
      body(async () => void seen.push(await rss())),
      {},
      api,
    )
    const { id } = (await answer.json()) as { id: string }
    const { data } = await api.get<Items>(`/v1/batches/${id}/items?limit=1000`)
    return { grown: Math.max(...seen) - seen[0]!, outcomes: Object.fromEntries(whatBecame(data)) }
  }

  it('stays flat while 200 MB come, which cost that file only', async () => {
    const { grown, outcomes } = await measured(async function* (look) {
      yield Buffer.from(part('filename="small.txt"', text('Ivy York')))
      yield Buffer.from(`\r\n${part('filename="huge.pdf"', '')}`)
      const block = Buffer.alloc(MB, 65)
      for (let i = 0; i < 200; i++) {
        yield block
        if (i % 10 === 0) await look()
      }
      yield Buffer.from(`\r\n${part('filename="last.txt"', text('Jon Zane'))}${END}`)
    })
    expect(outcomes).toEqual({ 'small.txt': 'done', 'huge.pdf': 'too-large', 'last.txt': 'done' })
    expect(grown).toBeLessThan(150)
  })

  it('stays flat while small files come faster than the disk takes them, and an archive that would fill it', async () => {
    const { grown, outcomes } = await measured(async function* (look) {
      const bomb = zip([{ name: 'bomb.txt', content: Buffer.alloc(300 * MB), deflate: true }])
      yield Buffer.concat([Buffer.from(part('filename="bomb.zip"', '')), bomb])
      for (let i = 0; i < 1500; i++) {
        yield Buffer.from(`\r\n${part(`filename="${i % 10 ? 'x.ndjson' : 'same.txt'}"`, ' '.repeat(60 * 1024))}`)
        if (i % 100 === 0) await look()
      }
      yield Buffer.from(`\r\n${part('filename="last.txt"', text('Last One'))}${END}`)
    })
    expect(outcomes).toEqual({ 'bomb.txt': 'unsafe-archive', 'same.txt': 'empty', 'last.txt': 'done' })
    expect(grown).toBeLessThan(150)
  })
})

describe('a request that is not whole', () => {
  it('is not stored when its sender breaks off, and costs the server nothing', async () => {
    const ids = await batchIds()
    const before = kept()
    const controller = new AbortController()
    const half = Promise.withResolvers<void>()
    async function* body() {
      yield Buffer.from(part('filename="whole.txt"', text('Whole File')))
      yield Buffer.from(`\r\n${part('filename="half.txt"', 'abc')}`)
      // The first file is in the store before the sender goes.
      for (let i = 0; i < 2000 && kept().length <= before.length; i++) await new Promise(setImmediate)
      half.resolve()
      await new Promise(() => undefined)
    }
    const sent = send(body(), { signal: controller.signal })
    await half.promise
    expect(kept().length).toBeGreaterThan(before.length)
    controller.abort()
    await expect(sent).rejects.toThrow()
    expect((await acme.batch([{ type: 'position', title: 'Still here' }])).counts.done).toBe(1)
    await expect.poll(kept, { timeout: 10_000 }).toEqual(before)
    expect((await batchIds()).slice(1)).toEqual(ids)
  })

  it.each([
    ['has no end', part('filename="a.txt"', text('No End'))],
    ['is no multipart at all', 'hello'],
    ['is empty', ''],
  ])('%s', async (_what, body) => {
    const before = kept()
    const ids = await batchIds()
    const answer = await send([Buffer.from(body)])
    expect([400, 422]).toContain(answer.status)
    expect((await answer.json()) as { code: string }).toHaveProperty('code')
    expect(kept()).toEqual(before)
    expect(await batchIds()).toEqual(ids)
  })

  it('one file as the body: an empty one is refused and not kept', async () => {
    const before = kept()
    const answer = await acme.call('/v1/blobs', { method: 'POST', body: '' })
    expect({ status: answer.status, ...((await answer.json()) as object) }).toMatchObject({ status: 422, code: 'empty' })
    expect(kept()).toEqual(before)
  })

  it('needs a boundary', async () => {
    const answer = await send([Buffer.from('x')], { headers: { 'content-type': 'multipart/form-data' } })
    expect(answer.status).toBe(415)
  })

  it('is refused where it has no item', async () => {
    const answer = await send([Buffer.from(`--${BOUNDARY}\r\ncontent-disposition: form-data; name="note"\r\n\r\nhello${END}`)])
    expect(await answer.json()).toMatchObject({ code: 'empty-batch' })
  })
})
