/**
 * Indices of the search store. `<prefix>-search` and `<prefix>-vectors-…` are aliases of an index whose name ends in its version; every write
 * asks for the alias, since a write to a missing name would create an index with guessed types. `<prefix>-meta` holds the journal and its lock.
 */
import type { estypes } from '@elastic/elasticsearch'
import { sha256 } from '../canonical/ids.ts'
import { AppError } from '../errors.ts'
import type { JournalEntry, Schema, Step } from './schema.ts'
import { type Elastic, elasticError } from './search.elastic.connect.ts'

export const textAlias = (prefix: string): string => `${prefix}-search`
const metaIndex = (prefix: string): string => `${prefix}-meta`

type IndexBody = { settings: estypes.IndicesIndexSettings; mappings: estypes.MappingTypeMapping }

/** One shard holds some ten million entries. The refresh interval is named, since an index without one sleeps when nobody reads. */
export const SETTINGS = { number_of_shards: 1, auto_expand_replicas: '0-1', refresh_interval: '1s' } as const
export const TEXT_VERSION = 1
const MIGRATE_MS = 30_000

const words = { type: 'text', analyzer: 'whitespace' } as const
export const KEYS = {
  tenant: { type: 'keyword' },
  kind: { type: 'keyword' },
  id: { type: 'keyword' },
  ver: { type: 'long' },
  deleted: { type: 'boolean' },
} as const
const TEXT: IndexBody = {
  settings: SETTINGS,
  mappings: {
    dynamic: 'strict',
    _meta: { version: TEXT_VERSION },
    _routing: { required: true },
    // Entries are only ever written whole: the texts need not be kept beside the index.
    _source: { includes: Object.keys(KEYS) },
    properties: {
      ...KEYS,
      name: { ...words, norms: false, index_options: 'docs' as const },
      title: words,
      skills: words,
      body: words,
      skill: { type: 'keyword' },
      city: { type: 'keyword' },
    },
  },
}
const META: IndexBody = {
  settings: { ...SETTINGS, refresh_interval: '-1' },
  mappings: {
    dynamic: 'strict',
    properties: { entries: { type: 'object', enabled: false }, owner: { type: 'keyword' }, until: { type: 'long' } },
  },
}

/** Creates an index behind an alias, or finds it there; may be cut off anywhere and run again. */
export async function ensureIndex(elastic: Elastic, query: string, alias: string, body: IndexBody): Promise<void> {
  const index = `${alias}-v1`
  await create(elastic, query, index, { ...body, aliases: { [alias]: {} } })
  await elastic.call(query, (client, options) => client.indices.putAlias({ index, name: alias }, options), { timeoutMs: MIGRATE_MS })
}

async function create(elastic: Elastic, query: string, index: string, body: IndexBody & { aliases?: Record<string, object> }) {
  try {
    await elastic.call(query, (client, options) => client.indices.create({ index, ...body }, options), { timeoutMs: MIGRATE_MS })
  } catch (error) {
    if (!(error as AppError).detail?.includes('resource_already_exists_exception')) throw error
  }
}

type Found<T> = { source: T; if_seq_no: number; if_primary_term: number } | null

/** The journal is one document and the lock another. Both are changed by compare-and-set on the sequence number of what was read. */
export function elasticSchema(elastic: Elastic): Schema {
  const { prefix } = elastic
  const index = metaIndex(prefix)
  const read = async <T>(id: string): Promise<Found<T>> => {
    const got = await elastic.call('search.journal', (client, options) => client.get<T>({ index, id }, { ...options, ignore: [404] }))
    return got.found ? { source: got._source!, if_seq_no: got._seq_no!, if_primary_term: got._primary_term! } : null
  }
  /** False when somebody else changed it since. */
  const swap = async (id: string, found: Found<unknown>, document: object): Promise<boolean> => {
    const gate = found ? { if_seq_no: found.if_seq_no, if_primary_term: found.if_primary_term } : { op_type: 'create' as const }
    // Sent once: a repeated compare-and-set would lose against its own first attempt.
    const write = async (client: Elastic['client'], options: object) => {
      try {
        await client.index({ index, id, document, ...gate }, options)
        return true
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 409) return false
        throw elasticError(error)
      }
    }
    return elastic.call('search.journal', write, { once: true })
  }

  const steps: Step[] = [
    {
      name: '0001-search',
      sum: sha256(JSON.stringify(TEXT)),
      apply: () => ensureIndex(elastic, 'search.migrate', textAlias(prefix), TEXT),
    },
  ]
  return {
    steps,
    journal: {
      async read() {
        const found = await read<{ entries: JournalEntry[] }>('journal')
        return (found?.source.entries ?? []).toSorted((a, b) => a.n - b.n)
      },
      async write(entry) {
        const found = await read<{ entries: JournalEntry[] }>('journal')
        const others = found?.source.entries.filter(({ n }) => n !== entry.n) ?? []
        if (!(await swap('journal', found, { entries: [...others, entry] })))
          throw new AppError('store-down', 'another process migrates this store; try again in a minute')
      },
      /** By this machine's clock: the server lends none without scripts. The machines' clocks may differ by less than the lock lasts. */
      async lock(owner, ms) {
        await create(elastic, 'search.journal', index, META)
        const found = await read<{ owner: string; until: number }>('lock')
        const now = Date.now()
        if (found && found.source.owner !== owner && found.source.until > now) return false
        return swap('lock', found, { owner, until: now + ms })
      },
      async unlock(owner) {
        const found = await read<{ owner: string; until: number }>('lock')
        if (found?.source.owner === owner) await swap('lock', found, { owner: '', until: 0 })
      },
    },
  }
}
