/** What every queue with a server must do: the same work, ids only, and nothing lost when it forgets everything. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Client, type System, startSystem } from './support.ts'

type Server = {
  /** The URL of an empty queue. */
  open: () => Promise<string>
  /** All that is in it, as text. */
  dump: (url: string) => Promise<string>
  forget: (url: string) => Promise<unknown>
}

export const lines = (n: number, mark: string) =>
  Array.from({ length: n }, (_, i) => ({ type: 'talent', id: `${mark}-${i}`, name: `Person ${i}`, skills: ['SQL'] }))

/** The batch once it has ended, or after a minute and a half. */
export async function ended(client: Client, id: string): Promise<{ state: string; counts: Record<string, number> }> {
  const read = () => client.get<{ state: string; counts: Record<string, number> }>(`/v1/batches/${id}`)
  let batch = await read()
  for (let i = 0; i < 900 && batch.state !== 'closed'; i++) {
    await delay(100)
    batch = await read()
  }
  return batch
}

export function worksOnQueue({ open, dump, forget }: Server): void {
  let system: System
  let acme: Client
  let url: string
  beforeAll(async () => {
    url = await open()
    system = await startSystem({ QUEUE_URL: url })
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
    const { id } = await acme.batch([{ type: 'talent', id: 'secret-person', name: 'Xanthippe Verysecret', emails: ['x@example.com'] }])
    const held = await dump(url)
    expect(held).toContain(id)
    expect(held).not.toContain('Verysecret')
    expect(held).not.toContain('x@example.com')
  })

  it('loses nothing when the server forgets everything', async () => {
    const answer = await acme.call('/v1/batches', { lines: lines(2000, 'forgotten') })
    const { id } = (await answer.json()) as { id: string }
    await forget(url)
    expect(await ended(acme, id)).toMatchObject({ state: 'closed', counts: { submitted: 2000, done: 2000 } })
  })
}
