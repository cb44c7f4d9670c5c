/** Embedding of many texts where single ones may be deadly. */
import { AppError } from '../errors.ts'
import type { Embedder, Lane } from '../models/ports.ts'

/**
 * One vector per text, in order; null for a text that ended its model host twice (`poison`). Without this one such text would keep its
 * document, and all others of the call, dirty for ever: every sweep would meet it again first. Other errors are thrown.
 */
export async function embedTexts(
  embedder: Embedder,
  texts: string[],
  options: { lane: Lane; signal?: AbortSignal },
): Promise<(Float32Array | null)[]> {
  if (texts.length === 0) return []
  try {
    return await embedder.embed(texts, options)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'poison') throw error
    if (texts.length === 1) return [null]
    const half = texts.length >> 1
    return [...(await embedTexts(embedder, texts.slice(0, half), options)), ...(await embedTexts(embedder, texts.slice(half), options))]
  }
}
