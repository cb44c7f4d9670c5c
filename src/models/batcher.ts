/**
 * The waiting room before the model hosts. Natural batching: a host that becomes free takes what waits at that moment, no timer holds anything
 * back. Knows neither processes nor ONNX.
 */
import { AppError } from '../errors.ts'
import { pickSlice } from './packing.ts'
import type { Lane } from './ports.ts'

export type Result = Float32Array | AppError
type Call = {
  results: Result[]
  open: number
  entries: Set<Entry>
  resolve: (results: Result[]) => void
  reject: (reason: unknown) => void
}

/** One distinct text that waits or runs, and everybody who wants its vector. */
export type Entry = {
  readonly key: string
  readonly text: string
  readonly bytes: number
  readonly since: number
  lane: Lane
  state: 'waiting' | 'running'
  /** How often its host died while this text was alone in it. */
  deathsAlone: number
  waiters: { call: Call; index: number }[]
}

export type BatcherOptions = {
  /** Texts that may wait in each lane. */
  maxQueued: number
  maxTokensPerBatch: number
  maxTokens: number
}

/** A slice is what one host takes at a time: long enough that its round trip does not matter, short enough that an interactive text gets its turn soon. */
const SLICE_MS = 50
const MAX_SLICE_BATCHES = 64
const MAX_SLICE_TEXTS = 2048
/** After so many interactive slices in a row a waiting bulk slice gets one turn, so that a busy front end slows bulk work but never stops it. */
const INTERACTIVE_RUN = 8
/** UTF-8 bytes per token before anything is measured: about 4 for an English word piece, 3 for a Chinese character. */
const FIRST_BYTES_PER_TOKEN = 3.5
const POISON_MEMORY = 1000

export function createBatcher({ maxQueued, maxTokensPerBatch, maxTokens }: BatcherOptions) {
  const lanes: Record<Lane, Set<Entry>> = { interactive: new Set(), bulk: new Set() }
  const retries: Entry[][] = []
  const byKey = new Map<string, Entry>()
  const takers: ((slice: Entry[] | null) => void)[] = []
  /** Keys of texts that ended their hosts: asked for again, they are answered without another dead host. */
  const poisonous = new Set<string>()
  let bytesPerToken = FIRST_BYTES_PER_TOKEN
  let sliceTokens = 4 * maxTokensPerBatch
  let interactiveRun = 0
  let scheduled = false
  let joined = 0

  /**
   * One result per text, in order. Throws `overloaded` at once where the lane has no room; a call that is larger than the whole lane is taken
   * when the lane is empty, or it could never be. Rejects with the signal's reason; texts that nobody else wants leave the queue.
   */
  function add(texts: { key: string; text: string }[], lane: Lane, signal?: AbortSignal): Promise<Result[]> {
    signal?.throwIfAborted()
    const fresh = new Set(texts.filter(({ key }) => !byKey.has(key)).map(({ key }) => key)).size
    const waiting = lanes[lane].size
    if (waiting > 0 && waiting + fresh > maxQueued) throw new AppError('overloaded', undefined, { retryAfter: 1 })
    return new Promise((resolve, reject) => {
      const call: Call = { results: new Array(texts.length), open: texts.length, entries: new Set(), resolve, reject }
      if (signal) {
        const onAbort = () => drop(call, signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
        call.resolve = (results) => {
          signal.removeEventListener('abort', onAbort)
          resolve(results)
        }
        call.reject = (reason) => {
          signal.removeEventListener('abort', onAbort)
          reject(reason)
        }
      }
      for (const [index, { key, text }] of texts.entries()) {
        if (poisonous.has(key)) answer(call, index, new AppError('poison'))
        else want(key, text, lane, call, index)
      }
      if (texts.length === 0) call.resolve([])
      schedule()
    })
  }

  function want(key: string, text: string, lane: Lane, call: Call, index: number): void {
    let entry = byKey.get(key)
    if (!entry) {
      entry = { key, text, bytes: Buffer.byteLength(text), since: performance.now(), lane, state: 'waiting', deathsAlone: 0, waiters: [] }
      byKey.set(key, entry)
      lanes[lane].add(entry)
    } else {
      joined++
      // Somebody waits for it now, so it moves up from the bulk lane.
      if (lane === 'interactive' && lanes.bulk.delete(entry)) lanes.interactive.add(entry)
      if (lane === 'interactive') entry.lane = lane
    }
    entry.waiters.push({ call, index })
    call.entries.add(entry)
  }

  function answer(call: Call, index: number, result: Result): void {
    call.results[index] = result instanceof Float32Array ? result.slice() : result
    if (--call.open === 0) call.resolve(call.results)
  }

  /** The result of a running text, for everybody who wants it. */
  function settle(entry: Entry, result: Result): void {
    if (byKey.get(entry.key) === entry) byKey.delete(entry.key)
    for (const { call, index } of entry.waiters.splice(0)) answer(call, index, result)
  }

  function drop(call: Call, reason: unknown): void {
    for (const entry of call.entries) {
      entry.waiters = entry.waiters.filter((waiter) => waiter.call !== call)
      if (entry.waiters.length === 0 && entry.state === 'waiting') forget(entry)
    }
    call.reject(reason)
  }

  function forget(entry: Entry): void {
    lanes[entry.lane].delete(entry)
    if (byKey.get(entry.key) === entry) byKey.delete(entry.key)
  }

  /**
   * The host that had these texts, and had not answered them, died. They are tried again in halves, so that the others get their vectors and
   * the one at fault ends up alone; when it takes a host with it twice on its own it is `poison`.
   */
  function died(entries: Entry[]): void {
    const wanted: Entry[] = []
    for (const entry of entries) {
      entry.state = 'waiting'
      if (entry.waiters.length > 0) wanted.push(entry)
      else forget(entry)
    }
    const [only] = wanted
    if (wanted.length > 1) {
      const half = wanted.length >> 1
      retries.push(wanted.slice(0, half), wanted.slice(half))
    } else if (only && entries.length === 1 && ++only.deathsAlone >= 2) {
      if (poisonous.size >= POISON_MEMORY) poisonous.delete(poisonous.values().next().value!)
      poisonous.add(only.key)
      settle(only, new AppError('poison'))
    } else if (only) retries.push([only])
    schedule()
  }

  /** Waits for work. The promise gives null after `leave`. */
  function take(): { slice: Promise<Entry[] | null>; leave: () => void } {
    const { promise, resolve } = Promise.withResolvers<Entry[] | null>()
    takers.push(resolve)
    schedule()
    const leave = () => {
      const at = takers.indexOf(resolve)
      if (at >= 0) takers.splice(at, 1)
      resolve(null)
    }
    return { slice: promise, leave }
  }

  // Not at once: calls that arrive in the same turn of the event loop share a slice.
  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      while (takers.length > 0) {
        const slice = nextSlice()
        if (!slice) return
        for (const entry of slice) entry.state = 'running'
        takers.shift()!(slice)
      }
    })
  }

  function nextSlice(): Entry[] | null {
    for (let group = retries.shift(); group; group = retries.shift()) {
      const wanted = group.filter((entry) => byKey.get(entry.key) === entry)
      if (wanted.length > 0) return wanted
    }
    const bulkTurn = lanes.interactive.size === 0 || (interactiveRun >= INTERACTIVE_RUN && lanes.bulk.size > 0)
    interactiveRun = bulkTurn ? 0 : interactiveRun + 1
    const lane = lanes[bulkTurn ? 'bulk' : 'interactive']
    const window: Entry[] = []
    for (const entry of lane) if (window.push(entry) === MAX_SLICE_TEXTS) break
    if (window.length === 0) return null
    const lengths = window.map((entry) => Math.min(maxTokens, 1 + Math.ceil(entry.bytes / bytesPerToken)))
    const share = lengths.reduce((sum, length) => sum + length, 0) / takers.length
    // Two idle hosts share what waits, but not below one full batch.
    const slice = pickSlice(lengths, Math.min(sliceTokens, Math.max(maxTokensPerBatch, share))).map((index) => window[index]!)
    for (const entry of slice) lane.delete(entry)
    return slice
  }

  /** What a finished slice took; the next slices are sized by it. */
  function measured(bytes: number, tokens: number, ms: number): void {
    if (tokens === 0 || ms <= 0) return
    bytesPerToken += 0.2 * (Math.min(16, Math.max(1, bytes / tokens)) - bytesPerToken)
    const wanted = (tokens / ms) * SLICE_MS
    sliceTokens += 0.2 * (Math.min(MAX_SLICE_BATCHES * maxTokensPerBatch, Math.max(maxTokensPerBatch, wanted)) - sliceTokens)
  }

  /** Rejects every call that has a text still waiting. */
  function failWaiting(reason: AppError): void {
    const waiting = [...lanes.interactive, ...lanes.bulk, ...retries.flat()]
    for (const call of new Set(waiting.flatMap((entry) => entry.waiters.map((waiter) => waiter.call)))) drop(call, reason)
  }

  const depth = () => lanes.interactive.size + lanes.bulk.size + retries.reduce((sum, group) => sum + group.length, 0)
  return { add, take, settle, died, measured, failWaiting, depth, joined: () => joined }
}
