/** Hostile and broken documents: each gets its code, none is guessed at. */
import { readFileSync } from 'node:fs'
import iconv from 'iconv-lite'
import { describe, expect, test } from 'vitest'
import { docxEntries, paragraph, writeZip, type ZipEntry } from '../samples/make/zip.ts'
import { AppError } from '../src/errors.ts'
import { readResume } from '../src/resume/read.ts'
import { writeDoc } from './fixtures/doc.ts'
import { pagesPdf, writePdf } from './fixtures/pdf.ts'

const sample = (name: string) => readFileSync(new URL(`../samples/resumes/${name}`, import.meta.url))
const LINES = [
  'Ottilie Varga',
  'ottilie.varga@example.com | (512) 555-0177',
  'Experience',
  'Brindle Works Ltd',
  'Test Engineer',
  'Jan 2019 - Present',
]
const docx = (lines: string[], more: ZipEntry[] = [], prolog = '') =>
  writeZip([...docxEntries(lines.map((line) => paragraph(line)).join(''), prolog), ...more])
const odt = (body: string, more: ZipEntry[] = []) =>
  writeZip([{ name: 'content.xml', data: `<office:text>${body}</office:text>` }, ...more])
const OLE = Buffer.from('d0cf11e0a1b11ae1', 'hex')
const noise = (bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7919 + (i >> 3) * 31) % 256))

async function codeOf(bytes: Uint8Array): Promise<string> {
  const outcome = await readResume(bytes).catch((error: unknown) => error)
  if (outcome instanceof AppError) return outcome.code
  return outcome instanceof Error ? `threw ${outcome.name}` : 'read'
}

describe('refused with a code', () => {
  const zipBomb = () => writeZip(docxEntries(`<w:p><w:r><w:t>${'a'.repeat(25 * 1024 * 1024)}</w:t></w:r></w:p>`))
  const nested = (depth: number) =>
    writeZip(docxEntries('<w:tbl><w:tr><w:tc>'.repeat(depth) + paragraph('x') + '</w:tc></w:tr></w:tbl>'.repeat(depth)))
  const lying = () => {
    const [types, rels, document] = docxEntries(paragraph('a'.repeat(4 * 1024 * 1024)))
    return writeZip([types!, rels!, { ...document!, announced: 2000 }])
  }
  const cases: [string, string, () => Uint8Array][] = [
    ['an empty file', 'empty', () => sample('unreadable-empty.pdf')],
    ['blanks only', 'empty', () => Buffer.from(' \n\t\n')],
    ['a truncated PDF', 'corrupt', () => sample('en-01-backend.pdf').subarray(0, 16_000)],
    ['a PDF with a password', 'encrypted', () => sample('unreadable-encrypted.pdf')],
    ['an Office file with a password', 'encrypted', () => Buffer.concat([OLE, noise(2000), Buffer.from('EncryptedPackage', 'utf16le')])],
    ['a PDF without pages', 'no-pages', () => pagesPdf(0, [])],
    [
      'a page tree that holds itself',
      'corrupt',
      () => writePdf(['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 4 >>']),
    ],
    ['too many pages', 'too-many-pages', () => pagesPdf(51, LINES)],
    ['a scan', 'no-text', () => sample('zh-01-scan.pdf')],
    [
      'a program under another name',
      'unsupported-type',
      () =>
        Buffer.concat([Buffer.from('MZ'), Buffer.alloc(58), Buffer.from([0x80, 0, 0, 0]), Buffer.alloc(64), Buffer.from('PE\0\0%PDF-1.4')]),
    ],
    ['noise in an old Word document', 'corrupt', () => Buffer.concat([OLE, noise(4000), Buffer.from('WordDocument', 'utf16le')])],
    ['an old Word document that breaks off', 'corrupt', () => writeDoc(LINES).subarray(0, 3000)],
    ['an ODT with a password', 'encrypted', () => odt('', [{ name: 'META-INF/manifest.xml', data: '<manifest:encryption-data/>' }])],
    ['noise in an OLE container', 'unsupported-type', () => Buffer.concat([OLE, noise(4000)])],
    ['noise', 'unsupported-type', () => noise(4000)],
    ['a zip of another kind', 'unsupported-type', () => writeZip([{ name: 'notes/readme.txt', data: 'nothing here' }])],
    ['a broken zip', 'corrupt', () => docx(LINES).subarray(0, 600)],
    ['a zip bomb', 'too-large', zipBomb],
    ['an archive that announces less than it holds', 'corrupt', lying],
    [
      'a second main part under a crooked name',
      'unsafe-archive',
      () => docx(LINES, [{ name: 'x/../word/document.xml', data: '<w:document/>' }]),
    ],
    ['tables nested 20,000 deep', 'corrupt', () => nested(20_000)],
    ['more text than a book has', 'too-large', () => Buffer.from('Notes of 2019 on roses and beans, again.\n'.repeat(26_000))],
    ['unmapped glyphs', 'garbled-text', () => Buffer.from(`${'\ue013\ue027\ue101 \ue200\ue201'.repeat(30)}\nab cd 2019`)],
    [
      'a text layer without digits',
      'garbled-text',
      () => Buffer.from('教育经历\n上海某大学\n硕士学位，主修软件工程，研究方向为分布式系统与云计算\n.-.\n'.repeat(16)),
    ],
  ]
  test.each(cases)('%s: %s', async (_name, code, bytes) => {
    expect(await codeOf(bytes())).toBe(code)
  })
})

describe('read without harm', () => {
  test('names that leave the package are ignored', async () => {
    const { talent } = await readResume(
      docx(LINES, [
        { name: '../../evil.txt', data: 'x' },
        { name: '/evil.txt', data: 'x' },
        { name: 'word\\..\\..\\evil.txt', data: 'x' },
      ]),
    )
    expect(talent.name).toBe('Ottilie Varga')
  })

  test('entities are neither expanded nor fetched', async () => {
    const grow = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    const outside = '<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    for (const [prolog, entity] of [
      [grow, '&c;'],
      [outside, '&f;'],
    ] as const) {
      const body = `${LINES.map((line) => paragraph(line)).join('')}<w:p><w:r><w:t>[${entity}]</w:t></w:r></w:p>`
      const outcome = await readResume(writeZip(docxEntries(body, prolog))).catch((error: AppError) => error.code)
      // Either the parser refuses the declaration, or the entity stays as it is.
      if (typeof outcome !== 'string') expect(JSON.stringify(outcome.talent)).not.toMatch(/aaaa|\[[a-z0-9-]+\]/)
    }
  })

  test('a PDF with a script is read, the script is not run', async () => {
    const { talent } = await readResume(pagesPdf(1, LINES, '/OpenAction << /S /JavaScript /JS (globalThis.scriptRan = true) >>'))
    expect(talent.emails).toEqual(['ottilie.varga@example.com'])
    expect('scriptRan' in globalThis).toBe(false)
  })

  test('NUL bytes are dropped', async () => {
    const { talent } = await readResume(Buffer.from(LINES.join('\n').replace('Varga', 'Va\0rga')))
    expect(talent.name).toBe('Ottilie Varga')
  })

  const chinese = '姓名：骆云舟\n手机：154-0000-0101\n工作经历\n2019.07-至今 杭州澄湖网络科技有限公司 测试工程师\n'
  test.each(['gb18030', 'big5', 'utf-16le', 'utf-16be', 'utf-8'])('%s is recognised without a mark', async (charset) => {
    const text =
      charset === 'big5' ? '姓名：駱雲舟\n手機：154-0000-0101\n工作經歷\n2019年7月 ~ 至今 澄湖網路科技有限公司 測試工程師\n' : chinese
    const { talent } = await readResume(iconv.encode(text, charset, { addBOM: false }))
    expect(talent.name).toBe(charset === 'big5' ? '駱雲舟' : '骆云舟')
    expect(talent.experience[0]?.start).toBe('2019-07')
  })

  test('markup inside of a value is text, scripts and hidden parts are not', async () => {
    const html =
      '<html><body><h1>&lt;script&gt;alert(1)&lt;/script&gt; Ottilie</h1><script>document.write("x@evil.example")</script><p style="display:none">hidden@example.com</p><p>ottilie.varga@example.com, phone (512) 555-0177</p></body></html>'
    const { talent } = await readResume(Buffer.from(html))
    expect(talent.emails).toEqual(['ottilie.varga@example.com'])
  })

  test('HTML nested 20,000 deep ends', async () => {
    const html = `<html><body><p>Ottilie Varga ottilie.varga@example.com 2019</p>${'<div>'.repeat(20_000)}x`
    const { talent } = await readResume(Buffer.from(html))
    expect(talent.emails).toEqual(['ottilie.varga@example.com'])
  })

  test('values beyond the limits of the schema are cut', async () => {
    const { talent } = await readResume(
      docx([
        'Ottilie Varga',
        'Experience',
        `${'Very '.repeat(14)}Long Works Ltd`,
        'Test Engineer',
        'Jan 2019 - Present',
        ...Array.from({ length: 120 }, (_, i) => `• ${`did ${i} `.repeat(500)}`),
      ]),
    )
    expect(talent.experience[0]?.bullets).toHaveLength(100)
    expect(talent.experience[0]?.bullets[0]?.length).toBeLessThanOrEqual(2000)
  })
})
