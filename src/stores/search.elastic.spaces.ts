/**
 * Vector indices: one for each space, since the field of a vector has one size. Made by the first vectors of the space. The kNN fields hold unit
 * vectors for the search alone; the vectors as they were put stand beside them as bytes, which are smaller and exact, and may have any size.
 */
import { sha256 } from '../canonical/ids.ts'
import { AppError } from '../errors.ts'
import type { VectorField } from './ports.ts'
import type { Elastic } from './search.elastic.connect.ts'
import { ensureIndex, KEYS, SETTINGS } from './search.elastic.schema.ts'

export const FIELDS: VectorField[] = ['title', 'text']
export const BYTES = { title: 'titleBytes', text: 'textBytes' } as const

export type Spaces = {
  aliasOf(space: string): string
  exists(space: string): Promise<boolean>
  /** Numbers in a vector that can be found in the space; null while it has none. */
  size(space: string): Promise<number | null>
  /** Makes the index of the space, and gives it a size where it has none yet and `size` is not null. Answers its size. */
  ensure(space: string, size: number | null): Promise<number | null>
  forget(space: string): void
  /** The aliases of all spaces on the server. */
  all(): Promise<string[]>
}

/** `flat` compares with every vector that the filter leaves: exact, without a graph or rounding. */
const knn = (dims: number) => ({ type: 'dense_vector', dims, index: true, similarity: 'cosine', index_options: { type: 'flat' } }) as const

export function createSpaces(elastic: Elastic): Spaces {
  const aliasOf = (space: string): string => {
    const readable = space
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 24)
      .replace(/^-|-$/g, '')
    return `${elastic.prefix}-vectors-${readable}-${sha256(space).slice(0, 12)}`
  }
  const bodyOf = (space: string) => ({
    settings: SETTINGS,
    mappings: {
      dynamic: 'strict' as const,
      _meta: { version: 1, space: space.toWellFormed() },
      _routing: { required: true },
      _source: { excludes: FIELDS },
      properties: { ...KEYS, titleBytes: { type: 'binary' as const }, textBytes: { type: 'binary' as const } },
    },
  })
  /** Those seen so far: a size never changes. */
  const known = new Map<string, number | null>()

  const mappings = (index: string) =>
    elastic.call('search.spaces', (client, options) =>
      client.indices.getMapping(
        { index, ignore_unavailable: true, filter_path: '*.mappings._meta,*.mappings.properties.title.dims' },
        options,
      ),
    )

  async function size(space: string): Promise<number | null> {
    const seen = known.get(space)
    if (seen) return seen
    const [found] = Object.values(await mappings(aliasOf(space)))
    if (!found) return null
    const dims = (found.mappings.properties?.title as { dims?: number } | undefined)?.dims ?? null
    known.set(space, dims)
    return dims
  }

  return {
    aliasOf,
    exists: async (space) => (await size(space)) !== null || known.has(space),
    size,
    async ensure(space, wanted) {
      if (!known.has(space)) {
        await size(space)
        if (!known.has(space)) await ensureIndex(elastic, 'search.space', aliasOf(space), bodyOf(space))
      }
      const had = known.get(space) ?? (await size(space))
      if (had !== null || wanted === null) return had
      try {
        const properties = { title: knn(wanted), text: knn(wanted) }
        await elastic.call('search.space', (client, options) => client.indices.putMapping({ index: aliasOf(space), properties }, options))
      } catch (error) {
        // Another process was first, with another size.
        if (!(error instanceof AppError) || error.code !== 'internal' || (await size(space)) === null) throw error
      }
      return size(space)
    },
    forget: (space) => void known.delete(space),
    async all() {
      const found = Object.entries(await mappings(`${elastic.prefix}-vectors-*`))
      // The pattern also finds what belongs to a prefix that begins like ours.
      return found.flatMap(
        ([
          index,
          {
            mappings: { _meta },
          },
        ]) => {
          const alias = typeof _meta?.space === 'string' ? aliasOf(_meta.space) : ''
          return index === `${alias}-v1` ? [alias] : []
        },
      )
    },
  }
}
