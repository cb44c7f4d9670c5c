/** Syncs through the whole system: sources file, API, worker, stores. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RunView } from '../src/api/sync-views.ts'
import { type Client, type System, startSystem, tempDir } from './support.ts'

const MAPPING = {
  system: 'hr',
  entity: 'employees',
  kind: 'talent',
  id: 'no',
  updatedAt: 'changed',
  zone: 'Asia/Shanghai',
  fields: {
    name: 'full_name',
    emails: { from: 'mail', lower: true },
    skills: { from: 'skills', split: '[、,;]' },
    location: 'city',
    years: { from: 'years', number: true },
    status: { from: 'state', values: { 在职: 'active', 离职: 'inactive' } },
  },
  ignore: ['badge'],
}
const FIRMS = { system: 'hr', entity: 'firms', kind: 'company', id: 'no', fields: { name: 'name', city: 'city' } }
const TIES = {
  system: 'hr',
  entity: 'ties',
  kind: 'relation',
  id: 'no',
  from: { kind: 'talent', entity: 'employees', id: 'who' },
  to: { kind: 'company', entity: 'firms', id: 'firm' },
  fields: { type: { is: 'applied' }, status: 'state' },
}
const HEAD = 'no,full_name,mail,skills,city,years,state,changed,badge\n'

let system: System
let folder: string
let recruiter: Client
beforeAll(async () => {
  folder = await tempDir()
  const path = join(folder, 'hr.csv')
  const sources = {
    sources: {
      hr: { tenant: 'acme', kind: 'csv', path, mapping: MAPPING },
      payroll: { tenant: 'acme', kind: 'csv', path: join(folder, 'payroll.csv'), mapping: MAPPING },
      firms: { tenant: 'acme', kind: 'csv', path: join(folder, 'firms.csv'), mapping: FIRMS },
      ties: { tenant: 'acme', kind: 'csv', path: join(folder, 'ties.csv'), mapping: TIES },
      other: { tenant: 'beta', kind: 'csv', path, mapping: MAPPING },
    },
  }
  await writeFile(join(folder, 'sources.json'), JSON.stringify(sources))
  system = await startSystem({ SOURCES_FILE: join(folder, 'sources.json') })
  recruiter = await system.as('acme')
})
afterAll(() => system[Symbol.asyncDispose]())

const save = (rows: string[], head = HEAD) => writeFile(join(folder, 'hr.csv'), head + rows.join('\n'))
async function run(json: Record<string, unknown> = {}, client = recruiter): Promise<RunView> {
  const answer = await client.call('/v1/sources/hr/runs', { json, headers: { prefer: 'wait=30' } })
  expect([answer.status, await answer.clone().json()]).toMatchObject([200, {}])
  return answer.json() as Promise<RunView>
}

describe('a source', () => {
  it('becomes talents that can be searched, and a second run writes nothing', async () => {
    await save([
      '1,林晓,LIN@Example.com,Java、Spring,上海,5,在职,2026-03-01 08:00:00,x',
      '2,"Ada ""Q"" Quill",ada@example.com,"Go;SQL",Berlin,,离职,2026-03-01 08:00:00,y',
      ',Nobody,,,,,,,',
    ])
    const first = await run()
    expect(first).toMatchObject({ status: 'done', counts: { read: 3, inserted: 2, rejected: 1 }, drift: {}, written: 2, projected: 2 })
    const found = await recruiter.get<{ data: { id: string; talent: Record<string, unknown>; source: unknown }[] }>('/v1/talents?q=林晓')
    expect(found.data[0]).toMatchObject({
      talent: { name: '林晓', emails: ['lin@example.com'], skills: ['Java', 'Spring'], location: '上海', years: 5, status: 'active' },
      source: { by: 'sync', externalId: 'hr:employees:1' },
    })
    expect(JSON.stringify(found)).not.toContain('records')
    const skill = await recruiter.get<{ data: { talent: { name: string } }[] }>('/v1/talents?skill=golang')
    expect(skill.data.map(({ talent }) => talent.name)).toEqual(['Ada "Q" Quill'])
    expect(await run({ mode: 'full' })).toMatchObject({ status: 'done', written: 0, counts: { read: 3, unchanged: 2, rejected: 1 } })
    const { data: rejects } = await recruiter.get<{ data: unknown[] }>('/v1/rejects')
    expect(rejects).toMatchObject([{ source: 'hr', entity: 'employees', code: 'record-rejected', faults: [{ pointer: '/no' }] }])
  })

  it('shows drift, runs newest first, and how far it was read', async () => {
    await save(
      ['1,林晓,lin@example.com,Java,上海,5,在职,2026-03-02 08:00:00,x,大黄', '2,Ada,,,,,,2026-03-02 08:00:00,,'],
      `${HEAD.trim()},pet\n`,
    )
    const last = await run()
    expect(last).toMatchObject({ drift: { pet: 2 }, counts: { updated: 2 } })
    const { data: runs } = await recruiter.get<{ data: RunView[] }>('/v1/runs?limit=2')
    expect(runs[0]).toEqual({ ...last, recordsPerSecond: expect.any(Number) })
    expect(await recruiter.get(`/v1/runs/${last.id}`)).toMatchObject({ id: last.id, status: 'done' })
    const { data: sources } = await recruiter.get<{ data: { name: string }[] }>('/v1/sources')
    expect(sources.filter(({ name }) => name === 'hr')).toEqual([
      {
        name: 'hr',
        kind: 'csv',
        entities: [
          {
            name: 'employees',
            incremental: false,
            watermark: '2026-03-02T00:00:00.000Z',
            running: null,
            failures: 0,
            leftAloneUntil: null,
          },
        ],
      },
    ])
  })

  it('waits for a file that is away, as a batch that stays open, and goes on once it is there', async () => {
    await save(['1,林晓,lin@example.com,Java,上海,6,在职,2026-03-03 08:00:00,x'])
    const bad = await recruiter.call('/v1/sources/hr/runs', { json: { mode: 'record' } })
    expect([bad.status, await bad.json()]).toMatchObject([400, { code: 'invalid-request' }])
  })

  it('loses nothing to a correction that was begun before it, nor to another one', async () => {
    const row = (skills: string) => `7,Grace,grace@example.com,${skills},Berlin,,在职,2026-03-01 08:00:00,x`
    await save([row('SQL')])
    await run({ mode: 'full', confirmDeletes: true })
    const found = await recruiter.get<{ data: { id: string }[] }>('/v1/talents?q=Grace')
    const { id } = found.data[0]!
    // Its body is on its way while a second source and a second person speak about the same talent.
    const slow = new TransformStream<Uint8Array, Uint8Array>()
    const body = slow.writable.getWriter()
    const headers = { 'content-type': 'application/merge-patch+json' }
    const answer = recruiter.call(`/v1/talents/${id}`, { method: 'PATCH', body: slow.readable, headers, duplex: 'half' } as RequestInit)
    await body.write(Buffer.from('{"title": '))
    await writeFile(join(folder, 'payroll.csv'), HEAD + row('Go'))
    const second = await recruiter.call('/v1/sources/payroll/runs', { json: { mode: 'full' }, headers: { prefer: 'wait=30' } })
    expect(await second.json()).toMatchObject({ status: 'done', counts: { inserted: 1 } })
    await recruiter.call(`/v1/talents/${id}`, { method: 'PATCH', body: '{"location": "Hamburg"}', headers })
    await body.write(Buffer.from('"Lead"}'))
    await body.close()
    expect((await answer).status).toBe(200)
    const wanted = { title: 'Lead', location: 'Hamburg', skills: ['SQL', 'Go'] }
    expect(await (await answer).json()).toMatchObject({ talent: wanted })
    // Whatever is said next is merged with all of it.
    await save([row('SQL').replace('08:00', '09:00').replace('grace@', 'hopper@')])
    await run({ mode: 'full' })
    expect(await recruiter.get(`/v1/talents/${id}`)).toMatchObject({ talent: wanted })
  })

  it('brings companies and relations, which are read page by page and by those who may', async () => {
    await writeFile(join(folder, 'firms.csv'), 'no,name,city\n1,澄湖网络,杭州\n2,Brindle Works,Berlin\n')
    await writeFile(join(folder, 'ties.csv'), 'no,who,firm,state\n1,1,2,invited\n')
    for (const source of ['firms', 'ties']) await recruiter.call(`/v1/sources/${source}/runs`, { json: {}, headers: { prefer: 'wait=30' } })
    type Page = { data: { id: string; company: { name: string; city: string }; source: unknown }[]; next: string | null }
    const first = await recruiter.get<Page>('/v1/companies?limit=1')
    const second = await recruiter.get<Page>(`/v1/companies?limit=1&cursor=${first.next}`)
    const both = [...first.data, ...second.data]
    expect(both.map(({ company }) => `${company.name} ${company.city}`).sort()).toEqual(['Brindle Works Berlin', '澄湖网络 杭州'])
    const brindle = both.find(({ company }) => company.city === 'Berlin')!
    expect(await recruiter.get(`/v1/companies/${brindle.id}`)).toEqual(brindle)
    expect(brindle.source).toMatchObject({ by: 'sync', externalId: 'hr:firms:2' })
    const ties = await recruiter.get<{ data: { id: string }[] }>('/v1/relations')
    expect(ties.data).toMatchObject([{ relation: { type: 'applied', status: 'invited', to: { kind: 'company', id: brindle.id } } }])
    const { from } = (ties.data[0] as unknown as { relation: { from: { id: string } } }).relation
    for (const end of [brindle.id, from.id])
      await vi.waitFor(async () => expect(await recruiter.get(`/v1/relations?of=${end}`)).toEqual({ data: ties.data, next: null }), 10_000)
    for (const nobody of ['t_nobody', 'x', both.find(({ id }) => id !== brindle.id)!.id])
      expect(await recruiter.get(`/v1/relations?of=${nobody}`)).toEqual({ data: [], next: null })
    const beta = await system.as('beta', 'admin')
    expect(await beta.get(`/v1/relations?of=${brindle.id}`)).toEqual({ data: [], next: null })
    expect(await beta.get('/v1/companies')).toEqual({ data: [], next: null })
    for (const path of [`/v1/companies/${brindle.id}`, `/v1/relations/${ties.data[0]!.id}`])
      expect((await beta.call(path)).status).toBe(404)
  })

  it('is not there for another tenant, neither are its runs', async () => {
    const beta = await system.as('beta', 'admin')
    const answer = await beta.call('/v1/sources/hr/runs', { json: {} })
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'source-unknown' }])
    const { data: runs } = await recruiter.get<{ data: RunView[] }>('/v1/runs')
    expect((await beta.call(`/v1/runs/${runs[0]!.id}`)).status).toBe(404)
    expect(await beta.get('/v1/runs')).toEqual({ data: [], next: null })
    const batch = await beta.batch([{ type: 'sync', source: 'hr' }])
    expect(batch.counts).toMatchObject({ failed: 1 })
  })
})

it('a repeat under the same key is answered with the run, also where the process died before it could answer', async () => {
  await save(['1,Lin,lin@example.com,Java,Shanghai,5,在职,2026-03-01 08:00:00,x'])
  const headers = { 'idempotency-key': 'died', prefer: 'wait=30' }
  const ask = (json = {}) => recruiter.call('/v1/sources/hr/runs', { json, headers })
  const first = (await (await ask()).json()) as RunView
  // What is left of the key when the batch was stored and nothing after it.
  const ledger = new DatabaseSync(join(system.dataDir, 'ledger.sqlite'))
  const batch = first.id.slice(0, first.id.lastIndexOf('_'))
  const left = ledger.prepare("update idempotency set body = null, status = 202, location = ? where key like '%died'")
  expect(left.run(`/v1/batches/${batch}`).changes).toBe(1)
  ledger.close()
  const again = await ask()
  expect([again.headers.get('idempotency-replayed'), again.headers.get('location')]).toEqual(['true', `/v1/runs/${first.id}`])
  expect(await again.json()).toMatchObject({ id: first.id, status: 'done' })
  expect(await (await ask({ mode: 'full' })).json()).toMatchObject({ code: 'idempotency-key-reused' })
})
