/** CSV and NDJSON files as sources. Every run reads the whole file: what it no longer has is gone. */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { parse } from 'csv-parse'
import iconv from 'iconv-lite'
import { AppError } from '../../errors.ts'
import type { Page, ReadOptions, Source } from '../source.ts'
import { type MappingFile, mapRaw, toRaw } from './mapping.ts'

/** So much of the file tells its encoding. */
const SAMPLE_BYTES = 64 * 1024

type Checkpoint = { file: string; records: number }

export function fileSource(kind: 'csv' | 'ndjson', path: string, mapping: MappingFile): Source {
  /** Names this very content: a file that was replaced is read from its beginning. */
  const identity = async () => {
    const { mtimeMs, size } = await stat(path).catch((cause) => {
      throw new AppError('source-down', `the file cannot be read (${cause.code})`, { cause })
    })
    return `${mtimeMs}-${size}`
  }
  const records = kind === 'csv' ? readCsv : readNdjson
  async function* scan(_entity: string, { from, limit, signal }: ReadOptions): AsyncIterable<Page> {
    const file = await identity()
    const start = from as Checkpoint | null
    const skip = start?.file === file ? start.records : 0
    let n = 0
    let page: Page['records'] = []
    const full = (): Page => ({ records: page.splice(0), checkpoint: { file, records: n } satisfies Checkpoint, total: null })
    for await (const value of records(path, await encodingOf(path))) {
      signal.throwIfAborted()
      if (++n <= skip) continue
      page.push(toRaw(mapping, value))
      if (page.length === limit) yield full()
    }
    if (page.length > 0) yield full()
    if ((await identity()) !== file) throw new AppError('source-down', 'the file changed while it was read')
    page = []
  }
  return {
    system: mapping.system,
    entities: [{ name: mapping.entity, incremental: false }],
    check: async () => void (await identity()),
    scan,
    changes() {
      throw new AppError('internal', 'a file cannot tell what changed')
    },
    async one(entity, id, signal) {
      for await (const { records: some } of scan(entity, { from: null, limit: 1000, signal })) {
        const found = some.find((raw) => raw.id === id)
        if (found) return found
      }
      return null
    },
    map: (raw) => mapRaw(mapping, raw),
    close: async () => undefined,
  }
}

async function* readCsv(path: string, encoding: string): AsyncIterable<Record<string, unknown>> {
  const parser = createReadStream(path)
    .pipe(iconv.decodeStream(encoding))
    .pipe(
      parse({ columns: true, bom: true, skip_empty_lines: true, relax_column_count: false, trim: true, max_record_size: 10 * 1024 * 1024 }),
    )
  try {
    yield* parser as AsyncIterable<Record<string, string>>
  } catch (cause) {
    throw new AppError('source-changed', `the CSV cannot be read: ${(cause as Error).message}`, { cause })
  }
}

async function* readNdjson(path: string, encoding: string): AsyncIterable<Record<string, unknown>> {
  const lines = createInterface({ input: createReadStream(path).pipe(iconv.decodeStream(encoding)), crlfDelay: Number.POSITIVE_INFINITY })
  let n = 0
  for await (const line of lines) {
    n++
    if (line.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      throw new AppError('source-changed', `line ${n} is not JSON`)
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw new AppError('source-changed', `line ${n} is not a JSON object`)
    yield value as Record<string, unknown>
  }
}

/** UTF-8 (or UTF-16 by its mark), else GB18030, which Chinese spreadsheets save. */
async function encodingOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, 0)
    const sample = buffer.subarray(0, bytesRead)
    if (sample[0] === 0xff && sample[1] === 0xfe) return 'utf16le'
    if (sample[0] === 0xfe && sample[1] === 0xff) return 'utf16be'
    try {
      // A character that the end of the sample cuts in two is no fault.
      new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true })
      return 'utf8'
    } catch {
      return 'gb18030'
    }
  } finally {
    await file.close()
  }
}
