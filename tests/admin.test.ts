/** The admin port on the embedded queue, and what needs a clock or a fault of its own. */
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAdmin } from '../dashboards/admin.ts'
import { createSessions } from '../dashboards/session.ts'
import type { Ledger } from '../src/ledger/ports.ts'
import { createLog } from '../src/log.ts'
import type { QueueClient } from '../src/queues/client.ts'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import { openLedgerHere } from '../src/stores/ledger.sqlite.ts'
import { createSources, NO_SOURCES } from '../src/sync/sources.ts'
import { adminSuite, logIn, passwordOf } from './admin.ts'
import { startSystem, tempDir } from './support.ts'

adminSuite('on the embedded queue', () => startSystem())

describe('without a queue', () => {
  let dataDir: string
  let ledger: Ledger
  let server: Server
  let url: string
  const out = new Set<string>()
  let stopping = false
  const check = (name: string) => async () => {
    if (out.has(name)) throw new Error(`${name} is out, at a host with a name`)
  }
  beforeAll(async () => {
    dataDir = await tempDir()
    ledger = openLedgerHere(':memory:')
    const app = createAdmin({
      config: { dataDir, admin: { host: '127.0.0.1', port: 0, password: undefined } },
      ledger,
      client: { queues: new Map() } as unknown as QueueClient,
      documents: openDocuments(':memory:'),
      sources: createSources(NO_SOURCES),
      metrics: { text: async () => '', contentType: 'text/plain', observe: () => undefined },
      places: [],
      log: createLog('silent'),
      stopping: () => stopping,
      checks: { queue: check('queue'), ledger: check('ledger') },
    })
    server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server.close()
    await ledger.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('readiness names what is out, all of it, and nothing more', async () => {
    const ready = async () => {
      const answer = await fetch(`${url}/readyz`)
      return [answer.status, await answer.json()]
    }
    expect(await ready()).toEqual([200, { status: 'ready', reasons: [] }])
    out.add('queue')
    expect(await ready()).toEqual([503, { status: 'unready', reasons: ['queue'] }])
    out.add('ledger')
    stopping = true
    expect(await ready()).toEqual([503, { status: 'unready', reasons: ['stopping', 'queue', 'ledger'] }])
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    out.clear()
    stopping = false
    expect((await ready())[0]).toBe(200)
  })

  it('guessing is braked, also for the right guess', async () => {
    for (let i = 0; i < 10; i++) expect((await logIn(url, 'operator', `guess ${i}`)).status).toBe(401)
    const braked = await logIn(url, 'operator', passwordOf(dataDir, 'operator'))
    expect(braked.status).toBe(429)
    expect(Number(braked.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(braked.headers.get('set-cookie')).toBeNull()
    expect((await ledger.auditLog(20)).map((row) => `${row.actor} ${row.action} ${row.outcome}`)).toEqual(
      Array.from({ length: 10 }, () => 'unknown login refused'),
    )
    // A password that was tried, right or wrong, is nowhere.
    expect(JSON.stringify(await ledger.auditLog(20))).not.toContain('guess')
  })

  it('the brake lets go after a minute, and a session ends after eight hours', () => {
    const clock = { t: 1_000_000 }
    const sessions = createSessions({ dataDir, admin: { host: '', port: 0, password: 'a good password' } }, () => clock.t)
    let cookie = ''
    const res = {
      cookie: (name: string, value: string) => {
        cookie = `${name}=${value}`
      },
    } as unknown as ExpressResponse
    const from = (remoteAddress: string) => ({ socket: { remoteAddress } }) as ExpressRequest
    for (let i = 0; i < 10; i++) expect(sessions.login(from('10.0.0.1'), res, 'operator', 'wrong')).toBeNull()
    expect(sessions.login(from('10.0.0.1'), res, 'operator', 'a good password')).toBe('wait')
    // Nobody else is kept out by it.
    expect(sessions.login(from('10.0.0.2'), res, 'operator', 'a good password')).toMatchObject({ role: 'operator' })
    clock.t += 60_001
    expect(sessions.login(from('10.0.0.1'), res, 'operator', 'a good password')).toEqual({ user: 'operator', role: 'operator' })
    const read = () => sessions.read({ headers: { cookie: `other=1; ${cookie}` } } as Parameters<typeof sessions.read>[0])
    expect(read()).toEqual({ user: 'operator', role: 'operator' })
    clock.t += 8 * 3_600_000
    expect(read()).toBeNull()
  })
})
