/** The queue on a real PostgreSQL server. */
import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { surviveInRoles } from '../kills.ts'
import { killLeftovers } from '../processes.ts'
import { ended, lines, worksOnQueue } from '../queue.ts'
import { startSystem, tempDir } from '../support.ts'

/** A server whose user may make databases; each test takes one of its own. */
const POSTGRES_URL = process.env.POSTGRES_URL

const connected = async <T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

async function freshDatabase(name: string): Promise<string> {
  await connected(POSTGRES_URL!, async (client) => {
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query(`create database ${name}`)
  })
  const url = new URL(POSTGRES_URL!)
  url.pathname = `/${name}`
  return url.href
}

const tables = async (client: pg.Client): Promise<string[]> =>
  (await client.query("select tablename from pg_tables where schemaname = 'bullmq'")).rows.map((row) => row.tablename as string)

describe.skipIf(!POSTGRES_URL)('on PostgreSQL', () => {
  worksOnQueue({
    open: () => freshDatabase('looma_work'),
    dump: (url) =>
      connected(url, async (client) => {
        let text = ''
        for (const table of await tables(client)) text += JSON.stringify((await client.query(`select * from bullmq."${table}"`)).rows)
        return text
      }),
    forget: (url) =>
      connected(url, async (client) => {
        const work = (await tables(client)).filter((table) => !/migration/.test(table))
        await client.query(`truncate ${work.map((table) => `bullmq."${table}"`).join(', ')} cascade`)
      }),
  })

  it('answers 503 while connections are refused, and what was accepted goes on afterwards', async () => {
    const url = await freshDatabase('looma_gone')
    await using system = await startSystem({ QUEUE_URL: url })
    const acme = await system.as('acme')
    const accepted = (await (await acme.call('/v1/batches', { lines: lines(2000, 'before') })).json()) as { id: string }
    const cut = (allowed: boolean) =>
      connected(POSTGRES_URL!, async (client) => {
        await client.query(`alter database looma_gone with allow_connections ${allowed}`)
        if (!allowed) await client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'looma_gone'")
      })
    await cut(false)
    const refused = await acme.call('/v1/batches', { lines: lines(3, 'while') })
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({ code: 'queue-down' })
    await delay(3000)
    await cut(true)
    expect(await ended(acme, accepted.id)).toMatchObject({ state: 'closed', counts: { submitted: 2000, done: 2000 } })
    expect((await acme.batch(lines(3, 'after'))).counts).toMatchObject({ done: 3 })
  })

  it('api, workers and scheduler survive kills', async () => {
    const dataDir = await tempDir()
    try {
      await surviveInRoles({ dataDir, kills: 8, seed: 20_261_125, env: { QUEUE_URL: await freshDatabase('looma_kills') } })
    } finally {
      killLeftovers()
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})
