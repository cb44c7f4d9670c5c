/** What one tenant made is not there for another, on any route. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { routes } from '../src/api/routes.ts'
import { type Client, type System, startSystem, tempDir } from './support.ts'

const MARK = 'Zephyrine'
const KEY = { 'idempotency-key': 'shared-by-chance' }
let system: System
let a: Client
let b: Client
/** What tenant A made, for the `{id}` of each route by the start of its path. */
const made: Record<string, string> = {}
let blob: string
let folder: string

beforeAll(async () => {
  folder = await tempDir()
  const mapping = { system: 'hr', entity: 'staff', kind: 'talent', id: 'no', fields: { name: 'name' } }
  const sources = { hr: { tenant: 'tenant-a', kind: 'csv', path: join(folder, 'hr.csv'), mapping } }
  const firms = { ...sources.hr, path: join(folder, 'firms.csv'), mapping: { ...mapping, entity: 'firms', kind: 'company' } }
  const ends = { from: { kind: 'talent', entity: 'staff', id: 'no' }, to: { kind: 'company', entity: 'firms', id: 'firm' } }
  const tie = { ...ends, system: 'hr', entity: 'ties', kind: 'relation', id: 'no', fields: { type: { is: 'mentor' } } }
  const ties = { ...sources.hr, path: join(folder, 'ties.csv'), mapping: tie }
  const other = { ...sources.hr, path: join(folder, 'crm.csv'), mapping: { ...mapping, fields: { name: 'name', title: 'name' } } }
  await writeFile(join(folder, 'sources.json'), JSON.stringify({ sources: { ...sources, crm: other, firms, ties } }))
  await writeFile(join(folder, 'crm.csv'), `no,name\n1,${MARK} Renamed\n`)
  await writeFile(join(folder, 'firms.csv'), `no,name\n1,${MARK} Trading\n`)
  await writeFile(join(folder, 'ties.csv'), 'no,firm\n1,1\n')
  await writeFile(join(folder, 'hr.csv'), `no,name,mark\n1,${MARK} Synced,${MARK}\n,${MARK} Nameless,\n`)
  system = await startSystem({ SOURCES_FILE: join(folder, 'sources.json') })
  a = await system.as('tenant-a', 'admin')
  b = await system.as('tenant-b', 'admin')
  const stored = await a.call('/v1/blobs', {
    method: 'POST',
    body: `${MARK} Only\n${MARK.toLowerCase()}@example.com\n\nSkills\nSQL\n`,
    headers: { 'content-type': 'application/octet-stream' },
  })
  blob = ((await stored.json()) as { blob: string }).blob
  const lines = [
    { type: 'talent', id: 'mine', name: `${MARK} Quist`, title: `${MARK} engineer`, skills: ['SQL'], location: 'Shanghai' },
    { type: 'position', id: 'mine', title: `${MARK} engineer`, city: 'Shanghai', mustSkills: ['SQL'] },
    { type: 'resume', blob },
    { type: 'match', talentId: 'nobody' },
    '{"bad',
  ]
  const answer = await a.call('/v1/batches?label=Zephyrine', { lines, headers: { prefer: 'wait=50', ...KEY } })
  expect(answer.status).toBe(200)
  made['/v1/batches'] = ((await answer.json()) as { id: string }).id
  for (const kind of ['talents', 'positions'])
    made[`/v1/${kind}`] = (await a.get<{ data: { id: string }[] }>(`/v1/${kind}?q=${MARK}`)).data[0]!.id
  const ran = await a.call('/v1/sources/hr/runs', { json: {}, headers: { prefer: 'wait=50' } })
  made['/v1/runs'] = ((await ran.json()) as { id: string }).id
  made['/v1/sources'] = 'hr'
  for (const [source, kind] of [
    ['firms', 'companies'],
    ['ties', 'relations'],
  ] as const) {
    await a.call(`/v1/sources/${source}/runs`, { json: {}, headers: { prefer: 'wait=50' } })
    made[`/v1/${kind}`] = (await a.get<{ data: { id: string }[] }>(`/v1/${kind}`)).data[0]!.id
  }
  await a.batch([{ type: 'talent', id: 'erased', name: `${MARK} Erased` }])
  const gone = (await a.get<{ data: { id: string; talent: { name: string } }[] }>('/v1/talents')).data.find(({ talent }) =>
    talent.name.includes('Erased'),
  )!
  const erased = await a.call(`/v1/talents/${gone.id}/erasure`, { method: 'POST' })
  made['/v1/erasures'] = ((await erased.json()) as { id: string }).id
  await a.call('/v1/sources/crm/runs', { json: {}, headers: { prefer: 'wait=50' } })
  made['/v1/conflicts'] = (await a.get<{ data: { id: string }[] }>('/v1/conflicts')).data[0]!.id
  const items = [{ type: 'talent', id: 'mine', name: `${MARK} Quist` }]
  const schedule = await a.call('/v1/schedules', { json: { name: `${MARK} nightly`, cron: '@yearly', items } })
  made['/v1/schedules'] = ((await schedule.json()) as { id: string }).id
})
afterAll(async () => {
  await system[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const json = (json: unknown) => ({ json })
/** For every route without a path parameter: what B sends, and what it must get. A new route fails the walk until it stands here. */
const ROUTES_WITHOUT_ID: Record<string, () => Promise<void>> = {
  async 'get /v1/batches'() {
    expect(await b.get('/v1/batches')).toEqual({ data: [], next: null })
    expect(await b.get(`/v1/batches?cursor=${made['/v1/batches']}`)).toEqual({ data: [], next: null })
  },
  async 'post /v1/batches'() {
    // A file of A under its hash is not there, and A's record under the same id of its own is not touched.
    const before = await a.get(`/v1/talents/${made['/v1/talents']}`)
    const batch = await b.batch([
      { type: 'resume', blob },
      { type: 'talent', id: 'mine', name: 'Somebody Else' },
      { type: 'match', talentId: made['/v1/talents'] },
      { type: 'embed', positionId: made['/v1/positions'] },
    ])
    const { data } = await b.get<{ data: { code: string | null; subject: { id: string } | null }[] }>(`/v1/batches/${batch.id}/items`)
    expect(data.map((item) => item.code)).toEqual(['blob-missing', null, 'subject-missing', 'subject-missing'])
    expect(data[1]!.subject!.id).not.toBe(made['/v1/talents'])
    expect(await a.get(`/v1/talents/${made['/v1/talents']}`)).toEqual(before)
    // The same idempotency key with another body: of another tenant it is another key.
    const same = await b.call('/v1/batches', { lines: [{ type: 'position', title: 'B title' }], headers: { prefer: 'wait=50', ...KEY } })
    expect(same.status).toBe(200)
    expect(same.headers.get('idempotency-replayed')).toBeNull()
    expect(((await same.json()) as { id: string }).id).not.toBe(made['/v1/batches'])
  },
  async 'post /v1/blobs'() {
    const body = `${MARK} Only\n${MARK.toLowerCase()}@example.com\n\nSkills\nSQL\n`
    const answer = await b.call('/v1/blobs', { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } })
    // The content tells B nothing that B did not have; its copy is its own.
    expect(await answer.json()).toEqual({ blob, bytes: Buffer.byteLength(body) })
  },
  'get /v1/talents': () => searchesNothing('talents'),
  'get /v1/positions': () => searchesNothing('positions'),
  async 'post /v1/matches'() {
    for (const body of [{ talentId: made['/v1/talents'] }, { positionId: made['/v1/positions'] }])
      expect((await b.call('/v1/matches', json(body))).status).toBe(404)
  },
  async 'get /v1/dead-letters'() {
    expect((await a.get<{ data: unknown[] }>('/v1/dead-letters')).data).not.toEqual([])
    const seen = (await b.get<{ data: { batchId: string }[] }>('/v1/dead-letters?includeReplayed=true')).data
    expect(seen.filter((letter) => letter.batchId === made['/v1/batches'])).toEqual([])
    expect((await b.get<{ data: unknown[] }>(`/v1/dead-letters?batchId=${made['/v1/batches']}`)).data).toEqual([])
  },
  async 'post /v1/dead-letters/replay'() {
    const answer = await b.call('/v1/dead-letters/replay', json({ batchId: made['/v1/batches'] }))
    expect(await answer.json()).toMatchObject({ code: 'not-acceptable-now' })
    const mine = await a.get<{ data: { replayedAs: string | null }[] }>(`/v1/dead-letters?batchId=${made['/v1/batches']}`)
    expect(mine.data.map((letter) => letter.replayedAs)).toEqual(mine.data.map(() => null))
  },
  'get /v1/companies': () => nothingOf('/v1/companies'),
  'get /v1/relations': () => nothingOf('/v1/relations'),
  'get /v1/sources': () => nothingOf('/v1/sources'),
  'get /v1/runs': () => nothingOf('/v1/runs'),
  'get /v1/conflicts': () => nothingOf('/v1/conflicts'),
  'get /v1/erasures': () => nothingOf('/v1/erasures'),
  async 'post /v1/erasures'() {
    const [theirs] = (await a.get<{ data: { proof: string }[] }>('/v1/erasures')).data
    expect((await b.call('/v1/erasures', json({ proof: theirs!.proof }))).status).toBe(400)
    await nothingOf('/v1/erasures')
  },
  'get /v1/rejects': () => nothingOf('/v1/rejects'),
  'get /v1/schedules': () => nothingOf('/v1/schedules'),
  async 'post /v1/schedules'() {
    // A name that A uses is free for B, and another schedule.
    const answer = await b.call(
      '/v1/schedules',
      json({ name: `${MARK} nightly`, cron: '@yearly', items: [{ type: 'match', talentId: 't' }] }),
    )
    expect(answer.status).toBe(201)
    expect(((await answer.json()) as { id: string }).id).not.toBe(made['/v1/schedules'])
  },
  async 'get /v1/queues'() {
    // Queues are shared; they tell numbers and no names.
    const text = await (await b.call('/v1/queues')).text()
    expect(text).not.toContain(MARK)
    expect(text).not.toContain('tenant-a')
    expect(text).not.toContain(made['/v1/batches'])
  },
}

async function nothingOf(path: string): Promise<void> {
  expect((await a.get<{ data: unknown[] }>(path)).data).not.toEqual([])
  expect((await b.get<{ data: unknown[] }>(path)).data).toEqual([])
}

async function searchesNothing(many: string): Promise<void> {
  for (const query of ['', `?q=${MARK}`, '?q=SQL', '?skill=SQL', `?q=${MARK}&skill=SQL&city=Shanghai`, `?cursor=0`]) {
    const text = await (await b.call(`/v1/${many}${query}`)).text()
    expect(text, query).not.toContain(MARK)
    expect(text, query).not.toContain(made[`/v1/${many}`])
  }
}

/** Where the owner of the ids above gets another answer than 200: a text has no pages to be drawn (talents.test.ts has one that has). */
const OWNER_GETS: Record<string, number> = { drawTalentPage: 404 }

it('every id of another tenant is not found, on every route that takes one', async () => {
  const wrong: string[] = []
  let walked = 0
  for (const route of routes) {
    const params = route.path.match(/\{\w+\}/g) ?? []
    if (params.length === 0) continue
    const id = Object.entries(made).find(([prefix]) => route.path.match(/^([^{]+)\/\{/)![1] === prefix)?.[1]
    if (params.filter((param) => param !== '{page}').length > 1 || !id) {
      wrong.push(`${route.path}: not covered here`)
      continue
    }
    const ask = (client: Client) =>
      client.call(route.path.replace(/\{(id|name)\}/, id).replace('{page}', '1'), {
        method: route.method.toUpperCase(),
        // A's own key: an answer kept for A must not come out for B.
        headers: route.method === 'post' ? KEY : { 'last-event-id': '0' },
      })
    const theirs = await ask(b)
    const body = await theirs.text()
    if (theirs.status !== 404 || body.includes(MARK)) wrong.push(`${route.method} ${route.path}: ${theirs.status}`)
    // The id is a good one: its owner gets another answer. What deletes is left to the end.
    if (route.method === 'get') {
      const own = await ask(a)
      await own.body?.cancel()
      if (own.status !== (OWNER_GETS[route.id] ?? 200)) wrong.push(`${route.path}: its owner got ${own.status}`)
    }
    walked++
  }
  expect(wrong).toEqual([])
  expect(walked).toBe(routes.filter((route) => route.path.includes('{')).length)
})

it('every other route shows and touches nothing of another tenant', async () => {
  const here = routes.filter((route) => !route.path.includes('{')).map((route) => `${route.method} ${route.path}`)
  expect(Object.keys(ROUTES_WITHOUT_ID).sort()).toEqual(here.sort())
  for (const [name, check] of Object.entries(ROUTES_WITHOUT_ID)) {
    try {
      await check()
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
    }
  }
})

it('deleting a file that both tenants have takes it from one only', async () => {
  const theirs = await b.batch([{ type: 'resume', blob }])
  expect(theirs.counts.done).toBe(1)
  const { data } = await b.get<{ data: { subject: { id: string } }[] }>(`/v1/batches/${theirs.id}/items`)
  expect((await b.call(`/v1/talents/${data[0]!.subject.id}`, { method: 'DELETE' })).status).toBe(204)
  expect((await b.batch([{ type: 'resume', blob }])).counts.failed).toBe(1)
  expect((await a.batch([{ type: 'resume', blob }])).counts.done).toBe(1)
})
