/** The admin port: health and metrics for machines, login, board and audit log for people. Bound to 127.0.0.1 unless told otherwise. */
import { join } from 'node:path'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { securityHeaders } from '../src/api/headers.ts'
import type { Config } from '../src/config.ts'
import type { Ledger } from '../src/ledger/ports.ts'
import type { Logger } from '../src/log.ts'
import type { Metrics } from '../src/metrics.ts'
import type { QueueClient } from '../src/queues/client.ts'
import type { Place } from '../src/stores/open.ts'
import type { Documents } from '../src/stores/ports.ts'
import { queriesOf } from '../src/stores/queries.ts'
import type { Sources } from '../src/sync/sources.ts'
import { createBoard } from './board.ts'
import { createConflictPages } from './conflicts.ts'
import { auditPage, homePage, loginPage } from './pages.ts'
import { createSessions, type Session } from './session.ts'
import { createSyncPage } from './sync.ts'

export type AdminDeps = {
  config: Pick<Config, 'admin' | 'dataDir'>
  ledger: Ledger
  client: QueueClient
  documents: Documents
  sources: Sources
  metrics: Metrics
  places: Place[]
  log: Logger
  stopping: () => boolean
  /** Named checks of readiness; one that throws makes the process unready, with its name in the body. */
  checks: Record<string, () => Promise<void>>
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Bull Board's page names a font server; our policy would refuse it anyway, and the page should not even ask. */
const OUTSIDE_FONTS = /<link href="https:\/\/fonts\.googleapis\.com[^>]*>/g

export function createAdmin(deps: AdminDeps): Express {
  const { ledger, metrics, log } = deps
  const sessions = createSessions(deps.config)
  const app = express()
  app.disable('x-powered-by')
  // With `no-referrer` browsers send `Origin: null` with our forms, and nobody could log in.
  app.use(securityHeaders('same-origin'))

  app.get('/livez', (_req, res) => void res.json({ status: 'ok' }))
  app.get('/readyz', async (_req, res) => {
    // Together: each may take half a second where its server is silent.
    const checked = Object.entries(deps.checks).map(([name, check]) =>
      check().then(
        () => [],
        () => [name],
      ),
    )
    const reasons = [...(deps.stopping() ? ['stopping'] : []), ...(await Promise.all(checked)).flat()]
    res.status(reasons.length > 0 ? 503 : 200).json({ status: reasons.length > 0 ? 'unready' : 'ready', reasons })
  })
  app.get('/metrics', async (_req, res) => void res.type(metrics.contentType).send(await metrics.text()))
  // Names and plans of queries, and how often and how fast they were: no values, so it is as open as the metrics.
  app.get('/storage/queries', async (_req, res) => void res.json({ stores: await queriesOf(deps.places) }))
  app.use('/page', express.static(join(import.meta.dirname, 'page'), { index: false }))

  app.get('/login', (_req, res) => void res.type('html').send(loginPage()))
  app.post('/login', sameOrigin, express.urlencoded({ extended: false, limit: '4kb' }), async (req, res) => {
    const { user, password } = (req.body ?? {}) as { user?: unknown; password?: unknown }
    const session = sessions.login(req, res, String(user ?? ''), String(password ?? ''))
    // Not in the audit log: whoever guesses on and on would fill it. The guesses before are there.
    if (session === 'wait')
      return void res
        .status(429)
        .set('retry-after', '60')
        .type('html')
        .send(loginPage('Too many tries; wait a minute. 尝试次数过多，请稍候。'))
    await ledger.audited({
      actor: session?.user ?? 'unknown',
      role: session?.role ?? 'none',
      action: 'login',
      target: '-',
      outcome: session ? 'ok' : 'refused',
    })
    if (!session) return void res.status(401).type('html').send(loginPage('Wrong user or password. 用户名或密码错误。'))
    res.redirect(303, '/')
  })

  app.use((req, res, next) => {
    const session = sessions.read(req)
    if (session) {
      res.locals.session = session
      return next()
    }
    if (req.accepts(['html', 'json']) === 'html' && SAFE.has(req.method)) res.redirect('/login')
    else res.status(401).json({ error: 'log in at /login' })
  })
  app.use(audited, sameOrigin, operatorsOnly)
  app.post('/logout', (req, res) => {
    sessions.logout(req, res)
    res.redirect(303, '/login')
  })
  app.get('/', async (_req, res) => void res.type('html').send(homePage(res.locals.session as Session, await ledger.processes(15_000))))
  app.get('/audit', async (_req, res) => void res.type('html').send(auditPage(await ledger.auditLog(200))))
  app.use('/board', withoutOutsideFonts, createBoard(deps.client, '/board'))
  app.use('/sync', createSyncPage(deps))
  app.use('/conflicts', createConflictPages(deps))
  app.use((_req, res) => void res.status(404).type('text').send('Nothing here.'))
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    log.error({ err: error }, 'admin request failed')
    if (!res.headersSent) res.status(500).json({ error: 'internal' })
  })
  return app

  /** A viewer may look at everything and change nothing, apart from leaving. */
  function operatorsOnly(req: Request, res: Response, next: NextFunction): void {
    const { role } = res.locals.session as Session
    if (SAFE.has(req.method) || role === 'operator' || req.path === '/logout') {
      next()
      return
    }
    res.status(403).json({ error: 'viewers may look, operators may change' })
  }

  function audited(req: Request, res: Response, next: NextFunction): void {
    // Conflicts show what people are called and where they worked: also who looked is written down.
    if (!SAFE.has(req.method) || req.path.startsWith('/conflicts')) {
      const { user, role } = res.locals.session as Session
      const { path } = req
      // Also when the caller has gone meanwhile: what it asked for was done all the same.
      res.on('close', () => {
        ledger
          .audited({
            actor: user,
            role,
            action: `${req.method} ${path}`,
            target: new URLSearchParams(req.query as Record<string, string>).toString() || '-',
            outcome: res.statusCode === 403 ? 'refused' : res.writableEnded ? String(res.statusCode) : 'unanswered',
          })
          .catch((err) => log.error({ err }, 'cannot write the audit log'))
      })
    }
    next()
  }
}

/** Changes are taken from our own pages only: a form elsewhere would send the cookie of nobody (SameSite), and its own Origin. */
function sameOrigin(req: Request, res: Response, next: NextFunction): void {
  if (SAFE.has(req.method)) {
    next()
    return
  }
  const origin = req.get('origin')
  const host = req.get('host')
  if (origin && host && URL.canParse(origin) && new URL(origin).host === host) next()
  else res.status(403).json({ error: 'cross-site request refused' })
}

function withoutOutsideFonts(_req: Request, res: Response, next: NextFunction): void {
  const send = res.send.bind(res)
  res.send = (body?: unknown) => send(typeof body === 'string' ? body.replace(OUTSIDE_FONTS, '') : body)
  next()
}
