/** One HTTP request of a connector: reads only, time limit, size limit, and every failure under the code that says what to do. */
import { AppError } from '../errors.ts'

export type HttpOptions = {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  json?: unknown
  timeoutMs: number
  maxBytes: number
  signal: AbortSignal
}
/** `body` is the parsed JSON; undefined where the answer is not JSON. */
export type HttpAnswer = { status: number; body: unknown; text: string; headers: Headers }

/** Seconds to stay away when a busy source does not say how long. */
const BUSY_S = 60

/**
 * Answers any status below 500 other than 429. Throws `source-down` for what may be better later, `source-changed` for redirects to another
 * host, to which a token must never go. The aborted `signal` is thrown as it is.
 */
export async function request(url: URL, { method = 'GET', headers, json, timeoutMs, maxBytes, signal }: HttpOptions): Promise<HttpAnswer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  let answer: Response
  let text: string
  try {
    answer = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { accept: 'application/json', ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
      body: json === undefined ? undefined : JSON.stringify(json),
      signal: limit,
    })
    text = await readText(answer, maxBytes)
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof AppError) throw cause
    const code = (cause as { cause?: { code?: string } }).cause?.code
    const why = limit.aborted ? `no answer within ${timeoutMs / 1000} s` : (code ?? 'the connection failed')
    throw new AppError('source-down', `${url.host}: ${why}`, { cause })
  }
  if (answer.status >= 300 && answer.status < 400) {
    const to = URL.parse(answer.headers.get('location') ?? '', url.href)
    throw new AppError('source-changed', `${url.pathname} redirects to ${to?.host === url.host ? to.pathname : 'another host'}`)
  }
  if (answer.status === 429 || answer.status >= 500)
    throw new AppError('source-down', `${url.host} answered ${answer.status}`, { retryAfter: retryAfter(answer) })
  return { status: answer.status, body: parse(text), text, headers: answer.headers }
}

/** A busy source is left alone for a minute; one that broke down is asked again sooner. */
function retryAfter({ status, headers }: Response): number | undefined {
  const header = headers.get('retry-after')
  const seconds = header === null ? Number.NaN : /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  if (seconds > 0) return Math.min(3600, Math.ceil(seconds))
  return status === 429 || status === 503 ? BUSY_S : undefined
}

async function readText(answer: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of answer.body ?? []) {
    bytes += part.length
    if (bytes > maxBytes) throw new AppError('source-changed', `an answer has more than ${maxBytes} bytes; ask for smaller pages`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
