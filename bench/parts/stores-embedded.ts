/** The embedded stores: each adapter against bare node:sqlite that runs the same statements on a file of its own, as durable. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { getLoadablePath } from 'sqlite-vec'
import { seeded } from '../../samples/zervigo/data.ts'
import { openDocuments } from '../../src/stores/documents.sqlite.ts'
import { openGraph } from '../../src/stores/graph.sqlite.ts'
import type { SearchEntry } from '../../src/stores/ports.ts'
import { openSearch } from '../../src/stores/search.sqlite.ts'
import { tokens } from '../../src/stores/segment.ts'
import { edgesOf, entryOf, queryOf, SPACE, slicesOf, talent, vectorOf } from './stores-data.ts'
import { type Call, inTurns, type Row, type Work } from './stores-timing.ts'

const TENANT = 'bench'
const LIMIT = 10
const HOWS = ['get', 'all', 'run'] as const
type Sent = { text: string; how: (typeof HOWS)[number]; values: SQLInputValue[] }
type Sizes = Record<'entries' | 'reads' | 'dims' | 'rounds', number>

export async function benchEmbedded({ entries: n, reads, dims, rounds }: Sizes): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'looma-bench-'))
  const at = (name: string) => join(folder, `${name}.sqlite`)
  // Makes the tables of the bare files.
  for (const one of [openDocuments(at('documents-bare')), openGraph(at('graph-bare')), openSearch(at('search-bare'))]) one.close()
  const recorder = recordStatements()
  const [documents, graph, search] = [openDocuments(at('documents')), openGraph(at('graph')), openSearch(at('search'))]
  const bare = { documents: openBare(at('documents-bare')), graph: openBare(at('graph-bare')), search: openBare(at('search-bare'), true) }
  const random = seeded(7)
  /** What the bare side has to do beside its statements for the same answer: before it can send them, and with what they found. */
  type Beside = { before?: () => unknown; after?: (found: Found[]) => unknown }
  const call = (store: keyof typeof bare, what: string, count: number, ours: Work, { before, after }: Beside = {}): Call => ({
    what: `embedded ${store}: ${what}`,
    count,
    ours() {
      recorder.start()
      return ours()
    },
    async again() {
      const sent = recorder.stop()
      return async () => {
        // To record them costs both sides the same.
        recorder.start()
        before?.()
        const found = bare[store].replay(sent)
        after?.(found)
      }
    },
  })
  try {
    const entries = Array.from({ length: n }, (_, i) => entryOf(`t${i}`, random))
    const vectors = entries.map(({ id }) => vectorOf(id, dims, random))
    const id = (i: number) => `t${(i * 7919) % n}`
    const times = (count: number, make: (i: number) => Call) => Array.from({ length: count }, (_, i) => make(i))
    return await inTurns((round) => {
      const ver = round + 1
      return [
        ...slicesOf(entries, 100).map((some) => {
          const writes = some.map((one) => ({
            kind: 'talent' as const,
            id: one.id,
            data: talent(one.id, round),
            source: { by: 'api' as const },
          }))
          return call('documents', 'upserts', some.length, () => documents.put(TENANT, writes), {
            before: () => writes.map(({ data, source }) => [JSON.stringify(data), JSON.stringify(source)]),
          })
        }),
        // Calls of a few microseconds: many, so that a stall of the machine does not decide.
        ...times(reads * 50, (i) => call('documents', 'point reads', 1, () => documents.get(TENANT, 'talent', id(i)))),
        ...times(reads * 5, (i) =>
          call('documents', 'pages of 100', 1, () => documents.page(TENANT, 'talent', { after: `t${i}`, limit: 100 })),
        ),
        ...slicesOf(entries, 200).map((some) =>
          call('graph', 'upserts', some.length, () =>
            graph.put(
              TENANT,
              some.map((one) => ({ kind: 'talent', id: one.id, ver, edges: edgesOf(Number(one.id.slice(1)), round) })),
            ),
          ),
        ),
        ...times(reads * 50, (i) => call('graph', 'point reads', 1, () => graph.edges(TENANT, 'talent', id(i)))),
        ...times(reads / 10, (i) =>
          call('graph', 'overlaps', 1, () => graph.overlap(TENANT, 'talent', id(i), 'talent', { limit: LIMIT }), { after: mostShared }),
        ),
        ...slicesOf(entries, 500).map((some) => {
          const put = some.map((one) => ({ ...one, ver }))
          return call('search', 'upserts', some.length, () => search.put(TENANT, put), { before: () => put.map(segmented) })
        }),
        ...slicesOf(vectors, 500).map((some) => {
          const put = some.map((one) => ({ ...one, ver }))
          return call('search', 'vector puts', some.length, () => search.putVectors(TENANT, put))
        }),
        ...times(reads, () => {
          const text = queryOf(random)
          return call('search', 'text searches', 1, () => search.text(TENANT, 'talent', text, { limit: LIMIT }))
        }),
        ...times(reads / 10, () => {
          const asked = vectorOf('q', dims, random).vectors.title!
          return call('search', 'nearest neighbours', 1, () => search.nearest(TENANT, 'talent', 'title', SPACE, asked, { limit: LIMIT }))
        }),
      ]
    }, rounds)
  } finally {
    recorder.remove()
    for (const one of [documents, graph, search, ...Object.values(bare)]) one.close()
    await rm(folder, { recursive: true, force: true })
  }
}

type Found = Record<string, unknown>[] | Record<string, unknown> | undefined
/** Documents and properties are JSON, which whoever reads them has to parse. */
function parsed(found: Found): void {
  for (const row of found ? [found].flat() : [])
    for (const column of ['data', 'source', 'props']) if (typeof row[column] === 'string') JSON.parse(row[column])
}

/** The ids that stand in most of the answers. */
function mostShared(found: Found[]): [unknown, number][] {
  const counts = new Map<unknown, number>()
  for (const rows of found)
    for (const { id } of (rows as Record<string, unknown>[] | undefined) ?? []) if (id) counts.set(id, (counts.get(id) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1] || ((a[0] as string) < (b[0] as string) ? -1 : 1)).slice(0, LIMIT)
}

const segmented = ({ name, title, skills, text }: SearchEntry): string[] =>
  [name ?? '', title, skills.join('\n'), text].map((part) => tokens(part).join(' '))

/** Every statement that any database runs from `start` on. */
function recordStatements() {
  const { prepare } = DatabaseSync.prototype
  let sent: Sent[] | null = null
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, text: string) {
    const statement = prepare.call(this, text)
    for (const how of HOWS) {
      const plain = statement[how].bind(statement) as (...values: SQLInputValue[]) => unknown
      const recorded = (...values: SQLInputValue[]) => {
        sent?.push({ text, how, values })
        return plain(...values)
      }
      Object.assign(statement, { [how]: recorded })
    }
    return statement
  }
  return {
    start() {
      sent = []
    },
    stop(): Sent[] {
      const all = sent ?? []
      sent = null
      return all
    },
    remove() {
      DatabaseSync.prototype.prepare = prepare
    },
  }
}

function openBare(path: string, withVectors = false) {
  const db = new DatabaseSync(path, { allowExtension: withVectors })
  if (withVectors) db.loadExtension(getLoadablePath())
  db.exec('pragma synchronous = full; pragma temp_store = memory; pragma journal_size_limit = 67108864')
  const statements = new Map<string, StatementSync>()
  return {
    replay(sent: Sent[]): Found[] {
      return sent.map(({ text, how, values }) => {
        const statement = statements.get(text) ?? db.prepare(text)
        statements.set(text, statement)
        const found = statement[how](...values)
        if (how === 'run') return undefined
        parsed(found as Found)
        return found as Found
      })
    },
    close: () => db.close(),
  }
}
