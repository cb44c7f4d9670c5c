import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import type { Ranker } from './rank.ts'

/** The fields of a model folder's manifest.json that an evaluation needs. */
export type Manifest = { name: string; version: string; dim: number; maxTokens: number; files: { path: string; bytes: number }[] }

export type Model = { manifest: Manifest; encode(texts: string[]): Promise<Float32Array[]>; close(): Promise<void> }

/**
 * Opens a model folder (manifest.json, tokenizer.json, model.onnx with in-graph pooling) in this process, one thread.
 * Throws when a file is missing. Evaluation only: in the product, inference runs in child processes.
 */
export async function openModel(folder: string): Promise<Model> {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest
  const tokenizer = new Tokenizer(JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')), {})
  process.env.ORT_DISABLE_TELEMETRY = '1' // must stand before the runtime is loaded, hence the late import
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const session = await InferenceSession.create(join(folder, 'model.onnx'), { intraOpNumThreads: 1, interOpNumThreads: 1 })

  async function encode(texts: string[]): Promise<Float32Array[]> {
    const ids = texts.map((text) => tokenizer.encode(text, { add_special_tokens: false }).ids.slice(0, manifest.maxTokens) as number[])
    const width = Math.max(1, ...ids.map((row) => row.length))
    const tokens = new BigInt64Array(texts.length * width)
    const mask = new BigInt64Array(texts.length * width)
    ids.forEach((row, line) => {
      row.forEach((id, at) => {
        tokens[line * width + at] = BigInt(id)
        mask[line * width + at] = 1n
      })
    })
    const shape = [texts.length, width]
    const { embedding } = await session.run({
      input_ids: new Tensor('int64', tokens, shape),
      attention_mask: new Tensor('int64', mask, shape),
    })
    const values = embedding!.data as Float32Array
    return texts.map((_, line) => values.slice(line * manifest.dim, (line + 1) * manifest.dim))
  }

  return { manifest, encode, close: () => session.release() }
}

/** Dot product of two vectors of the same length: the cosine, for unit vectors. */
export const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0)

/** Ranks by the cosine of the model's vectors. */
export const byModel =
  (model: Model): Ranker =>
  async (queries, pool) => {
    const documents = await model.encode(pool)
    return (await model.encode(queries)).map((query) => documents.map((document) => dot(query, document)))
  }
