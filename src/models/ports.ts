/** What the rest of Looma knows of models. Inference runs in child processes (engine.ts); nothing here touches ONNX. */

export type Lane = 'interactive' | 'bulk'

export interface Embedder {
  /** Identity of the vector space: a digest of all that changes vectors. Vectors of different spaces never mix. */
  readonly space: string
  /** `name@version`, stored with every result. */
  readonly model: string
  readonly dim: number
  /**
   * One L2-normalised vector of `dim` floats per text, in order; an empty or wholly unknown text gives the zero vector. Texts are batched
   * across callers by padded-token budget; `interactive` goes first. Throws `poison` for a call with one text that killed its host twice
   * (with several texts: `PoisonText` names their indexes and carries the other vectors), `overloaded`, or the signal's reason.
   */
  embed(texts: string[], options?: { lane?: Lane; signal?: AbortSignal }): Promise<Float32Array[]>
  close(): Promise<void>
}
