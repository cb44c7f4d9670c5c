/** `looma embed`: lines of {"id","text"} in, lines of {"id","vector"} out. */
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { AppError, type ErrorCode, toAppError } from '../errors.ts'
import { type Line, splitLines } from './lines.ts'
import type { Embedder } from './ports.ts'

const Row = z.object({ id: z.union([z.string(), z.number()]), text: z.string() })
type Row = z.infer<typeof Row>
type Parsed = { n: number; row: Row } | { n: number; id?: Row['id']; error: AppError }

/** Bounds of memory: one line, the lines embedded in one call, and the calls under way (so that the hosts find work while one is written). */
const MAX_LINE_BYTES = 1 << 20
const WINDOW_LINES = 256
const WINDOW_BYTES = 1 << 20
const WINDOWS = 4

/**
 * Answers every line of `input` with one line on `output`, in order: `{"id","vector"}`, or `{"line","id"?,"error":{"code","detail"?}}` for a line
 * that is not valid (the rest goes on) or whose text failed. Blank lines are passed over. Holds at most a few hundred lines and waits for a slow
 * reader. `output` is not ended. A reader that goes away early (`| head`) ends the stream without an error. Counts lines; throws only what
 * `input` or `output` throw.
 */
export async function embedStream(input: Readable, output: Writable, embedder: Embedder): Promise<{ embedded: number; failed: number }> {
  const counts = { embedded: 0, failed: 0 }
  const gone = new AbortController()
  async function* answers(source: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
    const pending: Promise<string[]>[] = []
    for await (const window of windows(source)) {
      pending.push(answer(window, embedder, counts, gone.signal))
      if (pending.length === WINDOWS) yield (await pending.shift()!).join('')
    }
    while (pending.length > 0) yield (await pending.shift()!).join('')
  }
  try {
    await pipeline(input, answers, output, { end: false })
  } catch (error) {
    if (!['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes((error as { code?: string })?.code ?? '')) throw error
  } finally {
    gone.abort()
  }
  return counts
}

async function* windows(source: AsyncIterable<Buffer | string>): AsyncGenerator<Parsed[]> {
  let window: Parsed[] = []
  let bytes = 0
  for await (const line of splitLines(source, MAX_LINE_BYTES)) {
    const parsed = parse(line)
    if (!parsed) continue
    window.push(parsed)
    bytes += 'bytes' in line ? line.bytes.length : 0
    if (window.length < WINDOW_LINES && bytes < WINDOW_BYTES) continue
    yield window
    window = []
    bytes = 0
  }
  if (window.length > 0) yield window
}

/** Null for a blank line. */
function parse(line: Line): Parsed | null {
  const { n } = line
  if ('tooLong' in line) return { n, error: new AppError('too-large', `a line may hold ${MAX_LINE_BYTES} bytes`) }
  let json: unknown
  try {
    // Drops a byte order mark; throws on bytes that are not UTF-8, which would otherwise be embedded as question marks.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(line.bytes)
    if (text.trim() === '') return null
    json = JSON.parse(text)
  } catch {
    return { n, error: new AppError('malformed-line') }
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { n, error: new AppError('malformed-line') }
  const { success, data } = Row.safeParse(json)
  if (success) return { n, row: data }
  const id = Row.shape.id.safeParse((json as { id?: unknown }).id)
  return { n, id: id.data, error: new AppError('invalid-item', id.success ? 'text must be a string' : 'id must be a string or a number') }
}

/** Never rejects: a call that fails as a whole is answered on each of its lines. */
async function answer(
  window: Parsed[],
  embedder: Embedder,
  counts: { embedded: number; failed: number },
  signal: AbortSignal,
): Promise<string[]> {
  const rows = window.flatMap((parsed) => ('row' in parsed ? [parsed.row] : []))
  const texts = rows.map(({ text }) => text)
  const results = await embedder.embedEach(texts, { lane: 'bulk', signal }).catch((error: unknown) => texts.map(() => toAppError(error)))
  let next = 0
  return window.map((parsed) => {
    const result = 'row' in parsed ? results[next++]! : parsed.error
    const id = 'row' in parsed ? parsed.row.id : parsed.id
    if (result instanceof AppError) {
      counts.failed++
      const error: { code: ErrorCode; detail?: string } = { code: result.code, detail: result.detail }
      return `${JSON.stringify({ line: parsed.n, id, error })}\n`
    }
    counts.embedded++
    return `{"id":${JSON.stringify(id)},"vector":[${Array.from(result, shortest).join()}]}\n`
  })
}

/** Seven decimals: the error, below 5e-8, is that of float32 itself for a unit vector, and the line is half as long. */
const shortest = (value: number): number => Math.round(value * 1e7) / 1e7
