/** The queue on a real Redis: the same work, Redis down while enqueuing, Redis that lost everything. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, type System, startSystem } from '../support.ts'
import { freshRedis, REDIS_URL } from './redis.ts'

const lines = (n: number, mark: string) =>
  Array.from({ length: n }, (_, i) => ({ type: 'talent', id: `${mark}-${i}`, name: `Person ${i}`, skills: ['SQL'] }))

describe.skipIf(!REDIS_URL)('on Redis', () => {
  let system: System
  let acme: Client
  let redisUrl: string
  beforeAll(async () => {
    redisUrl = await freshRedis(2)
    system = await startSystem({ QUEUE_URL: redisUrl })
    acme = await system.as('acme')
  })
  afterAll(() => system?.[Symbol.asyncDispose]())

  it('does the same work, fair between tenants', async () => {
    const big = await (await system.as('big')).call('/v1/batches', { lines: lines(5000, 'big') })
    expect(big.status).toBe(202)
    const small = await acme.batch(lines(50, 'small'))
    expect(small.counts).toMatchObject({ submitted: 50, done: 50 })
    const other = await (await system.as('big')).get<{ state: string }>(`/v1/batches/${((await big.json()) as { id: string }).id}`)
    expect(other.state).toBe('open')
  })

  it('holds ids only', async () => {
    await acme.batch([{ type: 'talent', id: 'secret-person', name: 'Xanthippe Verysecret', emails: ['x@example.com'] }])
    const redis = new Redis(redisUrl)
    const keys = await redis.keys('*')
    const dump = (
      await Promise.all(
        keys.map(async (key) =>
          JSON.stringify(
            (await redis.type(key)) === 'hash'
              ? await redis.hgetall(key)
              : (await redis.type(key)) === 'stream'
                ? await redis.xrange(key, '-', '+')
                : key,
          ),
        ),
      )
    ).join()
    await redis.quit()
    expect(keys.length).toBeGreaterThan(0)
    expect(dump).not.toContain('Verysecret')
    expect(dump).not.toContain('x@example.com')
  })

  it('drives chunks again that Redis forgot', async () => {
    const redis = new Redis(redisUrl)
    const answer = await acme.call('/v1/batches', { lines: lines(2000, 'forgotten') })
    const { id } = (await answer.json()) as { id: string }
    await redis.flushdb()
    await redis.quit()
    let state = ''
    for (let i = 0; i < 900 && state !== 'closed'; i++) {
      await delay(100)
      state = (await acme.get<{ state: string }>(`/v1/batches/${id}`)).state
    }
    expect((await acme.get<{ counts: object }>(`/v1/batches/${id}`)).counts).toMatchObject({ submitted: 2000, done: 2000 })
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
    let state = ''
    for (let i = 0; i < 900 && state !== 'closed'; i++) {
      await delay(100)
      state = (await acme.get<{ state: string }>(`/v1/batches/${accepted.id}`)).state
    }
    expect((await acme.get<{ counts: object }>(`/v1/batches/${accepted.id}`)).counts).toMatchObject({ submitted: 3000, done: 3000 })
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    await ended
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

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
