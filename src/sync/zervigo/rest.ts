/** Zervigo through its services' HTTP APIs. */
import { AppError } from '../../errors.ts'
import { request } from '../http.ts'
import type { Page, Raw, ReadOptions, Source } from '../source.ts'
import { parseTime } from '../times.ts'
import { createClient } from './client.ts'
import { mapZervigo } from './mapping.ts'
import { type EntityName, type ListProfile, PROFILES, type ZervigoSettings } from './profiles.ts'
import { type ListPage, scanList } from './scan.ts'

/** Details that are read at a time. */
const DETAILS = 4

export function zervigoSource(settings: ZervigoSettings): Source {
  const profile = PROFILES[settings.generation]
  const client = createClient(settings)
  const names = (Object.keys(profile.lists) as EntityName[]).filter((name) => settings.urls[name] !== undefined)
  const listOf = (entity: string): { list: ListProfile; base: string } => {
    const name = names.find((one) => one === entity)
    if (!name) throw new AppError('source-changed', `generation ${settings.generation} gives no ${entity} here`)
    return { list: profile.lists[name]!, base: settings.urls[name]! }
  }
  const rawOf = (entity: string, { updatedAt }: ListProfile, value: Record<string, unknown>): Raw => ({
    entity,
    id: idOf(value),
    at: parseTime(value[updatedAt], settings.zone, { trust: profile.trustOffset }),
    ...(isDeleted(value) && { deleted: true }),
    value,
  })

  async function readPage(entity: string, page: number, size: number, signal: AbortSignal): Promise<ListPage> {
    const { list, base } = listOf(entity)
    const url = new URL(list.path, base)
    url.searchParams.set(list.page, String(page))
    url.searchParams.set(list.size, String(size))
    const data = (await client.get(url, { login: list.login, signal })) as Record<string, unknown> | null
    const items = data?.[list.list]
    // An empty list is null to Go.
    if (data === null || (items !== null && !Array.isArray(items))) throw new AppError('source-changed', `${list.path} has no ${list.list}`)
    const pages = Number(data.pages ?? data.totalPages ?? Number.NaN)
    const total = Number(data.total ?? Number.NaN)
    return {
      items: ((items ?? []) as unknown[]).filter((item): item is Record<string, unknown> => item !== null && typeof item === 'object'),
      total: Number.isFinite(total) ? total : null,
      pages: Number.isFinite(pages) ? pages : null,
    }
  }

  async function one(entity: string, id: string, signal: AbortSignal): Promise<Raw | null> {
    const { list, base } = listOf(entity)
    if (list.one !== null) {
      const value = await client.get(new URL(list.one.replace('{id}', encodeURIComponent(id)), base), { login: list.login, signal })
      return value === null ? null : rawOf(entity, list, value as Record<string, unknown>)
    }
    for await (const { records } of scan(entity, { from: null, limit: list.maxSize, signal })) {
      const found = records.find((raw) => raw.id === id)
      if (found) return found
    }
    return null
  }

  /** From the beginning always: what an earlier scan had seen is needed to tell whether the list moved. */
  async function* scan(entity: string, { limit, signal }: ReadOptions): AsyncIterable<Page> {
    const { list } = listOf(entity)
    const size = Math.min(limit, list.maxSize)
    for await (const { items, total } of scanList((page) => readPage(entity, page, size, signal), size, idOf)) {
      const records = list.details ? await details(entity, items, signal) : items.map((item) => rawOf(entity, list, item))
      yield { records, checkpoint: null, total }
    }
  }

  /** In the order of the items; one that was deleted since the list was read is left out. */
  async function details(entity: string, items: Record<string, unknown>[], signal: AbortSignal): Promise<Raw[]> {
    const found: (Raw | null)[] = []
    let next = 0
    await Promise.all(
      Array.from({ length: DETAILS }, async () => {
        for (let i = next++; i < items.length; i = next++) found[i] = await one(entity, idOf(items[i]!), signal)
      }),
    )
    return found.filter((raw) => raw !== null)
  }

  return {
    system: 'zervigo',
    entities: names.map((name) => ({ name, incremental: false, cheapOne: profile.lists[name]!.one !== null })),
    async check(signal) {
      await Promise.all(names.map((name) => identify(name, settings.urls[name]!, settings.timeoutMs, signal)))
      if (names.some((name) => profile.lists[name]!.login)) await client.login(signal)
    },
    scan,
    changes() {
      throw new AppError('internal', 'Zervigo cannot tell what changed')
    },
    one,
    map: (raw) => mapZervigo(raw),
    close: async () => undefined,
  }
}

const idOf = ({ id }: Record<string, unknown>): string => (typeof id === 'number' || typeof id === 'string' ? String(id) : '')
const isDeleted = ({ deleted_at, status }: Record<string, unknown>): boolean =>
  (deleted_at !== undefined && deleted_at !== null) || status === 'deleted'

/** The same port is another service in another generation: only the service's own word counts. */
const WORDS: Record<EntityName, RegExp> = { users: /user/i, jobs: /job/i, companies: /company/i }
async function identify(name: EntityName, base: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const url = new URL('/health', base)
  const { body } = await request(url, { timeoutMs, maxBytes: 1024 * 1024, signal })
  const { service, core_health: core } = (body ?? {}) as {
    service?: unknown
    core_health?: { database?: Record<string, { status?: string }> }
  }
  if (typeof service !== 'string' || !WORDS[name].test(service))
    throw new AppError(
      'source-changed',
      `${url.host} is ${typeof service === 'string' ? service : 'no service of Zervigo'}, not the one for ${name}`,
    )
  // A service calls itself healthy while its database is away.
  const away = Object.entries(core?.database ?? {}).find(([, part]) => /unhealthy|down|error/i.test(part.status ?? ''))
  if (away) throw new AppError('source-down', `${service} has lost its ${away[0]}`)
}
