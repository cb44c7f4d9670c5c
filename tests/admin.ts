/** What the admin port must do, on whatever queue: who may see and change what, and that all of it is written down. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobNames } from '../src/queues/index.ts'
import type { System } from './support.ts'

type User = 'operator' | 'viewer'
type Shown = { id: string; name: string; data: unknown; opts: unknown; returnValue: unknown; failedReason?: string; stacktrace: unknown[] }

export const passwordOf = (dataDir: string, user: User): string => readFileSync(join(dataDir, `${user}-password`), 'utf8').trim()

export function logIn(url: string, user: string, password: string, origin: string | null = url): Promise<Response> {
  return fetch(`${url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...(origin && { origin }) },
    body: new URLSearchParams({ user, password }),
  })
}
const cookieOf = (answer: Response) => answer.headers.get('set-cookie')!.split(';')[0]!

export function adminSuite(name: string, start: () => Promise<System>): void {
  describe(name, () => {
    let system: System
    let url: string
    const as: Record<User, Record<string, string>> = { operator: {}, viewer: {} }
    beforeAll(async () => {
      system = await start()
      url = system.adminUrl
      for (const user of ['operator', 'viewer'] as const)
        as[user] = { cookie: cookieOf(await logIn(url, user, passwordOf(system.dataDir, user))), origin: url, accept: 'application/json' }
    })
    afterAll(() => system?.[Symbol.asyncDispose]())

    const board = (path: string, headers: Record<string, string>, method = 'GET', body?: unknown) =>
      fetch(`${url}/board/api${path}`, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      })
    const jobsOf = async (queue: string): Promise<Shown[]> => {
      const answer = await board(`/queues?activeQueue=${queue}&status=latest&page=1&jobsPerPage=50`, as.viewer)
      const { queues } = (await answer.json()) as { queues: { name: string; jobs: Shown[] }[] }
      return queues.find((one) => one.name === queue)!.jobs
    }
    const audit = async () => {
      const text = await (await fetch(`${url}/audit`, { headers: as.viewer })).text()
      const rows = [...text.matchAll(/<tr>((?:<td>[^<]*<\/td>)+)<\/tr>/g)].map((m) =>
        [...m[1]!.matchAll(/<td>([^<]*)<\/td>/g)].map((c) => c[1]!),
      )
      return rows.map(([, actor, role, action, , outcome]) => `${actor} ${role} ${action} ${outcome}`)
    }

    it('tells health and metrics to anybody', async () => {
      expect(await (await fetch(`${url}/livez`)).json()).toEqual({ status: 'ok' })
      const ready = await fetch(`${url}/readyz`)
      expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', reasons: [] }])
      await system.as('acme').then((acme) => acme.get('/v1/batches'))
      const text = await (await fetch(`${url}/metrics`)).text()
      const series = new Map<string, number>()
      for (const line of text.split('\n')) {
        if (line === '' || /^# (HELP|TYPE) \w+ /.test(line)) continue
        const [, sample, value] = /^([a-zA-Z_:][\w:]*(?:\{[a-zA-Z_]\w*="[^"\n]*"(?:,[a-zA-Z_]\w*="[^"\n]*")*\})?) (\S+)$/.exec(line) ?? []
        expect(sample, line).toBeDefined()
        expect(Number.isNaN(Number(value!.replace('+Inf', 'Infinity'))), line).toBe(false)
        series.set(sample!, Number(value))
      }
      for (const job of jobNames) expect(series.get(`looma_queue_paused{queue="${job}"}`)).toBe(0)
      for (const job of jobNames) expect(series.get(`looma_queue_jobs{queue="${job}",state="waiting"}`)).toBeGreaterThanOrEqual(0)
      expect(text).toContain('# TYPE looma_backlog_items gauge')
      expect(text).toContain('# TYPE looma_backlog_oldest_seconds gauge')
      expect(series.get('looma_http_request_seconds_count{route="/v1/batches",method="GET",status="200"}')).toBeGreaterThan(0)
    })

    it('shows nothing else without a login, and sends browsers to it', async () => {
      for (const path of [
        '/',
        '/audit',
        '/sync',
        '/conflicts',
        '/board',
        '/board/queue/embed',
        '/board/api/queues',
        '/board/static/js/x.js',
        '/nothing',
      ]) {
        const machine = await fetch(url + path, { redirect: 'manual', headers: { accept: 'application/json' } })
        expect(machine.status, path).toBe(401)
        const browser = await fetch(url + path, { redirect: 'manual', headers: { accept: 'text/html' } })
        expect([browser.status, browser.headers.get('location')], path).toEqual([302, '/login'])
      }
      for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'])
        expect((await board('/queues/embed/pause', { origin: url, accept: 'text/html' }, method)).status).toBe(401)
      for (const cookie of ['looma_admin=', 'looma_admin=a.b.c', 'looma_admin=undefined', 'looma_admin=__proto__'])
        expect((await board('/queues', { cookie, accept: 'application/json' })).status, cookie).toBe(401)
    })

    it('lets in from its own page only, with a strict cookie, and out again', async () => {
      const password = passwordOf(system.dataDir, 'operator')
      const good = await logIn(url, 'operator', password)
      expect([good.status, good.headers.get('location')]).toEqual([303, '/'])
      expect(good.headers.get('set-cookie')).toMatch(/^looma_admin=[\w-]{43}; .*Path=\/; .*HttpOnly; SameSite=Strict$/)
      for (const [user, tried] of [
        ['operator', 'wrong'],
        ['operator', ''],
        ['operator', passwordOf(system.dataDir, 'viewer')],
        ['root', password],
        ['__proto__', password],
      ] as const) {
        const answer = await logIn(url, user, tried)
        expect([answer.status, answer.headers.get('set-cookie')]).toEqual([401, null])
      }
      for (const origin of [null, 'null', 'https://evil.example', url.replace(/\d+$/, '1')])
        expect((await logIn(url, 'operator', password, origin)).status).toBe(403)

      const session = { cookie: cookieOf(good), origin: url, accept: 'application/json' }
      expect((await board('/queues', session)).status).toBe(200)
      const out = await fetch(`${url}/logout`, { method: 'POST', redirect: 'manual', headers: session })
      expect(out.headers.get('location')).toBe('/login')
      // Not only the browser forgets it: a copy of the cookie is worth nothing any more.
      expect((await board('/queues', session)).status).toBe(401)
    })

    it('keeps its secrets for the owner of the data folder', () => {
      for (const file of ['operator-password', 'viewer-password', 'auth-secret'])
        expect(statSync(join(system.dataDir, file)).mode & 0o777, file).toBe(0o600)
      expect(passwordOf(system.dataDir, 'viewer')).not.toBe(passwordOf(system.dataDir, 'operator'))
    })

    it('has pages that need nobody else and cannot be framed', async () => {
      for (const path of ['/login', '/', '/audit', '/sync', '/board', '/board/queue/embed']) {
        const answer = await fetch(url + path, { headers: { ...as.viewer, accept: 'text/html' } })
        const text = await answer.text()
        expect(answer.status, path).toBe(200)
        expect(text, path).not.toMatch(/(?:https?:)?\/\/(?!127\.0\.0\.1)[a-z][\w.-]*\.[a-z]{2,}/)
        const policy = answer.headers.get('content-security-policy')!
        for (const part of ["default-src 'self'", "script-src 'self'", "frame-ancestors 'none'", "font-src 'self'", "form-action 'self'"])
          expect(`${policy};`, path).toContain(`${part};`)
        expect(policy).not.toMatch(/https?:/)
        // `no-referrer` would make browsers send `Origin: null` with the forms.
        expect(answer.headers.get('referrer-policy')).toBe('same-origin')
      }
    })

    it('lets viewers look at queues and change nothing', async () => {
      const { queues } = (await (await board('/queues', as.viewer)).json()) as { queues: { name: string }[] }
      expect(queues.map((queue) => queue.name).sort()).toEqual([...jobNames].sort())
      for (const [method, path] of [
        ['PUT', '/queues/embed/pause'],
        ['PUT', '/queues/pause'],
        ['PUT', '/queues/embed/obliterate'],
        ['PUT', '/queues/embed/clean/failed'],
        ['POST', '/queues/embed/add'],
        ['PATCH', '/queues/embed/1/update-data'],
        ['DELETE', '/queues/embed'],
      ] as const) {
        expect((await board(path, as.viewer, method, {})).status, path).toBe(403)
        expect(await audit()).toContain(`viewer viewer ${method} /board/api${path} refused`)
      }
      expect((await board('/queues', as.viewer)).status).toBe(200)
      const after = (await (await board('/queues', as.viewer)).json()) as { queues: { isPaused: boolean }[] }
      expect(after.queues.map((queue) => queue.isPaused)).toEqual(jobNames.map(() => false))
    })

    it('takes changes of operators from its own pages only, does them, and writes them down', async () => {
      const acme = await system.as('acme')
      await acme.batch([{ type: 'talent', id: 'paused', name: 'Nora Quist', skills: ['SQL'] }])
      const talentId = (await acme.get<{ data: { id: string }[] }>('/v1/talents')).data[0]!.id

      for (const origin of ['', 'null', 'https://evil.example', `${url}.evil.example`]) {
        const { origin: _own, ...rest } = as.operator
        expect((await board('/queues/embed/pause', { ...rest, ...(origin && { origin }) }, 'PUT')).status, origin).toBe(403)
      }
      expect(await audit()).toContain('operator operator PUT /board/api/queues/embed/pause refused')
      expect((await board('/queues/embed/pause', as.operator, 'PUT')).status).toBe(200)
      expect(await (await fetch(`${url}/metrics`)).text()).toContain('looma_queue_paused{queue="embed"} 1')

      const { id } = (await (await acme.call('/v1/batches', { lines: [{ type: 'embed', talentId }] })).json()) as { id: string }
      const { stages } = await acme.get<{ stages: { job: string; reasons: string[]; etaSeconds: unknown }[] }>(`/v1/batches/${id}/waiting`)
      expect(stages).toMatchObject([{ job: 'embed', etaSeconds: null }])
      expect(stages[0]!.reasons).toContain('paused')

      expect((await board('/queues/embed/resume', as.operator, 'PUT')).status).toBe(200)
      // The stream ends when the batch has.
      await (await acme.call(`/v1/batches/${id}/events`)).text()
      expect(await acme.get(`/v1/batches/${id}`)).toMatchObject({ state: 'closed', counts: { done: 1 } })
      const rows = await audit()
      for (const verb of ['pause', 'resume']) expect(rows).toContain(`operator operator PUT /board/api/queues/embed/${verb} 200`)
      for (const login of ['operator operator login ok', 'viewer viewer login ok', 'unknown none login refused'])
        expect(rows).toContain(login)
      expect(rows).toContain('operator operator POST /logout 303')
      expect((await board('/queues/nothing/pause', as.operator, 'PUT')).status).toBe(404)
      expect(await audit()).toContain('operator operator PUT /board/api/queues/nothing/pause 404')
    })

    it('hides what somebody else wrote into a queue', async () => {
      const secret = 'Xanthippe x@example.com'
      await board('/queues/match/pause', as.operator, 'PUT')
      const added = await board('/queues/match/add', as.operator, 'POST', {
        name: secret,
        data: { tenant: secret, name: secret, deep: { mail: secret }, batchId: 'b_1' },
        options: { attempts: 1, jobId: 'stranger' },
      })
      expect(added.status).toBe(200)
      const waiting = (await jobsOf('match')).find((job) => job.id === 'stranger')!
      expect(waiting.name).toBe('[hidden]')
      expect(waiting.data).toEqual({ tenant: '[hidden]', name: '[hidden]', deep: '[hidden]', batchId: 'b_1' })
      expect(await (await board('/queues/match/stranger', as.viewer)).text()).not.toContain('x@example.com')

      await board('/queues/match/resume', as.operator, 'PUT')
      // The worker refuses it, and the reason tells nothing either.
      const failed = async () => (await jobsOf('match')).find((job) => job.id === 'stranger')?.failedReason
      await expect.poll(failed, { timeout: 20_000 }).toMatch(/^\[hidden/)
      for (const path of ['', '/logs', '/flow']) {
        const text = await (await board(`/queues/match/stranger${path}`, as.viewer)).text()
        expect(text, path).not.toMatch(/Xanthippe|x@example\.com|ZodError|\.ts:/)
      }
      // Our own jobs are shown as they are: they hold ids only.
      const own = (await jobsOf('embed')).find((job) => job.name === 'embed')
      expect(own?.data).toMatchObject({ tenant: 'acme', batchId: expect.stringMatching(/^b_/), chunk: 0 })
      expect((await audit()).filter((row) => row.includes('x@example.com'))).toEqual([])
    })
  })
}
