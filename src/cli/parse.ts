/** `looma parse`: reads résumé files here, without a server, and tells what it found. */
import { readdirSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { toJsonResume } from '../canonical/json-resume.ts'
import { AppError, ERRORS, type ErrorCode } from '../errors.ts'
import { createReader, type Reader, type ReadOutcome } from '../resume/reader.ts'
import { explain } from './explain.ts'
import { createProgress } from './progress.ts'
import { reportPage } from './report/report.ts'
import { summary } from './summary.ts'

export type ParseOptions = { json?: boolean; jsonResume?: boolean; explain?: boolean; report?: string }
export type ParseLimits = { hosts: number; memoryMb: number; timeoutMs: number; maxBytes: number }
export type ParsedFile = { file: string } & (Extract<ReadOutcome, { status: 'read' }> | { status: 'unreadable'; code: ErrorCode })

/** In a folder only what can be a résumé is taken; a file that is named itself is always tried. */
const EXTENSIONS = /\.(?:pdf|docx?|odt|rtf|html?|txt)$/i

/** Writes results to stdout as they come, in the order of the files. Resolves to the exit code: 0, or 1 where a file could not be read. */
export async function parse(paths: string[], options: ParseOptions, limits: ParseLimits): Promise<number> {
  const files = paths.flatMap(filesOf)
  if (files.length === 0)
    throw new Error(`there is no résumé in ${paths.join(', ')} (looked for .pdf, .docx, .doc, .odt, .rtf, .html and .txt)`)
  const reader = createReader({ processes: Math.min(limits.hosts, files.length), ...limits })
  const progress = createProgress(process.stderr, files.length)
  const done: ParsedFile[] = []
  let failed = 0
  try {
    const reads = files.map(async (file) => {
      const parsed = await readOne(reader, file)
      progress.step(parsed.status === 'unreadable')
      return parsed
    })
    for (const reading of reads) {
      const parsed = await reading
      if (parsed.status === 'unreadable') failed++
      if (options.report) done.push(parsed)
      progress.clear()
      process.stdout.write(print(parsed, options))
    }
  } finally {
    progress.clear()
    await reader.close()
  }
  if (options.report) {
    await writeFile(options.report, reportPage(done))
    process.stderr.write(`report written to ${options.report}\n`)
  }
  if (files.length > 1 || failed > 0) process.stderr.write(`${files.length - failed} read, ${failed} unreadable\n`)
  return failed > 0 ? 1 : 0
}

/** Files of a folder and its subfolders in the order of their names. */
function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && EXTENSIONS.test(entry.name) && !entry.name.startsWith('.') && !entry.name.startsWith('~$'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

async function readOne(reader: Reader, file: string): Promise<ParsedFile> {
  const name = relative('.', file) || file
  try {
    return { file: name, ...(await reader.read(file)) }
  } catch (error) {
    return { file: name, status: 'unreadable', code: error instanceof AppError ? error.code : 'internal' }
  }
}

function print(parsed: ParsedFile, { json, jsonResume, explain: explained, report }: ParseOptions): string {
  if (json) {
    if (parsed.status === 'unreadable') return `${JSON.stringify({ ...parsed, title: ERRORS[parsed.code].en })}\n`
    const { reading, ...rest } = parsed
    return `${JSON.stringify(explained ? parsed : rest)}\n`
  }
  if (jsonResume) return parsed.status === 'unreadable' ? '' : `${JSON.stringify(toJsonResume(parsed.talent))}\n`
  if (parsed.status === 'unreadable') return `${parsed.file}\n  unreadable (${parsed.code}): ${ERRORS[parsed.code].en}\n\n`
  if (explained) return `${parsed.file}\n${explain(parsed.talent, parsed.reading)}\n`
  // With a report the terminal is for its progress.
  return report ? '' : `${parsed.file}\n${summary(parsed.talent)}\n`
}
