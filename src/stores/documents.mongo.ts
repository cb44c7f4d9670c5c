/**
 * Canonical documents in MongoDB. One document holds the data and its dirty marks, so both change in the same write; every write is a
 * compare-and-set on `ver`.
 */
import { type Collection, MongoBulkWriteError, type MongoServerError } from 'mongodb'
import { createClock } from '../canonical/clock.ts'
import { canonicalJson, sha256 } from '../canonical/ids.ts'
import { AppError } from '../errors.ts'
import { QUERIES, STEPS } from './documents.mongo.queries.ts'
import { keyOf, marks, type Row, rowOf, toDoc } from './documents.mongo.rows.ts'
import { type HashedWrite, hashed } from './hashing.ts'
import type { Mongo } from './mongo.ts'
import { createPacer, slices } from './pacing.ts'
import { type Doc, type DocKind, type Documents, isMarked, type OnServer, type PageOptions, type Projection } from './ports.ts'

type Stored = Pick<Row, '_id' | 'ver' | 'hash' | 'deleted' | 'createdAt'>
type Result = Awaited<ReturnType<Documents['put']>>[number]

const SLICE = 500
/** Rounds of a write that loses against others: each round one of the rivals gets through. */
const ROUNDS = 50

export function mongoDocuments(mongo: Mongo, clock = createClock()): Documents & OnServer {
  const { db, calls } = mongo
  const rows: Collection<Row> = db.collection('documents')

  async function stored(tenant: string, docs: { kind: DocKind; id: string }[]): Promise<Map<string, Stored>> {
    const ids = [...new Set(docs.map(({ kind, id }) => keyOf(tenant, kind, id)))]
    const found = await calls('documents.stored', () =>
      rows.find({ _id: { $in: ids } }, { projection: { ver: 1, hash: 1, deleted: 1, createdAt: 1 } }).toArray(),
    )
    return new Map(found.map((row) => [row._id, row]))
  }

  /** One try. Answers the results; null for a document that somebody else wrote in between. */
  async function putSlice(tenant: string, writes: HashedWrite[], at: string): Promise<(Result | null)[]> {
    const before = await stored(tenant, writes)
    const state = new Map(before)
    const last = new Map<string, Row>()
    const results = writes.map((write): Result => {
      const key = keyOf(tenant, write.kind, write.id)
      const now = state.get(key)
      if (write.expect !== undefined && write.expect !== (now?.ver ?? 0)) return { id: write.id, ver: now?.ver ?? 0, outcome: 'stale' }
      if (now?.hash === write.hash) return { id: write.id, ver: now.ver, outcome: 'unchanged' }
      const row = rowOf(tenant, write, clock(now?.ver), at, now && !now.deleted ? now.createdAt : at)
      state.set(key, row)
      last.set(key, row)
      return { id: write.id, ver: row.ver, outcome: now && !now.deleted ? 'updated' : 'created' }
    })
    if (last.size === 0) return results
    const lost = await writeAll([...last.values()], before)
    return results.map((result, i) => (lost.has(keyOf(tenant, writes[i]!.kind, writes[i]!.id)) ? null : result))
  }

  /** Inserts, or replaces where the stored version is still the one read. Answers the keys that lost. */
  async function writeAll(next: Row[], before: Map<string, Stored>): Promise<Set<string>> {
    const expected = next.filter((row) => before.has(row._id)).length
    const { matched, duplicates } = await calls('documents.put', async () => {
      try {
        const done = await rows.bulkWrite(
          next.map((row) => {
            const was = before.get(row._id)
            return was ? { replaceOne: { filter: { _id: row._id, ver: was.ver }, replacement: row } } : { insertOne: { document: row } }
          }),
          { ordered: false },
        )
        return { matched: done.matchedCount, duplicates: [] as number[] }
      } catch (error) {
        if (!(error instanceof MongoBulkWriteError)) throw error
        const failed = [error.writeErrors].flat() as unknown as (MongoServerError & { index: number })[]
        if (failed.length === 0 || failed.some(({ code }) => code !== 11000)) throw error
        return { matched: error.result.matchedCount, duplicates: failed.map(({ index }) => index) }
      }
    })
    const lost = new Set(duplicates.map((index) => next[index]!._id))
    if (matched < expected) {
      const ids = next.map(({ _id }) => _id)
      const now = await calls('documents.stored', () => rows.find({ _id: { $in: ids } }, { projection: { ver: 1 } }).toArray())
      const vers = new Map(now.map(({ _id, ver }) => [_id, ver]))
      for (const row of next) if (vers.get(row._id) !== row.ver) lost.add(row._id)
    }
    return lost
  }

  /** An update cannot copy a field without a pipeline: each mark is set to the version read, while it still is the version. */
  async function mark(projection: Projection, found: Pick<Row, '_id' | 'ver'>[]): Promise<void> {
    if (found.length === 0) return
    await calls('documents.redo', () =>
      rows.bulkWrite(
        found.map(({ _id, ver }) => ({ updateOne: { filter: { _id, ver }, update: { $set: { [`dirty.${projection}`]: ver } } } })),
        { ordered: false },
      ),
    )
  }

  /** Companies and relations had no place in the graph before. */
  async function markForGraph(): Promise<void> {
    for (let after = ''; ; ) {
      const query = QUERIES.ofKinds(['company', 'relation'], after)
      const options = { projection: { ver: 1 }, sort: { _id: 1 as const }, limit: SLICE }
      const found = await calls('documents.migrate', () => rows.find(query, options).toArray(), { timeoutMs: 600_000 })
      await mark('graph', found)
      if (found.length < SLICE) return
      after = found.at(-1)!._id
    }
  }

  return {
    async put(tenant, writes) {
      const done: Result[] = []
      const at = new Date().toISOString()
      const pace = createPacer()
      for await (const some of slices(writes, SLICE)) {
        const ready = await hashed(some, pace)
        const results: (Result | null)[] = ready.map(() => null)
        for (let round = 0; ; round++) {
          const open = ready.flatMap((_, i) => (results[i] === null ? [i] : []))
          if (open.length === 0) break
          if (round === ROUNDS) throw new AppError('store-down', 'too many writers at the same documents')
          const got = await putSlice(
            tenant,
            open.map((i) => ready[i]!),
            at,
          )
          open.forEach((i, n) => {
            results[i] = got[n]!
          })
        }
        done.push(...(results as Result[]))
      }
      return done
    },

    async get<K extends DocKind>(tenant: string, kind: K, id: string) {
      const row = await calls('documents.get', () => rows.findOne(QUERIES.get(tenant, kind, id)), { rows: (found) => (found ? 1 : 0) })
      return row ? toDoc<K>(row) : null
    },

    async many<K extends DocKind>(tenant: string, kind: K, ids: string[], { tombstones = false } = {}) {
      const docs: Doc<K>[] = []
      for await (const some of slices(ids, SLICE)) {
        const found = await calls('documents.many', () => rows.find(QUERIES.many(tenant, kind, some)).toArray(), {
          rows: (all) => all.length,
        })
        const byId = new Map(found.map((row) => [row.id, row]))
        for (const id of some) {
          const row = byId.get(id)
          if (row && (tombstones || !row.deleted)) docs.push(toDoc<K>(row))
        }
      }
      return docs
    },

    async page<K extends DocKind>(tenant: string, kind: K, { after, limit, newest = false }: PageOptions) {
      const found = await calls(
        'documents.page',
        () =>
          rows
            .find(newest ? QUERIES.newest(tenant, kind, after) : QUERIES.page(tenant, kind, after ?? ''))
            .sort({ id: newest ? -1 : 1 })
            .limit(limit)
            .toArray(),
        {
          rows: (all) => all.length,
        },
      )
      return found.map((row) => toDoc<K>(row))
    },

    async count(tenant, kind) {
      return calls('documents.count', () => rows.countDocuments(QUERIES.count(tenant, kind)))
    },

    async versions(tenant, kind, projection, { after = '', limit, deleted }) {
      const found = await calls(
        'documents.versions',
        () =>
          rows
            .find(QUERIES.versions(tenant, kind, after, deleted), { projection: { id: 1, ver: 1, [`dirty.${projection}`]: 1 } })
            .sort({ id: 1 })
            .limit(limit)
            .toArray(),
        { rows: (all) => all.length },
      )
      return found.map(({ id, ver, dirty }) => ({ id, ver, pending: dirty?.[projection] !== undefined }))
    },

    async tenants(kind) {
      const found = await calls('documents.tenants', () => rows.distinct('tenant', QUERIES.tenants(kind)), { rows: (all) => all.length })
      return found.sort()
    },

    async remove(tenant, kind, id, expect) {
      for (let round = 0; round < ROUNDS; round++) {
        const was = (await stored(tenant, [{ kind, id }])).get(keyOf(tenant, kind, id))
        if (!was || was.deleted || (expect !== undefined && expect !== was.ver)) return false
        const ver = clock(was.ver)
        const { matchedCount } = await calls('documents.remove', () =>
          rows.updateOne(
            { _id: keyOf(tenant, kind, id), ver: was.ver },
            {
              $set: {
                ver,
                hash: null,
                data: null,
                source: { by: 'api' },
                dirty: marks(kind, ver),
                deleted: true,
                updatedAt: new Date().toISOString(),
              },
              $unset: { text: '' },
            },
          ),
        )
        if (matchedCount > 0) return true
      }
      throw new AppError('store-down', 'too many writers at the same document')
    },

    async dirty(projection, { tenant, limit }) {
      const found = await calls(
        'documents.dirty',
        () =>
          rows
            .find(QUERIES.dirty(projection, tenant))
            .sort({ [`dirty.${projection}`]: 1 })
            .limit(limit)
            .toArray(),
        { rows: (all) => all.length },
      )
      return found.map((row) => toDoc(row))
    },

    async clean(projection, done) {
      for await (const some of slices(done, SLICE))
        await calls('documents.clean', () =>
          rows.bulkWrite(
            some.map(({ tenant, kind, id, ver }) => ({
              updateOne: {
                filter: { _id: keyOf(tenant, kind, id), [`dirty.${projection}`]: ver },
                update: { $unset: { [`dirty.${projection}`]: '' } },
              },
            })),
            { ordered: false },
          ),
        )
    },

    async redo(projection, tenant, kind, ids) {
      for await (const some of slices(isMarked(kind, projection) ? ids : [], SLICE)) {
        const found = await stored(
          tenant,
          some.map((id) => ({ kind, id })),
        )
        await mark(projection, [...found.values()])
      }
    },

    close: mongo.close,
    check: mongo.check,
    examine: mongo.examine,
    ...mongo.inspect,
    schema: {
      journal: mongo.journal('documents'),
      steps: [
        ...STEPS.map(({ name, indexes }) => ({
          name,
          sum: sha256(canonicalJson(indexes)),
          apply: async () => void (await calls('documents.migrate', () => rows.createIndexes(indexes), { timeoutMs: 600_000 })),
        })),
        { name: '0004-companies-and-relations-in-the-graph', sum: sha256('redo graph: company, relation'), apply: markForGraph },
      ],
    },
  }
}
