/** Any HTTP API that answers pages of JSON as a source. */
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { type HttpAnswer, request } from '../http.ts'
import type { Page, Raw, ReadOptions, Source } from '../source.ts'
import { type MappingFile, mapRaw, toRaw, valueAt } from './mapping.ts'

export const HttpJsonSettings = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  headers: z.record(z.string(), z.string()).default({}),
  items: z.string().optional().meta({ description: 'Where the list is in an answer; the answer itself where absent.' }),
  total: z.string().optional(),
  paging: z
    .union([
      z.strictObject({ next: z.string().meta({ description: 'Where an answer has the address of the next page.' }) }),
      z.strictObject({ cursor: z.string(), param: z.string() }),
      z.strictObject({ page: z.string(), first: z.number().int().default(1), size: z.string().optional() }),
    ])
    .optional(),
  since: z
    .strictObject({ param: z.string(), format: z.enum(['iso', 'ms', 's']).default('iso') })
    .optional()
    .meta({ description: 'Parameter that asks for what changed since a time, oldest first.' }),
  one: z.string().optional().meta({ description: 'Path of one record; {id} stands for its id.' }),
  timeoutMs: z.number().int().min(100).max(600_000).default(30_000),
})
export type HttpJsonSettings = z.infer<typeof HttpJsonSettings>

const MAX_BYTES = 64 * 1024 * 1024
/** A list that never ends is a source that ignores its page parameter. */
const MAX_PAGES = 1_000_000

export function httpJsonSource(settings: HttpJsonSettings, mapping: MappingFile): Source {
  const base = new URL(settings.url)
  const get = async (url: URL, signal: AbortSignal): Promise<HttpAnswer> => {
    // Where the next page is said to be elsewhere, the headers, which may hold a token, do not go.
    if (url.origin !== base.origin) throw new AppError('source-changed', 'the next page is on another host')
    const answer = await request(url, { headers: settings.headers, timeoutMs: settings.timeoutMs, maxBytes: MAX_BYTES, signal })
    if (answer.status === 401 || answer.status === 403) throw new AppError('source-refused', `answered ${answer.status}`)
    if (answer.status >= 400 && answer.status !== 404) throw new AppError('source-changed', `answered ${answer.status}`)
    return answer
  }
  const itemsOf = (body: unknown): Record<string, unknown>[] => {
    const list = settings.items === undefined ? body : valueAt(body, settings.items)
    if (!Array.isArray(list))
      throw new AppError('source-changed', `an answer has no list${settings.items === undefined ? '' : ` in ${settings.items}`}`)
    return list.filter((one) => one !== null && typeof one === 'object')
  }

  async function* pages(start: URL, { from, limit, signal }: ReadOptions): AsyncIterable<Page> {
    const { paging } = settings
    let url: URL = start
    let number = paging && 'page' in paging ? paging.first : 0
    if (typeof from === 'string') url = new URL(from, base)
    else if (typeof from === 'number') number = from
    let last = ''
    for (let n = 0; n < MAX_PAGES; n++) {
      if (paging && 'page' in paging) {
        url.searchParams.set(paging.page, String(number))
        if (paging.size) url.searchParams.set(paging.size, String(limit))
      }
      const { status, body, text } = await get(url, signal)
      if (status === 404) throw new AppError('source-changed', `there is nothing at ${url.pathname}`)
      const items = itemsOf(body)
      const total = settings.total === undefined ? null : Number(valueAt(body, settings.total))
      // Some lists answer their last page again and again.
      if (items.length === 0 || text === last) return
      last = text
      const next = nextOf(body, url)
      number++
      const checkpoint = paging && 'page' in paging ? number : (next?.href ?? null)
      for (let i = 0; i < items.length; i += limit)
        yield {
          records: items.slice(i, i + limit).map((item) => toRaw(mapping, item)),
          // Only once all of an answer is stored does the next one begin.
          checkpoint: i + limit < items.length ? (paging && 'page' in paging ? number - 1 : url.href) : checkpoint,
          total: Number.isFinite(total) ? total : null,
        }
      if (paging && 'page' in paging) continue
      if (!next) return
      url = next
    }
    throw new AppError('source-changed', 'the list does not end')
  }
  function nextOf(body: unknown, url: URL): URL | null {
    const { paging } = settings
    if (!paging || 'page' in paging) return null
    const value = valueAt(body, 'next' in paging ? paging.next : paging.cursor)
    if (value === null || value === undefined || value === '') return null
    if ('next' in paging) return URL.parse(String(value), url.href)
    const next = new URL(url)
    next.searchParams.set(paging.param, String(value))
    return next
  }

  return {
    system: mapping.system,
    entities: [{ name: mapping.entity, incremental: settings.since !== undefined && mapping.updatedAt !== undefined }],
    check: async (signal) => void itemsOf((await get(new URL(base), signal)).body),
    scan: (_entity, options) => pages(new URL(base), options),
    changes(_entity, options) {
      const { param, format } = settings.since!
      const url = new URL(base)
      url.searchParams.set(
        param,
        format === 'iso'
          ? new Date(options.since).toISOString()
          : String(format === 's' ? Math.floor(options.since / 1000) : options.since),
      )
      return pages(url, options)
    },
    async one(entity, id, signal): Promise<Raw | null> {
      if (settings.one !== undefined) {
        const { status, body } = await get(new URL(settings.one.replaceAll('{id}', encodeURIComponent(id)), base), signal)
        return status === 404 || body === null || typeof body !== 'object' ? null : toRaw(mapping, body as Record<string, unknown>)
      }
      for await (const { records } of this.scan(entity, { from: null, limit: 1000, signal })) {
        const found = records.find((raw) => raw.id === id)
        if (found) return found
      }
      return null
    },
    map: (raw) => mapRaw(mapping, raw),
    close: async () => undefined,
  }
}
