/**
 * Acceptance cases of Zervigo's reference that go through the whole system, by their numbers, as Looma does them: tokens and permissions are its
 * own, Zervigo is only read. AC8 is not here: Looma has no chat.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeData } from '../samples/zervigo/data.ts'
import { ADMIN, startZervigo, type Zervigo } from '../samples/zervigo/double.ts'
import { createAuthenticate, type Role } from '../src/api/auth.ts'
import type { RunView } from '../src/api/sync-views.ts'
import { AppError } from '../src/errors.ts'
import { project, sweep } from '../src/matching/project.ts'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import { openGraph } from '../src/stores/graph.sqlite.ts'
import type { Stores } from '../src/stores/ports.ts'
import { openSearch } from '../src/stores/search.sqlite.ts'
import { applyPage } from '../src/sync/apply.ts'
import { NO_RULES } from '../src/sync/merge.ts'
import type { Raw } from '../src/sync/source.ts'
import { ZervigoSettings } from '../src/sync/zervigo/profiles.ts'
import { zervigoSource } from '../src/sync/zervigo/rest.ts'
import { NO_MODEL } from './no-model.ts'
import { type Client, type System, startSystem, tempDir } from './support.ts'

let zervigo: Zervigo
let system: System
let recruiter: Client
beforeAll(async () => {
  const folder = await tempDir()
  zervigo = await startZervigo({ data: makeData(10) })
  const { companies: _, ...urls } = zervigo.urls
  const source = { tenant: 'acme', kind: 'zervigo', zervigo: { urls, ...ADMIN, timeoutMs: 2000 } }
  await writeFile(join(folder, 'sources.json'), JSON.stringify({ sources: { zervigo: source } }))
  system = await startSystem({ SOURCES_FILE: join(folder, 'sources.json') })
  recruiter = await system.as('acme')
})
afterAll(async () => {
  await system[Symbol.asyncDispose]()
  await zervigo.close()
})

const start = (client = recruiter, json: object = {}, headers: Record<string, string> = {}) =>
  client.call('/v1/sources/zervigo/runs', { json, headers })
async function run(json: object = {}): Promise<RunView> {
  const answer = await start(recruiter, json, { prefer: 'wait=30' })
  expect([answer.status, await answer.clone().json()]).toMatchObject([200, {}])
  return (await answer.json()) as RunView
}
type Stored = { id: string; talent: { name: string; emails: string[]; status: string }; source: { externalId: string } }
const talents = async () => (await recruiter.get<{ data: Stored[] }>('/v1/talents?limit=100')).data
const events = (text: string) =>
  text
    .split('\n\n')
    .filter((block) => block.includes('event: '))
    .map((block) => ({ type: /event: (\w+)/.exec(block)![1]!, data: JSON.parse(/data: (.*)/.exec(block)![1]!) as RunView }))

describe('who may ask', () => {
  it('AC1: a good token says who it is and what it may do, and readiness lists what is needed', async () => {
    const caller = await createAuthenticate(system.config)(`Bearer ${recruiter.token}`)
    expect(caller).toEqual({ tenant: 'acme', role: 'recruiter', subject: 'test' })
    expect(await (await fetch(`${system.adminUrl}/readyz`)).json()).toEqual({ status: 'ready', reasons: [] })
    const { data } = await recruiter.get<{ data: { name: string; entities: { name: string }[] }[] }>('/v1/sources')
    expect(data.map(({ name, entities }) => [name, entities.map((one) => one.name)])).toEqual([['zervigo', ['users', 'jobs']]])
  })

  it('AC2 and AC5: no token, another scheme and a forged one are refused, in Chinese too', async () => {
    const { token } = recruiter
    const [head, body, mac] = token.split('.')
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body!, 'base64url').toString()), role: 'admin' })).toString(
      'base64url',
    )
    for (const authorization of [undefined, 'Basic YWRtaW46YWRtaW4=', token, `Bearer ${head}.${forged}.${mac}`, 'Bearer null']) {
      const headers = { 'accept-language': 'zh', 'content-type': 'application/json', ...(authorization && { authorization }) }
      const answer = await fetch(`${system.apiUrl}/v1/sources/zervigo/runs`, { method: 'POST', body: '{}', headers })
      expect([answer.status, await answer.json()]).toMatchObject([
        401,
        { code: 'unauthenticated', title: '请携带有效的令牌（见 looma token --help）。' },
      ])
    }
  })

  it('AC4: with the permission a run starts, without it the answer names the permission', async () => {
    for (const role of ['recruiter', 'ops', 'service', 'admin'] as Role[])
      expect((await start(await system.as('acme', role))).status).toBe(202)
    for (const role of ['viewer', 'analyst'] as Role[]) {
      const answer = await start(await system.as('acme', role))
      expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'forbidden', detail: expect.stringContaining('sync:run') }])
    }
    await expect
      .poll(async () => (await recruiter.get<{ data: RunView[] }>('/v1/runs')).data.map(({ status }) => status), { timeout: 40_000 })
      .toEqual(['done', 'done', 'done', 'done'])
  })

  it('AC48: an administrator reads and writes everything of their own organisation; without one, or in another, nothing', async () => {
    const [first] = await talents()
    const admin = await system.as('acme', 'admin')
    expect((await admin.call(`/v1/talents/${first!.id}`)).status).toBe(200)
    expect((await admin.batch([{ type: 'position', id: 'p', title: 'Engineer' }])).counts).toMatchObject({ done: 1 })
    expect((await (await system.as('other', 'admin')).call(`/v1/talents/${first!.id}`)).status).toBe(404)
    expect((await (await system.as('', 'admin')).call(`/v1/talents/${first!.id}`)).status).toBe(401)
  })
})

describe('a run', () => {
  it('AC6 and AC20: brings all in one page, says so while it happens, and each talent keeps the id it has there', async () => {
    const answer = await start(recruiter, { mode: 'full' })
    const { id, links } = (await answer.json()) as RunView
    expect([answer.status, answer.headers.get('location')]).toEqual([202, `/v1/runs/${id}`])
    const seen = events(await (await recruiter.call(links.events!)).text())
    expect(seen[0]!.type).toBe('snapshot')
    expect(seen.at(-1)).toMatchObject({
      type: 'closed',
      data: { id, status: 'done', entities: { users: { read: 10, pages: 1, done: true } } },
    })
    const held = await talents()
    expect(held.map(({ source }) => source.externalId).sort()).toEqual(
      [...zervigo.data.users.keys()].map((one) => `zervigo:users:${one}`).sort(),
    )
    // After its end there is only the end.
    expect(events(await (await recruiter.call(links.events!)).text()).map(({ type }) => type)).toEqual(['snapshot', 'closed'])
    expect((await recruiter.call('/v1/runs/b_none_0/events')).status).toBe(404)
  })

  it('AC21: names and addresses are those of the source, all of them; what could not be used is recorded', async () => {
    zervigo.update('users', 3, { email: 'nobody', username: '' })
    zervigo.update('users', 4, { status: 'suspended' })
    const report = await run()
    const held = await talents()
    expect(held).toHaveLength(10)
    for (const { talent, source } of held) {
      const user = zervigo.data.users.get(Number(source.externalId.split(':').at(-1)))!
      if (user.id === 3) continue
      expect([talent.name, talent.emails]).toEqual([user.username, [user.email.toLowerCase()]])
      expect(talent.status).toBe(user.status === 'active' ? 'active' : 'inactive')
    }
    expect(report.counts).toMatchObject({ rejected: 1 })
    const { data: rejects } = await recruiter.get<{ data: { id: string }[] }>('/v1/rejects')
    expect(rejects.map(({ id }) => id)).toEqual(['3'])
    zervigo.update('users', 3, { email: 'user.3@example.com', username: 'user_3' })
    expect((await run()).counts.rejected).toBe(0)
    expect((await recruiter.get<{ data: unknown[] }>('/v1/rejects')).data).toEqual([])
  })

  it('AC9: one service away: the run says which and waits, the rest of Looma goes on, and it ends once the service is back', async () => {
    zervigo.traps.service = 'resume-service'
    const changed = await run()
    expect(changed).toMatchObject({ status: 'failed', code: 'source-changed', detail: expect.stringContaining('resume-service') })
    zervigo.traps.service = null
    zervigo.traps.databaseDown = true
    const { id } = (await (await start()).json()) as RunView
    const look = () => recruiter.get<RunView>(`/v1/runs/${id}`)
    await expect
      .poll(look, { timeout: 20_000 })
      .toMatchObject({ status: 'running', code: 'source-down', detail: expect.stringContaining('postgresql') })
    expect(await (await fetch(`${system.adminUrl}/readyz`)).json()).toMatchObject({ status: 'ready' })
    zervigo.traps.databaseDown = false
    await expect.poll(look, { timeout: 40_000, interval: 500 }).toMatchObject({ status: 'done', code: null })
    expect((await recruiter.call('/v1/sources/nobody/runs', { json: {} })).status).toBe(404)
  })

  it('two at once through the API: both end, nothing is doubled', async () => {
    const before = await talents()
    const both = await Promise.all([start(recruiter, { mode: 'full' }), start(recruiter, { mode: 'full' })])
    const ids = await Promise.all(both.map(async (answer) => ((await answer.json()) as RunView).id))
    for (const id of ids)
      await expect
        .poll(async () => (await recruiter.get<RunView>(`/v1/runs/${id}`)).status, { timeout: 40_000, interval: 500 })
        .toBe('done')
    expect(await talents()).toEqual(before)
  })

  it('wrong credentials: one login, then a clear stop that tells no secret', async () => {
    const logins = () => zervigo.requests.filter((one) => one.includes('/login')).length
    zervigo.traps.expired = true
    zervigo.traps.broken = { status: 401, body: '{"success":false,"error":"invalid token"}', times: 1000 }
    const before = logins()
    const report = await run()
    expect(report).toMatchObject({ status: 'failed', code: 'source-refused' })
    expect(JSON.stringify(report)).not.toContain(ADMIN.password)
    expect(logins() - before).toBeLessThanOrEqual(2)
    zervigo.traps.broken = null
    zervigo.traps.expired = false
  })
})

describe('many writers', () => {
  const SOURCE = zervigoSource(
    ZervigoSettings.parse({ urls: { auth: 'http://127.0.0.1:1', users: 'http://127.0.0.1:1', jobs: 'http://127.0.0.1:1' }, ...ADMIN }),
  )
  const rows: Raw[] = Array.from({ length: 100 }, (_, i) => ({
    entity: 'users',
    id: String(i + 1),
    at: 1_760_000_000_000,
    value: { id: i + 1, username: `user_${i + 1}`, email: `user.${i + 1}@example.com`, status: 'active' },
  }))
  const stream = { tenant: 'a', source: 'zervigo', entity: 'users', map: SOURCE.map, rules: NO_RULES }

  it('AC15: 100 records that four bring at once are each written once', async () => {
    const documents = openDocuments(':memory:')
    const turned = (n: number) => [...rows.slice(n * 25), ...rows.slice(0, n * 25)]
    const applied = await Promise.all([0, 1, 2, 3].map((n) => applyPage(documents, stream, turned(n), n + 1, Date.now())))
    const held = await documents.page('a', 'talent', { limit: 200 })
    expect(held.map(({ data }) => data.name).sort()).toEqual(rows.map(({ value }) => value.username).sort())
    const made = applied.flatMap(({ settled }) => settled).filter(({ outcome }) => outcome === 'created')
    expect(new Set(made.map(({ subject }) => subject.id)).size).toBe(100)
    expect(made).toHaveLength(100)
    for (const { counts } of applied) expect(counts).toMatchObject({ read: 100, rejected: 0 })
    documents.close()
  })

  it('AC7: where vectors cannot be made, the talent is there and found by its words, and gets its vectors later', async () => {
    const stores = {
      documents: openDocuments(':memory:'),
      search: openSearch(':memory:'),
      graph: openGraph(':memory:'),
    } as unknown as Stores
    await applyPage(stores.documents, stream, rows.slice(0, 5), 1, Date.now())
    const docs = await stores.documents.page('a', 'talent', { limit: 9 })
    const away = { ...NO_MODEL, embedEach: async () => Promise.reject(new AppError('internal', 'the model host died')) }
    await expect(project(stores, away, docs)).rejects.toThrow('the model host died')
    expect(await stores.documents.dirty('vectors', { limit: 9 })).toHaveLength(5)
    expect(await stores.documents.dirty('search', { limit: 9 })).toEqual([])
    expect(await stores.search.versions('a', 'talent', NO_MODEL.space, { limit: 9 })).toEqual([])
    await sweep(stores, NO_MODEL, { limit: 9 })
    expect(await stores.search.versions('a', 'talent', NO_MODEL.space, { limit: 9 })).toHaveLength(5)
    expect(await stores.documents.dirty('vectors', { limit: 9 })).toEqual([])
  })
})

describe('trap 17', () => {
  it('the source keeps no audit that could be relied on: Looma keeps its own, of every run', async () => {
    const { data } = await recruiter.get<{ data: RunView[] }>('/v1/runs?limit=100')
    expect(data.length).toBeGreaterThan(5)
    for (const one of data) expect(one).toMatchObject({ source: 'zervigo', startedAt: expect.any(String), endedAt: expect.any(String) })
    const asked = new Set(zervigo.requests.map((one) => one.replace(/\?.*|\/\d+$/, '')))
    expect([...asked].sort()).toEqual(['GET /api/v1/jobs', 'GET /api/v1/users/', 'GET /health', 'POST /api/v1/auth/login'])
  })
})
