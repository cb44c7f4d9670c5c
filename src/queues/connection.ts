/** The only place that opens a queue backend. The same BullMQ code runs on PGlite (embedded), PostgreSQL and Redis; the URL chooses. */
import { type BackendFactory, createPostgresBackend, createRedisBackend, runMigrations } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { plainUrl } from '../plain-url.ts'
import { openPglite } from './pglite.ts'

// BullMQ types its options for Redis; the other backends take the same options with another connection.
type Options = { connection: Redis; prefix?: string }

export type QueueConnection = {
  kind: 'pglite' | 'postgres' | 'redis'
  /** For people: without user or password. */
  where: string
  factory: BackendFactory
  /** For queues: a sick server is told at once, nothing is kept back to be sent late. */
  producer: Options
  /** For workers and event readers: waits for the server as long as it takes. */
  consumer: Options
  /** Throws `queue-down` within half a second when the queue cannot be reached. */
  check(): Promise<void>
  close(): Promise<void>
}

const PREFIX = 'looma'
const ANSWER_MS = 500

/** `dataDir` undefined keeps the embedded queue in memory; `onCrash` is told when its thread ended by an error. */
export async function openQueue(
  url: string,
  dataDir: string | undefined,
  log: Logger,
  onCrash: (error: unknown) => void,
): Promise<QueueConnection> {
  if (url.startsWith('redis')) return openRedis(url, log)
  if (url.startsWith('postgres')) return openPostgres(url, log)
  const pool = await openPglite(
    dataDir,
    (reason) => log.warn({ reason }, 'the embedded queue did not open and was made anew; the ledger drives its jobs again'),
    onCrash,
  )
  await migrate(pool as unknown as pg.Pool)
  // The pool is ours, so BullMQ cannot set the search path itself: without it every command fails with 42883.
  await pool.query('set search_path to bullmq, public')
  // The embedded queue is this process: slow it may be on a busy machine, but not out of reach while its thread lives.
  const check = async () => {
    if (!pool.alive()) throw new AppError('queue-down', undefined, { retryAfter: 5 })
  }
  return sql('pglite', dataDir ?? 'memory', pool as unknown as pg.Pool, check, () => pool.end())
}

async function openPostgres(url: string, log: Logger): Promise<QueueConnection> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 20,
    options: '-c search_path=bullmq,public',
    keepAlive: true,
    connectionTimeoutMillis: ANSWER_MS,
  })
  pool.on('error', (err) => log.warn({ err: err.message }, 'PostgreSQL connection lost'))
  // Every queue, worker and event reader listens for errors on it.
  pool.setMaxListeners(0)
  try {
    await migrate(pool)
  } catch (cause) {
    await pool.end()
    throw new Error(`PostgreSQL at ${plainUrl(url)} (QUEUE_URL) cannot be used: ${(cause as Error).message}`, { cause })
  }
  return sql(
    'postgres',
    plainUrl(url),
    pool,
    () => within(pool.query('select 1')),
    () => pool.end(),
  )
}

async function migrate(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    await runMigrations(client as unknown as Parameters<typeof runMigrations>[0])
  } finally {
    client.release()
  }
}

function sql(
  kind: 'pglite' | 'postgres',
  where: string,
  pool: pg.Pool,
  check: () => Promise<void>,
  close: () => Promise<void>,
): QueueConnection {
  const options = { connection: pool as unknown as Redis }
  return {
    kind,
    where,
    factory: createPostgresBackend as unknown as BackendFactory,
    producer: options,
    consumer: options,
    check,
    close,
  }
}

async function openRedis(url: string, log: Logger): Promise<QueueConnection> {
  const producer = new Redis(url, { enableOfflineQueue: false, commandTimeout: ANSWER_MS, maxRetriesPerRequest: 1, lazyConnect: true })
  const consumer = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true })
  for (const client of [producer, consumer]) client.on('error', (err) => log.debug({ err: err.message }, 'Redis connection'))
  // A server that is down at start is not an error: readiness tells it, and the clients go on trying.
  await Promise.allSettled([producer.connect(), consumer.connect()])
  if (producer.status !== 'ready')
    log.warn({ where: plainUrl(url) }, 'Redis (QUEUE_URL) cannot be reached; requests answer 503 until it can, and Looma goes on trying')
  let checked = 0
  return {
    kind: 'redis',
    where: plainUrl(url),
    factory: createRedisBackend,
    producer: { connection: producer, prefix: PREFIX },
    consumer: { connection: consumer, prefix: PREFIX },
    async check() {
      // A ping per request would cost as much as the request; a second is soon enough, and a lost socket shows in the status at once.
      if (producer.status === 'ready' && performance.now() - checked < 1000) return
      await within(producer.ping())
      checked = performance.now()
    },
    async close() {
      producer.disconnect()
      consumer.disconnect()
    },
  }
}

async function within(answer: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  try {
    await Promise.race([
      answer,
      new Promise((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer in ${ANSWER_MS} ms`)), ANSWER_MS)
      }),
    ])
  } catch (cause) {
    throw new AppError('queue-down', undefined, { cause, retryAfter: 5 })
  } finally {
    clearTimeout(timer)
  }
}
