/**
 * CSV and NDJSON files as sources. Every run reads the whole file: what it no longer has is gone. A line that cannot be read costs no other, but
 * such a run does not end well: nobody is taken for gone because of a broken line.
 */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { parse } from 'csv-parse'
import iconv from 'iconv-lite'
import { AppError } from '../../errors.ts'
import type { Page, ReadOptions, Source } from '../source.ts'
import { columnsOf, type MappingFile, mapRaw, toRaw } from './mapping.ts'

/** So much of the file tells its encoding. */
const SAMPLE_BYTES = 64 * 1024

const BROKEN_SHOWN = 5
const MAX_RECORD_BYTES = 10 * 1024 * 1024

type Checkpoint = { file: string; records: number }

export function fileSource(kind: 'csv' | 'ndjson', path: string, mapping: MappingFile): Source {
  /** Names this very content: a file that was replaced is read from its beginning. */
  const identity = async () => {
    const found = await stat(path).catch((cause) => {
      throw new AppError('source-down', `the file cannot be read (${cause.code})`, { cause })
    })
    if (!found.isFile()) throw new AppError('source-down', 'the path of the source names no file')
    const { mtimeMs, size } = found
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
    const broken: string[] = []
    for await (const value of records(path, await encodingOf(path), mapping, (what) => broken.push(what))) {
      signal.throwIfAborted()
      if (++n <= skip) continue
      page.push(toRaw(mapping, value))
      if (page.length === limit) yield full()
    }
    if (page.length > 0) yield full()
    if (broken.length > 0) {
      const some = `${broken.slice(0, BROKEN_SHOWN).join('; ')}${broken.length > BROKEN_SHOWN ? '; …' : ''}`
      throw new AppError('source-changed', `${broken.length} of its records cannot be read, all others were taken: ${some}`)
    }
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

type Note = (what: string) => void

async function* readCsv(path: string, encoding: string, mapping: MappingFile, broken: Note): AsyncIterable<Record<string, unknown>> {
  const columns = (header: string[]): string[] => {
    const names = header.map((name) => name.trim())
    // Silence about a field takes it away from everybody: a column that is gone must stop the run.
    const lost = columnsOf(mapping).filter((any) => !any.some((name) => names.includes(name)))
    if (lost.length > 0) throw new AppError('source-changed', `the file has no column ${lost.map((any) => any.join(' or ')).join(', ')}`)
    return names
  }
  const parser = createReadStream(path)
    .pipe(iconv.decodeStream(encoding))
    .pipe(
      parse({
        columns,
        bom: true,
        skip_empty_lines: true,
        trim: true,
        max_record_size: MAX_RECORD_BYTES,
        skip_records_with_error: true,
        on_skip: (error) => void broken(error?.message ?? 'a record cannot be read'),
      }),
    )
  try {
    yield* parser as AsyncIterable<Record<string, string>>
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('source-changed', `the CSV cannot be read: ${(cause as Error).message}`, { cause })
  }
}

async function* readNdjson(path: string, encoding: string, _mapping: MappingFile, broken: Note): AsyncIterable<Record<string, unknown>> {
  const lines = createInterface({ input: createReadStream(path).pipe(iconv.decodeStream(encoding)), crlfDelay: Number.POSITIVE_INFINITY })
  let n = 0
  for await (const line of lines) {
    n++
    if (line.trim() === '') continue
    const value = parsed(line)
    if (value === null || typeof value !== 'object' || Array.isArray(value)) broken(`line ${n} is not a JSON object`)
    else yield value as Record<string, unknown>
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/** UTF-8 (or UTF-16 by its mark), else GB18030, which Chinese spreadsheets save. */
async function encodingOf(path: string): Promise<string> {
  const file = await open(path).catch((cause) => {
    throw new AppError('source-down', `the file cannot be read (${cause.code})`, { cause })
  })
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
