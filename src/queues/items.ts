/** Items that are kept to be submitted later: checked when they are given, made into chunks when they are due. */
import type { Fault } from '../errors.ts'
import type { NewChunk } from '../ledger/ports.ts'
import { itemTypes } from './index.ts'

type Item = { type: string; [field: string]: unknown }

/** The items with their defaults, and what is wrong with them. `pointer` is where they stand in the body. */
export function checkItems(items: Item[], pointer: string): { items: Item[]; faults: Fault[] } {
  const faults: Fault[] = []
  const checked = items.map(({ type, ...input }, i) => {
    const schema = itemTypes.get(type)?.schema
    if (!schema) faults.push({ pointer: `${pointer}/${i}/type`, detail: `known types: ${[...itemTypes.keys()].join(', ')}` })
    const parsed = schema?.safeParse(input)
    for (const issue of parsed?.error?.issues ?? []) faults.push({ pointer: [pointer, i, ...issue.path].join('/'), detail: issue.message })
    return { type, ...(parsed?.data as object) }
  })
  return { items: checked, faults: faults.slice(0, 20) }
}

/** Null where an item does not fit its type any more. */
export function chunksOf(items: Item[]): NewChunk[] | null {
  const checked = checkItems(items, '')
  if (checked.faults.length > 0) return null
  const numbered = checked.items.map(({ type, ...input }, n) => ({
    n,
    type,
    key: typeof input.id === 'string' ? input.id.slice(0, 200) : null,
    input,
  }))
  return [...Map.groupBy(numbered, ({ type }) => type)].flatMap(([name, all]) => {
    const { stages, barrier, chunk } = itemTypes.get(name)!
    return Array.from({ length: Math.ceil(all.length / chunk) }, (_, i) => ({
      stages,
      barrier,
      items: all.slice(i * chunk, (i + 1) * chunk),
    }))
  })
}
