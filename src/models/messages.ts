/** What parent and model host say to each other (fork, structured clone). */
import type { Manifest } from './manifest.ts'

/** The first argument of the child, as JSON. */
export type HostSettings = { modelDir: string; manifest: Manifest; maxTokensPerBatch: number }

/** One slice of work. The host tokenizes it, packs it into batches and answers with one `vectors` per batch, then `done`. */
export type ToHost = { slice: number; texts: string[] }

export type FromHost =
  | { type: 'ready' }
  /** The model cannot be loaded; `reason` says why and holds no text of anybody. */
  | { type: 'unusable'; reason: string }
  /** `vectors` holds `indexes.length` rows of `dim` floats. */
  | { type: 'vectors'; slice: number; indexes: number[]; vectors: Float32Array; tokens: number; paddedTokens: number; inferMs: number }
  /** The tokenizer or the model threw on these texts alone. */
  | { type: 'refused'; slice: number; indexes: number[] }
  | { type: 'done'; slice: number; tokenizeMs: number }
