/** Requests to an S3-compatible server: the URL, the signature, time limits, and its errors as ours. */
import { createReadStream } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AwsClient } from 'aws4fetch'
import { AppError, toAppError } from '../errors.ts'
import { createCalls, type MeasuredCalls } from './calls.ts'

export type S3Credentials = { accessKeyId: string; secretAccessKey: string }
export type S3Object = { key: string; bytes: number }
export type S3Request = {
  method: 'GET' | 'PUT' | 'DELETE'
  /** Below the prefix; empty for the bucket itself. */
  key?: string
  query?: Record<string, string>
  /** A file to send: the server refuses a body whose sha256 (in hex) is another one. */
  file?: { path: string; bytes: number; sha256: string }
}

export type S3 = {
  /** The answer's body has to be read or cancelled by `take`. Statuses above 299 are thrown. */
  call<T>(query: string, request: S3Request, take: (answer: Response) => Promise<T>, options?: { bytes?: number }): Promise<T>
  /** The objects below a key (with its slash), at most 1,000, in order of their keys, which are given without the prefix. */
  list(query: string, below: string, limit?: number): Promise<S3Object[]>
  check(): Promise<void>
  queries: MeasuredCalls['queries']
  watch: MeasuredCalls['watch']
}

const CHECK_MS = 450
const ANSWER_MS = 10_000
/** Slower transfers are given up: megabytes in a second. */
const SLOWEST = 1
const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** `url` is `s3://bucket[/prefix][?endpoint=…&region=…&pathStyle=true]`. Throws `store-down` for any other. */
export function connectS3(url: string, credentials: S3Credentials): S3 {
  const { base, prefix, region } = parseUrl(url)
  // Retries are those of `calls`, which knows how many a sick server can bear.
  const signer = new AwsClient({ ...credentials, service: 's3', region, retries: 0 })
  const calls = createCalls({ server: 's3', toError: s3Error })

  async function send({ method, key, query = {}, file }: S3Request, signal: AbortSignal): Promise<Response> {
    const target = new URL(key === undefined ? base : `${base}/${encoded(prefix + key)}`)
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value)
    const signed = await signer.sign(target, { method, headers: { 'x-amz-content-sha256': file?.sha256 ?? SHA256_OF_NOTHING } })
    const answer = file ? await upload(target, signed.headers, file, signal) : await fetch(signed, { signal })
    if (!answer.ok) throw await refusal(answer)
    return answer
  }

  const page = async (below: string, limit: number, signal: AbortSignal): Promise<S3Object[]> => {
    const query = { 'list-type': '2', prefix: prefix + below, 'max-keys': String(limit), 'encoding-type': 'url' }
    const text = await (await send({ method: 'GET', query }, signal)).text()
    return [...text.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry]) => ({
      key: decodeURIComponent(/<Key>(.*?)<\/Key>/s.exec(entry!)![1]!.replaceAll('+', ' ')).slice(prefix.length),
      bytes: Number(/<Size>(\d+)<\/Size>/.exec(entry!)?.[1]),
    }))
  }

  return {
    call: (query, request, take, { bytes = 0 } = {}) =>
      calls(query, async (signal) => take(await send(request, signal)), { timeoutMs: ANSWER_MS + bytes / 1000 / SLOWEST }),
    list: (query, below, limit = 1000) => calls(query, (signal) => page(below, limit, signal), { rows: (found) => found.length }),
    async check() {
      try {
        await page('', 1, AbortSignal.timeout(CHECK_MS))
      } catch (error) {
        const { code, detail, cause } = s3Error(error)
        throw new AppError('store-down', detail ?? code, { cause })
      }
    },
    queries: calls.queries,
    watch: calls.watch,
  }
}

/** Not by fetch, which takes a file into memory faster than it sends it. */
function upload(target: URL, headers: Headers, { path, bytes }: NonNullable<S3Request['file']>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const send = target.protocol === 'https:' ? https.request : http.request
    const sent = { ...Object.fromEntries(headers), 'content-length': bytes }
    const request = send(target, { method: 'PUT', headers: sent, signal }, (answer) =>
      resolve(new Response(Readable.toWeb(answer) as ReadableStream, { status: answer.statusCode })),
    )
    // A refusal comes before all is sent, and the connection closes: the answer counts then, not the error.
    pipeline(createReadStream(path), request).catch(reject)
  })
}

const encoded = (key: string): string => key.split('/').map(encodeURIComponent).join('/')

function parseUrl(url: string): { base: string; prefix: string; region: string } {
  const wrong = (what: string) =>
    new AppError('store-down', `the URL of the files must be s3://bucket[/prefix]?endpoint=…&region=…: ${what}`)
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 's3:' || !/^[a-z0-9][a-z0-9.-]{1,62}$/.test(parsed.host)) throw wrong('it names no bucket')
  if (parsed.username || parsed.password) throw wrong('keys do not belong into it')
  const unknown = [...parsed.searchParams.keys()].filter((name) => !['endpoint', 'region', 'pathStyle'].includes(name))
  if (unknown.length > 0) throw wrong(`it has the unknown parameter ${unknown[0]}`)
  const region = parsed.searchParams.get('region') ?? 'us-east-1'
  const endpoint = URL.parse(parsed.searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`)
  if (!endpoint || !/^https?:$/.test(endpoint.protocol)) throw wrong('endpoint must be an http:// or https:// URL')
  const path = decodeURIComponent(parsed.pathname).replace(/^\/+|\/+$/g, '')
  const base =
    parsed.searchParams.get('pathStyle') === 'true'
      ? `${endpoint.origin}/${parsed.host}`
      : `${endpoint.protocol}//${parsed.host}.${endpoint.host}`
  return { base, prefix: path ? `${path}/` : '', region }
}

/** What an answer that is no success says, as ours. */
async function refusal(answer: Response): Promise<AppError> {
  const text = await answer.text().catch(() => '')
  const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? String(answer.status)
  const down = (detail: string) => new AppError('store-down', detail, { retryAfter: 5 })
  if (answer.status === 507 || /StorageFull|QuotaExceeded|InsufficientCapacity/i.test(code))
    return new AppError('disk-full', `the S3 server has no room (${code})`)
  if (code === 'NoSuchBucket') return down('the bucket of the S3 URL does not exist')
  if (code === 'RequestTimeTooSkewed') return down('the clocks of this machine and of the S3 server differ')
  if (/^(InvalidAccessKeyId|SignatureDoesNotMatch)$/.test(code)) return down('the S3 server refused the credentials')
  if (answer.status === 401 || answer.status === 403) return down(`the S3 keys may not do this (${code})`)
  if (answer.status === 404) return new AppError('blob-missing')
  if (answer.status === 429 || answer.status >= 500) return down(`the S3 server cannot do this now (${code})`)
  return new AppError('internal', `S3: ${code}`)
}

/** Everything else `fetch` throws is a connection that was not made or broke. */
export function s3Error(thrown: unknown): AppError {
  const error = toAppError(thrown)
  if (error.code !== 'internal' || error === thrown) return error
  const { name = '', code, cause } = thrown as { name?: string; code?: string; cause?: { code?: string } }
  const how = cause?.code ?? code ?? name
  const fetched = /^(TypeError|AbortError|TimeoutError)$/.test(name) || /^(E[A-Z]+|UND_ERR_\w+|ERR_(SSL|TLS)\w+|\w*CERT\w*)$/.test(how)
  return fetched ? new AppError('store-down', `the S3 server cannot be reached (${how})`, { cause: cause ?? thrown, retryAfter: 5 }) : error
}
