import { tally } from '../ledger/chunk.ts'
import type { Ahead, Batch, Counts, NewItem } from '../ledger/ports.ts'
import type { JobName } from '../queues/index.ts'
import type { LedgerFile } from './ledger.front.ts'
import { type Core, statesOf } from './ledger.mongo.core.ts'
import type { BatchDoc, ChunkDoc } from './ledger.mongo.schema.ts'
import { batchOf, COUNTED } from './ledger.view.ts'
import { unpack } from './packing.ts'

type Part = Pick<
  LedgerFile,
  'batch' | 'batches' | 'items' | 'failedInputs' | 'events' | 'ahead' | 'load' | 'backlog' | 'msPerItem' | 'audit'
>

const COUNTS = { batch_id: 1, ...Object.fromEntries(COUNTED.map((name) => [name, 1])) }
const AT_WORK = ['waiting', 'queued', 'running'] as const

export function readPart({ col, calls, now }: Core): Part {
  const view = async (rows: BatchDoc[]): Promise<Batch[]> => {
    if (rows.length === 0) return []
    const chunks = await calls('chunks.counts', () =>
      col.chunks.find({ batch_id: { $in: rows.map(({ _id }) => _id) } }, { projection: COUNTS }).toArray(),
    )
    const byBatch = Map.groupBy(chunks, ({ batch_id }) => batch_id)
    return rows.map(({ _id, ...row }) =>
      batchOf(
        { ...row, id: _id },
        (byBatch.get(_id) ?? []).sort((a, b) => a.chunk - b.chunk),
      ),
    )
  }
  /** One by one, in order of their first item: a batch's items need not be in memory at once. */
  const chunksOf = (tenant: string, batchId: string, where: object = {}) =>
    col.chunks.find({ batch_id: batchId, tenant, ...where }, { batchSize: 4 }).sort({ first_n: 1, chunk: 1 })

  return {
    async batch(tenant, batchId) {
      const row = await calls('batches.read', () => col.batches.findOne({ _id: batchId, tenant }))
      return row ? (await view([row]))[0]! : null
    },

    async batches(tenant, { after, limit }) {
      const rows = await calls('batches.list', () =>
        col.batches
          .find({ tenant, state: { $ne: 'receiving' }, ...(after !== undefined && { _id: { $lt: after } }) })
          .sort({ _id: -1 })
          .limit(limit)
          .toArray(),
      )
      return view(rows)
    },

    // Chunks of different item types interleave in n, so a page is taken from all chunks that may hold it.
    async items(tenant, batchId, { after = -1, limit, outcome, code }) {
      return calls('chunks.items', async () => {
        const found = []
        for await (const row of chunksOf(tenant, batchId)) {
          if (found.length >= limit && row.first_n > found[limit - 1]!.n) break
          found.push(
            ...statesOf(row).filter((item) => item.n > after && (!outcome || item.outcome === outcome) && (!code || item.code === code)),
          )
          found.sort((a, b) => a.n - b.n)
          found.length = Math.min(found.length, limit)
        }
        return found
      })
    },

    async failedInputs(tenant, batchId) {
      return calls('chunks.failed', async () => {
        const failed: NewItem[] = []
        for await (const row of chunksOf(tenant, batchId, { failed: { $gt: 0 } })) {
          const inputs = await inputsOf(row)
          statesOf(row).forEach((item, i) => {
            // A rejected line has no input that could run.
            if (item.outcome === 'failed' && inputs[i] !== null)
              failed.push({ n: failed.length, type: item.type, key: item.key, input: inputs[i] })
          })
        }
        return failed
      })
    },

    async events(tenant, batchId, after, limit) {
      const rows = await calls('events.read', () =>
        col.events
          .find({ batch_id: batchId, tenant, seq: { $gt: after } })
          .sort({ seq: 1 })
          .limit(limit)
          .toArray(),
      )
      return rows.map(({ seq, at, type, data }) => ({ seq, at: new Date(at).toISOString(), type, data }))
    },

    async ahead(tenant, batchId) {
      const own = await calls('chunks.own', () =>
        col.chunks
          .aggregate<{ _id: JobName; n: number; first: number }>([
            { $match: { batch_id: batchId, tenant, state: { $in: AT_WORK } } },
            { $group: { _id: '$job', n: { $sum: '$open' }, first: { $min: '$created_at' } } },
          ])
          .toArray(),
      )
      return Promise.all(
        own.map(async ({ _id: job, n, first }): Promise<Ahead> => {
          const [others, service] = await Promise.all([
            calls('chunks.ahead', () =>
              col.chunks
                .aggregate<{ _id: string; n: number; before: number }>([
                  { $match: { state: { $in: AT_WORK }, job, open: { $gt: 0 }, batch_id: { $ne: batchId } } },
                  {
                    $group: {
                      _id: '$tenant',
                      n: { $sum: '$open' },
                      before: { $sum: { $cond: [{ $lte: ['$created_at', first] }, '$open', 0] } },
                    },
                  },
                ])
                .toArray(),
            ),
            calls('service.read', () => col.service.findOne({ _id: job })),
          ])
          const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)
          return {
            job,
            own: n,
            sameTenant: sum(others.filter(({ _id }) => _id === tenant).map(({ before }) => before)),
            otherTenants: sum(others.filter(({ _id }) => _id !== tenant).map(({ n: all }) => all)),
            msPerItem: service?.ms_per_item ?? null,
            samples: service?.samples ?? 0,
          }
        }),
      )
    },

    async load(tenant) {
      const [open, ended] = await Promise.all([
        calls('chunks.load', () =>
          col.chunks
            .aggregate<{ n: number }>([{ $match: { tenant, open: { $gt: 0 } } }, { $group: { _id: null, n: { $sum: '$open' } } }])
            .toArray(),
        ),
        calls('ended.read', () => col.ended.find({ tenant, minute: { $gte: Math.floor(now() / 60_000) - 1 } }).toArray()),
      ])
      return { open: open[0]?.n ?? 0, endedLastMinute: ended.reduce((sum, { n }) => sum + n, 0) }
    },

    async backlog() {
      const rows = await calls('chunks.backlog', () =>
        col.chunks
          .aggregate<{ _id: JobName; open: number; first: number }>([
            { $match: { state: { $in: [...AT_WORK, 'blocked'] }, open: { $gt: 0 } } },
            { $group: { _id: '$job', open: { $sum: '$open' }, first: { $min: '$ready_at' } } },
          ])
          .toArray(),
      )
      return rows.map(({ _id, open, first }) => ({ job: _id, open, oldestMs: Math.max(0, now() - first) }))
    },

    async msPerItem(job) {
      return (await calls('service.read', () => col.service.findOne({ _id: job })))?.ms_per_item ?? null
    },

    async audit(tenant, batchId) {
      return calls('chunks.audit', async () => {
        const counts: Counts = { submitted: 0, done: 0, failed: 0, unreadable: 0, cancelled: 0, waiting: 0, running: 0 }
        for await (const row of chunksOf(tenant, batchId)) {
          const items = statesOf(row)
          const { open, ...ended } = tally(items)
          counts.submitted += items.length
          for (const outcome of ['done', 'failed', 'unreadable', 'cancelled'] as const) counts[outcome] += ended[outcome]
          counts[row.state === 'running' ? 'running' : 'waiting'] += open
        }
        return counts
      })
    },
  }

  async function inputsOf(row: ChunkDoc): Promise<unknown[]> {
    const doc = await col.inputs.findOne({ _id: row._id })
    return doc ? JSON.parse(unpack(doc.inputs)) : []
  }
}
