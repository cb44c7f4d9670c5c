/** Vectors of the shipped embedding model, for words and characters that the training data of a tagger has seldom or never. */
import { fileURLToPath } from 'node:url'
import { dot, openModel } from '../embed/model.ts'

const FOLDER = fileURLToPath(new URL('../../models/default', import.meta.url))
const BATCH = 256
/** Half the width of a projection's values: projected vectors then have the length of a network's own vectors at their start, summed. */
const WIDTH = 0.87

/** Unit vectors by text, for those of `texts` that the model knows. */
export async function vectorsOf(texts: string[]): Promise<Map<string, Float32Array>> {
  const model = await openModel(FOLDER)
  const found = new Map<string, Float32Array>()
  for (let from = 0; from < texts.length; from += BATCH) {
    const batch = texts.slice(from, from + BATCH)
    const vectors = await model.encode(batch)
    vectors.forEach((vector, at) => {
      if (vector.some((value) => value !== 0)) found.set(batch[at]!, vector)
    })
  }
  await model.close()
  return found
}

/** The vectors projected to `size` values by a random matrix, which keeps their distances (Johnson and Lindenstrauss 1984). */
export function projected(vectors: Map<string, Float32Array>, size: number, random: () => number): Map<string, Float32Array> {
  const dim = vectors.values().next().value?.length ?? 0
  const matrix = Array.from({ length: size }, () => Float32Array.from({ length: dim }, () => (random() * 2 - 1) * WIDTH))
  const project = (vector: Float32Array) => Float32Array.from(matrix, (row) => dot(vector, row))
  return new Map(Array.from(vectors, ([text, vector]) => [text, project(vector)]))
}
