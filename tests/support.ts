/** A whole Looma on a temporary data folder, and a small client for it. `await using` stops it and removes the folder. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { issueToken, type Role } from '../src/api/auth.ts'
import type { BatchView } from '../src/api/views.ts'
import { type Config, readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { type Running, startLooma } from '../src/main.ts'

export type Client = {
  token: string
  /** Path, or path and what fetch takes; JSON bodies are made from `json`, NDJSON from `lines`. */
  call(path: string, options?: RequestInit & { json?: unknown; lines?: unknown[] }): Promise<Response>
  get<T = Record<string, unknown>>(path: string): Promise<T>
  /** Submits lines and waits until the batch has ended. */
  batch(lines: unknown[], query?: string): Promise<BatchView & { rejected: { code: string; line: number | null }[] }>
}

export type System = Running & { config: Config; dataDir: string; as(tenant: string, role?: Role): Promise<Client> } & AsyncDisposable

export async function tempDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'looma-test-'))
}

export function testConfig(dataDir: string, env: Record<string, string> = {}): Config {
  return readConfig('all', {
    DATA_DIR: dataDir,
    PORT: '0',
    ADMIN_PORT: '0',
    LOG_LEVEL: 'silent',
    MODEL_HOSTS: '1',
    PARSE_HOSTS: '1',
    ...env,
  })
}

export async function startSystem(env: Record<string, string> = {}, dataDir?: string): Promise<System> {
  const folder = dataDir ?? (await tempDir())
  if (!dataDir) await cp(inject('queueTemplate'), join(folder, 'queue'), { recursive: true })
  const config = testConfig(folder, env)
  const running = await startLooma(config, createLog(config.logLevel))
  return {
    ...running,
    config,
    dataDir: folder,
    as: async (tenant, role = 'recruiter') => client(running.apiUrl!, await issueToken(config, { tenant, role, subject: 'test' }, 1)),
    async [Symbol.asyncDispose]() {
      await running.stop()
      if (!dataDir) await rm(folder, { recursive: true, force: true })
    },
  }
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
