/** The states of items that nothing has happened to yet, in short: written out, they would be most of what a submission writes. */
import { type Flow, flowOf, tally } from './chunk.ts'
import type { ItemState, NewItem } from './ports.ts'

/** Items of one type without an outcome: their numbers and keys say all. */
type Fresh = { type: string; n: number[]; keys: (string | null)[] }

const stateOf = (n: number, type: string, key: string | null): ItemState => ({ n, type, key, passed: 0, attempts: 0, crashes: 0, ms: 0 })

/** What a new chunk begins with: the text of its states, their counts, and the states of the items that were rejected at the door. */
export function freshStates(
  items: NewItem[],
  stages: number,
): { text: string; counts: ReturnType<typeof tally>; flow: Flow; rejected: ItemState[] } {
  const type = items[0]?.type
  if (type !== undefined && items.every((item) => item.type === type && !item.rejected && !item.detail)) {
    const fresh: Fresh = { type, n: items.map((item) => item.n), keys: items.map((item) => item.key) }
    const flow = Array.from({ length: stages }, () => ({ total: items.length, passed: 0, ended: 0 }))
    return { text: JSON.stringify(fresh), counts: { ...tally([]), open: items.length }, flow, rejected: [] }
  }
  const states = items.map(({ n, key, rejected, detail, ...item }): ItemState => {
    const state = stateOf(n, item.type, key)
    if (rejected) Object.assign(state, { outcome: 'failed', code: rejected })
    if (detail) state.detail = detail.slice(0, 300)
    return state
  })
  const rejected = states.filter((state) => state.outcome)
  return { text: JSON.stringify(states), counts: tally(states), flow: flowOf(states, stages), rejected }
}

/** Reads states as stored: what freshStates made, or the states themselves once something happened. */
export function readStates(text: string): ItemState[] {
  const stored = JSON.parse(text) as Fresh | ItemState[]
  return Array.isArray(stored) ? stored : stored.n.map((n, i) => stateOf(n, stored.type, stored.keys[i]!))
}
