/**
 * `npm run bench -- scale [--items N] [--depths 1000,100000,1000000]`: items a second of worker processes over Redis, with one and with two of them,
 * and with so many items waiting; and what an item costs more than in a plain loop that does the same to the same stores without a queue.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { newId } from '../src/canonical/ids.ts'
import type { NewChunk, NewItem } from '../src/ledger/ports.ts'
import { openStores } from '../src/stores/open.ts'
import type { Context } from '../src/workers/context.ts'
import ingest from '../src/workers/ingest.ts'
import { type Process, spawnLooma } from '../tests/processes.ts'
import { count, Usage } from './parts/options.ts'
import { openParts } from './parts/queue.ts'
import { openRedis } from './parts/redis.ts'
import { report, round } from './parts/report.ts'

type Job = 'ingest' | 'resume-parse'
type Measure = { job: Job; workers: number; depth: number; items: number }

const CHUNK = 100
const TENANTS = ['a', 'b', 'c', 'd', 'e']
const TITLES = ['Data engineer', 'Java developer', '前端工程师', 'Product manager', '财务经理']
/** Chunks of one submission: what a client would send in one request. */
const SUBMIT = 200
/** A worker ends 1,000 items in 40 ms: so few must never run out. */
const POLL_MS = 5
const STILL_MS = 60_000

/** Returns 0; the last line's `flat` is the least throughput over the depths by the largest (0.85 is wanted), `cost` ours by the plain loop's. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { items: { type: 'string', default: '200000' }, depths: { type: 'string', default: '1000,100000,1000000' } },
  })
  const items = count('items', values.items)
  const depths = values.depths.split(',').map((depth) => count('depths', depth))
  if (depths.some((depth) => depth % CHUNK !== 0)) throw new Usage(`--depths takes multiples of ${CHUNK}`)
  await using redis = await openRedis()
  if (!redis) return 1
  const plain = await plainLoop(items)
  const rows: (Measure & { perSecond: number })[] = []
  const measure = async (one: Measure) => {
    const began = performance.now()
    const perSecond = await throughput(redis.url, one)
    rows.push({ ...one, perSecond })
    const seconds = Math.round((performance.now() - began) / 1000)
    console.error(`${one.job}, workers ${one.workers}, waiting ${one.depth}: ${Math.round(perSecond)} items/s, took ${seconds} s`)
    await redis.redis.flushdb()
  }
  for (const depth of depths) await measure({ job: 'ingest', workers: 1, depth, items })
  for (const workers of [1, 2]) await measure({ job: 'resume-parse', workers, depth: 1000, items: Math.ceil(items / 100) })
  const [deep, [one, two]] = [rows.slice(0, depths.length), rows.slice(depths.length) as [(typeof rows)[0], (typeof rows)[0]]]
  const rates = deep.map(({ perSecond }) => perSecond)
  report(
    [
      ...rows.map(({ job, workers, depth, perSecond }) => ({ job, workers, waiting: depth, 'items/s': Math.round(perSecond) })),
      { job: 'ingest', workers: 'a plain loop', waiting: 0, 'items/s': Math.round(plain) },
    ],
    {
      bench: 'scale',
      flat: round(Math.min(...rates) / Math.max(...rates), 2),
      cost: round(plain / rates[0]!, 2),
      twoWorkers: round(two.perSecond / one.perSecond, 2),
      perSecond: rates.map(Math.round),
      plainPerSecond: Math.round(plain),
    },
  )
  return 0
}

/** Items a second from the first ended to the last of `items`, while `depth` items wait: what ends is filled up again. */
async function throughput(redisUrl: string, { job, workers, depth, items }: Measure): Promise<number> {
  await using parts = await openParts(redisUrl)
  const { ledger, folder } = parts
  const running: Process[] = []
  try {
    const make = job === 'ingest' ? position : await resumes(folder)
    let submitted = 0
    let turn = 0
    /** In equal parts: a tenant with most of the work would decide alone what is fed. */
    const fill = async (n: number) => {
      const part = Math.min(SUBMIT, Math.ceil(n / CHUNK / TENANTS.length))
      for (let left = n / CHUNK; left > 0; left -= part) {
        const tenant = TENANTS[turn++ % TENANTS.length]!
        const chunks = Array.from({ length: Math.min(part, left) }, (_, i) => chunkOf(job, tenant, submitted + i * CHUNK, make))
        await ledger.submit(tenant, { id: newId('b') }, chunks)
        submitted += chunks.length * CHUNK
      }
      // As the API does after each batch.
      await parts.feeder.feed()
    }
    await fill(depth)
    const env = { QUEUE_URL: redisUrl, MODEL_HOSTS: '1', PARSE_HOSTS: '1', OCR: 'off' }
    for (let i = 0; i < workers; i++) running.push(await spawnLooma('worker', folder, env))
    let first: { at: number; ended: number } | undefined
    let last = { at: performance.now(), ended: 0 }
    for (;;) {
      const open = (await ledger.backlog()).reduce((sum, one) => sum + one.open, 0)
      const ended = submitted - open
      const at = performance.now()
      if (ended > last.ended) last = { at, ended }
      else if (at - last.at > STILL_MS) throw new Error(`no item ended in ${STILL_MS / 1000} s`)
      // The first tenth warms up.
      if (!first && ended >= items / 10) first = { at, ended }
      if (first && ended - first.ended >= items) return ((ended - first.ended) / (at - first.at)) * 1000
      const missing = Math.floor((depth - open) / CHUNK) * CHUNK
      if (missing > 0) await fill(missing)
      await delay(POLL_MS)
    }
  } finally {
    await Promise.all(running.map((one) => one.kill('SIGKILL')))
  }
}

type Make = (tenant: string, n: number) => Pick<NewItem, 'type' | 'input'>

const position: Make = (_tenant, n) => ({
  type: 'position',
  input: {
    id: `req-${n}`,
    title: `${TITLES[n % TITLES.length]} ${n % 1000}`,
    city: 'Shanghai',
    mustSkills: ['Python', 'SQL', 'Kafka'],
    minYears: n % 11,
  },
})

/** Files of some kilobytes, each of its own content. */
async function resumes(dataDir: string): Promise<Make> {
  const text = await readFile(join(import.meta.dirname, '..', 'samples', 'resumes', 'en-06-sales.txt'), 'utf8')
  const stores = await openStores({ dataDir })
  const files = new Map<string, string[]>()
  for (const tenant of TENANTS) {
    const all: string[] = []
    for (let i = 0; i < 200; i++)
      all.push((await stores.blobs.put(tenant, Readable.from([Buffer.from(`${text}\n${randomUUID()}`)]), { maxBytes: 1e6 })).sha256)
    files.set(tenant, all)
  }
  await stores.close()
  return (tenant, n) => ({ type: 'resume', input: { blob: files.get(tenant)![n % 200], fileName: `${n}.txt` } })
}

const chunkOf = (job: Job, tenant: string, from: number, make: Make): NewChunk => ({
  stages: [job],
  barrier: null,
  items: Array.from({ length: CHUNK }, (_, i) => ({ n: from + i, key: `${from + i}`, ...make(tenant, from + i) })),
})

/** The same processor on stores of the same kind, called with as many items at once as a chunk has. */
async function plainLoop(items: number): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'looma-bench-'))
  const stores = await openStores({ dataDir })
  try {
    const chunk = (from: number) =>
      ingest({
        tenant: 'a',
        batchId: 'b',
        stores,
        signal: new AbortController().signal,
        items: Array.from({ length: CHUNK }, (_, i) => ({ n: from + i, attempts: 0, crashes: 0, ...position('a', from + i) })),
        settle: async () => undefined,
      } as unknown as Context)
    for (let n = 0; n < items / 10; n += CHUNK) await chunk(n)
    const began = performance.now()
    for (let n = items; n < 2 * items; n += CHUNK) await chunk(n)
    return (items / (performance.now() - began)) * 1000
  } finally {
    await stores.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}
