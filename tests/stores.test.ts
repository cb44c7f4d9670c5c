/** The embedded adapters: the contract of each port, and what is particular to SQLite files and folders. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { getLoadablePath } from 'sqlite-vec'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Company } from '../src/canonical/incoming.ts'
import { AppError } from '../src/errors.ts'
import { plainUrl } from '../src/plain-url.ts'
import { openBlobs } from '../src/stores/blobs.folder.ts'
import { DOCUMENT_SQL, openDocuments } from '../src/stores/documents.sqlite.ts'
import { GRAPH_SQL, openGraph } from '../src/stores/graph.sqlite.ts'
import { openMongo } from '../src/stores/mongo.ts'
import { openStores } from '../src/stores/open.ts'
import { TRANSACTION_MS } from '../src/stores/pacing.ts'
import { PROJECTIONS } from '../src/stores/ports.ts'
import { SEARCH_SQL } from '../src/stores/search.sqlite.schema.ts'
import { openSearch } from '../src/stores/search.sqlite.ts'
import { openSqlite, planOf } from '../src/stores/sqlite.ts'
import { blobsContract } from './contracts/blobs.ts'
import { documentsContract } from './contracts/documents.ts'
import { graphContract } from './contracts/graph.ts'
import { searchContract } from './contracts/search.ts'
import { talent } from './contracts/suite.ts'

let folder: string
let count = 0
const fresh = () => join(folder, String(count++))
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'looma-stores-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const owned = <T extends { close(): void }>(store: T) => ({ store, close: () => store.close() })
documentsContract('documents on sqlite', async () => owned(openDocuments(':memory:')))
documentsContract('documents on a sqlite file', async () => owned(openDocuments(fresh())))
searchContract('search on sqlite', async () => owned(openSearch(':memory:')))
graphContract('graph on sqlite', async () => owned(openGraph(':memory:')))
blobsContract('blobs in a folder', async () => {
  const at = fresh()
  const list = async () => (await readdir(at, { recursive: true, withFileTypes: true })).filter((e) => e.isFile()).map((e) => e.name)
  return { store: { ...(await openBlobs(at)), list, read: (path: string) => readFile(path) }, close: () => rm(at, { recursive: true }) }
})

describe('documents on a sqlite file', () => {
  it('keeps nothing of a removed document, not in pages that are free again either', async () => {
    const path = fresh()
    let documents = openDocuments(path)
    const ids = Array.from({ length: 50 }, (_, i) => `t${i}`)
    await documents.put(
      'a',
      ids.map((id) => ({ kind: 'talent' as const, id, data: talent({ name: `Secretname ${id}` }), source: { by: 'api' as const } })),
    )
    const times = async () => (await readFile(path)).toString('latin1').split('Secretname').length - 1
    documents.close()
    expect(await times()).toBeGreaterThanOrEqual(ids.length)
    documents = openDocuments(path)
    for (const id of ids) await documents.remove('a', 'talent', id)
    documents.close()
    expect(await times()).toBe(0)
  })
})

describe('blobs in a folder', () => {
  it('removes temporary files of dead processes at open, and only those', async () => {
    const at = fresh()
    await mkdir(join(at, 'tmp'), { recursive: true })
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    const dead = `${hostname()}.${child.pid}.x`
    const alive = `${hostname()}.${process.pid}.x`
    const elsewhere = `other-host.${child.pid}.x`
    for (const name of [dead, alive, elsewhere]) await writeFile(join(at, 'tmp', name), 'x')
    await openBlobs(at)
    expect((await readdir(join(at, 'tmp'))).sort()).toEqual([alive, elsewhere].sort())
  })

  it('says store-down where the folder cannot be made', async () => {
    const at = fresh()
    await writeFile(at, 'a file')
    await expect(openBlobs(join(at, 'blobs'))).rejects.toMatchObject({ code: 'store-down' })
  })
})

describe('one sqlite file', () => {
  const one = { name: 'one', sql: 'create table t (x text) strict' }
  const two = { name: 'two', sql: 'create table u (x text) strict' }

  it('migrates forward once, and refuses changed or newer migrations', () => {
    const path = fresh()
    openSqlite(path, [one]).close()
    const grown = openSqlite(path, [one, two])
    grown.sql('insert into u values (?)').run('kept')
    grown.close()
    expect(() => openSqlite(path, [{ ...one, sql: `${one.sql} ` }, two])).toThrow(/was changed/)
    expect(() => openSqlite(path, [one])).toThrow(/newer version/)
    const again = openSqlite(path, [one, two])
    expect(again.sql('select x from u').get()).toMatchObject({ x: 'kept' })
    again.close()
  })

  it('marks companies of a file from before they were in the graph', async () => {
    const path = fresh()
    const before = openDocuments(path)
    await before.put('a', [{ kind: 'company', id: 'c', data: Company.parse({ name: 'Brindle' }), source: { by: 'sync' } }])
    await before.clean('graph', await before.dirty('graph', { limit: 9 }))
    before.close()
    const db = new DatabaseSync(path)
    db.exec("delete from migrations where n >= (select n from migrations where name = 'companies and relations in the graph')")
    db.close()
    const after = openDocuments(path)
    expect((await after.dirty('graph', { limit: 9 })).map(({ kind, id }) => [kind, id])).toEqual([['company', 'c']])
    after.close()
  })

  it('puts what its time allows into a transaction; of one that fails nothing stays, of those before it everything', async () => {
    const { db, sql, each, close } = openSqlite(':memory:', [one])
    let clock = 0
    const now = vi.spyOn(performance, 'now').mockImplementation(() => clock)
    const kept = () => (sql('select x from t order by rowid').all() as { x: string }[]).map(({ x }) => x)
    /** The first two take all of a transaction's time. */
    const work = (x: string) => {
      sql('insert into t values (?)').run(x)
      if (x === 'bad') throw new AppError('too-deep')
      if (x.startsWith('slow')) clock += TRANSACTION_MS
      return x.length
    }
    await expect(each(['slow 1', 'slow 2', 'quick 1', 'quick 2', 'bad', 'quick 3'], work)).rejects.toThrow(AppError)
    now.mockRestore()
    expect(kept()).toEqual(['slow 1', 'slow 2'])
    expect(db.isTransaction).toBe(false)
    expect(await each([], work)).toEqual([])
    expect(await each(['a', 'bb', 'slow'], work)).toEqual([1, 2, 4])
    expect(kept()).toHaveLength(5)
    close()
  })

  it('leaves nothing of a migration that fails', () => {
    const path = fresh()
    expect(() => openSqlite(path, [one, { name: 'bad', sql: 'create table v (x); create nonsense' }])).toThrow()
    const healed = openSqlite(path, [one, two])
    expect(healed.sql("select name from sqlite_schema where name in ('t', 'u', 'v') order by name").all()).toHaveLength(2)
    healed.close()
  })

  it('says disk-full when no page is left, and works on when there is room again', async () => {
    const file = openSqlite(fresh(), [one])
    file.db.exec('pragma max_page_count = 12')
    const insert = (bytes: number) => file.run(() => file.transaction(() => file.sql('insert into t values (?)').run('x'.repeat(bytes))))
    await expect(insert(200_000)).rejects.toMatchObject({ code: 'disk-full' })
    file.db.exec('pragma max_page_count = 1000')
    await insert(200_000)
    expect(file.sql('select count(*) n from t').get()).toMatchObject({ n: 1 })
    file.close()
  })

  it('says store-down for a file that is no database', async () => {
    const path = fresh()
    await writeFile(path, 'this is no database, it is a text of some length. '.repeat(50))
    expect(() => openDocuments(path)).toThrow(expect.objectContaining({ code: 'store-down' }))
  })

  it('waits for the lock of another process without holding up the event loop', async () => {
    const path = fresh()
    const documents = openDocuments(path)
    const other = new DatabaseSync(path)
    other.exec('begin immediate')
    let settled = false
    const putting = documents.put('a', [{ kind: 'talent', id: '1', data: talent(), source: { by: 'api' } }]).finally(() => {
      settled = true
    })
    // Each turn of this loop is one the event loop got while the put was waiting.
    for (let turns = 0; turns < 200; turns++) await new Promise(setImmediate)
    expect(settled).toBe(false)
    other.exec('commit')
    expect((await putting)[0]?.outcome).toBe('created')
    other.close()
    documents.close()
  })
})

describe('several processes', () => {
  const writer = (path: string, prefix: string, n: number) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('stores.writer.ts', import.meta.url)), path, prefix, String(n)])
    const acknowledged: string[] = []
    let complaint = ''
    child.stderr.on('data', (text) => {
      complaint += text
    })
    const lines = createInterface(child.stdout)
    lines.on('line', (line) => acknowledged.push(line))
    return { child, lines, acknowledged, ended: once(child, 'close'), complaint: () => complaint }
  }

  it('open a new file at the same time and write to it together', async () => {
    const path = fresh()
    const writers = ['x', 'y', 'z'].map((prefix) => writer(path, prefix, 60))
    for (const { ended, complaint } of writers) expect([(await ended)[0], complaint()]).toEqual([0, ''])
    const documents = openDocuments(path)
    expect(await documents.count('a', 'talent')).toBe(180)
    documents.close()
  }, 30_000)

  it('loses no acknowledged write when a writer is killed', async () => {
    const path = fresh()
    const { child, lines, acknowledged, ended } = writer(path, 'k', 1_000_000)
    lines.on('line', (line) => line === 'k150' && child.kill('SIGKILL'))
    await Promise.all([ended, once(lines, 'close')])
    const documents = openDocuments(path)
    expect(acknowledged.length).toBeGreaterThan(150)
    expect(await documents.many('a', 'talent', acknowledged)).toHaveLength(acknowledged.length)
    const dirty = await documents.dirty('search', { limit: 1_000_000 })
    expect(dirty).toHaveLength(await documents.count('a', 'talent'))
    documents.close()
    const check = new DatabaseSync(path)
    expect(check.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
    check.close()
  }, 30_000)
})

describe('query plans', () => {
  const plans = (path: string, statements: string[]) => {
    const db = new DatabaseSync(path, { allowExtension: true })
    db.loadExtension(getLoadablePath())
    const found = statements.map((sql) => planOf(db, sql))
    db.close()
    return found
  }
  const texts = (table: Record<string, string | ((p: (typeof PROJECTIONS)[number]) => string)>) =>
    Object.values(table).flatMap((sql) => (typeof sql === 'string' ? [sql] : PROJECTIONS.map(sql)))

  it.each([
    { name: 'documents', open: openDocuments, sql: texts(DOCUMENT_SQL) },
    { name: 'search', open: openSearch, sql: texts(SEARCH_SQL) },
    { name: 'graph', open: openGraph, sql: texts(GRAPH_SQL) },
  ])('$name never scans a whole table', ({ open, sql }) => {
    const path = fresh()
    open(path).close()
    expect(plans(path, sql).filter(({ full }) => full.length > 0)).toEqual([])
  })

  it('reads dirty documents in index order, without a sort', () => {
    const path = fresh()
    openDocuments(path).close()
    for (const { plan } of plans(
      path,
      PROJECTIONS.flatMap((p) => [DOCUMENT_SQL.dirty(p), DOCUMENT_SQL.dirtyOf(p)]),
    ))
      expect(plan).not.toContain('TEMP B-TREE')
  })
})

describe('openStores', () => {
  it('opens all four in the data folder, keeps what was written, and fails as store-down once closed', async () => {
    const dataDir = fresh()
    const first = await openStores({ dataDir })
    await first.documents.put('a', [{ kind: 'talent', id: '1', data: talent({ name: '李雷' }), source: { by: 'api' } }])
    const { sha256 } = await first.blobs.put('a', Readable.from([Buffer.from('x')]), { maxBytes: 9 })
    await first.close()
    await first.close()
    await expect(first.documents.get('a', 'talent', '1')).rejects.toMatchObject({ code: 'store-down' })
    const second = await openStores({ dataDir })
    expect((await second.documents.get('a', 'talent', '1'))?.data.name).toBe('李雷')
    expect(await second.blobs.has('a', sha256)).toBe(true)
    expect(second.places.map(({ port, adapter }) => [port, adapter])).toEqual([
      ['documents', 'sqlite'],
      ['search', 'sqlite'],
      ['graph', 'sqlite'],
      ['blobs', 'folder'],
    ])
    await second.close()
  })

  it('takes sqlite: and file: URLs', async () => {
    const at = fresh()
    const stores = await openStores({
      dataDir: at,
      documentsUrl: `sqlite:${at}/own file.db`,
      graphUrl: 'sqlite::memory:',
      blobsUrl: `file://${at}/files`,
    })
    expect(stores.places.map(({ where }) => where)).toEqual([`${at}/own file.db`, join(at, 'search.sqlite'), ':memory:', `${at}/files`])
    await stores.close()
  })

  it('takes the several hosts of a replica set, and the database of the path', async () => {
    for (const [url, database] of [
      ['mongodb://a:1,b:2/talents?replicaSet=r', 'talents'],
      ['mongodb://looma:pw@a:1,b:2/?replicaSet=r', 'looma'],
      ['mongodb://a', 'looma'],
    ]) {
      const mongo = openMongo(url!)
      expect(mongo.db.databaseName).toBe(database)
      expect(mongo.where).not.toContain('pw')
      await mongo.close()
    }
  })

  it('shows no part of a password, however odd it is', () => {
    for (const secret of ['s3cret', 's3/cret', 's3@cret', 's3?cret', 's3#cret'])
      expect(plainUrl(`redis://looma:${secret}@host:6379/0`)).toBe('redis://host:6379/0')
    expect(plainUrl('sqlite:/data/a@b.db')).toBe('sqlite:/data/a@b.db')
    expect(plainUrl('http://host:9200/x?apiKey=s3cret')).toBe('http://host:9200/x?apiKey=…')
  })

  it('refuses other schemes with what is supported, without repeating the URL', async () => {
    const refused = openStores({ dataDir: fresh(), documentsUrl: 'couchdb://user:pass@host/db' })
    await expect(refused).rejects.toMatchObject({ code: 'store-down', detail: expect.stringMatching(/documents.*couchdb.*DOCUMENTS_URL/) })
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('pass') })
    await expect(openStores({ dataDir: fresh(), blobsUrl: 'ftp://host' })).rejects.toMatchObject({
      detail: expect.stringContaining('BLOBS_URL'),
    })
  })
})
