/** A store that goes away in the middle of the work, and comes back: nothing is lost, no attempt is spent, and nobody has to do anything. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { jobNames } from '../../src/queues/index.ts'
import { startSystem } from '../support.ts'
import { openProxy, type TcpProxy } from '../tcp-proxy.ts'
import { FOUR_SERVERS, fourServers } from './servers.ts'

const talents = (mark: string) =>
  Array.from({ length: 60 }, (_, i) => ({ type: 'talent', id: `${mark}-${i}`, name: `Person ${mark} ${i}`, skills: ['SQL', 'Go'] }))

type Batch = { id: string; state: string; counts: Record<string, number> }
type Items = { data: { outcome: string | null; attempts: number; code: string | null }[] }

/** The same servers, each behind a proxy of its own. */
async function behindProxies(env: Record<string, string>) {
  const proxies: Record<string, TcpProxy> = {}
  const through = { ...env }
  for (const key of ['DOCUMENTS_URL', 'GRAPH_URL', 'SEARCH_URL']) {
    const { port } = new URL(env[key]!)
    const proxy = await openProxy(Number(port))
    onTestFinished(() => proxy.close())
    proxies[key] = proxy
    through[key] = env[key]!.replace(`:${port}`, `:${proxy.port}`)
  }
  return { proxies, env: through }
}

describe.skipIf(!FOUR_SERVERS)('a store that goes away in the middle of a batch (REDIS_URL, MONGO_URL, NEO4J_URL, ELASTIC_URL)', () => {
  it.each([
    ['documents', 'DOCUMENTS_URL'],
    ['graph', 'GRAPH_URL'],
    ['search', 'SEARCH_URL'],
  ])('%s', async (port, key) => {
    const { proxies, env } = await behindProxies(await fourServers(12))
    await using system = await startSystem(env)
    const client = await system.as(`out-${randomBytes(4).toString('hex')}`)
    const submit = async (mark: string) => {
      for (let tries = 0; ; tries++) {
        const answer = await client.call('/v1/batches', { lines: talents(mark), headers: { 'idempotency-key': mark } })
        const body = (await answer.json()) as Batch & { code?: string }
        if (answer.ok) return body.id
        expect([503, 409]).toContain(answer.status)
        if (tries === 200) throw new Error(`never accepted: ${JSON.stringify(body)}`)
        await delay(200)
      }
    }
    const first = await submit('first')
    proxies[key]!.down()
    const ready = async () => (await (await fetch(`${system.adminUrl}/readyz`)).json()) as { reasons: string[] }
    await expect.poll(async () => (await ready()).reasons, { timeout: 10_000 }).toContain(port)
    const second = submit('second')
    await delay(3000)
    proxies[key]!.up()
    for (const id of [first, await second]) {
      await expect
        .poll(
          async () => {
            const answer = await client.call(`/v1/batches/${id}`)
            return answer.ok ? ((await answer.json()) as Batch) : null
          },
          { timeout: 60_000, interval: 300 },
        )
        .toMatchObject({ state: 'closed', counts: { done: 60, failed: 0 } })
      const { data } = await client.get<Items>(`/v1/batches/${id}/items?limit=100`)
      // The one that worked.
      expect(data.map(({ attempts, code }) => ({ attempts, code }))).toEqual(talents('').map(() => ({ attempts: 1, code: null })))
    }
    await expect.poll(async () => (await ready()).reasons, { timeout: 10_000 }).toEqual([])
    // A job whose chunk could not be claimed or ended went back to the queue.
    const redis = new Redis(env.QUEUE_URL!)
    onTestFinished(() => redis.disconnect())
    for (const name of jobNames) expect(await redis.zcard(`looma:${name}:failed`), name).toBe(0)
  })
})
