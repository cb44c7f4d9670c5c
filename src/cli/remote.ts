/** Commands that work on a running Looma: they are clients of its API like any other. */
import type { Role } from '../api/auth.ts'
import { issueToken } from '../api/auth.ts'
import type { Config } from '../config.ts'

/** Answers the JSON of an API call. Throws what the API said where it refused, and what to do where nothing listens. */
export type Remote = <T>(method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown) => Promise<T>

const HOURS = 1
const TIMEOUT_MS = 60_000

/**
 * `url` is the API's address, else the one of the configuration. The token is LOOMA_TOKEN, else one made with the secret of the data folder for
 * `tenant` with the role that the command needs.
 */
export async function connect(
  config: Config,
  { url, tenant, token, role }: { url?: string; tenant?: string; token?: string; role: Role },
): Promise<Remote> {
  const base = (url ?? `http://${config.api.host}:${config.api.port}`).replace(/\/$/, '')
  if (!token && !tenant) throw new Error('say for which tenant (--tenant), or set LOOMA_TOKEN')
  if (!token && config.auth.jwksUrl) throw new Error('AUTH_JWKS_URL is set: get a token from that issuer and set LOOMA_TOKEN')
  const bearer = token ?? (await issueToken(config, { tenant: tenant!, role, subject: 'cli' }, HOURS))
  return async (method, path, body) => {
    let answer: Response
    try {
      answer = await fetch(base + path, {
        method,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(body !== undefined && { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (cause) {
      throw new Error(`nothing answers at ${base}: start it with looma serve, or name its address with --url`, { cause })
    }
    const text = await answer.text()
    if (answer.ok) return (text === '' ? null : JSON.parse(text)) as never
    throw new Error(said(answer.status, text))
  }
}

function said(status: number, text: string): string {
  try {
    const {
      title,
      code,
      detail,
      errors = [],
    } = JSON.parse(text) as {
      title: string
      code: string
      detail?: string
      errors?: { pointer: string; detail: string }[]
    }
    const faults = errors.map((fault) => `\n  ${fault.pointer}: ${fault.detail}`).join('')
    return `${title}${detail ? ` ${detail}` : ''} (${code})${faults}`
  } catch {
    return `the API answered ${status}`
  }
}

/** Columns as wide as their widest cell. */
export function columns(rows: (string | number | null)[][]): string[] {
  const cells = rows.map((row) => row.map((cell) => String(cell ?? '-')))
  const widths = cells[0]?.map((_, i) => Math.max(...cells.map((row) => row[i]!.length))) ?? []
  return cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  )
}

/** 2026-03-01 08:00 */
export const minute = (iso: string | null | undefined): string => (iso ? iso.slice(0, 16).replace('T', ' ') : '-')
