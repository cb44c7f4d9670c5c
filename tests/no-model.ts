/** Stands where no test is about vectors: the model takes seconds to start. */
import type { Embedder } from '../src/models/ports.ts'

export const NO_MODEL: Embedder = {
  space: 'none',
  model: 'none@0',
  dim: 1,
  embed: async (texts) => texts.map(() => new Float32Array(1)),
  embedEach: async (texts) => texts.map(() => new Float32Array(1)),
  keysOf: (texts) => texts,
  forget: () => undefined,
  close: async () => undefined,
}
