/** The connection to Elasticsearch: its URL, its limits, and its errors as ours. */
import { Client, errors } from '@elastic/elasticsearch'
import { AppError, toAppError } from '../errors.ts'
import { VERSION } from '../version.ts'
import { type CallOptions, createCalls, type MeasuredCalls } from './calls.ts'

export type Elastic = {
  client: Client
  /** What the names of all indices begin with. */
  prefix: string
  /** One request through the client, named for what is measured. `work` must hand the options on. */
  call<T>(query: string, work: (client: Client, options: { signal: AbortSignal }) => Promise<T>, options?: CallOptions<T>): Promise<T>
  check(): Promise<void>
  queries: MeasuredCalls['queries']
  watch: MeasuredCalls['watch']
  close(): Promise<void>
}

const CHECK_MS = 500
const CONNECT_MS = 2000
const CONNECTIONS = 20
/** Firewalls cut a connection that was idle for long, without a word. */
const IDLE_MS = 30_000
/** Above every limit of a call, whose signal ends the request. */
const REQUEST_MS = 60_000

/** `url` is `http://` or `https://[user:password@]host[:port][/prefix][?apiKey=…]`. Connects with the first call. */
export function connectElastic(url: string): Elastic {
  const { node, auth, prefix } = parseUrl(url)
  const client = new Client({
    node,
    auth,
    maxRetries: 0,
    requestTimeout: REQUEST_MS,
    enableMetaHeader: false,
    headers: { 'user-agent': `looma/${VERSION}` },
    agent: { connections: CONNECTIONS, keepAliveTimeout: IDLE_MS },
    // What the client hands to the socket, with and without TLS.
    tls: { timeout: CONNECT_MS },
  })
  const calls = createCalls({ server: 'elasticsearch', toError: elasticError })
  return {
    client,
    prefix,
    call: (query, work, options) => calls(query, (signal) => work(client, { signal }), options),
    async check() {
      try {
        await client.info({}, { requestTimeout: CHECK_MS - 50 })
      } catch (thrown) {
        const found = elasticError(thrown)
        throw found.code === 'store-down' ? found : new AppError('store-down', found.detail, { cause: thrown })
      }
    },
    queries: calls.queries,
    watch: calls.watch,
    close: () => client.close(),
  }
}

/** The URL's parts; what it holds is never repeated, since it may hold a password. */
function parseUrl(url: string) {
  const refused = (detail: string) => new AppError('store-down', detail)
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw refused('the URL of elasticsearch must be http:// or https://[user:password@]host[:port][/prefix][?apiKey=…]')
  const prefix = parsed.pathname.replace(/^\/|\/$/g, '') || 'looma'
  if (!/^[a-z0-9][a-z0-9_-]{0,99}$/.test(prefix))
    throw refused('the path of the elasticsearch URL is the prefix of its indices: a–z, 0–9, _ and -, at most 100')
  return { node: `${parsed.protocol}//${parsed.host}`, auth: authOf(parsed), prefix }
}

function authOf({ searchParams, username, password }: URL) {
  const apiKey = searchParams.get('apiKey')
  if (apiKey) return { apiKey }
  try {
    return username ? { username: decodeURIComponent(username), password: decodeURIComponent(password) } : undefined
  } catch {
    throw new AppError('store-down', 'user and password in the elasticsearch URL must be percent-encoded')
  }
}

/** Why the server refused a request, or one item of a bulk request. */
export type Refusal = { status: number; type: string; reason: string }

export function refusalError({ status, type, reason }: Refusal, cause: unknown): AppError {
  const as = (code: 'store-down' | 'disk-full' | 'internal', detail: string) => new AppError(code, detail, { cause, retryAfter: 5 })
  // The server makes indices read-only while its disk is fuller than the flood stage; by version that is a 403 or a 429.
  if (type === 'cluster_block_exception' && /read-only-allow-delete|read-only \/ allow delete|flood-stage/.test(reason))
    return as('disk-full', 'the disk of elasticsearch is full: its indices take no writes')
  if (/No space left on device/.test(reason)) return as('disk-full', 'the disk of elasticsearch is full')
  if (type === 'cluster_block_exception') return as('store-down', 'elasticsearch blocks its indices, or has no master')
  if (type === 'index_not_found_exception') return as('store-down', 'an index is missing in elasticsearch; run `looma migrate`')
  if (status === 401 || status === 403) return as('store-down', 'elasticsearch refused the credentials of the URL, or their rights')
  if ([429, 502, 503, 504].includes(status)) return as('store-down', `elasticsearch cannot be used now (${type || status})`)
  // The reason may repeat what was sent, which may be personal: it stays in the cause.
  return as('internal', `elasticsearch: ${type || status}`)
}

export function elasticError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof errors.ResponseError) {
    const body: unknown = thrown.body
    const error = (body as { error?: { type?: string; reason?: string; root_cause?: { reason?: string }[] } } | null)?.error
    const reason = [error?.reason, ...(Array.isArray(error?.root_cause) ? error.root_cause.map((one) => one.reason) : [])].join(' ')
    return refusalError({ status: thrown.statusCode ?? 500, type: error?.type ?? '', reason }, withoutRequest(thrown))
  }
  if (thrown instanceof errors.ProductNotSupportedError)
    return new AppError('store-down', 'the server of the elasticsearch URL is no Elasticsearch', { cause: withoutRequest(thrown) })
  if (thrown instanceof errors.ConnectionError)
    return new AppError('store-down', `elasticsearch cannot be reached (${thrown.message})`, {
      cause: withoutRequest(thrown),
      retryAfter: 5,
    })
  // Time limits and pools.
  if (thrown instanceof errors.ElasticsearchClientError && !/^(Serialization|Configuration)Error$/.test(thrown.name))
    return new AppError('store-down', `elasticsearch cannot be reached (${thrown.name})`, { cause: withoutRequest(thrown), retryAfter: 5 })
  return toAppError(thrown)
}

/** The client's errors hold the whole request, with texts of people and the connection's credentials: a log must not. */
const withoutRequest = ({ name, message }: Error): Error => Object.assign(new Error(message), { name })
