/** One ONNX session and what turns its output into vectors. Only a model host imports this: `run` blocks the thread it is called on. */
import { Tensor } from 'onnxruntime-node'
import type { Manifest } from './manifest.ts'
import { openOnnx } from './onnx.ts'

/** ids of several texts (none empty) to one row of `dim` floats each, in one array. */
export type Infer = (batch: number[][]) => Promise<Float32Array>

const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids']

export async function openSession(modelPath: string, manifest: Manifest, padId: number): Promise<Infer> {
  const session = await openOnnx(modelPath)
  const odd = session.inputNames.find((name) => !INPUTS.includes(name))
  if (odd !== undefined) throw new Error(`the graph wants an input "${odd}" that no text has`)
  if (session.inputMetadata.some((input) => input.isTensor && input.type !== 'int64'))
    throw new Error('the graph wants inputs that are not int64')
  const preferred = manifest.pooling === 'in-graph' ? ['embedding', 'sentence_embedding'] : ['last_hidden_state', 'token_embeddings']
  const output = preferred.find((name) => session.outputNames.includes(name)) ?? session.outputNames[0]!
  return async (batch) => {
    const { feeds, mask, width } = rectangle(session.inputNames, batch, padId)
    const result = (await session.run(feeds, [output]))[output]!
    if (!(result.data instanceof Float32Array)) throw new Error(`the graph gives ${result.type} where float32 is needed`)
    const rank = manifest.pooling === 'in-graph' ? [batch.length, manifest.dim] : [batch.length, width, manifest.dim]
    if (result.dims.join() !== rank.join()) throw new Error(`the graph gives [${result.dims}] where [${rank}] is needed`)
    const vectors = pool(result.data, mask, manifest, batch.length, width)
    if (manifest.normalize) normalize(vectors, manifest.dim)
    return vectors
  }
}

/** All inputs as [batch, longest], padded at the end. */
function rectangle(inputNames: readonly string[], batch: number[][], padId: number) {
  const width = Math.max(...batch.map((ids) => ids.length))
  const ids = new BigInt64Array(batch.length * width).fill(BigInt(padId))
  const mask = new BigInt64Array(batch.length * width)
  for (const [row, tokens] of batch.entries())
    for (const [column, id] of tokens.entries()) {
      ids[row * width + column] = BigInt(id)
      mask[row * width + column] = 1n
    }
  const values: Record<string, BigInt64Array> = { input_ids: ids, attention_mask: mask, token_type_ids: new BigInt64Array(ids.length) }
  const feeds = Object.fromEntries(inputNames.map((name) => [name, new Tensor('int64', values[name]!, [batch.length, width])]))
  return { feeds, mask, width }
}

function pool(data: Float32Array, mask: BigInt64Array, { pooling, dim }: Manifest, rows: number, width: number): Float32Array {
  if (pooling === 'in-graph') return data
  const vectors = new Float32Array(rows * dim)
  for (let row = 0; row < rows; row++) {
    const first = row * width
    if (pooling === 'cls') {
      vectors.set(data.subarray(first * dim, (first + 1) * dim), row * dim)
      continue
    }
    let tokens = 0
    for (let column = 0; column < width; column++) {
      if (mask[first + column] === 0n) continue
      tokens++
      for (let d = 0; d < dim; d++) vectors[row * dim + d]! += data[(first + column) * dim + d]!
    }
    for (let d = 0; d < dim; d++) vectors[row * dim + d]! /= tokens
  }
  return vectors
}

/** L2, in place; a zero vector stays zero. Throws on NaN and infinity: stored once, they would break every comparison they take part in. */
function normalize(vectors: Float32Array, dim: number): void {
  for (let at = 0; at < vectors.length; at += dim) {
    let sum = 0
    for (let d = at; d < at + dim; d++) sum += vectors[d]! * vectors[d]!
    if (!Number.isFinite(sum)) throw new Error('the graph gives numbers that are not finite')
    const norm = Math.sqrt(sum)
    if (norm > 0) for (let d = at; d < at + dim; d++) vectors[d]! /= norm
  }
}
