import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { freePort } from '../../servers/start.ts'
import { environment } from '../../src/config.ts'

export type BenchRedis = { url: string; redis: Redis; usedMemory(): Promise<number> } & AsyncDisposable

/**
 * The Redis of REDIS_URL, which must be empty since the bench empties it; else a `redis-server` of our own on a free port, in memory only.
 * Null, with a line that says why, where neither is to be had.
 */
export async function openRedis(): Promise<BenchRedis | null> {
  const given = environment().REDIS_URL
  const own = given ? null : await startServer()
  if (!given && !own) {
    console.error('needs a Redis: set REDIS_URL, or install redis-server')
    return null
  }
  const url = given ?? own!.url
  const redis = new Redis(url, { maxRetriesPerRequest: null })
  redis.on('error', () => undefined)
  if ((await redis.dbsize()) > 0) {
    console.error('the Redis of REDIS_URL holds keys; the bench empties its database, so give it an empty one')
    redis.disconnect()
    return null
  }
  return {
    url,
    redis,
    async usedMemory() {
      return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
    },
    async [Symbol.asyncDispose]() {
      await redis.flushdb()
      redis.disconnect()
      await own?.stop()
    },
  }
}

async function startServer(): Promise<{ url: string; stop: () => Promise<void> } | null> {
  const port = await freePort()
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit').catch(() => [])
  const up = new Promise<boolean>((resolve) => {
    child.stdout.on('data', (text: Buffer) => text.includes('Ready to accept connections') && resolve(true))
    child.once('error', () => resolve(false))
    child.once('exit', () => resolve(false))
  })
  if (!(await up)) return null
  const kill = () => child.kill()
  process.once('exit', kill)
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      process.off('exit', kill)
      child.kill()
      await exited
    },
  }
}
