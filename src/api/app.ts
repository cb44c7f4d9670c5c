/** The public API as an Express app. It never listens by itself. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import express, { type Express, type Request, type Response } from 'express'
import { newId } from '../canonical/ids.ts'
import { AppError, ERRORS } from '../errors.ts'
import { VERSION } from '../version.ts'
import { type Authenticate, requirePermission } from './auth.ts'
import { docsPage, errorsPage } from './docs.ts'
import { securityHeaders, setApiHeaders } from './headers.ts'
import { createOpenApi } from './openapi.ts'
import { errorHandler, sendProblem } from './problem.ts'
import { type ApiDeps, parseQuery, type Route } from './route.ts'
import { routes } from './routes.ts'

export type AppDeps = ApiDeps & {
  authenticate: Authenticate
  observe: (route: string, method: string, status: number, seconds: number) => void
}

export function createApp(deps: AppDeps): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.set('query parser', 'simple')
  app.use((req, res, next) => {
    const given = req.get('x-request-id')
    res.setHeader('x-request-id', given && /^[\w.-]{1,100}$/.test(given) ? given : newId('r'))
    next()
  })

  // The API comes first: Express tries the routes in their order.
  for (const route of routes) app[route.method](expressPath(route.path), serve(route, deps))

  for (const [path, methods] of Map.groupBy(routes, (route) => route.path))
    app.all(expressPath(path), (req, res) => {
      setApiHeaders(res)
      res.setHeader('allow', methods.map(({ method }) => method.toUpperCase()).join(', '))
      if (req.method === 'OPTIONS') res.status(204).end()
      else sendProblem(req, res, new AppError('method-not-allowed'))
    })
  app.use(securityHeaders('no-referrer'))
  const document = JSON.stringify(createOpenApi(VERSION))
  app.get('/openapi.json', (_req, res) => void res.type('json').send(document))
  app.get('/docs', (_req, res) => void res.type('html').send(docsPage()))
  app.get('/docs/errors', (_req, res) => void res.type('html').send(errorsPage(ERRORS)))
  app.use(
    '/docs/ui',
    express.static(dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')), { index: false, maxAge: '1h' }),
  )
  app.use('/docs/page', express.static(join(import.meta.dirname, 'page'), { index: false, maxAge: '1h' }))
  app.get('/', (_req, res) => res.redirect('/docs'))
  app.get('/livez', (_req, res) => void res.json({ status: 'ok' }))

  app.use((req, res) => sendProblem(req, res, new AppError('not-found')))
  app.use(errorHandler(deps.log))
  return app
}

const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1')

function serve(route: Route, deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const began = performance.now()
    setApiHeaders(res)
    res.on('close', () => deps.observe(route.path, req.method, res.statusCode, (performance.now() - began) / 1000))
    const caller = await deps.authenticate(req.headers.authorization)
    requirePermission(caller, route.permission)
    const call = {
      req,
      res,
      caller,
      deps,
      requestId: String(res.getHeader('x-request-id')),
      params: req.params as Record<string, string>,
      query: parseQuery(route, req.query),
    }
    const answer = await route.handle(call)
    if (!answer) return
    for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value)
    if (answer.location) res.setHeader('location', answer.location)
    res.status(answer.status)
    if (answer.body === null) res.end()
    else {
      // Express's own json() also looks for validators and charsets, which costs a tenth of a small request.
      res.setHeader('content-type', 'application/json; charset=utf-8')
      res.end(JSON.stringify(answer.body))
    }
  }
}
