/** Errors as RFC 9457 problem details, in English or Chinese by Accept-Language. */
import type { ErrorRequestHandler, Request, Response } from 'express'
import { AppError, ERRORS, type ErrorCode, type Fault, toAppError } from '../errors.ts'
import type { Logger } from '../log.ts'

export type Language = 'en' | 'zh'

/** What a code means; null for none. */
export const titleOf = (code: ErrorCode | null | undefined, language: Language): string | null => (code ? ERRORS[code][language] : null)

/** The first of en and zh that the header names; q values order them. English where it names neither. */
export function languageOf(header: string | undefined): Language {
  const wanted = (header ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', q] = part.trim().split(/;\s*q=/)
      return { tag: tag.toLowerCase().slice(0, 2), q: q === undefined ? 1 : Number(q) }
    })
    .filter(({ tag, q }) => (tag === 'en' || tag === 'zh') && q > 0)
    .sort((a, b) => b.q - a.q)
  return (wanted[0]?.tag as Language | undefined) ?? 'en'
}

type Problem = { type: string; title: string; status: number; code: ErrorCode; detail?: string; instance?: string; errors?: Fault[] }

function problemOf(error: AppError, language: Language, instance?: string): Problem {
  const { status } = error.row
  return {
    type: `/docs/errors#${error.code}`,
    title: ERRORS[error.code][language],
    status,
    code: error.code,
    ...(error.detail && { detail: error.detail }),
    ...(instance && { instance }),
    ...(error.faults && { errors: error.faults }),
  }
}

export function sendProblem(req: Request, res: Response, error: AppError): void {
  if (error.retryAfter !== undefined) res.setHeader('retry-after', String(Math.max(1, Math.ceil(error.retryAfter))))
  if (error.row.status === 401) res.setHeader('www-authenticate', 'Bearer')
  const language = languageOf(req.headers['accept-language'])
  res.status(error.row.status).setHeader('content-language', language)
  res.type('application/problem+json').send(JSON.stringify(problemOf(error, language, res.getHeader('x-request-id')?.toString())))
}

/** The one place where an error becomes an answer. What Express and its parsers throw is translated, the unknown is logged with its cause. */
export function errorHandler(log: Logger): ErrorRequestHandler {
  return (thrown, req, res, _next) => {
    // The caller hung up in the middle of its request: nobody waits for an answer, and nothing is wrong here.
    if ((thrown as NodeJS.ErrnoException)?.code === 'ECONNRESET' && req.destroyed && !req.complete) {
      log.debug({ requestId: res.getHeader('x-request-id') }, 'request cut off by its caller')
      res.destroy()
      return
    }
    const error = translate(thrown)
    const requestId = res.getHeader('x-request-id')
    if (error.code === 'internal') log.error({ err: error.cause ?? error, requestId, code: error.code }, 'request failed')
    else if (error.row.status >= 500) {
      // A server that is away or a disk that is full is told by every request: in one line each.
      const reason = (error.cause as Error | undefined)?.message ?? error.message
      log.warn({ requestId, code: error.code, reason }, 'request failed')
    }
    if (res.headersSent) {
      // Too late for a problem: the connection is cut so that the caller does not take half an answer for a whole one.
      res.destroy()
      return
    }
    if (!req.complete) res.setHeader('connection', 'close')
    sendProblem(req, res, error)
  }
}

function translate(thrown: unknown): AppError {
  const type = (thrown as { type?: string })?.type
  if (type === 'entity.too.large') return new AppError('too-large')
  if (type === 'entity.parse.failed') return new AppError('malformed-json')
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') return new AppError('unsupported-media-type')
  if (thrown instanceof URIError) return new AppError('invalid-request')
  return toAppError(thrown)
}
