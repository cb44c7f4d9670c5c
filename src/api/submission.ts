/** Turns submitted items into chunks: validates each by its type, keeps bad ones as failed items, and hands full chunks on. */
import { z } from 'zod'
import { AppError, ERRORS, type ErrorCode } from '../errors.ts'
import type { NewChunk, NewItem } from '../ledger/ports.ts'
import { type ItemType, itemTypes } from '../queues/index.ts'
import { type Line, MAX_LINE_BYTES, parseObject } from './lines.ts'
import type { Language } from './problem.ts'
import { faultsOf } from './route.ts'

/** A chunk's inputs stay under this many bytes, so that reading one never stalls the event loop. */
const MAX_CHUNK_BYTES = 1024 * 1024
const MAX_REPORTED = 100
const REJECTED_CHUNK = 500
/** Keys of a type that duplicates are looked for among. */
const MAX_KEYS = 1_000_000
/** Let other requests have the loop after this many milliseconds of parsing. */
const SLICE_MS = 10

export const Rejection = z
  .object({
    n: z.number().meta({ description: 'Number of the item in the batch, from 0.' }),
    line: z.number().nullable().meta({ description: 'Line of the body, from 1; null for files.' }),
    key: z.string().nullable(),
    code: z.string(),
    title: z.string().meta({ description: 'What the code means, in English or Chinese by Accept-Language.' }),
    detail: z.string().optional(),
  })
  .meta({ id: 'Rejection' })
export type Rejection = z.infer<typeof Rejection>

export type Submission = {
  accept(type: string, key: string | null, input: unknown, bytes?: number): void
  reject(code: ErrorCode, at: { line?: number; key?: string | null; type?: string; detail?: string }): void
  /** Takes one parsed line: `type` says what it is, the rest is its input. */
  take(line: number, value: Record<string, unknown>, bytes: number): void
  /** Hands on the chunks that are full. */
  flush(): Promise<void>
  /** The chunks that were not handed on, full or not. */
  rest(): NewChunk[]
  report(language: Language): { items: number; accepted: number; byType: Record<string, number>; duplicates: number; rejected: Rejection[] }
}

/** What was accepted of one type; `items` are those of the chunk that is being filled. */
type Bucket = { type: ItemType; items: NewItem[]; bytes: number; accepted: number; keys: Set<string>; duplicates: number }

/** `append` stores chunks that are full; null only validates (pre-flight). */
export function createSubmission(append: ((chunks: NewChunk[]) => Promise<void>) | null): Submission {
  const open = new Map<string, Bucket>()
  const full: NewChunk[] = []
  let n = 0
  const rejected: (Omit<Rejection, 'title' | 'code'> & { code: ErrorCode })[] = []
  const rejectedItems: NewItem[] = []

  const close = (bucket: Bucket) => {
    if (bucket.items.length === 0) return
    full.push({ stages: bucket.type.stages, barrier: bucket.type.barrier, items: bucket.items })
    bucket.items = []
    bucket.bytes = 0
  }
  const takeRejected = (least: number) => {
    while (rejectedItems.length >= least) full.push({ stages: [], barrier: null, items: rejectedItems.splice(0, REJECTED_CHUNK) })
  }
  const self: Submission = {
    accept(typeName, key, input, bytes = 200) {
      let bucket = open.get(typeName)
      if (!bucket) {
        bucket = { type: itemTypes.get(typeName)!, items: [], bytes: 0, accepted: 0, keys: new Set(), duplicates: 0 }
        open.set(typeName, bucket)
      }
      if (bucket.items.length >= bucket.type.chunk || bucket.bytes + bytes > MAX_CHUNK_BYTES) close(bucket)
      bucket.items.push({ n: n++, type: typeName, key, input })
      bucket.bytes += bytes
      bucket.accepted++
      if (key === null || bucket.keys.size >= MAX_KEYS) return
      const before = bucket.keys.size
      if (bucket.keys.add(key).size === before) bucket.duplicates++
    },

    reject(code, { line, key = null, type = 'unknown', detail }) {
      if (rejected.length < MAX_REPORTED) rejected.push({ n, line: line ?? null, key, code, ...(detail && { detail }) })
      rejectedItems.push({
        n: n++,
        type,
        key,
        input: null,
        rejected: code,
        detail: line === undefined ? detail : `line ${line}${detail ? `: ${detail}` : ''}`,
      })
    },

    take(line, value, bytes) {
      const { type: typeName, ...input } = value
      const type = typeof typeName === 'string' ? itemTypes.get(typeName) : undefined
      const key = typeof input.id === 'string' ? input.id.slice(0, 200) : null
      if (!type) return self.reject('unknown-type', { line, key, detail: `known types: ${[...itemTypes.keys()].join(', ')}` })
      const parsed = type.schema.safeParse(input)
      if (parsed.success) return self.accept(type.type, key, parsed.data, bytes)
      const detail = faultsOf(parsed.error)
        .slice(0, 3)
        .map((fault) => `${fault.pointer} ${fault.detail}`)
        .join('; ')
      self.reject('invalid-item', { line, key, type: type.type, detail })
    },

    async flush() {
      takeRejected(REJECTED_CHUNK)
      if (full.length > 0) await append?.(full.splice(0))
    },

    rest() {
      for (const bucket of open.values()) close(bucket)
      takeRejected(1)
      return full.splice(0)
    },

    report(language) {
      const buckets = [...open.values()]
      const sum = (of: 'accepted' | 'duplicates') => buckets.reduce((total, bucket) => total + bucket[of], 0)
      const byType = Object.fromEntries(buckets.map(({ type, accepted }) => [type.type, accepted]))
      return {
        items: n,
        accepted: sum('accepted'),
        byType,
        duplicates: sum('duplicates'),
        rejected: rejected.map((one) => ({ ...one, title: ERRORS[one.code][language] })),
      }
    },
  }
  return self
}

/** Takes every line of an NDJSON stream; a bad line costs itself only. */
export async function takeLines(submission: Submission, lines: AsyncIterable<Line>): Promise<void> {
  let since = performance.now()
  for await (const { line, text } of lines) {
    takeText(submission, line, text)
    if (performance.now() - since > SLICE_MS) {
      await submission.flush()
      await new Promise(setImmediate)
      since = performance.now()
    }
  }
  await submission.flush()
}

function takeText(submission: Submission, line: number, text: string | null): void {
  if (text === null) {
    submission.reject('too-large', { line, detail: `a line has at most ${MAX_LINE_BYTES} bytes` })
    return
  }
  try {
    submission.take(line, parseObject(text), text.length)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    submission.reject(error.code, { line })
  }
}
