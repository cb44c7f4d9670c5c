/** What the rest of Looma knows of models. Inference runs in child processes (engine.ts); nothing here touches ONNX. */
import type { AppError } from '../errors.ts'

/** `interactive` (somebody waits for the answer) goes before `bulk`. */
export type Lane = 'interactive' | 'bulk'

/** Some models put another prefix before a search query than before what is searched (E5); for others both are the same. */
export type Side = 'query' | 'passage'

/** Defaults: lane `bulk`, side `passage`. */
export type EmbedOptions = { lane?: Lane; side?: Side; signal?: AbortSignal }

export interface Embedder {
  /** Identity of the vector space: a digest of all that changes vectors. Vectors of different spaces never mix. */
  readonly space: string
  /** `name@version`, stored with every result. */
  readonly model: string
  readonly dim: number
  /**
   * One L2-normalised vector of `dim` floats per text, in order; an empty or wholly unknown text gives the zero vector, and a text longer
   * than the model reads is cut. The vectors belong to the caller. Texts are batched across callers by padded-token budget.
   * All or nothing: throws the first error that `embedEach` would give, or what `embedEach` throws.
   */
  embed(texts: string[], options?: EmbedOptions): Promise<Float32Array[]>
  /**
   * Like `embed`, but a text that fails costs only itself: in its place stands `poison` (it ended its host twice while it was alone there)
   * or `internal` (the model refused it). Throws only for the call as a whole: `overloaded` (the lane's queue is full), `model-unavailable`,
   * `shutting-down`, or the signal's reason.
   */
  embedEach(texts: string[], options?: EmbedOptions): Promise<(Float32Array | AppError)[]>
  /** Names the cached vectors of these texts, in order; side `passage`. Letters, digits, `-` and `_`. */
  keysOf(texts: string[]): string[]
  /** Takes the vectors under these keys out of this process's cache. What is being computed meanwhile may put one back. */
  forget(keys: string[]): void
  /** Refuses new texts, lets what runs come to its end, ends the children. May be called again. */
  close(): Promise<void>
}

/** Counters since the start, as plain numbers; `…Ms` are sums in milliseconds. */
export type EmbedderStats = {
  /** Texts asked for, those answered from the cache, those that joined an equal text already waiting, and those that failed. */
  texts: number
  cacheHits: number
  joined: number
  failed: number
  /** What the hosts did: texts, tokens, tokens with padding, runs of the model. `fill` = tokens / padded tokens, 0–1 (1 before the first). */
  embedded: number
  tokens: number
  paddedTokens: number
  batches: number
  fill: number
  /** Now: texts that wait in either lane, texts inside a host, hosts that are ready. */
  queueDepth: number
  running: number
  hostsReady: number
  hostRestarts: number
  /** Summed over texts for the queue; over slices for the rest. */
  queueMs: number
  tokenizeMs: number
  inferMs: number
  cacheMs: number
  cacheErrors: number
}
