/** A store on a server that is out of reach, or of another schema: told by name, and its work waits. No server is needed for that. */
import { createServer, type Server } from 'node:net'
import { MongoBulkWriteError } from 'mongodb'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mongoError } from '../src/stores/mongo.ts'
import { startSystem } from './support.ts'

/** Nobody listens there. */
const AWAY = 'bolt://127.0.0.1:1'
const position = { type: 'position', id: 'p1', title: '数据工程师', mustSkills: ['Python'] }

describe('the graph is out of reach', () => {
  it('is no reason not to start: it is told as not ready, and items wait without spending an attempt', async () => {
    await using system = await startSystem({ GRAPH_URL: AWAY })
    const ready = await fetch(`${system.adminUrl}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'unready', reasons: ['graph'] }])
    const acme = await system.as('acme')
    const { id } = (await (await acme.call('/v1/batches', { lines: [position] })).json()) as { id: string }
    type Items = { data: { outcome: string | null; code: string | null; attempts: number }[] }
    await expect
      .poll(async () => (await acme.get<Items>(`/v1/batches/${id}/items`)).data[0], { timeout: 30_000, interval: 200 })
      .toMatchObject({ outcome: null, code: 'store-down', attempts: 0 })
    // What needs no graph goes on.
    expect((await acme.get<{ data: unknown[] }>('/v1/positions')).data).toHaveLength(1)
  })
})

describe('a server that takes the connection and says nothing', () => {
  it('does not hold up readiness', async () => {
    const silent = await listening()
    const { port } = silent.address() as { port: number }
    await using system = await startSystem({ GRAPH_URL: `bolt://127.0.0.1:${port}` })
    const since = performance.now()
    const ready = await fetch(`${system.adminUrl}/readyz`, { signal: AbortSignal.timeout(5000) })
    expect(ready.status, `after ${performance.now() - since} ms`).toBe(503)
  })
})

async function listening(): Promise<Server> {
  const sockets = new Set<import('node:net').Socket>()
  const server = createServer((socket) => void sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return server
}

it('a socket that broke while the client of MongoDB wrote to it is a store out of reach, and a fault of ours is not', () => {
  const broken = (code: string, message: string) => mongoError(Object.assign(new Error(message), { code })).code
  expect(broken('ECONNRESET', 'write ECONNRESET')).toBe('store-down')
  expect(broken('EPIPE', 'This socket has been ended by the other party')).toBe('store-down')
  expect(broken('ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed')).toBe('store-down')
  // As the client wraps it when it happens in a bulk write.
  const bulk = new MongoBulkWriteError({ message: 'interrupted due to server monitor timeout' } as never, {} as never)
  expect(mongoError(bulk).code).toBe('store-down')
  expect(broken('ERR_INVALID_ARG_TYPE', 'The "chunk" argument must be of type string')).toBe('internal')
  expect(mongoError(new TypeError('x is not a function')).code).toBe('internal')
})
