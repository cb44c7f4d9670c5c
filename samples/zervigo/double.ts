/**
 * A double of Zervigo's services, with the envelopes, paging and faults of the real ones: for tests of the connector and for people who want to
 * see a sync. Generation C (PostgreSQL, `{code, message, data}`) and A or B (`{success, data}`). Listens on 127.0.0.1 only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Company, Job, User, ZervigoData } from './data.ts'
import { jobDetail, legacyCompany, legacyJob, legacyUser, listedJob, listedUser } from './rows.ts'

export const ADMIN = { username: 'admin', password: 'zervigo-double' }
const ADMIN_ID = 1

/** What goes wrong. May be changed at any time. */
export type Traps = {
  /** Lists have no order: a row that was updated goes to the end. */
  drift: boolean
  /** A login updates the row of whoever logs in. */
  loginTouches: boolean
  /** The next requests answer this status, as the gateway does when it is busy or its breaker is open. */
  busy: { status: 429 | 503; times: number; retryAfter?: number } | null
  /** The next requests answer this body with this status. */
  broken: { status: number; body: string; times: number } | null
  /** Milliseconds that every answer takes. */
  slowMs: number
  /** Tokens handed out so far are no longer taken. */
  expired: boolean
  /** The account may not list users. */
  forbidden: boolean
  /** What the services call themselves, such as another service that has the port. */
  service: string | null
  /** The database behind the services is away; health still says healthy at the top. */
  databaseDown: boolean
  /** Called before each page of a list is answered: the place to change the data while somebody reads it. */
  beforePage: ((path: string, page: number) => void) | null
}
const noTraps = (): Traps => ({
  drift: true,
  loginTouches: true,
  busy: null,
  broken: null,
  slowMs: 0,
  expired: false,
  forbidden: false,
  service: null,
  databaseDown: false,
  beforePage: null,
})

export type Zervigo = {
  urls: { auth: string; users: string; jobs: string; companies: string }
  data: ZervigoData
  traps: Traps
  /** Method and path of every request so far. */
  requests: string[]
  /** Changes a row as an UPDATE would: with its time, and to the end of an unordered list. */
  update(kind: keyof ZervigoData, id: number, change: Record<string, unknown>): void
  close(): Promise<void>
}

export type ZervigoOptions = { data: ZervigoData; generation?: 'A' | 'B' | 'C'; zone?: string; port?: number; now?: () => number }

type Service = 'auth' | 'users' | 'jobs' | 'companies'
const SERVICES: Service[] = ['auth', 'users', 'jobs', 'companies']
const NAMES: Record<Service, string> = { auth: 'auth-service', users: 'user-service', jobs: 'job-service', companies: 'company-service' }

/** `port` is that of the first service, the others follow; 0 or none takes free ones. `zone` is the servers' time zone. */
export async function startZervigo({
  data,
  generation = 'C',
  zone = 'Asia/Shanghai',
  port = 0,
  now = Date.now,
}: ZervigoOptions): Promise<Zervigo> {
  const traps = noTraps()
  const requests: string[] = []
  let tokens = 0
  const valid = new Set<string>()

  const self: Omit<Zervigo, 'urls' | 'close'> = {
    data,
    traps,
    requests,
    update(kind, id, change) {
      const rows = data[kind] as Map<number, { updatedAt: number }>
      const row = rows.get(id)!
      Object.assign(row, { updatedAt: now() }, change)
      if (!traps.drift) return
      rows.delete(id)
      rows.set(id, row)
    },
  }
  const legacy = generation !== 'C'
  const handlers: Record<Service, Handler> = { auth: authService, users: userService, jobs: jobService, companies: companyService }

  async function authService({ url, json }: Request): Promise<Answer | null> {
    if (url.pathname !== '/api/v1/auth/login') return null
    const { username, password } = json as { username?: string; password?: string }
    if (username !== ADMIN.username) return legacy ? fail(401, 'user not found') : envelope(1001, '用户不存在')
    if (password !== ADMIN.password) return legacy ? fail(401, 'wrong password') : envelope(401, '密码错误')
    if (traps.loginTouches && data.users.has(ADMIN_ID)) self.update('users', ADMIN_ID, { lastLoginAt: now() })
    if (traps.expired) traps.expired = false
    const token = `token-${++tokens}`
    valid.add(token)
    const user = { id: ADMIN_ID, username, role: 'super_admin', status: 'active' }
    if (legacy) return { status: 200, body: { success: true, token, user, permissions: ['user:read'] } }
    return envelope(0, 'ok', { token, accessToken: token, refreshToken: '', user, userId: ADMIN_ID, loginStatus: '1' })
  }

  async function userService({ url, token }: Request): Promise<Answer | null> {
    if (!url.pathname.startsWith('/api/v1/users')) return null
    if (!legacy && url.pathname === '/api/v1/users')
      return { status: 301, headers: { location: '/api/v1/users/' }, body: 'Moved Permanently' }
    if (traps.expired) valid.clear()
    if (token === null || !valid.has(token))
      return legacy ? fail(401, 'invalid token') : { status: 401, body: { success: false, error: 'invalid token' } }
    if (traps.forbidden) return legacy ? fail(403, 'forbidden') : envelope(1003, '权限不足')
    const id = /^\/api\/v1\/users\/(\d+)$/.exec(url.pathname)?.[1]
    const alive = () => [...data.users.values()].filter((user) => user.deletedAt === null)
    if (id !== undefined) {
      const user = alive().find((one) => one.id === Number(id))
      return user ? envelope(0, 'ok', listedUser(user, zone)) : envelope(1001, '用户不存在')
    }
    if (legacy) return legacyList(url, 'users', alive, (user) => legacyUser(user, zone), 'user-service')
    const size = Number(url.searchParams.get('page_size') ?? 10)
    // A division by zero, in Go: the process recovers, the body stays empty.
    if (!(size > 0)) return { status: 500, body: '' }
    const page = Number(url.searchParams.get('page') ?? 1)
    traps.beforePage?.(url.pathname, page)
    const rows = alive()
    const list = rows.slice((page - 1) * size, page * size).map((user) => listedUser(user, zone))
    return envelope(0, 'ok', {
      list: list.length > 0 ? list : null,
      total: rows.length,
      pageNum: page,
      pageSize: size,
      pages: Math.ceil(rows.length / size),
    })
  }

  async function jobService({ url }: Request): Promise<Answer | null> {
    if (legacy)
      return url.pathname === '/api/v1/job/public/jobs'
        ? legacyList(
            url,
            'jobs',
            () => [...data.jobs.values()].filter(({ status }) => status !== 'closed'),
            (job) => legacyJob(job, zone),
            'job-service',
          )
        : null
    const id = /^\/api\/v1\/jobs\/(\d+)$/.exec(url.pathname)?.[1]
    if (id !== undefined) {
      const job = data.jobs.get(Number(id))
      return job ? envelope(0, 'ok', jobDetail(job, zone)) : { ...envelope(404, '职位不存在'), status: 404 }
    }
    if (url.pathname !== '/api/v1/jobs') return null
    const asked = Number(url.searchParams.get('pageSize') ?? 20)
    const size = asked > 100 || !(asked > 0) ? 20 : asked
    const page = Number(url.searchParams.get('page') ?? 1)
    traps.beforePage?.(url.pathname, page)
    // Closed and expired ones are hidden; drafts and paused ones are not.
    const rows = [...data.jobs.values()].filter(({ status }) => status !== 'closed' && status !== 'expired')
    const totalPages = Math.max(1, Math.ceil(rows.length / size))
    // Past the end the last page comes again.
    const at = Math.min(page, totalPages)
    return envelope(0, 'ok', {
      items: rows.slice((at - 1) * size, at * size).map((job) => listedJob(job)),
      total: rows.length,
      page: at,
      pageSize: size,
      totalPages,
    })
  }

  async function companyService({ url }: Request): Promise<Answer | null> {
    if (!legacy || url.pathname !== '/api/v1/company/public/companies') return null
    return legacyList(
      url,
      'companies',
      () => [...data.companies.values()].filter(({ status }) => status === 'active'),
      (one) => legacyCompany(one, zone),
      'company-service',
    )
  }

  function legacyList<T extends User | Job | Company>(
    url: URL,
    name: string,
    rowsOf: () => T[],
    shown: (row: T) => unknown,
    service: string,
  ): Answer {
    const page = Number(url.searchParams.get('page') ?? 1)
    const size = Number(url.searchParams.get('page_size') ?? 10)
    traps.beforePage?.(url.pathname, page)
    const rows = rowsOf()
    // Counted after limit and offset: from the second page on there is nothing to count.
    const total = page === 1 ? rows.length : 0
    const list = rows.slice((page - 1) * size, page * size).map(shown)
    return { status: 200, body: { success: true, data: { [name]: list, total, page, size }, service, time: new Date(now()).toISOString() } }
  }

  const envelope = (code: number, message: string, payload: unknown = null): Answer => ({
    status: 200,
    body: { code, message, data: payload, timestamp: now() },
  })
  const fail = (status: number, error: string): Answer => ({
    status,
    body: { success: false, error, service: 'user-service', time: new Date(now()).toISOString() },
  })

  async function handle(service: Service, request: Request): Promise<Answer> {
    if (traps.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, traps.slowMs))
    if (request.url.pathname === '/health') {
      const core = { database: { postgresql: { status: traps.databaseDown ? 'unhealthy' : 'healthy' } } }
      if (service === 'auth' && !legacy) return envelope(0, 'ok', { status: 'healthy' })
      return {
        status: 200,
        body: { service: traps.service ?? NAMES[service], status: 'healthy', timestamp: now(), version: '1.0.0', core_health: core },
      }
    }
    const { busy, broken } = traps
    if (busy && busy.times-- > 0)
      return {
        status: busy.status,
        ...(busy.retryAfter !== undefined && { headers: { 'retry-after': String(busy.retryAfter) } }),
        body: { code: busy.status, message: busy.status === 429 ? '请求过于频繁' : '服务不可用', data: null },
      }
    if (broken && broken.times-- > 0) return { status: broken.status, body: broken.body }
    return (await handlers[service](request)) ?? { status: 404, body: '404 page not found\n' }
  }

  const servers: Server[] = []
  for (const [i, service] of SERVICES.entries()) {
    const server = createServer(async (req, res) => {
      requests.push(`${req.method} ${req.url}`)
      answer(res, await handle(service, await read(req)))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port === 0 ? 0 : port + i, '127.0.0.1', resolve)
    })
    servers.push(server)
  }
  const [auth, users, jobs, companies] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`) as [
    string,
    string,
    string,
    string,
  ]
  return {
    ...self,
    urls: { auth, users, jobs, companies },
    async close() {
      for (const server of servers) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

type Request = { url: URL; token: string | null; json: unknown }
type Answer = { status: number; body: unknown; headers?: Record<string, string> }
type Handler = (request: Request) => Promise<Answer | null>

async function read(req: IncomingMessage): Promise<Request> {
  const parts: Buffer[] = []
  for await (const part of req) parts.push(part as Buffer)
  const text = Buffer.concat(parts).toString('utf8')
  return {
    url: new URL(req.url ?? '/', 'http://127.0.0.1'),
    token: /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? null,
    json: text === '' ? {} : JSON.parse(text),
  }
}

function answer(res: ServerResponse, { status, body, headers }: Answer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  res.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    ...headers,
  })
  res.end(text)
}
