/** How results change a chunk: pure functions over the item states, the same for every ledger adapter. */
import type { ErrorCode } from '../errors.ts'
import type { JobName } from '../queues/index.ts'
import type { ItemResult, ItemState, Outcome } from './ports.ts'

export type StageStats = Record<string, { waitMs: number; runMs: number; runs: number }>

/** Items of a chunk by stage: how many go through it, how many have passed it, how many ended in it. */
export type Flow = { total: number; passed: number; ended: number }[]

export type ItemChange = { n: number; key: string | null; to: 'passed' | Outcome; code?: ErrorCode; stage: number }

/** Applies results to the items that are still open in `stage`; a result for any other item is ignored, which makes replays harmless. */
export function settle(items: ItemState[], stage: number, stages: JobName[], results: ItemResult[]): ItemChange[] {
  const byN = new Map(items.map((item) => [item.n, item]))
  const changes: ItemChange[] = []
  for (const result of results) {
    const item = byN.get(result.n)
    if (!item || item.outcome || item.passed !== stage) continue
    item.ms += Math.round(result.ms)
    if (result.to === 'pass') {
      // What it had to be tried again for is over.
      delete item.code
      if (result.subject) item.subject = result.subject
      // A stage behind or unknown is no way on: then it is the one that follows.
      const next = Math.max(stage + 1, result.next === undefined ? 0 : stages.indexOf(result.next))
      for (let skipped = stage + 1; skipped < next; skipped++) item.skipped = [...(item.skipped ?? []), skipped]
      item.passed = next
      if (item.passed === stages.length) {
        item.outcome = 'done'
        item.attempts++
      }
      changes.push({ n: item.n, key: item.key, to: item.outcome ?? 'passed', stage })
      continue
    }
    if (result.crash) item.crashes++
    if (result.attempt) item.attempts++
    if (result.to === 'end') {
      end(item, result.outcome, result.code, result.detail)
      changes.push({ n: item.n, key: item.key, to: result.outcome, code: result.code, stage })
    } else item.code = result.code
  }
  return changes
}

/** Ends every item that has no outcome yet. */
export function endOpen(items: ItemState[], stage: number, outcome: Outcome, code: ErrorCode): ItemChange[] {
  const open = items.filter((item) => !item.outcome)
  for (const item of open) end(item, outcome, code)
  return open.map((item) => ({ n: item.n, key: item.key, to: outcome, code, stage }))
}

function end(item: ItemState, outcome: Outcome, code?: ErrorCode, detail?: string): void {
  item.outcome = outcome
  if (code) item.code = code
  if (detail) item.detail = detail.slice(0, 300)
  // Nobody may be told any more whose item this was.
  if (code === 'person-erased') {
    item.key = null
    delete item.detail
  }
}

export function tally(items: ItemState[]): Record<Outcome, number> & { open: number } {
  const counts = { done: 0, failed: 0, unreadable: 0, cancelled: 0, open: 0 }
  for (const item of items) counts[item.outcome ?? 'open']++
  return counts
}

export function flowOf(items: ItemState[], stages: number): Flow {
  const flow = Array.from({ length: stages }, () => ({ total: 0, passed: 0, ended: 0 }))
  flow.forEach((count, stage) => {
    for (const { passed, outcome, skipped } of items) {
      if (skipped?.includes(stage)) continue
      if (passed > stage) count.passed++
      else if (outcome && passed === stage) count.ended++
      if (!outcome || passed >= stage) count.total++
    }
  })
  return flow
}

/** The stage that a chunk is in next: the first one that any of its items without an outcome has to go through; null where none is left. */
export const nextStage = (items: ItemState[]): number | null =>
  items.reduce<number | null>((first, { outcome, passed }) => (outcome ? first : Math.min(first ?? passed, passed)), null)

/** Items open in `stage` (those with an outcome, or ahead of the stage, are not). */
export const openIn = (items: ItemState[], stage: number): ItemState[] => items.filter((item) => !item.outcome && item.passed === stage)
