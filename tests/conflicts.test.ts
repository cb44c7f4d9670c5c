/** What sources and people disagree about: the list, decisions and their undoing, in the API and on the operators' page. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { ConflictView } from '../src/api/conflicts.ts'
import { logIn, passwordOf } from './admin.ts'
import { type Client, type System, startSystem, tempDir } from './support.ts'

type Conflict = z.infer<typeof ConflictView>
type Talent = { id: string; talent: { title: string | null; location: string | null } }

let system: System
let folder: string
let recruiter: Client
beforeAll(async () => {
  folder = await tempDir()
  // Two sources of one system: they speak about the same people.
  const mapping = { system: 'hr', entity: 'staff', kind: 'talent', id: 'no', fields: { name: 'name', title: 'title', location: 'city' } }
  const source = (file: string) => ({ tenant: 'acme', kind: 'csv', path: join(folder, file), mapping })
  const merge = { acme: { priority: ['payroll', 'crm'], fields: { talent: { title: { policy: 'manual' } } } } }
  await writeFile(
    join(folder, 'sources.json'),
    JSON.stringify({ sources: { payroll: source('payroll.csv'), crm: source('crm.csv') }, merge }),
  )
  system = await startSystem({ SOURCES_FILE: join(folder, 'sources.json') })
  recruiter = await system.as('acme')
})
afterAll(() => system[Symbol.asyncDispose]())

async function says(source: string, rows: string[]): Promise<void> {
  await writeFile(join(folder, `${source}.csv`), ['no,name,title,city', ...rows].join('\n'))
  const answer = await recruiter.call(`/v1/sources/${source}/runs`, { json: {}, headers: { prefer: 'wait=30' } })
  expect(await answer.json()).toMatchObject({ status: 'done' })
}
const open = async () => (await recruiter.get<{ data: Conflict[] }>('/v1/conflicts?status=open')).data
const talent = (id: string) => recruiter.get<Talent>(`/v1/talents/${id}`)
const decide = (id: string, json: Record<string, unknown>, client = recruiter) => client.call(`/v1/conflicts/${id}/decisions`, { json })
async function decided(id: string, json: Record<string, unknown>): Promise<Conflict> {
  const answer = await decide(id, json)
  const body = await answer.json()
  expect([answer.status, body]).toMatchObject([200, {}])
  return body as Conflict
}

describe('a conflict', () => {
  it('AC18: waits until it is approved or rejected, keeps the reason, and is open again when the source says something new', async () => {
    await says('payroll', ['1,Lin Xiao,Engineer,Shanghai', '2,Ada Quill,Analyst,Berlin'])
    await says('crm', ['1,Lin Xiao,Architect,Shanghai', '2,Ada Quill,Lead analyst,Berlin'])
    const [one, two] = await open()
    expect(one!.fields.title).toMatchObject({ policy: 'manual', status: 'open', chosen: 'payroll', decision: null })
    expect((await open()).length).toBe(2)

    const approved = await decided(one!.id, { path: 'title', decision: 'approve', version: one!.version })
    const proposed = one!.fields.title!.proposed as string
    expect(['Architect', 'Lead analyst']).toContain(proposed)
    expect(approved.fields.title).toMatchObject({ status: 'decided', value: proposed, decision: { verdict: 'approved', reason: null } })
    expect((await talent(one!.id)).talent.title).toBe(proposed)
    // At once in the index, too.
    expect((await recruiter.get<{ data: Talent[] }>(`/v1/talents?q=${proposed}`)).data.map(({ id }) => id)).toContain(one!.id)

    const stood = (await talent(two!.id)).talent.title
    const rejected = await decided(two!.id, { path: 'title', decision: 'reject', reason: 'called them' })
    expect(rejected.fields.title).toMatchObject({
      status: 'decided',
      value: stood,
      decision: { by: 'test', verdict: 'rejected', reason: 'called them' },
    })
    expect(await open()).toEqual([])

    await says('payroll', ['1,Lin Xiao,Director,Shanghai', '2,Ada Quill,Director,Berlin'])
    expect((await open()).map(({ fields }) => [fields.title!.value, fields.title!.proposed]).sort()).toEqual(
      [
        [proposed, 'Director'],
        [stood, 'Director'],
      ].sort(),
    )
    expect((await talent(two!.id)).talent.title).toBe(stood)
  })

  it('is decided by its policy where it can be, which people may turn round and back', async () => {
    await says('payroll', ['1,Lin Xiao,Director,Shanghai', '2,Ada Quill,Director,Berlin', '3,Omar Reyes,Clerk,Lisbon'])
    await says('crm', ['3,Omar Reyes,Clerk,Madrid'])
    const { data } = await recruiter.get<{ data: Conflict[] }>('/v1/conflicts?status=auto')
    const conflict = data.find(({ fields }) => fields.location)!
    expect(conflict.fields.location).toMatchObject({ status: 'auto', chosen: 'payroll', value: 'Lisbon', proposed: 'Madrid' })
    expect((await talent(conflict.id)).talent.location).toBe('Lisbon')
    await decided(conflict.id, { path: 'location', decision: 'approve', source: 'crm' })
    expect((await talent(conflict.id)).talent.location).toBe('Madrid')
    const undone = await decided(conflict.id, { path: 'location', decision: 'undo' })
    expect(undone.fields.location).toMatchObject({ status: 'auto', value: 'Lisbon', decision: null })
    expect((await talent(conflict.id)).talent.location).toBe('Lisbon')
  })

  it('refuses what cannot be decided', async () => {
    const [one] = await open()
    const refused = async (json: Record<string, unknown>, client = recruiter) => {
      const answer = await decide(one!.id, json, client)
      return [answer.status, ((await answer.json()) as { code: string }).code]
    }
    expect(await refused({ path: 'title', decision: 'approve', version: 1 })).toEqual([409, 'not-acceptable-now'])
    expect(await refused({ path: 'title', decision: 'approve', source: 'nobody' })).toEqual([409, 'not-acceptable-now'])
    expect(await refused({ path: 'summary', decision: 'approve' })).toEqual([404, 'not-found'])
    expect(await refused({ path: 'title', decision: 'maybe' })).toEqual([400, 'invalid-request'])
    expect(await refused({ path: 'title', decision: 'approve' }, await system.as('acme', 'viewer'))).toEqual([403, 'forbidden'])
    expect((await decide('t_none', { path: 'title', decision: 'approve' })).status).toBe(404)
  })
})

describe('the page of conflicts', () => {
  const session = async (user: 'operator' | 'viewer') => {
    const answer = await logIn(system.adminUrl, user, passwordOf(system.dataDir, user))
    return { cookie: answer.headers.get('set-cookie')!.split(';')[0]!, origin: system.adminUrl, accept: 'text/html' }
  }

  it('shows operators what is open and takes their decision; viewers see no personal data', async () => {
    const operator = await session('operator')
    const text = await (await fetch(`${system.adminUrl}/conflicts`, { headers: operator })).text()
    expect(text).toContain('Director')
    const [one] = await open()
    const post = (headers: Record<string, string>, fields: Record<string, string>, tenant = 'acme') =>
      fetch(`${system.adminUrl}/conflicts/${tenant}/${one!.id}`, {
        method: 'POST',
        redirect: 'manual',
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields),
      })
    const fields = { path: 'title', decision: 'reject', reason: 'asked <them>', version: String(one!.version) }
    const viewer = await session('viewer')
    const seen = await fetch(`${system.adminUrl}/conflicts`, { headers: viewer })
    expect([seen.status, (await seen.text()).includes('Director')]).toEqual([403, false])
    expect((await post(viewer, fields)).status).toBe(403)
    expect((await post({ ...operator, origin: 'https://evil.example' }, fields)).status).toBe(403)
    expect((await post(operator, fields, 'other')).status).toBe(400)
    expect((await post(operator, { ...fields, version: '1' })).status).toBe(409)
    expect((await post(operator, fields)).status).toBe(303)
    const decidedPage = await (await fetch(`${system.adminUrl}/conflicts?tenant=acme&status=decided`, { headers: operator })).text()
    expect(decidedPage).toContain('rejected by operator: asked &#60;them&#62;')
    const log = await (await fetch(`${system.adminUrl}/audit`, { headers: operator })).text()
    expect(log).toContain(`POST /conflicts/acme/${one!.id}`)
    expect(log).toContain('GET /conflicts')
  })

  it('is told about by the page of syncs', async () => {
    const text = await (await fetch(`${system.adminUrl}/sync`, { headers: await session('viewer') })).text()
    expect(text).toContain('payroll')
    expect(text).not.toContain('Quill')
  })
})
