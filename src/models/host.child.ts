/**
 * A model host: one process, one thread, one model. It is a process and not a thread because `run` blocks its event loop, and because ending
 * a thread inside ONNX Runtime aborts the whole process; a host that hangs or crashes costs one child, and its memory truly goes back.
 * Started by host.ts with an environment of its own.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FromHost, HostSettings, ToHost } from './messages.ts'
import { packByBudget } from './packing.ts'
import { type Infer, openSession } from './session.ts'
import { createTokenizer, type Encode } from './tokenizing.ts'

const { modelDir, manifest, maxTokensPerBatch } = JSON.parse(process.argv[2]!) as HostSettings
const say = (message: FromHost) => process.connected && process.send!(message)

// The parent is gone, however it ended: nobody is left to work for.
process.on('disconnect', () => process.exit())
// Ctrl-C and service managers signal the whole group. The parent drains first and needs its hosts for that; it ends them by disconnecting.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

async function start(): Promise<void> {
  const json: unknown = JSON.parse(await readFile(join(modelDir, 'tokenizer.json'), 'utf8'))
  const { encode, padId } = createTokenizer(json, manifest)
  const infer = await openSession(join(modelDir, 'model.onnx'), manifest, padId)
  // A run at once: a model that cannot run at all must be found here, not be blamed on the first texts.
  await infer([encode('a').length > 0 ? encode('a') : [padId]])
  // One slice after the other, should the parent ever send two.
  let last = Promise.resolve()
  process.on('message', (message) => {
    last = last.then(() => work(message as ToHost, encode, infer))
  })
  say({ type: 'ready' })
}

async function work({ slice, texts }: ToHost, encode: Encode, infer: Infer): Promise<void> {
  const began = performance.now()
  const ids = texts.map((text) => {
    try {
      return encode(text)
    } catch {
      return null
    }
  })
  const tokenizeMs = performance.now() - began
  const where = (wanted: (ids: number[] | null) => boolean) => ids.flatMap((row, index) => (wanted(row) ? [index] : []))
  const unreadable = where((row) => row === null)
  if (unreadable.length > 0) say({ type: 'refused', slice, indexes: unreadable })
  const empty = where((row) => row?.length === 0)
  if (empty.length > 0)
    say({
      type: 'vectors',
      slice,
      indexes: empty,
      vectors: new Float32Array(empty.length * manifest.dim),
      tokens: 0,
      paddedTokens: 0,
      inferMs: 0,
    })
  const full = where((row) => row !== null && row.length > 0)
  const lengths = full.map((index) => ids[index]!.length)
  for (const batch of packByBudget(lengths, maxTokensPerBatch)) {
    await runBatch(
      slice,
      batch.map((i) => full[i]!),
      ids as number[][],
      infer,
    )
    // Lets the answer and a disconnect through between two runs.
    await nextTurn()
  }
  say({ type: 'done', slice, tokenizeMs })
}

/** A batch that throws is run again text by text, so that the one at fault is the only one refused. */
async function runBatch(slice: number, indexes: number[], ids: number[][], infer: Infer): Promise<void> {
  const rows = indexes.map((index) => ids[index]!)
  const began = performance.now()
  try {
    const vectors = await infer(rows)
    const tokens = rows.reduce((sum, row) => sum + row.length, 0)
    const paddedTokens = rows.length * Math.max(...rows.map((row) => row.length))
    say({ type: 'vectors', slice, indexes, vectors, tokens, paddedTokens, inferMs: performance.now() - began })
  } catch {
    if (indexes.length === 1) say({ type: 'refused', slice, indexes })
    else for (const index of indexes) await runBatch(slice, [index], ids, infer)
  }
}

try {
  await start()
} catch (error) {
  // Only file names and shapes can stand in here: no text has been seen yet.
  process.send!({ type: 'unusable', reason: error instanceof Error ? error.message : String(error) } satisfies FromHost, () =>
    process.exit(1),
  )
}
