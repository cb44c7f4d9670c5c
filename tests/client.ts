/** A small client of the API, for tests and for chaos runs. */
import type { BatchView } from '../src/api/views.ts'

export type Client = {
  token: string
  /** Path, or path and what fetch takes; JSON bodies are made from `json`, NDJSON from `lines`. */
  call(path: string, options?: RequestInit & { json?: unknown; lines?: unknown[] }): Promise<Response>
  get<T = Record<string, unknown>>(path: string): Promise<T>
  /** Submits lines and waits until the batch has ended. */
  batch(lines: unknown[], query?: string): Promise<BatchView & { rejected: { code: string; line: number | null }[] }>
}

export function client(url: string, token: string): Client {
  const self: Client = {
    token,
    call(path, { json, lines, ...options } = {}) {
      const headers = new Headers(options.headers)
      headers.set('authorization', `Bearer ${token}`)
      if (json !== undefined) headers.set('content-type', 'application/json')
      if (lines !== undefined) headers.set('content-type', 'application/x-ndjson')
      const body = json !== undefined ? JSON.stringify(json) : lines !== undefined ? ndjson(lines) : options.body
      return fetch(url + path, { method: body === undefined ? 'GET' : 'POST', ...options, headers, body })
    },
    async get(path) {
      const answer = await self.call(path)
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return answer.json() as never
    },
    async batch(lines, query = '') {
      const answer = await self.call(`/v1/batches${query}`, { lines, headers: { prefer: 'wait=50' } })
      const body = await answer.json()
      if (answer.status !== 200) throw new Error(`the batch did not end: ${answer.status} ${JSON.stringify(body)}`)
      return body as never
    },
  }
  return self
}

/** Strings are lines as they are. */
export const ndjson = (lines: unknown[]): string =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
