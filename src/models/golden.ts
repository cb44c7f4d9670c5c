/** The proof that a loaded model is the one that was released: it gives the golden texts their vectors. */
import type { Host, Vectors } from './host.ts'
import { type GoldenRow, unavailable } from './manifest.ts'

/** The same file on another CPU's int8 kernels stays above this; a wrong tokenizer or pooling falls far below. */
const GOLDEN_COSINE = 0.99
/** Throws `model-unavailable` when a freshly loaded model does not give the vectors it was released with. */
export async function proveGolden(host: Host, golden: GoldenRow[], dim: number): Promise<void> {
  const failed = new Set(golden.keys())
  if (golden.length === 0) return
  const texts = golden.map(({ text }) => text)
  const vectors = (message: Vectors) => {
    for (const [row, index] of message.indexes.entries())
      if (agrees(message.vectors.subarray(row * dim, (row + 1) * dim), golden[index]!.vector)) failed.delete(index)
  }
  try {
    await host.run(texts, { vectors, refused() {} })
  } catch (cause) {
    throw unavailable('the model host ended while it embedded the golden texts', cause)
  }
  if (failed.size > 0)
    throw unavailable(`${failed.size} of ${golden.length} golden texts got other vectors than the model was released with`)
}

function agrees(got: Float32Array, expected: number[]): boolean {
  const dot = expected.reduce((sum, value, d) => sum + value * got[d]!, 0)
  const norms = Math.hypot(...expected) * Math.hypot(...got)
  return norms === 0 ? Math.hypot(...expected) === Math.hypot(...got) : dot / norms >= GOLDEN_COSINE
}
