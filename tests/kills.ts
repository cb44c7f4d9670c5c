/**
 * The kill test: batches of real files and records go in while processes are killed with SIGKILL at random moments. At the end every item
 * of every batch must have exactly one outcome, the right one, and the stores must hold each talent and position once.
 */
import { openAsBlob, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { issueToken } from '../src/api/auth.ts'
import { openLedgerHere } from '../src/stores/ledger.sqlite.ts'
import { openStores } from '../src/stores/open.ts'
import { type Process, spawnLooma } from './processes.ts'
import { type Client, client, ndjson, testConfig } from './support.ts'

const RESUMES = join(import.meta.dirname, '..', 'samples', 'resumes')
const UNREADABLE = 2

export type Kills = {
  dataDir: string
  kills: number
  seed: number
  /** Ends one process with SIGKILL, chosen by the number, and starts it again. Answers the API to talk to. */
  strike: (choice: number) => Promise<Process>
  api: Process
  env?: Record<string, string>
}

/** Mulberry32: the same seed gives the same moments. */
function random(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export async function survive({ dataDir, kills, seed, strike, api, env = {} }: Kills): Promise<void> {
  const next = random(seed)
  const token = await issueToken(testConfig(dataDir, env), { tenant: 'acme', role: 'recruiter', subject: 'kills' }, 2)
  let to: Client = client(api.apiUrl, token)
  const submitted = new Map<string, { id: string; items: number; unreadable: number }>()
  const files = readdirSync(RESUMES)

  /** Sends until it is answered: the key makes a repeat harmless, however far the first try came. */
  const submit = async (n: number) => {
    const key = `batch-${n}`
    const lines = Array.from({ length: 120 }, (_, i) => ({
      type: i % 10 === 0 ? 'position' : 'talent',
      id: `${n}-${i}`,
      ...(i % 10 === 0 ? { title: 'Engineer' } : { name: `Person ${n} ${i}` }),
      ...(i % 10 !== 0 && { skills: ['SQL'] }),
    }))
    let last = 'no answer'
    for (let tries = 0; tries < 200; tries++) {
      const form = new FormData()
      if (n === 0) for (const file of files) form.append('file', await openAsBlob(join(RESUMES, file)), file)
      form.append('items', new Blob([ndjson(lines)], { type: 'application/x-ndjson' }), 'items.ndjson')
      try {
        const answer = await to.call('/v1/batches', { method: 'POST', body: form, headers: { 'idempotency-key': key } })
        if (answer.ok) {
          const { id } = (await answer.json()) as { id: string }
          submitted.set(key, { id, items: lines.length + (n === 0 ? files.length : 0), unreadable: n === 0 ? UNREADABLE : 0 })
          return
        }
        last = `${answer.status} ${await answer.clone().text()}`
        if (answer.status !== 409 && answer.status !== 503) throw new Error(`refused with ${answer.status}: ${await answer.text()}`)
      } catch (error) {
        // The connection broke: the process was killed. Anything else is a fault.
        if (!(error instanceof TypeError)) throw error
      }
      await delay(100)
    }
    throw new Error(`${key} was never accepted: ${last}`)
  }

  let striking = true
  const strikes = (async () => {
    for (let i = 0; i < kills; i++) {
      await delay(50 + next() * 900)
      const now = await strike(Math.floor(next() * 1000))
      to = client(now.apiUrl, token)
    }
    striking = false
  })()
  const submits = (async () => {
    for (let n = 0; striking || n === 0; n++) {
      await submit(n)
      await delay(next() * 600)
    }
  })()
  await Promise.all([strikes, submits])

  for (const { id } of submitted.values()) {
    for (let tries = 0; ; tries++) {
      const batch = await to.get<{ state: string; counts: Record<string, number> }>(`/v1/batches/${id}`)
      if (batch.state === 'closed') break
      if (tries > 600)
        throw new Error(`batch ${id} does not end: ${JSON.stringify(batch)} ${JSON.stringify(await to.get(`/v1/batches/${id}/waiting`))}`)
      await delay(200)
    }
  }

  const ledger = openLedgerHere(join(dataDir, 'ledger.sqlite'))
  const stores = await openStores({ dataDir })
  try {
    let talents = 0
    let positions = 0
    for (const [key, { id, items, unreadable }] of submitted) {
      const batch = (await ledger.batch('acme', id))!
      expect(batch.counts, key).toEqual({
        submitted: items,
        done: items - unreadable,
        failed: 0,
        unreadable,
        cancelled: 0,
        waiting: 0,
        running: 0,
      })
      expect(await ledger.audit('acme', id), key).toEqual(batch.counts)
      positions += 12
      talents += items - unreadable - 12
      // Each item ended once: its end is told once in the event log.
      const ends = new Map<number, number>()
      for (let after = 0; ; ) {
        const events = await ledger.events('acme', id, after, 500)
        if (events.length === 0) break
        after = events.at(-1)!.seq
        for (const event of events)
          if (event.type === 'items')
            for (const item of (event.data as { items: { n: number; to: string }[] }).items)
              if (item.to !== 'passed') ends.set(item.n, (ends.get(item.n) ?? 0) + 1)
      }
      expect(ends.size, key).toBe(items)
      expect(
        [...ends.values()].every((n) => n === 1),
        key,
      ).toBe(true)
    }
    expect((await ledger.batches('acme', { limit: 1000 })).length).toBe(submitted.size)
    expect(await stores.documents.count('acme', 'talent')).toBe(talents)
    expect(await stores.documents.count('acme', 'position')).toBe(positions)
    expect(await stores.documents.dirty('search', { limit: 10 })).toEqual([])
    expect(await stores.documents.dirty('vectors', { limit: 10 })).toEqual([])
    expect(await stores.documents.dirty('graph', { limit: 10 })).toEqual([])
  } finally {
    await stores.close()
    await ledger.close()
  }
}

/** The same with api, two workers and a scheduler as processes of their own, over the queue that `env` names; at the end all stop in order. */
export async function surviveInRoles(options: Pick<Kills, 'dataDir' | 'kills' | 'seed'> & { env: Record<string, string> }): Promise<void> {
  const { dataDir, env } = options
  const roles = ['worker', 'api', 'worker', 'scheduler'] as const
  const running = await Promise.all(roles.map((role) => spawnLooma(role, dataDir, env)))
  await survive({
    ...options,
    api: running[1]!,
    async strike(choice) {
      const at = choice % roles.length
      await running[at]!.kill('SIGKILL')
      running[at] = await spawnLooma(roles[at]!, dataDir, env)
      return running[1]!
    },
  })
  const ends = await Promise.all(running.map((process) => process.kill('SIGTERM')))
  expect(ends.map((end) => end.code)).toEqual([0, 0, 0, 0])
}
