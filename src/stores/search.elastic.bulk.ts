/** Writes to Elasticsearch: whole documents whose version the server itself compares (external versions), in slices. */
import { setTimeout as delay } from 'node:timers/promises'
import { sha256 } from '../canonical/ids.ts'
import type { Kind } from '../canonical/schema.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import { type Elastic, type Refusal, refusalError } from './search.elastic.connect.ts'
import type { Refresh } from './search.elastic.refresh.ts'

/** `document` beside tenant, kind, id and ver; null leaves a tombstone. */
export type Write = { alias: string; kind: Kind; id: string; ver: number; document: object | null }
export type Bulk = {
  add(write: Write): Promise<void>
  /** What was added is written after it. */
  flush(): Promise<void>
  /** Throws one error that says how many were refused; all others are written, and found, by then. */
  end(): Promise<void>
}

const MAX_DOCS = 500
const MAX_BYTES = 5_000_000
const BULK_MS = 30_000
/** Further attempts of items that the server was too busy for. */
const RETRIES = 3

const PLAIN = /^[\w.~-]{1,100}$/
/** The tenant as routing and as keyword. Readable where no character can be mistaken: a comma, for one, would make two routings of one. */
export const tenantKey = (tenant: string): string => (PLAIN.test(tenant) ? tenant : `#${sha256(JSON.stringify(tenant))}`)
/** Elasticsearch takes 512 bytes. JSON, since it tells halves of a character apart that UTF-8 makes one. */
export const docIdOf = (tenant: string, kind: Kind, id: string): string =>
  PLAIN.test(tenant) && PLAIN.test(id) ? `${tenant}/${kind}/${id}` : `#${sha256(JSON.stringify([tenant, kind, id]))}`

type Line = { alias: string; text: string }

export function createBulk(elastic: Elastic, refresh: Refresh, query: string, tenant: string): Bulk {
  let lines: Line[] = []
  let bytes = 0
  let total = 0
  const refused: Refusal[] = []
  const written = new Set<string>()

  async function send(some: Line[]): Promise<Refusal[]> {
    const params = { operations: some.map(({ text }) => text), require_alias: true, filter_path: 'errors,items.*.status,items.*.error' }
    const answer = await elastic.call(query, (client, options) => client.bulk(params, options), {
      timeoutMs: BULK_MS,
      rows: () => some.length,
    })
    for (const { alias } of some) written.add(alias)
    return answer.errors ? answer.items.map(({ index }) => refusalOf(index!)) : []
  }

  async function flush(): Promise<void> {
    let open = lines
    lines = []
    bytes = 0
    for (let retry = 0; open.length > 0; retry++) {
      const results = await send(open)
      // 409: the stored version is this one or a newer one, and so the entry is where it belongs.
      const isBusy = ({ status, type, reason }: Refusal) =>
        (status === 429 || status === 503) && refusalError({ status, type, reason }, null).code === 'store-down'
      const again = retry < RETRIES ? open.filter((_, i) => results[i] && isBusy(results[i])) : []
      refused.push(...results.filter((one) => one.status >= 300 && one.status !== 409 && !(retry < RETRIES && isBusy(one))))
      open = again
      if (open.length > 0) await delay(Math.random() * 100 * 4 ** retry)
    }
  }

  return {
    async add({ alias, kind, id, ver, document }) {
      const action = {
        index: { _index: alias, _id: docIdOf(tenant, kind, id), routing: tenantKey(tenant), version: ver, version_type: 'external' },
      }
      const keys = { tenant: tenantKey(tenant), kind, id: id.toWellFormed(), ver }
      const text = `${JSON.stringify(action)}\n${JSON.stringify(document ? { ...keys, ...document } : { ...keys, deleted: true })}`
      const size = Buffer.byteLength(text)
      if (lines.length === MAX_DOCS || (lines.length > 0 && bytes + size > MAX_BYTES)) await flush()
      lines.push({ alias, text })
      bytes += size
      total++
    },
    flush,
    async end() {
      await flush()
      await Promise.all(Array.from(written, refresh))
      if (refused.length > 0) throw refusedError(refused, total)
    },
  }
}

const refusalOf = ({ status, error }: { status: number; error?: { type: string; reason?: string | null } }): Refusal => ({
  status,
  type: error?.type ?? '',
  reason: error?.reason ?? '',
})

/** What is wrong with the server says more than what is wrong with an entry, and is what a caller can wait for. */
const WORST: ErrorCode[] = ['disk-full', 'store-down', 'internal']

function refusedError(refused: Refusal[], total: number): AppError {
  const found = refused.map((one) => refusalError(one, new Error(`${one.type}: ${one.reason}`)))
  const worst = WORST.map((code) => found.find((error) => error.code === code)).find((error) => error !== undefined)!
  return new AppError(worst.code, `${refused.length} of ${total} entries were not written: ${worst.detail}`, {
    cause: worst.cause,
    retryAfter: 5,
  })
}
