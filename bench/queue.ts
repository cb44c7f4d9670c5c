/**
 * `npm run bench -- queue [--chunks N] [--rounds N]`: chunk runs per second of our host against plain BullMQ jobs, both with a processor that does
 * nothing, on the same Redis and with the same concurrency.
 */
import { parseArgs } from 'node:util'
import { type Job, Queue, Worker } from 'bullmq'
import { newId } from '../src/canonical/ids.ts'
import type { NewChunk } from '../src/ledger/ports.ts'
import { openSignals } from '../src/queues/signals.ts'
import type { Processor, Services } from '../src/workers/context.ts'
import { runChunk } from '../src/workers/run.ts'
import { openParts } from './parts/queue.ts'
import { type BenchRedis, openRedis } from './parts/redis.ts'
import { median, report, round } from './parts/report.ts'

const CONCURRENCY = 20
const TENANTS = ['a', 'b', 'c', 'd', 'e']
const CHUNK_SIZES = [1, 100]

/** Settles all items at once and uses no service. */
const noop: Processor = ({ items, settle }) => settle(items.map(({ n }) => ({ n, ms: 0 })))

/**
 * One of our runs claims its chunk in the ledger, records the outcome of each item, ends the run and feeds what is next, all durable (fsync); a plain
 * job leaves nothing behind but itself. A chunk is one job in the queue: `ratio` compares jobs with jobs, at chunks of 100 items (contracts make 50 to
 * 500; a batch of one item is the hardest case). `itemsRatio` compares what the jobs carry.
 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { chunks: { type: 'string', default: '2000' }, rounds: { type: 'string', default: '3' } } })
  await using redis = await openRedis()
  if (!redis) return 1
  const chunks = Number(values.chunks)
  const rounds: { plain: number; ours: number[] }[] = []
  // The first round warms up.
  for (let i = 0; i <= Number(values.rounds); i++) {
    const ours: number[] = []
    for (const size of CHUNK_SIZES) ours.push(await ourRuns(redis, chunks, size))
    const taken = { plain: await plainJobs(redis, chunks), ours }
    if (i > 0) rounds.push(taken)
  }
  const results = CHUNK_SIZES.map((size, i) => {
    const ratio = median(rounds.map((one) => one.ours[i]! / one.plain))
    return { size, perSecond: Math.round(median(rounds.map((one) => one.ours[i]!))), runs: round(ratio), items: round(ratio * size) }
  })
  const plain = Math.round(median(rounds.map((one) => one.plain)))
  report(
    [
      { system: 'plain jobs, 1 item each', 'runs/s': plain, 'items/s': plain, 'runs ratio': 1, 'items ratio': 1 },
      ...results.map(({ size, perSecond, runs, items }) => ({
        system: `our chunks of ${size}`,
        'runs/s': perSecond,
        'items/s': perSecond * size,
        'runs ratio': runs,
        'items ratio': items,
      })),
    ],
    {
      bench: 'queue',
      ratio: results.at(-1)!.runs,
      itemsRatio: results.at(-1)!.items,
      itemsInChunk: CHUNK_SIZES.at(-1),
      concurrency: CONCURRENCY,
      plainPerSecond: plain,
      chunks: results,
    },
  )
  return 0
}

/** Runs per second. Tenants share the work, since the window of one tenant would not fill the workers. */
async function ourRuns(redis: BenchRedis, chunks: number, size: number): Promise<number> {
  await using parts = await openParts(redis.url)
  const { ledger, connection, feeder, log } = parts
  const signals = await openSignals(connection)
  const each = Math.ceil(chunks / TENANTS.length)
  for (const tenant of TENANTS)
    await ledger.submit(
      tenant,
      { id: newId('b') },
      Array.from({ length: each }, (_, i) => chunkOf(size, i * size)),
    )
  const active = new Map()
  let left = each * TENANTS.length
  const all = left
  const done = Promise.withResolvers<void>()
  const worker = new Worker(
    'ingest',
    (job: Job) =>
      runChunk(job.data, noop, {
        ledger,
        signals,
        services: {} as Services,
        log,
        active,
        onFinished() {
          void feeder.feed()
          if (--left === 0) done.resolve()
        },
      }),
    { ...connection.consumer, concurrency: CONCURRENCY, autorun: false },
    connection.factory,
  )
  worker.on('error', done.reject)
  worker.on('failed', (_job, error) => done.reject(error))
  await worker.waitUntilReady()
  const began = performance.now()
  void worker.run()
  await feeder.feed()
  await done.promise
  const seconds = (performance.now() - began) / 1000
  await worker.close()
  await signals.close()
  await redis.redis.flushdb()
  return all / seconds
}

const chunkOf = (size: number, from: number): NewChunk => ({
  stages: ['ingest'],
  barrier: null,
  items: Array.from({ length: size }, (_, i) => ({
    n: from + i,
    type: 'position',
    key: `req-${from + i}`,
    input: { title: 'Data engineer' },
  })),
})

async function plainJobs(redis: BenchRedis, jobs: number): Promise<number> {
  const connection = { url: redis.url }
  const queue = new Queue('plain', { connection })
  for (let i = 0; i < jobs; i += 1000)
    await queue.addBulk(Array.from({ length: Math.min(1000, jobs - i) }, (_, k) => ({ name: 'job', data: { n: i + k } })))
  let left = jobs
  const done = Promise.withResolvers<void>()
  const worker = new Worker('plain', async () => undefined, { connection, concurrency: CONCURRENCY, autorun: false })
  worker.on('completed', () => {
    if (--left === 0) done.resolve()
  })
  worker.on('error', done.reject)
  await worker.waitUntilReady()
  const began = performance.now()
  void worker.run()
  await done.promise
  const seconds = (performance.now() - began) / 1000
  await worker.close()
  await queue.close()
  await redis.redis.flushdb()
  return jobs / seconds
}
