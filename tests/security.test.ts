/** Who may see and do what: tokens, roles, tenants, and the admin port. */

import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueToken, PERMISSIONS, ROLES } from '../src/api/auth.ts'
import { routes } from '../src/api/routes.ts'
import { client, type System, startSystem } from './support.ts'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system[Symbol.asyncDispose]())

const secret = () => new TextEncoder().encode(readFileSync(join(system.dataDir, 'auth-secret'), 'utf8'))
const token = (claims: object, exp: string | number = '1h', key?: Uint8Array, audience = 'looma') =>
  new SignJWT({ tenant: 'acme', role: 'recruiter', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('x')
    .setIssuer('looma')
    .setAudience(audience)
    .setExpirationTime(exp)
    .sign(key ?? secret())
const ask = (bearer?: string) =>
  fetch(`${system.apiUrl}/v1/batches`, { headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` } })

describe('tokens', () => {
  it('are needed, whole, in time, for us, and of a known role and tenant', async () => {
    expect((await ask(await token({}))).status).toBe(200)
    expect((await ask()).status).toBe(401)
    expect((await ask('a.b.c')).status).toBe(401)
    expect((await ask(await token({}, '1h', new Uint8Array(32)))).status).toBe(401)
    expect((await ask(await token({}, '1h', undefined, 'other'))).status).toBe(401)
    expect((await ask(await token({ role: 'god' }))).status).toBe(401)
    expect((await ask(await token({ tenant: '../x' }))).status).toBe(401)
    const none = `${btoa('{"alg":"none"}')}.${btoa('{"tenant":"acme","role":"admin"}')}.`.replaceAll('=', '')
    expect((await ask(none)).status).toBe(401)
    const old = await ask(await token({}, Math.floor(Date.now() / 1000) - 3600))
    expect(old.status).toBe(401)
    expect(await old.json()).toMatchObject({ code: 'token-expired' })
  })

  it('let each role do what the table says, on every route, and nothing without one', async () => {
    for (const role of ROLES) {
      const api = client(system.apiUrl!, await issueToken(system.config, { tenant: 'roles', role, subject: 'x' }, 1))
      for (const route of routes) {
        const path = route.path.replace('{id}', 'nothing')
        const answer = await api.call(path, { method: route.method.toUpperCase(), ...(route.method === 'post' && { body: '' }) })
        await answer.body?.cancel()
        const may = (PERMISSIONS[route.permission] as readonly string[]).includes(role)
        expect(`${role} ${route.method} ${path} ${answer.status === 403}`).toBe(`${role} ${route.method} ${path} ${!may}`)
        const anonymous = await fetch(system.apiUrl + path, { method: route.method.toUpperCase() })
        expect(anonymous.status, path).toBe(401)
        await anonymous.body?.cancel()
      }
    }
  })
})

it("answers 404 for another tenant's ids on every route that takes one, and shows nothing of theirs in lists", async () => {
  const a = await system.as('tenant-a', 'admin')
  const b = await system.as('tenant-b', 'admin')
  const batch = await a.batch([
    { type: 'talent', id: 't', name: 'Only Aname', skills: ['SQL'] },
    { type: 'position', id: 'p', title: 'Only A title', mustSkills: ['SQL'] },
    { type: 'match', talentId: 'nobody' },
  ])
  const idOf = async (path: string) => (await a.get<{ data: { id: string }[] }>(path)).data[0]!.id
  const ids: Record<string, string> = {
    '/v1/batches': batch.id,
    '/v1/talents': await idOf('/v1/talents'),
    '/v1/positions': await idOf('/v1/positions'),
  }
  let walked = 0
  for (const route of routes) {
    if (!route.path.includes('{id}')) continue
    const id = Object.entries(ids).find(([prefix]) => route.path.startsWith(prefix))?.[1]
    expect(id, `no id for ${route.path}: cover it here`).toBeDefined()
    const answer = await b.call(route.path.replace('{id}', id!), { method: route.method.toUpperCase() })
    expect(answer.status, `${route.method} ${route.path}`).toBe(404)
    walked++
  }
  expect(walked).toBeGreaterThan(10)
  for (const path of [
    '/v1/batches',
    '/v1/talents',
    '/v1/positions',
    '/v1/talents?q=Only',
    '/v1/positions?q=title',
    '/v1/talents?skill=SQL',
    '/v1/dead-letters',
  ])
    expect((await b.get<{ data: unknown[] }>(path)).data, path).toEqual([])
  expect((await b.call('/v1/matches', { json: { talentId: ids['/v1/talents'] } })).status).toBe(404)
})

describe('the admin port', () => {
  const login = async (user: 'operator' | 'viewer', password?: string, origin: string | null = system.adminUrl) => {
    const secretFile = readFileSync(join(system.dataDir, `${user}-password`), 'utf8').trim()
    return fetch(`${system.adminUrl}/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...(origin && { origin }) },
      body: new URLSearchParams({ user, password: password ?? secretFile }),
    })
  }
  const cookieOf = (answer: Response) => answer.headers.get('set-cookie')!.split(';')[0]!

  it('answers health and metrics to anybody and the rest to nobody', async () => {
    expect((await fetch(`${system.adminUrl}/livez`)).status).toBe(200)
    expect(await (await fetch(`${system.adminUrl}/readyz`)).json()).toEqual({ status: 'ready', reasons: [] })
    const metrics = await (await fetch(`${system.adminUrl}/metrics`)).text()
    for (const name of ['looma_queue_jobs', 'looma_backlog_items', 'looma_http_request_seconds', 'looma_model'])
      expect(metrics).toContain(`# TYPE ${name}`)
    for (const path of ['/board', '/board/api/queues', '/audit', '/'])
      expect((await fetch(system.adminUrl + path, { redirect: 'manual', headers: { accept: 'application/json' } })).status).toBe(401)
  })

  it('logs in with a strict cookie, from its own page only', async () => {
    const good = await login('operator')
    expect(good.status).toBe(303)
    expect(good.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Strict/i)
    expect((await login('operator', 'wrong')).status).toBe(401)
    expect((await login('operator', undefined, null)).status).toBe(403)
    expect((await login('operator', undefined, 'https://evil.example')).status).toBe(403)
    expect((await stat(join(system.dataDir, 'operator-password'))).mode & 0o777).toBe(0o600)
  })

  it('lets viewers look and operators change, and writes both into the audit log', async () => {
    const viewer = { cookie: cookieOf(await login('viewer')), origin: system.adminUrl }
    const operator = { cookie: cookieOf(await login('operator')), origin: system.adminUrl }
    const page = await (await fetch(`${system.adminUrl}/board`, { headers: viewer })).text()
    expect(page).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/)
    const queues = (await (await fetch(`${system.adminUrl}/board/api/queues`, { headers: viewer })).json()) as {
      queues: { name: string }[]
    }
    expect(queues.queues.map((queue) => queue.name)).toContain('resume-parse')

    const pause = (headers: Record<string, string>, verb = 'pause') =>
      fetch(`${system.adminUrl}/board/api/queues/embed/${verb}`, { method: 'PUT', headers })
    expect((await pause(viewer)).status).toBe(403)
    expect((await pause({ cookie: operator.cookie })).status).toBe(403)
    expect((await pause(operator)).status).toBe(200)
    const acme = await system.as('acme')
    const submitted = (await (await acme.call('/v1/batches', { lines: [{ type: 'position', title: 'Paused' }] })).json()) as { id: string }
    let reasons: string[] = []
    for (let i = 0; i < 100 && !reasons.includes('paused'); i++)
      reasons = (await acme.get<{ stages: { job: string; reasons: string[] }[] }>(`/v1/batches/${submitted.id}/waiting`)).stages.flatMap(
        (stage) => (stage.job === 'embed' ? stage.reasons : []),
      )
    expect(reasons).toContain('paused')
    expect((await pause(operator, 'resume')).status).toBe(200)
    const audit = await (await fetch(`${system.adminUrl}/audit`, { headers: viewer })).text()
    expect(audit).toMatch(/viewer<\/td><td>PUT \/board\/api\/queues\/embed\/pause<\/td><td>-<\/td><td>refused/)
    expect(audit).toMatch(/operator<\/td><td>PUT \/board\/api\/queues\/embed\/pause<\/td><td>-<\/td><td>200/)
  })
})
