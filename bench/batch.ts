/**
 * `npm run bench -- batch [--items N] [--rounds N]`: a batch of 100,000 items against one BullMQ job per item on the same Redis, in time and in
 * memory; and how long the event loop of an API process is blocked while such a batch is uploaded to it.
 */
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { Queue } from 'bullmq'
import { createSubmission } from '../src/api/submission.ts'
import { newId } from '../src/canonical/ids.ts'
import { createBatchWriter } from '../src/ledger/writer.ts'
import { openParts, type Parts } from './parts/queue.ts'
import { type BenchRedis, openRedis } from './parts/redis.ts'
import { median, report, round } from './parts/report.ts'
import { startApi } from './parts/servers.ts'

type Taken = { ms: number; bytes: number }
type Stall = { maxMs: number; p99Ms: number }

const STALL_LIMIT_MS = 50
const TITLES = [
  'Senior data engineer',
  'Java backend developer',
  'Frontend engineer',
  'Site reliability engineer',
  'QA lead',
  'Product manager',
]
const CITIES = ['Shanghai', 'Beijing', 'Shenzhen', 'Hangzhou', 'Berlin']
const SKILLS = ['Python', 'SQL', 'Spark', 'Airflow', 'Java', 'Spring', 'Kubernetes', 'React', 'TypeScript', 'Kafka', 'Go']
const pick = (list: string[], n: number): string => list[n % list.length]!

/** Some 200 bytes as JSON. */
const item = (n: number) => ({
  id: `req-${n}`,
  title: `${pick(TITLES, n)} ${(n * 7919) % 1000}`,
  company: `Example Trading ${(n * 104_729) % 5000}`,
  city: pick(CITIES, n >> 2),
  mustSkills: [0, 3, 5, 8].map((i) => pick(SKILLS, n + i)),
  niceSkills: [pick(SKILLS, n + 1)],
  minYears: n % 11,
})

/**
 * Ours: from items in memory to a batch that is durable in the ledger (fsync) with its first chunks in Redis. Theirs: Queue.addBulk, 1,000 jobs
 * at a time, which Redis has in memory only. Neither checks the items; the upload over HTTP does, and is measured for stalls.
 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { items: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' } },
  })
  const n = Number(values.items)
  await using redis = await openRedis()
  if (!redis) return 1
  const items = Array.from({ length: n }, (_, i) => item(i))
  const rounds: { ours: Taken; theirs: Taken }[] = []
  await using parts = await openParts(redis.url)
  // The first round warms up.
  for (let i = 0; i <= Number(values.rounds); i++) {
    const taken = { ours: await asBatch(redis, parts, `tenant-${i}`, items), theirs: await asJobs(redis, items) }
    if (i > 0) rounds.push(taken)
  }
  const stall = await uploadStall(redis.url, n)
  const ratio = round(median(rounds.map(({ ours, theirs }) => theirs.ms / ours.ms)), 1)
  const row = (how: string, side: 'ours' | 'theirs') => ({
    how,
    ms: Math.round(median(rounds.map((one) => one[side].ms))),
    'Redis bytes per item': round(median(rounds.map((one) => one[side].bytes)) / n, 1),
  })
  const rows = [row('one batch', 'ours'), row('one job per item', 'theirs')]
  report(rows, {
    bench: 'batch',
    items: n,
    ratio,
    bytes_per_item: rows[0]!['Redis bytes per item'],
    stall_max_ms: round(stall.maxMs, 1),
    stall_p99_ms: round(stall.p99Ms, 1),
    upload_ms: Math.round(stall.uploadMs),
    stall_limit_ms: STALL_LIMIT_MS,
  })
  return stall.maxMs > STALL_LIMIT_MS ? 1 : 0
}

/** A tenant of its own each time, since the chunks of the one before fill its window in the queue. */
async function asBatch(redis: BenchRedis, { ledger, feeder }: Parts, tenant: string, items: ReturnType<typeof item>[]): Promise<Taken> {
  const before = await redis.usedMemory()
  const began = performance.now()
  const writer = createBatchWriter(ledger, tenant, { id: newId('b') })
  const submission = createSubmission(writer.write)
  for (const [i, one] of items.entries()) {
    submission.accept('position', one.id, one)
    if (i % 5_000 === 4_999) await submission.flush()
  }
  await writer.close(submission.rest())
  await feeder.feed()
  const ms = performance.now() - began
  const bytes = (await redis.usedMemory()) - before
  await redis.redis.flushdb()
  return { ms, bytes }
}

async function asJobs(redis: BenchRedis, items: ReturnType<typeof item>[]): Promise<Taken> {
  const queue = new Queue('jobs', { connection: { url: redis.url } })
  await queue.waitUntilReady()
  const before = await redis.usedMemory()
  const began = performance.now()
  for (let i = 0; i < items.length; i += 1000) await queue.addBulk(items.slice(i, i + 1000).map((data) => ({ name: 'item', data })))
  const ms = performance.now() - began
  const bytes = (await redis.usedMemory()) - before
  await queue.close()
  await redis.redis.flushdb()
  return { ms, bytes }
}

async function uploadStall(redisUrl: string, n: number): Promise<Stall & { uploadMs: number }> {
  await using api = await startApi(redisUrl, { hooks: [new URL('./parts/stall.hook.ts', import.meta.url).href] })
  const stall = async (): Promise<Stall> => {
    api.child.send('stall')
    return (await once(api.child, 'message'))[0] as Stall
  }
  const upload = async (count: number): Promise<void> => {
    const lines = Readable.from(
      (function* () {
        for (let i = 0; i < count; i += 500)
          yield Array.from(
            { length: Math.min(500, count - i) },
            (_, k) => `${JSON.stringify({ type: 'position', ...item(i + k) })}\n`,
          ).join('')
      })(),
    )
    const answer = await fetch(`${api.url}/v1/batches`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/x-ndjson' },
      body: Readable.toWeb(lines) as ReadableStream,
      duplex: 'half',
    } as RequestInit)
    const batch = (await answer.json()) as { counts?: { submitted: number } }
    if (answer.status !== 202 || batch.counts?.submitted !== count) throw new Error(`the upload was answered with ${answer.status}`)
  }
  await upload(1000)
  await stall()
  const began = performance.now()
  await upload(n)
  const uploadMs = performance.now() - began
  return { ...(await stall()), uploadMs }
}
