/** The small functions between strangers' bytes and the rest: languages, CSV cells, file names, lines, JSON objects. */
import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { depthOf, type Line, parseObject, readBody, readJson, readLines } from '../src/api/lines.ts'
import { languageOf } from '../src/api/problem.ts'
import { csvCell } from '../src/api/receipt.ts'
import { fileName } from '../src/api/upload.ts'

describe('languageOf', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['zh', 'zh'],
    ['zh-CN,zh;q=0.9,en;q=0.5', 'zh'],
    ['en;q=0.4, ZH-hant;q=0.5', 'zh'],
    ['de, fr;q=0.9', 'en'],
    ['de, zh;q=0.1', 'zh'],
    ['zh;q=0, en;q=0.1', 'en'],
    ['zh;q=0', 'en'],
    ['zh;q=x', 'en'],
    ['*', 'en'],
    ['en, zh', 'en'],
  ])('%s is %s', (header, language) => expect(languageOf(header)).toBe(language))

  it('answers one of the two for any header', () => {
    fc.assert(fc.property(fc.string(), (header) => ['en', 'zh'].includes(languageOf(header))))
  })
})

describe('csvCell', () => {
  it('keeps a file name from being run as a formula, and numbers as they are', () => {
    expect(csvCell('=HYPERLINK("http://x")')).toBe(`"'=HYPERLINK(""http://x"")"`)
    for (const start of ['=', '+', '-', '@', '\t', '\r']) expect(csvCell(`${start}1`).replace(/^"/, '')[0]).toBe("'")
    expect(csvCell(-1.5)).toBe('-1.5')
    expect(csvCell(null)).toBe('')
    expect(csvCell('张三,简历.pdf')).toBe('"张三,简历.pdf"')
  })

  it('comes back whole from any RFC 4180 reader', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const cell = csvCell(text)
        const read = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell
        expect(read.replace(/^'(?=[=+\-@\t\r])/, '')).toBe(text.replace(/^'(?=[=+\-@\t\r])/, ''))
        if (!cell.startsWith('"')) expect(cell).not.toMatch(/[",\r\n]/)
      }),
    )
  })
})

describe('fileName', () => {
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\简历.pdf', '简历.pdf'],
    ['/', null],
    ['', null],
    [undefined, null],
    ['a\0.pdf', 'a.pdf'],
    ['  x.pdf ', 'x.pdf'],
    ['a\nb\u202Efdp.exe', 'abfdp.exe'],
    ['..', null],
    ['x'.repeat(300), 'x'.repeat(255)],
  ])('%j becomes %j', (given, name) => expect(fileName(given)).toBe(name))

  it('never leaves a separator or a control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (given) => {
        const name = fileName(given)
        if (name !== null) expect(name).not.toMatch(/[\\/\p{Cc}]/u)
        expect(name).not.toBe('..')
      }),
    )
  })
})

const linesOf = async (chunks: Uint8Array[], max?: number): Promise<Line[]> => {
  const found: Line[] = []
  for await (const line of readLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), max)) found.push(line)
  return found
}

it('a small body whose caller has gone before it is read is told, not waited for', async () => {
  const request = new IncomingMessage(new Socket())
  request.headers['content-length'] = '10'
  request.destroy()
  await once(request, 'close')
  await expect(readBody(request, 100)).rejects.toMatchObject({ code: 'invalid-request' })
})

describe('readLines', () => {
  it('gives the same lines however the bytes are cut', async () => {
    const content = fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '中文', '😀', '{"a":1}')), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.nat(200)),
        async (lines, newline, endsWith, cuts) => {
          const clean = lines.map((line) => line.replaceAll(/[\r\n]/g, ''))
          const bytes = Buffer.from(clean.join(newline) + (endsWith ? newline : ''))
          const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
          const parts = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
          const expected = clean.map((text, i) => ({ line: i + 1, text: text.trim() })).filter(({ text }) => text !== '')
          expect(await linesOf(parts)).toEqual(expected)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('takes a byte order mark off and a last line without a newline', async () => {
    expect(await linesOf([Buffer.from('\uFEFF{"a":1}\r\n\r\n{"b":2}')])).toEqual([
      { line: 1, text: '{"a":1}' },
      { line: 3, text: '{"b":2}' },
    ])
    expect(await linesOf([])).toEqual([])
  })

  it('names a line over the limit without keeping it, and goes on', async () => {
    expect(await linesOf([Buffer.from('12345\n123456'), Buffer.from('7\n12\n1234567')], 5)).toEqual([
      { line: 1, text: '12345' },
      { line: 2, text: null },
      { line: 3, text: '12' },
      { line: 4, text: null },
    ])
  })
})

describe('parseObject', () => {
  const codeOf = (text: string) => {
    try {
      parseObject(text)
      return 'ok'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  it.each([
    ['{"a":1}', 'ok'],
    ['', 'malformed-line'],
    ['[1]', 'malformed-line'],
    ['null', 'malformed-line'],
    ['{"a":1', 'malformed-line'],
    ['{"__proto__":{"admin":true}}', 'forbidden-key'],
    ['{"a":[{"constructor":1}]}', 'forbidden-key'],
    ['{"\\u005f_proto__":1}', 'forbidden-key'],
    ['{"a":"prototype"}', 'ok'],
    [`{"a":${'['.repeat(31)}${']'.repeat(31)}}`, 'ok'],
    [`{"a":${'['.repeat(32)}${']'.repeat(32)}}`, 'too-deep'],
    ['['.repeat(1_000_000), 'too-deep'],
    [`{"a":"${'['.repeat(100)}"}`, 'ok'],
    [`${'}'.repeat(100)}${'['.repeat(120)}`, 'malformed-line'],
  ])('%.40s is %s', (text, code) => expect(codeOf(text)).toBe(code))

  it('gives any harmless object back, and says its depth', () => {
    const depth = (value: unknown): number =>
      value === null || typeof value !== 'object' ? 0 : 1 + Math.max(0, ...Object.values(value).map((inner) => depth(inner)))
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 }), { noNullPrototype: true }), (value) => {
        const text = JSON.stringify(value)
        expect(depthOf(text)).toBe(depth(JSON.parse(text)))
        if (/__proto__|constructor|prototype/.test(text)) return
        expect(parseObject(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('never changes the prototype of anything', () => {
    expect(codeOf('{"a":{"__proto__":{"polluted":1}}}')).toBe('forbidden-key')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('bodies', () => {
  it('end at their limit and are told apart from bad JSON', async () => {
    await expect(readBody(Readable.from([Buffer.alloc(6), Buffer.alloc(5)]), 10)).rejects.toMatchObject({ code: 'too-large' })
    await expect(readJson(Readable.from([Buffer.from('{oops')]), 100)).rejects.toMatchObject({ code: 'malformed-json' })
    expect(await readJson(Readable.from([Buffer.from(' ')]), 100)).toEqual({})
    const cut = Buffer.from('{"名":"张"}')
    expect(await readJson(Readable.from([cut.subarray(0, 3), cut.subarray(3)]), 100)).toEqual({ 名: '张' })
  })
})
