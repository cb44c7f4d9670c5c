/** The queue's server as `looma doctor` sees it: is it there, is it new enough, and does it keep what it was given? */
import { Redis } from 'ioredis'
import pg from 'pg'
import { type Finding, finding, unreachable } from '../findings.ts'
import { plainUrl } from '../plain-url.ts'

type Examined = { adapter: string; where: string; findings: Finding[] }

const ANSWER_MS = 2000

export async function examineQueue(url: string): Promise<Examined> {
  if (url.startsWith('redis')) return { adapter: 'redis', where: plainUrl(url), findings: await reached(examineRedis(url)) }
  if (url.startsWith('postgres')) return { adapter: 'postgres', where: plainUrl(url), findings: await reached(examinePostgres(url)) }
  return { adapter: 'pglite', where: 'in this process', findings: [finding('queue', 'embedded', true, '')] }
}

async function reached(examining: Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await examining
  } catch (error) {
    return [unreachable((error as Error).message, 'QUEUE_URL')]
  }
}

async function examineRedis(url: string): Promise<Finding[]> {
  const client = new Redis(url, { lazyConnect: true, connectTimeout: ANSWER_MS, commandTimeout: ANSWER_MS, retryStrategy: () => null })
  // connect() itself only says that the connection is closed.
  let why: Error | undefined
  client.on('error', (error) => {
    why = error
  })
  try {
    await client.connect().catch((error) => {
      throw why ?? error
    })
    const info = fieldsOf(await client.info())
    const version = info.redis_version ?? '?'
    const [seconds, micros] = await client.time()
    const off = Math.round(Number(seconds) * 1000 + Number(micros) / 1000 - Date.now())
    const policy = info.maxmemory_policy ?? '?'
    const persistent = info.aof_enabled === '1'
    return [
      finding('reachable', `${info.redis_mode ?? 'server'}`, true, ''),
      finding('version', version, Number.parseInt(version, 10) >= 7, 'use Redis 7 or newer, or Valkey'),
      finding(
        'eviction',
        policy,
        policy === 'noeviction',
        'set maxmemory-policy noeviction: any other drops waiting jobs when memory runs out',
        'error',
      ),
      finding(
        'persistence',
        persistent ? 'append-only file' : 'no append-only file',
        persistent,
        'set appendonly yes and appendfsync everysec; without it a restart loses what waits, and the ledger has to drive it again',
      ),
      finding(
        'last write',
        info.aof_last_write_status ?? 'ok',
        (info.aof_last_write_status ?? 'ok') === 'ok',
        'the disk of Redis refuses writes: free room',
        'error',
      ),
      finding('role', info.role ?? '?', info.role !== 'slave', 'QUEUE_URL must name the master', 'error'),
      finding('clock', `${off} ms from this machine's`, Math.abs(off) < 1000, 'let both machines take their time from NTP'),
    ]
  } finally {
    client.disconnect()
  }
}

const fieldsOf = (info: string): Record<string, string> =>
  Object.fromEntries(
    info.split('\r\n').flatMap((line) => (line.includes(':') ? [line.split(/:(.*)/s).slice(0, 2) as [string, string]] : [])),
  )

async function examinePostgres(url: string): Promise<Finding[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: ANSWER_MS, query_timeout: ANSWER_MS })
  try {
    await client.connect()
    const { rows } = await client.query<{ version: string; commit: string; fsync: string; recovery: boolean; now: Date }>(
      "select current_setting('server_version') version, current_setting('synchronous_commit') commit, current_setting('fsync') fsync, pg_is_in_recovery() recovery, clock_timestamp() now",
    )
    const { version, commit, fsync, recovery, now } = rows[0]!
    const off = Math.round(now.getTime() - Date.now())
    return [
      finding('reachable', 'server', true, ''),
      finding('version', version, Number.parseInt(version, 10) >= 14, 'use PostgreSQL 14 or newer'),
      finding('fsync', fsync, fsync === 'on', 'set fsync on: a power cut destroys the database otherwise', 'error'),
      finding(
        'commits',
        `synchronous_commit ${commit}`,
        commit !== 'off',
        'set synchronous_commit on: a crash loses the last jobs otherwise',
      ),
      finding('role', recovery ? 'standby' : 'primary', !recovery, 'QUEUE_URL must name the primary', 'error'),
      finding('clock', `${off} ms from this machine's`, Math.abs(off) < 1000, 'let both machines take their time from NTP'),
    ]
  } finally {
    await client.end().catch(() => undefined)
  }
}
