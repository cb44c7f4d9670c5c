/** The queue on a real Redis: the same work, Redis down while enqueuing, Redis that lost everything. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../servers/start.ts'
import { ended, lines, worksOnQueue } from '../queue.ts'
import { startSystem } from '../support.ts'
import { freshRedis, REDIS_URL } from './redis.ts'

const connected = async <T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> => {
  const redis = new Redis(url)
  try {
    return await use(redis)
  } finally {
    await redis.quit()
  }
}

describe.skipIf(!REDIS_URL)('on Redis', () => {
  worksOnQueue({
    open: () => freshRedis(2),
    dump: (url) =>
      connected(url, async (redis) => {
        const value = async (key: string) => {
          const type = await redis.type(key)
          return type === 'hash' ? redis.hgetall(key) : type === 'stream' ? redis.xrange(key, '-', '+') : null
        }
        return JSON.stringify(await Promise.all((await redis.keys('*')).map(async (key) => [key, await value(key)])))
      }),
    forget: (url) => connected(url, (redis) => redis.flushdb()),
  })
})

describe.skipIf(!REDIS_URL)('a Redis that goes away', () => {
  it('is answered with 503 and Retry-After at once, nothing half-stored, and what was accepted goes on when it is back', async () => {
    const port = await freePort()
    let server = await startRedis(port)
    await using system = await startSystem({ QUEUE_URL: `redis://127.0.0.1:${port}` })
    const acme = await system.as('acme')
    const accepted = (await (await acme.call('/v1/batches', { lines: lines(3000, 'before') })).json()) as { id: string }
    const gone = once(server, 'exit')
    server.kill('SIGKILL')
    await gone
    const refused = await acme.call('/v1/batches', { lines: lines(3, 'while'), headers: { 'idempotency-key': 'k' } })
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({ code: 'queue-down' })
    expect((await acme.get<{ data: { id: string }[] }>('/v1/batches')).data.map((batch) => batch.id)).toEqual([accepted.id])
    const ready = await fetch(`${system.adminUrl}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({ reasons: ['queue'] })

    server = await startRedis(port)
    let again = await acme.call('/v1/batches', { lines: lines(3, 'while'), headers: { 'idempotency-key': 'k' } })
    for (let i = 0; i < 100 && again.status === 503; i++) {
      await delay(100)
      again = await acme.call('/v1/batches', { lines: lines(3, 'while'), headers: { 'idempotency-key': 'k' } })
    }
    expect(again.status).toBe(202)
    expect((await ended(acme, accepted.id)).counts).toMatchObject({ submitted: 3000, done: 3000 })
    const stopped = once(server, 'exit')
    server.kill('SIGTERM')
    await stopped
  })
})

async function startRedis(port: number): Promise<ChildProcess> {
  const child = spawn(
    'redis-server',
    ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  for await (const chunk of child.stdout!) if (/Ready to accept connections/.test(String(chunk))) break
  child.stdout!.resume()
  return child
}
