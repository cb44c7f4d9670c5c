/** From page images to profiles, with the real models; pages are drawn here or come from samples/. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Reading } from '../src/canonical/reading.ts'
import type { Talent } from '../src/canonical/schema.ts'
import { AppError } from '../src/errors.ts'
import { toBlocks } from '../src/ocr/blocks.ts'
import { findBoxes } from '../src/ocr/boxes.ts'
import { decode } from '../src/ocr/decode.ts'
import { type OcrModels, openModels } from '../src/ocr/models.ts'
import { readPage } from '../src/ocr/page.ts'
import { type QuarterTurns, type Raster, resize, turn } from '../src/ocr/raster.ts'
import { readScan } from '../src/ocr/read.ts'
import { typeOf } from '../src/ocr/size.ts'
import { inOrder } from '../src/resume/formats/columns.ts'
import { NoTextLayer } from '../src/resume/honesty.ts'
import { interpret, readResume } from '../src/resume/read.ts'
import { encode, englishPage, firstPage, halfScannedPdf, LINES, noise, unmappedPdf } from './fixtures/page-image.ts'
import { pagesPdf } from './fixtures/pdf.ts'

const sample = (name: string) => readFileSync(new URL(`../samples/resumes/${name}`, import.meta.url))
const PAGES = { maxPages: 10 }
let models: OcrModels
beforeAll(async () => {
  process.env.ORT_DISABLE_TELEMETRY = '1'
  models = await openModels()
})

const profile = async ({ raster, scale }: { raster: Raster; scale: number }): Promise<Talent> =>
  interpret(inOrder([toBlocks(await readPage(models, raster), scale, 1)])).talent
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'read',
    (error) => (error instanceof AppError ? error.code : `threw ${error}`),
  )

const ENGLISH = { name: 'Ottilie Varga', emails: ['ottilie.varga@example.com'], phones: ['(512) 555-0177'] }

describe('a page', () => {
  test.each([0, 1, 2, 3] as QuarterTurns[])('in English, turned by %i quarters', async (turns) => {
    const page = await englishPage()
    const talent = await profile({ ...page, raster: turn(page.raster, turns) })
    expect(talent).toMatchObject(ENGLISH)
    expect(talent.experience[0]).toMatchObject({ company: 'Brindle Works Ltd', title: 'Test Engineer', start: '2019-01', end: 'present' })
    expect(talent.education[0]).toMatchObject({ school: 'University of Texas at Austin', start: '2012', end: '2016' })
  })

  test.each([0, 1, 2, 3] as QuarterTurns[])('in Chinese, turned by %i quarters', async (turns) => {
    const page = await firstPage(sample('zh-01-backend.pdf'))
    const talent = await profile({ ...page, raster: turn(page.raster, turns) })
    expect(talent).toMatchObject({ name: '骆云舟', emails: ['luo.yunzhou@example.com'] })
    expect(talent.phones.map((phone) => phone.replace(/\D/g, ''))).toEqual(['15400000101'])
    expect(talent.experience.map(({ company, start }) => [company, start])).toEqual([
      ['杭州澄湖网络科技有限公司', '2020-04'],
      ['上海砚台信息技术有限公司', '2016-07'],
    ])
  })

  test.each([2, -2])('that leans by %i degrees', async (degrees) => {
    const { raster } = await englishPage()
    const { talent, type, ocr } = await readScan(models, encode(raster, 'image/png', degrees), PAGES)
    expect(talent).toMatchObject(ENGLISH)
    expect(type).toBe('png')
    expect(ocr!.confidence).toBeGreaterThan(0.9)
  })

  test('white on dark', async () => {
    const { raster, scale } = await englishPage()
    expect(await profile({ raster: { ...raster, data: raster.data.map((value) => 255 - value) }, scale })).toMatchObject(ENGLISH)
  })

  test('as a JPEG', async () => {
    const { raster } = await englishPage()
    const { talent, type, pages, language } = await readScan(models, encode(raster, 'image/jpeg'), PAGES)
    expect({ ...talent, type, pages, language }).toMatchObject({ ...ENGLISH, type: 'jpeg', pages: 1, language: 'en' })
  })

  test('whose text layer is unmapped', async () => {
    const pdf = unmappedPdf()
    const refused = await readResume(pdf).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(NoTextLayer)
    expect(refused).toMatchObject({ code: 'garbled-text' })
    expect((await readScan(models, pdf, PAGES)).talent).toMatchObject(ENGLISH)
  })
})

describe('nothing is invented', () => {
  const blank = { width: 800, height: 1100, data: new Uint8Array(800 * 1100).fill(250) }

  test('a blank page has no lines', async () => {
    expect(await readPage(models, blank)).toEqual([])
    expect(await codeOf(readScan(models, encode(blank, 'image/png'), PAGES))).toBe('unrecognized-text')
  })

  test('noise', async () => {
    expect(await codeOf(readScan(models, encode(noise(800, 1100), 'image/png'), PAGES))).toBe('unrecognized-text')
  })

  test('a stamp alone', async () => {
    const { raster } = await englishPage(['PAID 2019'])
    expect(await codeOf(readScan(models, encode(raster, 'image/png'), PAGES))).toBe('unrecognized-text')
  })

  test('text too small to be read', async () => {
    const { raster } = await englishPage()
    const tiny = encode(resize(raster, 200, 283), 'image/png')
    expect(await codeOf(readScan(models, tiny, PAGES))).toBe('unrecognized-text')
  })
})

describe('files', () => {
  test('page by page, up to the budget', async () => {
    const told: [number, number][] = []
    const scan = await readScan(models, pagesPdf(3, LINES), { maxPages: 2, onPage: (done, of) => told.push([done, of]) })
    expect(scan).toMatchObject({ pages: 3, unread: [3], ocr: { pages: 2, of: 3 } })
    expect(told).toEqual([
      [1, 2],
      [2, 2],
    ])
  })

  test('a page of text and a scanned one: each is read as it can be', async () => {
    const { raster } = await englishPage(['Education', ...LINES.slice(-2), 'M.A. Linguistics, 2017 - 2018'])
    const pdf = halfScannedPdf(LINES.slice(0, 7), raster)
    const text = await readResume(pdf)
    expect(text).toMatchObject({ talent: ENGLISH, pages: 2, unread: [2] })
    expect(text.talent.education).toEqual([])
    const { talent, unread, ocr, reading, pages } = await readScan(models, pdf, PAGES)
    expect(talent).toMatchObject(ENGLISH)
    expect(talent.education[0]).toMatchObject({ school: 'University of Texas at Austin', start: '2012', end: '2016' })
    expect({ unread, pages, ocr }).toEqual({ unread: [], pages: 2, ocr: { pages: 1, of: 1, confidence: expect.any(Number) } })
    // What stands as text is as sure as it was.
    const sureness = (one: Reading, path: string) => one.fields.find((field) => field.path === path)!.confidence
    expect(sureness(reading, '/name')).toBe(sureness(text.reading, '/name'))
    expect(new Set(reading.blocks.map(({ page }) => page))).toEqual(new Set([1, 2]))
  })

  test('a page of text and a picture without any: the text is kept, and the page is named', async () => {
    const { talent, unread, ocr } = await readScan(models, halfScannedPdf(LINES, noise(600, 800)), PAGES)
    expect(talent).toMatchObject(ENGLISH)
    expect({ unread, ocr }).toEqual({ unread: [2], ocr: undefined })
  })

  test('a small picture on a page of its own is none that has to be read', async () => {
    expect(await readResume(halfScannedPdf(LINES, noise(100, 100), 0.3))).toMatchObject({ talent: ENGLISH, unread: [] })
  })

  test('of other kinds are refused', async () => {
    expect(await codeOf(readScan(models, Buffer.from('just text'), PAGES))).toBe('unsupported-type')
  })

  test('cut off, or larger than they say', async () => {
    const { raster } = await englishPage()
    const png = encode(raster, 'image/png')
    expect(await codeOf(readScan(models, png.subarray(0, 30), PAGES))).toMatch(/corrupt|unsupported-type/)
    const bomb = Buffer.from(png)
    bomb.writeUInt32BE(60_000, 16)
    bomb.writeUInt32BE(60_000, 20)
    expect(await codeOf(readScan(models, bomb, PAGES))).toBe('too-large')
  })
})

describe('parts', () => {
  test('boxes enclose what stands out of the map, whatever its angle', () => {
    const [width, height] = [200, 100]
    const map = new Float32Array(width * height)
    const angle = 0.1
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [dx, dy] = [x + 0.5 - 100, y + 0.5 - 50]
        const [u, v] = [dx * Math.cos(angle) + dy * Math.sin(angle), dy * Math.cos(angle) - dx * Math.sin(angle)]
        if (Math.abs(u) < 60 && Math.abs(v) < 6) map[y * width + x] = 0.9
      }
    const [box, ...others] = findBoxes(map, width, height)
    expect(others).toEqual([])
    expect(box!.cx).toBeCloseTo(100, 0)
    expect(box!.cy).toBeCloseTo(50, 0)
    expect(box!.angle).toBeCloseTo(angle, 1)
    // Widened on all sides, since the maps are shrunken lines.
    expect(box!.w).toBeGreaterThan(120)
    expect(box!.h).toBeGreaterThan(12)
    expect(findBoxes(new Float32Array(map.length).fill(0.2), width, height)).toEqual([])
  })

  test('a quarter turn four times is none, and a reduction keeps the mean', () => {
    const page = noise(40, 30)
    expect(turn(turn(turn(turn(page, 1), 1), 1), 1)).toEqual(page)
    expect(turn(turn(page, 1), 3)).toEqual(page)
    expect(turn(turn(page, 1), 1)).toEqual(turn(page, 2))
    const mean = ({ data }: Raster) => data.reduce((sum, value) => sum + value, 0) / data.length
    expect(Math.abs(mean(resize(page, 13, 9)) - mean(page))).toBeLessThan(6)
  })

  test('repeats are merged, blanks dropped, and lookalikes settled by what stands beside them', () => {
    const classes = ['', 'c', 'o', '0', 'm', '1']
    const row = (best: string, probability: number, second = '') =>
      classes.map((one) => (one === best ? probability : one === second ? 1 - probability : 0))
    const read = (rows: number[][]) => decode(Float32Array.from(rows.flat()), classes, rows.length)
    const text = (rows: number[][]) =>
      read(rows)
        .characters.map((one) => one.text)
        .join('')
    const blank = row('', 1)
    expect(text([row('c', 1), row('c', 1), blank, row('c', 1), blank])).toBe('cc')
    expect(text([row('c', 1), row('0', 0.6, 'o'), row('m', 1)])).toBe('com')
    // The recogniser is sure, or the sides differ: as it was read.
    expect(text([row('c', 1), row('0', 0.95, 'o'), row('m', 1)])).toBe('c0m')
    expect(text([row('c', 1), row('0', 0.6, 'o'), row('1', 1)])).toBe('c01')
    expect(text([row('1', 1), row('o', 0.6, '0'), row('0', 1), row('1', 1)])).toBe('1001')
    expect(read([blank, blank])).toEqual({ characters: [], confidence: 0 })
    expect(read([row('c', 1), row('c', 1), blank, blank]).characters[0]!.at).toBe(0.25)
  })

  test('the type size does not depend on which letters a line has', () => {
    // Ink of 20 px type: x-height alone, with capitals, with descenders.
    expect(typeOf('nous', 10.4).size).toBeCloseTo(20, 0)
    expect(typeOf('Noun', 14.4).size).toBeCloseTo(20, 0)
    expect(typeOf('Young', 18.6).size).toBeCloseTo(20, 0)
    expect(typeOf('工作经历', 18).size).toBeCloseTo(20, 0)
  })
})
