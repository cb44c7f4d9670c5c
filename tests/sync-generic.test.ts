/** Files and HTTP APIs of any shape as sources: what they may look like, and what becomes of what cannot be read. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import iconv from 'iconv-lite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Run } from '../src/canonical/sync.ts'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import type { Documents } from '../src/stores/ports.ts'
import { NO_RULES } from '../src/sync/merge.ts'
import { openSource, SourceSettings } from '../src/sync/open.ts'
import { canonicalId } from '../src/sync/records.ts'
import { runSync } from '../src/sync/run.ts'
import type { Source } from '../src/sync/source.ts'
import { tempDir } from './support.ts'

const MAPPING = {
  system: 'hr',
  entity: 'staff',
  kind: 'talent',
  id: 'no',
  fields: { name: 'name', skills: { from: 'skills', split: '[、;]' }, years: { from: 'years', number: true } },
}
const HEAD = 'no,name,skills,years\n'
let documents: Documents & { close(): void }
let folder: string
let runs: number
beforeEach(async () => {
  documents = openDocuments(':memory:')
  folder = await tempDir()
  runs = 0
})
afterEach(() => documents.close())

const open = (settings: Record<string, unknown>): Source => openSource(SourceSettings.parse({ mapping: MAPPING, ...settings }))
const sync = (source: Source): Promise<Run> =>
  runSync(
    {
      documents,
      source,
      name: 'hr',
      tenant: 'a',
      rules: NO_RULES,
      lagMs: 0,
      pageSize: 2,
      now: Date.now,
      signal: new AbortController().signal,
    },
    { mode: 'full' },
    `run_${++runs}`,
  )
const fails = async (source: Source): Promise<string> => {
  const error = await sync(source).then(
    (run) => ({ code: `no error, ${run.status}`, detail: '' }),
    (thrown: { code: string; detail?: string }) => thrown,
  )
  return `${error.code}: ${error.detail}`
}
/** Everybody, with the status where there is one. */
const names = async () =>
  (await documents.page('a', 'talent', { limit: 100 })).map(({ data }) => `${data.name}/${data.status ?? '-'}`).sort()

describe('a CSV file', () => {
  const path = () => join(folder, 'staff.csv')
  const csv = (content: string | Buffer) => writeFile(path(), content)
  const source = () => open({ kind: 'csv', path: path() })

  it.each([
    ['UTF-8', 'utf8'],
    ['UTF-8 with a mark', 'utf8-bom'],
    ['UTF-16 with a mark', 'utf16'],
    ['GB18030, as Chinese spreadsheets save', 'gb18030'],
  ])('is read in %s', async (_name, encoding) => {
    const content = 'no,name,skills,years\r\n1,张伟,Java、数据分析,5\r\n2,"Quill, ""Ada""","Go;\nSQL",3\r\n'
    await csv(encoding === 'utf8-bom' ? Buffer.from(`\ufeff${content}`) : iconv.encode(content, encoding))
    expect(await sync(source())).toMatchObject({ status: 'done', entities: { staff: { read: 2, inserted: 2 } } })
    const docs = await documents.page('a', 'talent', { limit: 5 })
    expect(docs.map(({ data }) => [data.name, data.skills, data.years]).sort()).toEqual([
      ['Quill, "Ada"', ['Go', 'SQL'], 3],
      ['张伟', ['Java', '数据分析'], 5],
    ])
  })

  it('with broken rows gives all others, and nobody is taken for gone', async () => {
    await csv(`${HEAD}1,A,,\n2,B,,\n3,C,,\n`)
    await sync(source())
    await csv(`${HEAD}1,A,,\n2,B,,,,\n4,D,,\n`)
    expect(await fails(source())).toMatch(
      /^source-changed: 1 of its records cannot be read, all others were taken: Invalid Record Length.*line 3/,
    )
    expect(await names()).toEqual(['A/-', 'B/-', 'C/-', 'D/-'])
  })

  it('that lost a column is not read: silence would empty the field of everybody', async () => {
    await csv(`${HEAD}1,A,Go,5\n`)
    await sync(source())
    await csv('no,name,years\n1,A,5\n')
    expect(await fails(source())).toBe('source-changed: the file has no column skills')
    expect((await documents.page('a', 'talent', { limit: 5 }))[0]!.data.skills).toEqual(['Go'])
  })

  it('takes the last of two rows of one id, and values that do not fit as faults', async () => {
    await csv(`${HEAD}1,Old,,\n1,New,,a few\n`)
    expect(await sync(source())).toMatchObject({ status: 'done', entities: { staff: { read: 2, inserted: 1, unchanged: 1 } } })
    const [record] = await documents.page('a', 'record', { limit: 5 })
    expect(record!.data).toMatchObject({ says: { name: 'New' }, faults: [{ pointer: '/years' }] })
  })

  it('is down where it is not there or no file, and is read again where it comes back', async () => {
    expect(await fails(source())).toBe('source-down: the file cannot be read (ENOENT)')
    await mkdir(path())
    expect(await fails(source())).toBe('source-down: the path of the source names no file')
    await rm(path(), { recursive: true })
    await csv(`${HEAD}1,A,,\n`)
    expect((await sync(source())).status).toBe('done')
  })

  it('that is empty takes nobody away', async () => {
    await csv(`${HEAD}1,A,,\n2,B,,\n`)
    await sync(source())
    for (const content of ['', HEAD]) {
      await csv(content)
      expect(await sync(source())).toMatchObject({ status: 'parked', heldDeletes: 2 })
    }
    expect(await names()).toEqual(['A/-', 'B/-'])
  })

  it('that is replaced while it is read ends in an error and not in deletes', async () => {
    await csv(HEAD + Array.from({ length: 50 }, (_, i) => `${i},T${i},,\n`).join(''))
    const one = source()
    const replaced: Source = {
      ...one,
      async *scan(entity, options) {
        let n = 0
        for await (const page of one.scan(entity, options)) {
          if (++n === 3) await csv(`${HEAD}1,T1,,\n`)
          yield page
        }
      },
    }
    expect(await fails(replaced)).toBe('source-down: the file changed while it was read')
    expect((await names()).every((name) => name.endsWith('/-'))).toBe(true)
  })

  it('with a field of 10 MB loses no other record', async () => {
    await csv(`${HEAD}1,A,,\n2,B,"${'x'.repeat(10 * 1024 * 1024)}",\n3,C,,\n`)
    expect(await fails(source())).toMatch(/^source-changed: /)
    expect(await names()).toContain('A/-')
  })
})

describe('an NDJSON file', () => {
  it('with broken lines gives all others, says which, and nobody is taken for gone', async () => {
    const path = join(folder, 'staff.ndjson')
    const source = open({ kind: 'ndjson', path })
    await writeFile(path, '{"no":1,"name":"A"}\n\n{"no":2,"name":"B"}\n')
    expect(await sync(source)).toMatchObject({ status: 'done', entities: { staff: { read: 2 } } })
    await writeFile(path, '{"no":1,"name":"A"}\n{"no":2,"na\n[1]\n{"no":3,"name":"C","badge":"x"}\n')
    expect(await fails(source)).toBe(
      'source-changed: 2 of its records cannot be read, all others were taken: line 2 is not a JSON object; line 3 is not a JSON object',
    )
    expect(await names()).toEqual(['A/-', 'B/-', 'C/-'])
  })
})

describe('an HTTP API', () => {
  const ROWS = Array.from({ length: 5 }, (_, i) => ({ no: i + 1, name: `T${i + 1}` }))
  let server: Server
  let url: string
  let answer: (req: IncomingMessage, res: ServerResponse, query: URLSearchParams) => void
  const json = (res: ServerResponse, body: unknown, status = 200, headers = {}) =>
    void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  beforeEach(async () => {
    server = createServer((req, res) => answer(req, res, new URL(req.url!, 'http://x').searchParams))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/staff`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })
  const http = (more: Record<string, unknown> = {}) => open({ kind: 'http-json', http: { url, timeoutMs: 5000, ...more } })
  const all = ROWS.map(({ name }) => `${name}/-`)

  it('is read by page number, also where its last page repeats', async () => {
    answer = (_req, res, query) => {
      const page = Math.min(Number(query.get('page')), 3)
      json(res, { rows: ROWS.slice((page - 1) * 2, page * 2), n: 5 })
    }
    expect(await sync(http({ items: 'rows', total: 'n', paging: { page: 'page', size: 'size' } }))).toMatchObject({
      entities: { staff: { read: 5, inserted: 5, total: 5 } },
    })
    expect(await names()).toEqual(all)
  })

  it('is read by cursor, by the address of the next page, and whole', async () => {
    answer = (_req, res, query) => {
      const at = Number(query.get('after') ?? 0)
      const after = at + 2 < 5 ? at + 2 : null
      json(res, { data: { list: ROWS.slice(at, at + 2) }, after, next: after && `/staff?after=${after}` })
    }
    expect((await sync(http({ items: 'data.list', paging: { cursor: 'after', param: 'after' } }))).entities.staff!.read).toBe(5)
    expect((await sync(http({ items: 'data.list', paging: { next: 'next' } }))).entities.staff).toMatchObject({ read: 5, unchanged: 5 })
    answer = (_req, res) => json(res, ROWS)
    expect((await sync(http())).entities.staff).toMatchObject({ read: 5, unchanged: 5 })
  })

  it('keeps its token to itself: a next page elsewhere and a redirect are refused', async () => {
    answer = (_req, res) => json(res, { list: ROWS, next: 'http://127.0.0.1:9/steal' })
    expect(await fails(http({ items: 'list', headers: { authorization: 'secret' }, paging: { next: 'next' } }))).toBe(
      'source-changed: the next page is on another host',
    )
    answer = (_req, res) => json(res, {}, 302, { location: 'http://127.0.0.1:9/steal' })
    expect(await fails(http())).toBe('source-changed: /staff redirects to another host')
  })

  it.each([
    ['401', /^source-refused: answered 401/],
    ['403', /^source-refused: answered 403/],
    ['404', /^source-changed: /],
    ['429', /^source-down: .* answered 429/],
    ['500', /^source-down: .* answered 500/],
  ])('that answers %s says what to do', async (status, expected) => {
    answer = (_req, res) => json(res, {}, Number(status), { 'retry-after': '7' })
    expect(await fails(http())).toMatch(expected)
    if (status === '429') await expect(sync(http())).rejects.toMatchObject({ retryAfter: 7 })
  })

  it('that answers HTML, another shape or nothing at all says what to do, and midway loses nothing', async () => {
    answer = (_req, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<html>login</html>')
    expect(await fails(http())).toBe('source-changed: an answer has no list')
    answer = (_req, res) => json(res, { items: 'none' })
    expect(await fails(http({ items: 'items' }))).toBe('source-changed: an answer has no list in items')
    answer = (req) => req.socket.destroy()
    expect(await fails(http())).toMatch(/^source-down: /)

    let down = false
    answer = (_req, res, query) => {
      const page = Number(query.get('page') ?? 1)
      if (down && page === 2) return json(res, {}, 503)
      json(res, ROWS.slice((page - 1) * 2, page * 2))
    }
    const paged = http({ paging: { page: 'page' } })
    await sync(paged)
    down = true
    expect(await fails(paged)).toMatch(/^source-down/)
    down = false
    expect(await sync(paged)).toMatchObject({ status: 'done', written: 0 })
    expect(await names()).toEqual(all)
  })
})

describe('a mapping', () => {
  const faults = (mapping: Record<string, unknown>) =>
    SourceSettings.safeParse({ kind: 'csv', path: 'x', mapping: { ...MAPPING, ...mapping } }).error?.message ?? 'none'
  it('that cannot be meant is refused when Looma starts', () => {
    expect(faults({})).toBe('none')
    expect(faults({ zone: 'Mars/Olympus' })).toContain('is not a time zone')
    expect(faults({ fields: { nme: 'name' } })).toContain('a talent has no such field; it has name')
    expect(faults({ fields: { skills: { from: 'skills', split: '[' } } })).toContain('is not a regular expression')
    expect(faults({ kind: 'person' })).not.toBe('none')
    expect(faults({ id: '' })).not.toBe('none')
  })
})

describe('relations', () => {
  const RELATION = {
    system: 'hr',
    entity: 'ties',
    kind: 'relation',
    id: 'no',
    from: { kind: 'talent', entity: 'staff', id: 'mentor' },
    to: { kind: 'talent', entity: 'staff', id: 'mentee' },
    fields: { type: { is: 'mentor' }, strength: { from: 'strength', number: true } },
  }

  it('may go in a circle; one that leads from a person to the same, or nowhere, is set aside', async () => {
    const path = join(folder, 'ties.csv')
    await writeFile(path, 'no,mentor,mentee,strength\n1,7,8,0.5\n2,8,9,\n3,9,7,1\n4,7,7,1\n5,,7,1\n6,7,8,2\n')
    const run = await sync(open({ kind: 'csv', path, mapping: RELATION }))
    expect(run).toMatchObject({ status: 'done', entities: { ties: { read: 6, inserted: 4, rejected: 2 } } })
    const held = await documents.page('a', 'relation', { limit: 9 })
    const person = (id: string) => canonicalId('a', 'talent', { system: 'hr', entity: 'staff', id })
    const pairs = held.map(({ data }) => `${data.from.id} ${data.to.id} ${data.strength}`).sort()
    const expected = [`${person('7')} ${person('8')} 0.5`, `${person('8')} ${person('9')} null`, `${person('9')} ${person('7')} 1`]
    expect(pairs).toEqual([...expected, `${person('7')} ${person('8')} null`].sort())
    const rejects = await documents.page('a', 'reject', { limit: 9 })
    expect(rejects.flatMap(({ data }) => data.faults.map(({ pointer }) => pointer)).sort()).toEqual(['/mentor', '/to'])
    expect((await sync(open({ kind: 'csv', path, mapping: RELATION }))).written).toBe(0)
  })

  it('must name both ends, and only they may', () => {
    const { from: _, ...half } = RELATION
    for (const mapping of [half, { ...MAPPING, from: RELATION.from, to: RELATION.to }])
      expect(() => open({ kind: 'csv', path: 'x.csv', mapping })).toThrow(/a relation has from and to/)
  })
})
