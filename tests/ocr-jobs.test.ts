/** Scans through the whole system: handed on from resume-parse to ocr, read or told, never lost; and the pool of OCR processes. */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BatchView } from '../src/api/views.ts'
import { AppError } from '../src/errors.ts'
import { createScanReader, type ScanReader, type ScanReaderOptions } from '../src/ocr/reader.ts'
import { openLedgerHere } from '../src/stores/ledger.sqlite.ts'
import { encode, englishPage, halfScannedPdf, LINES, noise, unmappedPdf } from './fixtures/page-image.ts'
import { pagesPdf } from './fixtures/pdf.ts'
import { type Client, startSystem, tempDir } from './support.ts'

const sample = (name: string) => join(import.meta.dirname, '..', 'samples', 'resumes', name)
const scanOf = async (): Promise<Buffer> => encode((await englishPage()).raster, 'image/png')

const halfScanned = async (): Promise<Buffer> =>
  halfScannedPdf(LINES.slice(0, 7), (await englishPage(['Education', ...LINES.slice(-2), 'M.A. Linguistics, 2017 - 2018'])).raster)

type Item = { key: string; outcome: string | null; code: string | null; subject: { id: string } | null }

async function upload(client: Client, files: Record<string, Uint8Array>, prefer = 'wait=55'): Promise<BatchView> {
  const form = new FormData()
  for (const [name, bytes] of Object.entries(files)) form.append('file', new Blob([new Uint8Array(bytes)]), name)
  const answer = await client.call('/v1/batches', { method: 'POST', body: form, headers: { prefer } })
  expect(answer.status, await answer.clone().text()).toBe(prefer === '' ? 202 : 200)
  return (await answer.json()) as BatchView
}

const itemsOf = async (client: Client, { id }: { id: string }): Promise<Item[]> =>
  (await client.get<{ data: Item[] }>(`/v1/batches/${id}/items`)).data

describe('the job', () => {
  it('reads scans, photos and broken text layers, hands everything else on past it, and says what it cannot read', async () => {
    await using system = await startSystem()
    const client = await system.as('acme')
    const batch = await upload(client, {
      'photo.png': await scanOf(),
      'unmapped.pdf': unmappedPdf(),
      'scan.pdf': await readFile(sample('zh-01-scan.pdf')),
      'text.pdf': pagesPdf(1, LINES),
      'half.pdf': await halfScanned(),
      'noise.jpg': encode(noise(600, 800), 'image/jpeg'),
      'empty.pdf': new Uint8Array(),
    })
    expect(batch.counts).toMatchObject({ submitted: 7, done: 5, unreadable: 2, failed: 0, waiting: 0, running: 0 })
    const items = await itemsOf(client, batch)
    expect(Object.fromEntries(items.map(({ key, outcome, code }) => [key, code ?? outcome]))).toEqual({
      'photo.png': 'done',
      'unmapped.pdf': 'done',
      'scan.pdf': 'done',
      'text.pdf': 'done',
      'half.pdf': 'done',
      'noise.jpg': 'unrecognized-text',
      'empty.pdf': 'empty',
    })
    // Five of seven went through the stage; the others passed it by or ended before it.
    const stages = Object.fromEntries(
      batch.stages.map(({ job, total, passed, ended, running }) => [job, { total, passed, ended, running }]),
    )
    expect(stages['resume-parse']).toEqual({ total: 7, passed: 6, ended: 1, running: 0 })
    expect(stages.ocr).toEqual({ total: 5, passed: 4, ended: 1, running: 0 })
    expect(stages.embed).toEqual({ total: 5, passed: 5, ended: 0, running: 0 })
    type Stored = { talent: { name: string; emails: string[]; education: unknown[] }; source: { ocr?: unknown } }
    const stored = async (key: string) => client.get<Stored>(`/v1/talents/${items.find((item) => item.key === key)!.subject!.id}`)
    for (const key of ['photo.png', 'unmapped.pdf', 'text.pdf'])
      expect((await stored(key)).talent).toMatchObject({ name: 'Ottilie Varga', emails: ['ottilie.varga@example.com'] })
    expect((await stored('scan.pdf')).talent.name).toBe('骆云舟')
    expect((await stored('scan.pdf')).source.ocr).toEqual({ pages: 1, of: 1, confidence: expect.any(Number) })
    expect((await stored('text.pdf')).source).not.toHaveProperty('ocr')
    const half = await stored('half.pdf')
    expect(half.talent.name).toBe('Ottilie Varga')
    expect(half.talent.education[0]).toMatchObject({ school: 'University of Texas at Austin' })
    expect(half.source).toMatchObject({ ocr: { pages: 1, of: 1 } })
    expect(half.source).not.toHaveProperty('unread')
    const ledger = openLedgerHere(join(system.dataDir, 'ledger.sqlite'))
    expect(await ledger.audit('acme', batch.id)).toEqual(batch.counts)
    await ledger.close()
  })

  it('has no run where nothing needs it', async () => {
    await using system = await startSystem()
    const client = await system.as('acme')
    const batch = await upload(client, { 'text.pdf': pagesPdf(1, LINES) })
    expect(batch.counts).toMatchObject({ submitted: 1, done: 1 })
    expect(batch.stages.find(({ job }) => job === 'ocr')).toMatchObject({ total: 0, passed: 0, runs: 0 })
  })

  it('is off where it is switched off: a scan ends with the reason, and of half a scan the talent names the page that is missing', async () => {
    await using system = await startSystem({ OCR: 'off' })
    const client = await system.as('acme')
    const files = {
      'photo.png': await scanOf(),
      'unmapped.pdf': unmappedPdf(),
      'text.pdf': pagesPdf(1, LINES),
      'half.pdf': await halfScanned(),
    }
    const batch = await upload(client, files)
    expect(batch.counts).toMatchObject({ submitted: 4, done: 2, unreadable: 2 })
    const items = await itemsOf(client, batch)
    const codes = Object.fromEntries(items.map(({ key, code }) => [key, code]))
    expect(codes).toEqual({ 'photo.png': 'no-text', 'unmapped.pdf': 'garbled-text', 'text.pdf': null, 'half.pdf': null })
    const half = items.find(({ key }) => key === 'half.pdf')!.subject!.id
    expect(await client.get(`/v1/talents/${half}`)).toMatchObject({ talent: { name: 'Ottilie Varga' }, source: { unread: [2] } })
    const { recommendations } = await client.get<{ recommendations: { code: string }[] }>(`/v1/talents/${half}/analysis`)
    expect(recommendations.map(({ code }) => code)).toContain('read-page')
  })

  it('ends when its batch is cancelled, and every item has an outcome', async () => {
    await using system = await startSystem({ OCR_HOSTS: '1' })
    const client = await system.as('acme')
    const { raster } = await englishPage()
    const scans = Object.fromEntries([...'abcdefgh'].map((name, i) => [`${name}.png`, encode(raster, 'image/png', i / 10)]))
    const { id } = await upload(client, { ...scans, 'text.pdf': pagesPdf(1, LINES) }, '')
    // Cancelled when the first scan has been read; the others wait or are being read.
    for await (const text of (await client.call(`/v1/batches/${id}/events`)).body!.pipeThrough(new TextDecoderStream()))
      if (/event: items\ndata: [^\n]*"job":"ocr"/.test(text) || /"job":"ocr"[^\n]*"to":"passed"/.test(text)) break
    const ops = await system.as('acme', 'ops')
    expect((await ops.call(`/v1/batches/${id}/cancel`, { method: 'POST' })).status).toBeLessThan(300)
    await (await client.call(`/v1/batches/${id}/events`)).text()
    const batch = await client.get<BatchView>(`/v1/batches/${id}`)
    expect(batch.state).toBe('closed')
    expect(batch.counts).toMatchObject({ submitted: 9, failed: 0, unreadable: 0, waiting: 0, running: 0 })
    expect(batch.counts.cancelled).toBeGreaterThan(0)
    expect(batch.counts.cancelled + batch.counts.done).toBe(9)
  })
})

describe('the pool', () => {
  let folder: string
  const readers: ScanReader[] = []
  const writers: { close(): Promise<void> }[] = []
  beforeEach(async () => {
    folder = await tempDir()
  })
  afterEach(async () => {
    await Promise.all(readers.splice(0).map((reader) => reader.close()))
    await Promise.all(writers.splice(0).map((writer) => writer.close().catch(() => {})))
    rmSync(folder, { recursive: true, force: true })
  })
  const reader = (options: Partial<ScanReaderOptions> = {}): ScanReader => {
    const made = createScanReader({ processes: 1, memoryMb: 1024, timeoutMs: 60_000, maxBytes: 20 * 1024 * 1024, maxPages: 10, ...options })
    readers.push(made)
    return made
  }
  /** A file whose reading ends only when the test says so. */
  const pipe = (): string => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', [path])
    return path
  }
  const codeOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'resolved',
      (error) => (error instanceof AppError ? error.code : String(error)),
    )

  it('tells each page, keeps to the page budget, and reads the next file in the same process', async () => {
    const path = join(folder, 'pages.pdf')
    writeFileSync(path, pagesPdf(3, LINES))
    const pool = reader({ maxPages: 2 })
    const told: number[][] = []
    const outcome = await pool.read(path, { onPage: (done, of) => told.push([done, of]) })
    expect(outcome).toMatchObject({ status: 'read', type: 'pdf', pages: 3, ocr: { pages: 2 } })
    expect(told).toEqual([
      [1, 2],
      [2, 2],
    ])
    const [pid] = pool.pids()
    expect(await pool.read(sample('unreadable-empty.pdf'))).toEqual({ status: 'unreadable', code: 'empty' })
    expect(await pool.read(sample('zh-01-scan.pdf'))).toMatchObject({ status: 'read', talent: { name: '骆云舟' } })
    expect(pool.pids()).toEqual([pid])
  })

  it('ends what takes too long and what is aborted, and goes on', async () => {
    const path = pipe()
    const slow = reader({ timeoutMs: 500 })
    expect(await codeOf(slow.read(path))).toBe('timed-out')
    const pool = reader()
    const abort = new AbortController()
    const running = codeOf(pool.read(path, { signal: abort.signal }))
    writers.push(await open(path, 'w'))
    abort.abort()
    expect(await running).toBe('cancelled')
    expect(await pool.read(sample('unreadable-encrypted.pdf'))).toEqual({ status: 'unreadable', code: 'encrypted' })
  })

  it.skipIf(process.platform !== 'linux')('ends what takes too much memory', async () => {
    // Less than the models need.
    expect(await codeOf(reader({ memoryMb: 100 }).read(sample('zh-01-scan.pdf')))).toBe('host-crashed')
  })
})
