/**
 * The kill test: batches of real files and records go in while processes are killed with SIGKILL at random moments. At the end every item
 * of every batch must have exactly one outcome, the right one, and the stores must hold each talent and position once.
 */
import { openAsBlob, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { seeded } from '../samples/zervigo/data.ts'
import { issueToken } from '../src/api/auth.ts'
import type { Role } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { openLedgerAt, openStores } from '../src/stores/open.ts'
import { outcomeFaults, type Submitted } from './outcomes.ts'
import { type Process, spawnLooma } from './processes.ts'
import { type Client, client, ndjson, testConfig } from './support.ts'

const RESUMES = join(import.meta.dirname, '..', 'samples', 'resumes')
const UNREADABLE = 2
/** Of each batch. */
const POSITIONS = 12

export type Kills = {
  dataDir: string
  kills: number
  seed: number
  /** Ends one process with SIGKILL, chosen by the number, and starts it again. Answers the API to talk to. */
  strike: (choice: number) => Promise<Process>
  api: Process
  env?: Record<string, string>
  /** One that nobody else has, where the stores are shared. */
  tenant?: string
  /** The longest between two batches. */
  pauseMs?: number
}

export async function survive({ dataDir, kills, seed, strike, api, env = {}, tenant = 'acme', pauseMs = 600 }: Kills): Promise<void> {
  const next = seeded(seed)
  const config = testConfig(dataDir, env)
  const token = await issueToken(config, { tenant, role: 'recruiter', subject: 'kills' }, 2)
  let to: Client = client(api.apiUrl, token)
  const submitted: Submitted[] = []
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
    for (let tries = 0; tries < 600; tries++) {
      const form = new FormData()
      if (n === 0) for (const file of files) form.append('file', await openAsBlob(join(RESUMES, file)), file)
      form.append('items', new Blob([ndjson(lines)], { type: 'application/x-ndjson' }), 'items.ndjson')
      try {
        const answer = await to.call('/v1/batches', { method: 'POST', body: form, headers: { 'idempotency-key': key } })
        if (answer.ok) {
          const { id } = (await answer.json()) as { id: string }
          submitted.push({ id, items: lines.length + (n === 0 ? files.length : 0), unreadable: n === 0 ? UNREADABLE : 0 })
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
      await delay(next() * pauseMs)
    }
  })()
  await Promise.all([strikes, submits])

  for (const { id } of submitted) {
    for (let tries = 0; ; tries++) {
      const answer = await to.call(`/v1/batches/${id}`)
      const batch = (await answer.json()) as { state: string; code?: string }
      if (batch.state === 'closed') break
      if (!answer.ok && answer.status !== 503) throw new Error(`batch ${id}: ${JSON.stringify(batch)}`)
      if (tries > 600)
        throw new Error(`batch ${id} does not end: ${JSON.stringify(batch)} ${JSON.stringify(await to.get(`/v1/batches/${id}/waiting`))}`)
      await delay(200)
    }
  }

  const { ledger } = await openLedgerAt(config, createLog('silent'), (error) => {
    throw error
  })
  const stores = await openStores(config)
  try {
    expect(await outcomeFaults(ledger, tenant, submitted)).toEqual([])
    const positions = submitted.length * POSITIONS
    const talents = submitted.reduce((sum, { items, unreadable }) => sum + items - unreadable, 0) - positions
    expect((await ledger.batches(tenant, { limit: 1000 })).length).toBe(submitted.length)
    expect(await stores.documents.count(tenant, 'talent')).toBe(talents)
    expect(await stores.documents.count(tenant, 'position')).toBe(positions)
    expect(await stores.documents.dirty('search', { tenant, limit: 10 })).toEqual([])
    expect(await stores.documents.dirty('vectors', { tenant, limit: 10 })).toEqual([])
    expect(await stores.documents.dirty('graph', { tenant, limit: 10 })).toEqual([])
  } finally {
    await stores.close()
    await ledger.close()
  }
}

/** The same with api, two workers and schedulers as processes of their own, on what `env` names; at the end all stop in order. */
export async function surviveInRoles(
  options: Pick<Kills, 'dataDir' | 'kills' | 'seed' | 'tenant' | 'pauseMs'> & { env: Record<string, string>; schedulers?: number },
): Promise<void> {
  const { dataDir, env, schedulers = 1 } = options
  const roles: Role[] = ['worker', 'api', 'worker', ...Array<Role>(schedulers).fill('scheduler')]
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
  expect(ends.map((end) => end.code)).toEqual(roles.map(() => 0))
}
