/** The embedder: cache, waiting room and one model host per core. */
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { createBatcher, type Entry, type Result } from './batcher.ts'
import { cacheKey, openCache } from './cache.ts'
import { proveGolden } from './golden.ts'
import { type Host, startHost } from './host.ts'
import { loadManifest, unavailable } from './manifest.ts'
import type { Embedder, EmbedderStats, EmbedOptions, Side } from './ports.ts'

/** What the engine needs of a log; a pino logger fits. Never given a text. */
export type EngineLog = { [level in 'debug' | 'info' | 'warn']: (about: object, message: string) => void }

export type EngineOptions = {
  /** Folder with manifest.json, model.onnx and tokenizer.json. */
  modelDir: string
  /** Child processes of one thread each. Default: one per core. */
  hosts?: number
  /** File of the persistent cache; null or nothing: memory alone. */
  cacheDb?: string | null
  /** Vectors kept in memory (1 KB each at 256 dimensions) and in the file. 0 turns the memory off. */
  cacheEntries?: number
  cacheRows?: number
  /** Padded tokens of one run. Above about 1,024 the activations fall out of the core's cache and throughput sinks. */
  maxTokensPerBatch?: number
  /** Texts that may wait in each lane before calls are refused with `overloaded`. */
  maxQueued?: number
  /** Milliseconds without a sign of life after which a host is killed, and for loading the model. */
  silenceLimitMs?: number
  startLimitMs?: number
  log?: EngineLog
}

export type Engine = Embedder & {
  stats(): EmbedderStats
  /** Process ids of the hosts that are ready. */
  pids(): number[]
}

/** Characters read per token at most; what lies beyond would only be tokenized to be cut off. */
const CHARS_PER_TOKEN = 64
/** Failed starts in a row after which waiting calls are told, instead of waiting for a model that may never come. */
const STARTS_BEFORE_DOWN = 3

/** What runs may finish for so long after `close`, well inside the 30 s a service manager gives. */
const CLOSE_LIMIT_MS = 10_000

const SILENT: EngineLog = { debug() {}, info() {}, warn() {} }

/**
 * Loads the model and resolves when every host has run it once and the golden texts came out right. Throws `model-unavailable` that names the
 * fault. The embedder keeps the process alive until it is closed.
 */
export async function createEmbedder(options: EngineOptions): Promise<Engine> {
  const { modelDir, maxTokensPerBatch = 1024, maxQueued = 20_000, log = SILENT } = options
  const { manifest, golden } = await loadManifest(modelDir)
  const { space, dim, maxTokens, prefixes } = manifest
  const model = `${manifest.name}@${manifest.version}`
  const hostOptions = {
    modelDir,
    manifest,
    maxTokensPerBatch,
    silenceLimitMs: options.silenceLimitMs ?? 30_000,
    startLimitMs: options.startLimitMs ?? 60_000,
  }
  const counts = {
    texts: 0,
    cacheHits: 0,
    failed: 0,
    embedded: 0,
    tokens: 0,
    paddedTokens: 0,
    batches: 0,
    running: 0,
    hostRestarts: 0,
    queueMs: 0,
    tokenizeMs: 0,
    inferMs: 0,
    cacheMs: 0,
    cacheErrors: 0,
  }

  const ready = new Set<Host>()
  const starts = await Promise.allSettled(Array.from({ length: options.hosts ?? availableParallelism() }, () => startHost(hostOptions)))
  const firsts = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  try {
    for (const start of starts) if (start.status === 'rejected') throw start.reason
    await proveGolden(firsts[0]!, golden, dim)
  } catch (error) {
    await Promise.all(firsts.map((host) => host.stop()))
    throw error
  }

  const batcher = createBatcher({ maxQueued, maxTokensPerBatch, maxTokens })
  const cache = openCache({
    dim,
    memory: options.cacheEntries ?? 20_000,
    path: options.cacheDb ?? null,
    rows: options.cacheRows ?? 200_000,
    onError(error) {
      if (counts.cacheErrors++ === 0) log.warn({ model, err: error }, 'the embedding cache does not work; going on without it')
    },
  })
  const closing = new AbortController()
  let down: AppError | null = null

  /** One slot serves one host after another, for as long as the embedder is open. */
  async function serve(first: Host): Promise<void> {
    for (let next: Host | null = first; next; next = closing.signal.aborted ? null : await restart()) {
      const host = next
      ready.add(host)
      down = null
      log.info({ model, pid: host.pid }, 'model host ready')
      let turn = batcher.take()
      host.exited.then(() => {
        ready.delete(host)
        turn.leave()
      })
      const onClose = () => turn.leave()
      closing.signal.addEventListener('abort', onClose)
      // Closed while this host was starting: the event is over, and nobody would ever leave the turn.
      if (closing.signal.aborted) onClose()
      for (let slice = await turn.slice; slice; slice = await turn.slice) {
        if (!(await runSlice(host, slice))) break
        turn = batcher.take()
        if (closing.signal.aborted || !ready.has(host)) turn.leave()
      }
      closing.signal.removeEventListener('abort', onClose)
      ready.delete(host)
      if (closing.signal.aborted) return host.stop()
      await host.exited
      log.warn({ model, pid: host.pid }, 'model host ended')
    }
  }

  async function restart(): Promise<Host | null> {
    counts.hostRestarts++
    for (let failures = 0; !closing.signal.aborted; ) {
      try {
        return await startHost(hostOptions)
      } catch (error) {
        failures++
        log.warn({ model, failures, err: error }, 'model host does not start')
        if (failures >= STARTS_BEFORE_DOWN && ready.size === 0) {
          down = error instanceof AppError ? error : unavailable('the model host does not start', error)
          batcher.failWaiting(down)
        }
        await delay(Math.min(30_000, 100 * 2 ** failures), null, { signal: closing.signal }).catch(() => {})
      }
    }
    return null
  }

  /** False when the host died. */
  async function runSlice(host: Host, slice: Entry[]): Promise<boolean> {
    const open = new Set(slice)
    const began = performance.now()
    let tokens = 0
    counts.running += slice.length
    for (const entry of slice) counts.queueMs += began - entry.since
    const settle = (entry: Entry, result: Result) => {
      open.delete(entry)
      counts.running--
      batcher.settle(entry, result)
    }
    log.debug({ model, pid: host.pid, texts: slice.length }, 'slice sent')
    try {
      const { tokenizeMs } = await host.run(
        slice.map((entry) => entry.text),
        {
          vectors(message) {
            tokens += message.tokens
            counts.tokens += message.tokens
            counts.paddedTokens += message.paddedTokens
            counts.batches += message.paddedTokens > 0 ? 1 : 0
            counts.inferMs += message.inferMs
            counts.embedded += message.indexes.length
            for (const [row, index] of message.indexes.entries()) {
              const vector = message.vectors.slice(row * dim, (row + 1) * dim)
              cache.put(slice[index]!.key, vector)
              settle(slice[index]!, vector)
            }
          },
          refused(indexes) {
            for (const index of indexes) settle(slice[index]!, new AppError('internal', 'the model refused this text'))
          },
        },
      )
      counts.tokenizeMs += tokenizeMs
      batcher.measured(
        slice.reduce((sum, entry) => sum + entry.bytes, 0),
        tokens,
        performance.now() - began,
      )
      return true
    } catch {
      counts.running -= open.size
      batcher.died([...open])
      return false
    }
  }

  function wantedOf(text: string, side: Side): { key: string; text: string } {
    const prefix = prefixes[side]
    const whole = (prefix + text).slice(0, maxTokens * CHARS_PER_TOKEN).toWellFormed()
    return { key: cacheKey(space, prefix, whole.slice(prefix.length)), text: whole }
  }
  const keysOf = (texts: string[]) => texts.map((text) => wantedOf(text, 'passage').key)

  async function embedEach(texts: string[], { lane = 'bulk', side = 'passage', signal }: EmbedOptions = {}): Promise<Result[]> {
    if (closing.signal.aborted) throw new AppError('shutting-down')
    if (down) throw down
    signal?.throwIfAborted()
    counts.texts += texts.length
    const began = performance.now()
    const wanted = texts.map((text) => wantedOf(text, side))
    const cached = await cache.get(wanted.map(({ key }) => key))
    counts.cacheMs += performance.now() - began
    const missing = wanted.flatMap((_, i) => (cached[i] ? [] : [i]))
    counts.cacheHits += texts.length - missing.length
    if (closing.signal.aborted) throw new AppError('shutting-down')
    const computed = await batcher.add(
      missing.map((i) => wanted[i]!),
      lane,
      signal,
    )
    const results = cached.map((vector) => vector?.slice()) as Result[]
    for (const [n, i] of missing.entries()) results[i] = computed[n]!
    counts.failed += computed.reduce((sum, result) => sum + (result instanceof AppError ? 1 : 0), 0)
    return results
  }

  async function embed(texts: string[], embedOptions?: EmbedOptions): Promise<Float32Array[]> {
    const results = await embedEach(texts, embedOptions)
    return results.map((result) => {
      if (result instanceof AppError) throw result
      return result
    })
  }

  const slots = firsts.map((host) => serve(host))
  let closed: Promise<void> | null = null
  const close = () => {
    closed ??= (async () => {
      closing.abort()
      batcher.failWaiting(new AppError('shutting-down'))
      const timer = setTimeout(() => {
        for (const host of ready) host.kill()
      }, CLOSE_LIMIT_MS)
      await Promise.all(slots)
      clearTimeout(timer)
      batcher.failWaiting(new AppError('shutting-down'))
      await cache.close()
    })()
    return closed
  }

  const stats = (): EmbedderStats => ({
    ...counts,
    joined: batcher.joined(),
    fill: counts.paddedTokens === 0 ? 1 : counts.tokens / counts.paddedTokens,
    queueDepth: batcher.depth(),
    hostsReady: ready.size,
  })
  return { space, model, dim, embed, embedEach, keysOf, forget: cache.forget, close, stats, pids: () => [...ready].map(({ pid }) => pid) }
}
