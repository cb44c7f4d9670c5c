/** The Zervigo connector against the double: the 17 traps of its reference and its acceptance cases, by their numbers. */
import { afterEach, describe, expect, it } from 'vitest'
import { makeData, makeUser, seeded } from '../samples/zervigo/data.ts'
import { ADMIN, startZervigo, type Zervigo, type ZervigoOptions } from '../samples/zervigo/double.ts'
import type { Run } from '../src/canonical/sync.ts'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import { NO_RULES } from '../src/sync/merge.ts'
import { canonicalId } from '../src/sync/records.ts'
import { type RunInput, runSync } from '../src/sync/run.ts'
import type { Raw, Source } from '../src/sync/source.ts'
import { ZervigoSettings } from '../src/sync/zervigo/profiles.ts'
import { zervigoSource } from '../src/sync/zervigo/rest.ts'

const T0 = Date.parse('2026-03-01T04:00:00Z')
const signal = new AbortController().signal
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function double(users = 30, options: Partial<ZervigoOptions> = {}): Promise<Zervigo> {
  const zervigo = await startZervigo({ data: makeData(users, { at: T0 - 3_600_000 }), now: () => T0, ...options })
  closing.push(zervigo.close)
  return zervigo
}
function connect(zervigo: Zervigo, more: Partial<ZervigoSettings> = {}): Source {
  const { auth, users, jobs, companies } = zervigo.urls
  const generation = more.generation ?? 'C'
  const urls = { auth, users, jobs, ...(generation !== 'C' && { companies }) }
  return zervigoSource(ZervigoSettings.parse({ urls, ...ADMIN, timeoutMs: 2000, ...more }))
}
async function readAll(source: Source, entity: string, limit = 10): Promise<Map<string, Raw>> {
  const found = new Map<string, Raw>()
  for await (const { records } of source.scan(entity, { from: null, limit, signal })) for (const raw of records) found.set(raw.id, raw)
  return found
}
const idsOf = (rows: Map<number, unknown>) => [...rows.keys()].sort((a, b) => a - b)
const sorted = (found: Map<string, Raw>) => [...found.keys()].map(Number).sort((a, b) => a - b)

function syncing(source: Source, pageSize = 10) {
  const documents = openDocuments(':memory:')
  closing.push(() => documents.close())
  let runs = 0
  const deps = { documents, source, name: 'zervigo', tenant: 'a', rules: NO_RULES, lagMs: 600_000, pageSize, now: () => T0, signal }
  return {
    documents,
    run: (input: Partial<RunInput> = {}): Promise<Run> => runSync(deps, { mode: 'incremental', ...input }, `run_${++runs}`),
    talent: (id: number) =>
      documents.get('a', 'talent', canonicalId('a', 'talent', { system: 'zervigo', entity: 'users', id: String(id) })),
    position: (id: number) =>
      documents.get('a', 'position', canonicalId('a', 'position', { system: 'zervigo', entity: 'jobs', id: String(id) })),
  }
}

describe('generation C', () => {
  it('trap 1: shows every user although rows move between pages', async () => {
    const zervigo = await double(30)
    const moves = [3, 7]
    zervigo.traps.beforePage = (path, page) => {
      if (path.includes('users') && page === 2) for (const id of moves.splice(0)) zervigo.update('users', id, {})
    }
    expect(sorted(await readAll(connect(zervigo), 'users'))).toEqual(idsOf(zervigo.data.users))
    expect(zervigo.requests.filter((one) => one.includes('/users/?')).length).toBeGreaterThan(3)
  })

  it('trap 1: gives up with a reason where the list never holds still', async () => {
    const zervigo = await double(30)
    zervigo.traps.beforePage = (path, page) => {
      if (!path.includes('users') || page !== 2) return
      const id = 100 + zervigo.data.users.size
      zervigo.data.users.set(id, makeUser(id, seeded(id), T0))
    }
    await expect(readAll(connect(zervigo), 'users')).rejects.toMatchObject({
      code: 'source-down',
      detail: expect.stringContaining('changed in each'),
    })
  })

  it('trap 2: stops at the last page although the list repeats it for ever', async () => {
    const zervigo = await double(450)
    const jobs = await readAll(connect(zervigo), 'jobs')
    const shown = [...zervigo.data.jobs.values()].filter(({ status }) => status !== 'closed').map(({ id }) => id)
    expect(sorted(jobs)).toEqual(shown)
    expect(zervigo.requests.filter((one) => one.startsWith('GET /api/v1/jobs?')).length).toBe(Math.ceil(shown.length / 10))
  })

  it('trap 3: without a way to ask what changed, every run reads all and writes what differs', async () => {
    const zervigo = await double(30)
    const { run } = syncing(connect(zervigo))
    expect((await run()).entities.users).toMatchObject({ inserted: 30 })
    zervigo.update('users', 9, { phone: '13800009999' })
    expect((await run()).entities.users).toMatchObject({ read: 30, updated: 1, inserted: 0, deleted: 0 })
  })

  it('trap 4: a login and a new order of tags change nothing', async () => {
    const zervigo = await double(30)
    const sync = syncing(connect(zervigo))
    await sync.run()
    const before = await sync.talent(1)
    zervigo.update('users', 1, { lastLoginAt: T0 })
    const job = [...zervigo.data.jobs.values()][0]!
    zervigo.update('jobs', job.id, { skills: [...job.skills].reverse() })
    expect((await sync.run()).written).toBe(0)
    expect(await sync.talent(1)).toEqual(before)
  })

  it('trap 5: reads local times labelled Z in the zone of the source, and stops where the zone is wrong', async () => {
    const zervigo = await double(30)
    zervigo.update('users', 5, { updatedAt: T0 - 60_000 })
    expect((await readAll(connect(zervigo), 'users')).get('5')?.at).toBe(T0 - 60_000)
    for (const user of zervigo.data.users.values()) user.updatedAt = T0 - 60_000
    const { run } = syncing(connect(zervigo, { zone: 'America/New_York' }))
    await expect(run()).rejects.toMatchObject({ code: 'clock-zone' })
  })

  it('trap 6 and AC23: nulls stay null, no time is invented, and the second run writes nothing', async () => {
    const zervigo = await double(1)
    zervigo.update('users', 1, { phone: null, createdAt: null, lastLoginAt: null })
    const sync = syncing(connect(zervigo))
    await sync.run()
    expect((await sync.talent(1))?.data).toMatchObject({ phones: [], title: null, years: null })
    expect((await sync.run()).written).toBe(0)
  })

  it('trap 7: a user that vanished is archived after a whole scan and comes back under the same id', async () => {
    const zervigo = await double(120)
    const sync = syncing(connect(zervigo), 50)
    await sync.run()
    zervigo.update('users', 8, { deletedAt: T0 })
    expect((await sync.run()).entities.users).toMatchObject({ deleted: 1 })
    expect((await sync.talent(8))?.data.status).toBe('archived')
    zervigo.update('users', 8, { deletedAt: null })
    await sync.run()
    expect((await sync.talent(8))?.data.status).not.toBe('archived')
  })

  it('trap 7: a row that a moving list hid is asked for, not archived', async () => {
    const zervigo = await double(30)
    const sync = syncing(connect(zervigo))
    await sync.run()
    // One goes and one comes between two pages: the counts fit, and user 11 was on no page.
    let once = true
    zervigo.traps.beforePage = (path, page) => {
      if (!path.includes('users') || page !== 2 || !once) return
      once = false
      zervigo.data.users.delete(3)
      zervigo.data.users.set(77, makeUser(77, seeded(77), T0 - 3_600_000))
    }
    await sync.run()
    expect((await sync.talent(11))?.data.status).not.toBe('archived')
    await sync.run()
    expect((await sync.talent(3))?.data.status).toBe('archived')
    expect(await sync.talent(77)).not.toBeNull()
  })

  it('trap 7: a job that was closed is not gone', async () => {
    const zervigo = await double(30)
    const sync = syncing(connect(zervigo))
    await sync.run()
    const open = [...zervigo.data.jobs.values()].find(({ status }) => status !== 'closed')!
    zervigo.update('jobs', open.id, { status: 'closed' })
    await sync.run()
    expect((await sync.position(open.id))?.data).toMatchObject({ status: 'closed', title: open.title })
  })

  it('trap 8: addresses that differ by case are one form', async () => {
    const zervigo = await double(3)
    zervigo.update('users', 1, { email: ' T1@E.example ' })
    zervigo.update('users', 2, { email: 't1@e.example' })
    const sync = syncing(connect(zervigo))
    await sync.run()
    expect([(await sync.talent(1))?.data.emails, (await sync.talent(2))?.data.emails]).toEqual([['t1@e.example'], ['t1@e.example']])
  })

  it.each([
    ['HTTP 429 of the gateway', 429, '{"code":429,"message":"请求过于频繁","data":null}', 'source-down'],
    ['HTTP 503 of its breaker', 503, '{"code":503,"message":"服务不可用","data":null}', 'source-down'],
    ['HTTP 200 with code 500', 200, '{"code":500,"message":"内部错误","data":null,"timestamp":1}', 'source-down'],
    ['HTTP 500 without a body', 500, '', 'source-down'],
    ['HTTP 200 with code 1003', 200, '{"code":1003,"message":"权限不足","data":null,"timestamp":1}', 'source-refused'],
    ['HTTP 403', 403, '{"success":false,"error":"forbidden"}', 'source-refused'],
    ['plain text 404', 404, '404 page not found\n', 'source-changed'],
    ['a login page', 200, '<!doctype html><title>Sign in</title>', 'source-changed'],
    ['JSON that was cut off', 200, '{"code":0,"message":"ok","data":{"list":[{"id":1,', 'source-down'],
    ['another form', 200, '{"rows":[]}', 'source-changed'],
    ['code 400', 200, '{"code":400,"message":"bad","data":null}', 'source-changed'],
  ])('trap 9: %s is one error that says what to do', async (_name, status, body, code) => {
    const zervigo = await double(5)
    zervigo.traps.broken = { status, body, times: 100 }
    await expect(readAll(connect(zervigo), 'jobs')).rejects.toMatchObject({ code })
  })

  it('trap 9: a source that is too busy is left alone for a minute', async () => {
    const zervigo = await double(5)
    zervigo.traps.busy = { status: 429, times: 1 }
    await expect(readAll(connect(zervigo), 'jobs')).rejects.toMatchObject({ code: 'source-down', retryAfter: 60 })
  })

  it('trap 10 and AC3: logs in once for all, again once when the token is no longer taken, then stops', async () => {
    const zervigo = await double(30)
    const source = connect(zervigo)
    await Promise.all([readAll(source, 'users'), readAll(source, 'users'), source.check(signal)])
    const logins = () => zervigo.requests.filter((one) => one.includes('/login')).length
    expect(logins()).toBe(1)
    zervigo.traps.expired = true
    await readAll(source, 'users')
    expect(logins()).toBe(2)
    const stubborn = connect(zervigo)
    zervigo.traps.broken = { status: 401, body: '{"success":false,"error":"invalid token"}', times: 1000 }
    await expect(readAll(stubborn, 'users')).rejects.toMatchObject({ code: 'source-refused' })
    expect(logins()).toBe(3)
  })

  it('trap 10: wrong credentials stop it clearly, and no secret is told', async () => {
    const zervigo = await double(5)
    for (const wrong of [{ password: 'hunter2-secret' }, { username: 'nobody' }]) {
      const { run, documents } = syncing(connect(zervigo, wrong))
      await expect(run()).rejects.toMatchObject({ code: 'source-refused' })
      expect((await documents.page('a', 'run', { limit: 1 }))[0]?.data).toMatchObject({ status: 'failed', code: 'source-refused' })
      expect(JSON.stringify(await documents.page('a', 'run', { limit: 9 }))).not.toContain('hunter2')
    }
  })

  it('trap 13: uses the path with the slash and follows no redirect to another host', async () => {
    const zervigo = await double(5)
    await readAll(connect(zervigo), 'users')
    expect(zervigo.requests.every((one) => !/\/users(\?|$)/.test(one))).toBe(true)
    const elsewhere = await double(5)
    // The slash is missing there, and the answer points to another port.
    await expect(
      readAll(connect({ ...elsewhere, urls: { ...elsewhere.urls, users: `${elsewhere.urls.companies}` } }), 'users'),
    ).rejects.toMatchObject({
      code: 'source-changed',
    })
  })

  it('trap 14: knows a service by what it says of itself, not by its port, and that it has lost its database', async () => {
    const zervigo = await double(5)
    await connect(zervigo).check(signal)
    zervigo.traps.service = 'resume-service'
    await expect(connect(zervigo).check(signal)).rejects.toMatchObject({
      code: 'source-changed',
      detail: expect.stringContaining('resume-service'),
    })
    zervigo.traps.service = null
    zervigo.traps.databaseDown = true
    await expect(connect(zervigo).check(signal)).rejects.toMatchObject({
      code: 'source-down',
      detail: expect.stringContaining('postgresql'),
    })
  })

  it('trap 15: only reads, and takes tags and endless fields for what they are', async () => {
    const zervigo = await double(30)
    zervigo.update('jobs', 1, { status: 'open', title: '<b>Engineer</b><script>alert(1)</script>', description: 'x'.repeat(10_000_000) })
    const sync = syncing(connect(zervigo))
    await sync.run()
    expect((await sync.position(1))?.data).toMatchObject({ title: 'Engineer' })
    expect((await sync.position(1))!.data.description.length).toBeLessThanOrEqual(20_000)
    expect(new Set(zervigo.requests.filter((one) => !one.startsWith('GET')))).toEqual(new Set(['POST /api/v1/auth/login']))
  })

  it('says which service is away, and goes on with the next run when it is back', async () => {
    const zervigo = await double(5)
    const source = connect(zervigo, { timeoutMs: 200 })
    zervigo.traps.slowMs = 1000
    await expect(source.check(signal)).rejects.toMatchObject({
      code: 'source-down',
      detail: expect.stringContaining('no answer within 0.2 s'),
    })
    zervigo.traps.slowMs = 0
    const sync = syncing(source)
    zervigo.traps.busy = { status: 503, times: 1 }
    await expect(sync.run()).rejects.toMatchObject({ code: 'source-down' })
    expect((await sync.run()).status).toBe('done')
  })

  it('AC22: what changes on a user shows on the talent', async () => {
    const zervigo = await double(10)
    const sync = syncing(connect(zervigo))
    await sync.run()
    zervigo.update('users', 4, { email: 'New@Mail.example', phone: '+86 139 0000 0004', username: '新名字', status: 'inactive' })
    await sync.run()
    expect((await sync.talent(4))?.data).toMatchObject({
      name: '新名字',
      emails: ['new@mail.example'],
      phones: ['+86 139 0000 0004'],
      status: 'inactive',
    })
  })

  it('AC49: a thousand users, then nothing', async () => {
    const zervigo = await double(1000)
    const sync = syncing(connect(zervigo), 500)
    expect((await sync.run()).entities.users).toMatchObject({ read: 1000, inserted: 1000 })
    expect((await sync.run()).written).toBe(0)
  })
})

describe.each(['A', 'B'] as const)('generation %s', (generation) => {
  it('trap 2: reads users, jobs and companies although only the first page counts', async () => {
    const zervigo = await double(35, { generation })
    const source = connect(zervigo, { generation })
    expect(source.entities.map(({ name }) => name)).toEqual(['users', 'jobs', 'companies'])
    expect(sorted(await readAll(source, 'users'))).toEqual(idsOf(zervigo.data.users))
    expect((await readAll(source, 'companies')).size).toBe(5)
    // Reading one would count a view and change its time.
    expect(zervigo.requests.some((one) => /\/(jobs|companies)\/\d/.test(one))).toBe(false)
  })

  it('trap 5: takes the offset that a time names', async () => {
    const zervigo = await double(5, { generation })
    expect((await readAll(connect(zervigo, { generation }), 'users')).get('2')?.at).toBe(
      Math.floor(zervigo.data.users.get(2)!.updatedAt / 1000) * 1000,
    )
  })

  it('trap 11: puts a name together from its parts', async () => {
    const zervigo = await double(60, { generation })
    const sync = syncing(connect(zervigo, { generation }))
    await sync.run()
    for (const [id, { profile, username }] of zervigo.data.users)
      expect((await sync.talent(id))?.data.name).toBe(profile?.realName ?? username)
  })
})
