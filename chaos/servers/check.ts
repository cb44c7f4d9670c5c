/** What must be true in the end, whatever happened on the way. */
import { isDeepStrictEqual } from 'node:util'
import { scheduleId } from '../../src/canonical/schedule.ts'
import type { Ledger } from '../../src/ledger/ports.ts'
import type { Stores } from '../../src/stores/ports.ts'
import type { Client } from '../../tests/client.ts'
import { leftBehind } from '../../tests/left-behind.ts'
import { batch, type Load } from './load.ts'
import type { LoomaProcesses } from './looma.ts'

/** Matches everything anew: what a match finds depends on when it is made. */
export async function matchAll(at: () => Client, stores: Stores, tenant: string): Promise<void> {
  const lines: object[] = []
  for (const kind of ['talent', 'position'] as const)
    for (const { id } of await stores.documents.page(tenant, kind, { limit: 5000 })) lines.push({ type: 'match', [`${kind}Id`]: id })
  await batch(at, 'match-all', lines, [])
}

/** Brings a system without a past to where the load must have left the other one. */
export async function replay(at: () => Client, { lines, resumes }: Load): Promise<void> {
  await batch(at, 'replay', [...lines.values()], [...resumes])
}

/** How two systems differ in all that their stores hold. */
export async function storeFaults(found: Stores, oracle: Stores, tenant: string): Promise<{ compared: number; faults: string[] }> {
  const [have, want] = await Promise.all([leftBehind(found, tenant), leftBehind(oracle, tenant)])
  const keys = new Set([...Object.keys(have), ...Object.keys(want)])
  const faults = [...keys].flatMap((key) => (isDeepStrictEqual(have[key], want[key]) ? [] : [difference(key, have[key], want[key])]))
  return { compared: keys.size, faults }
}

function difference(key: string, have: unknown, want: unknown): string {
  if (!have || !want) return `${key} ${have ? 'is there and should not be' : 'is lost'}`
  const { path, have: one, want: other } = firstDifference(have, want)
  return `${key} ${path.join('/')}: ${text(one)} where ${text(other)} was wanted`
}
type Difference = { path: string[]; have: unknown; want: unknown }
function firstDifference(have: unknown, want: unknown, path: string[] = []): Difference {
  if (have && want && typeof have === 'object' && typeof want === 'object')
    for (const key of new Set([...Object.keys(want), ...Object.keys(have)])) {
      const [one, other] = [(have as Sides)[key], (want as Sides)[key]]
      if (!isDeepStrictEqual(one, other)) return firstDifference(one, other, [...path, key])
    }
  return { path, have, want }
}
type Sides = Record<string, unknown>
const text = (value: unknown): string => JSON.stringify(value)?.slice(0, 300) ?? 'nothing'

/** Each due time of the schedule has one occurrence, each that was started one batch, and no batch of it is there besides. */
export async function scheduleFaults(ledger: Ledger, stores: Stores, tenant: string, name: string, everyMs: number): Promise<string[]> {
  const id = scheduleId(tenant, name)
  const docs = await stores.documents.page(tenant, 'occurrence', { limit: 5000 })
  const mine = docs.filter(({ data }) => data.schedule === id)
  const dues = mine.map(({ data }) => Date.parse(data.due)).sort((a, b) => a - b)
  const faults = dues.flatMap((due, i) =>
    i > 0 && due - dues[i - 1]! !== everyMs
      ? [`schedule: ${new Date(dues[i - 1]!).toISOString()} is followed by ${new Date(due).toISOString()}`]
      : [],
  )
  if (mine.length === 0) faults.push('schedule: it never was due')
  const started = new Set(mine.filter(({ data }) => data.status === 'started').map(({ data }) => data.batchId!))
  const batches = new Set<string>()
  for (let after: string | undefined; ; ) {
    const page = await ledger.batches(tenant, { limit: 500, after })
    for (const batch of page) if (batch.label === `schedule ${name}`) batches.add(batch.id)
    if (page.length < 500) break
    after = page.at(-1)!.id
  }
  for (const one of started) if (!batches.has(one)) faults.push(`schedule: ${one} was started and is not there`)
  for (const one of batches) if (!started.has(one)) faults.push(`schedule: ${one} is there and was not started`)
  return faults
}

/** Five minutes of samples. */
const LONG_LIFE = 60
/** A process that lived long may not have grown by more than a quarter and 40 MB from its second fifth to its last. */
export function memoryFaults({ memory }: Pick<LoomaProcesses, 'memory'>): string[] {
  return memory.flatMap(({ name, mb }) => {
    if (mb.length < LONG_LIFE) return []
    const fifth = Math.floor(mb.length / 5)
    const middle = (part: number[]) => part.toSorted((a, b) => a - b)[part.length >> 1]!
    const [early, late] = [middle(mb.slice(fifth, 2 * fifth)), middle(mb.slice(-fifth))]
    return late > early * 1.25 + 40 ? [`${name} grew from ${Math.round(early)} to ${Math.round(late)} MB`] : []
  })
}
