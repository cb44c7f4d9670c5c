/** `looma parse`: reads résumé files here, without a server, and tells what it found. */
import { readdirSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { toJsonResume } from '../canonical/json-resume.ts'
import { AppError, ERRORS, type ErrorCode } from '../errors.ts'
import { createScanReader, type ScanReader } from '../ocr/reader.ts'
import { createPageDrawer, type PageDrawer } from '../pages/pages.ts'
import type { Page } from '../pages/protocol.ts'
import { needsLook } from '../resume/protocol.ts'
import { createReader, type Reader, type ReadOutcome } from '../resume/reader.ts'
import { explain } from './explain.ts'
import { createProgress } from './progress.ts'
import { reportPage } from './report/report.ts'
import { summary } from './summary.ts'

export type ParseOptions = { json?: boolean; jsonResume?: boolean; explain?: boolean; report?: string }
type Limits = { hosts: number; memoryMb: number; timeoutMs: number }
/** `ocr` null reads no scans. */
export type ParseLimits = Limits & { ocr: (Limits & { maxPages: number }) | null; maxBytes: number }
/** `images` of the pages are there for a report, where the format has pages. */
export type ParsedFile = { file: string } & (
  | (Extract<ReadOutcome, { status: 'read' }> & { images?: Page[] })
  | { status: 'unreadable'; code: ErrorCode }
)

/** In a folder only what can be a résumé is taken; a file that is named itself is always tried. */
const EXTENSIONS = /\.(?:pdf|docx?|odt|rtf|html?|txt|png|jpe?g)$/i
/** Of a report: sharp enough to read, and a page of text is under a hundred kilobytes. */
const REPORT_DPI = 110
const REPORT_PAGES = 10

/** Writes results to stdout as they come, in the order of the files. Resolves to the exit code: 0, or 1 where a file could not be read. */
export async function parse(paths: string[], options: ParseOptions, limits: ParseLimits): Promise<number> {
  const files = paths.flatMap(filesOf)
  if (files.length === 0)
    throw new Error(`there is no résumé in ${paths.join(', ')} (looked for .pdf, .docx, .doc, .odt, .rtf, .html, .txt, .png and .jpg)`)
  const { ocr, maxBytes } = limits
  const reader = createReader({ processes: Math.min(limits.hosts, files.length), ...limits })
  const scans = ocr && createScanReader({ processes: Math.min(ocr.hosts, files.length), ...ocr, maxBytes })
  const drawer = options.report ? createPageDrawer({ processes: 1, maxBytes }) : null
  const progress = createProgress(process.stderr, files.length)
  const done: ParsedFile[] = []
  let failed = 0
  try {
    const reads = files.map(async (file) => {
      const parsed = await readOne({ reader, scans, drawer }, file)
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
    await Promise.all([reader.close(), scans?.close(), drawer?.close()])
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

type Readers = { reader: Reader; scans: ScanReader | null; drawer: PageDrawer | null }

/** By its text, else by its looks, as the jobs do. */
async function readOne({ reader, scans, drawer }: Readers, file: string): Promise<ParsedFile> {
  const name = relative('.', file) || file
  try {
    const text = await reader.read(file)
    const outcome = scans && needsLook(text) ? await scans.read(file) : text
    if (outcome.status === 'unreadable') return { file: name, status: 'unreadable', code: outcome.code }
    if (!drawer || !['pdf', 'png', 'jpeg'].includes(outcome.type)) return { file: name, ...outcome }
    return { file: name, ...outcome, images: await drawer.draw(file, { from: 1, to: REPORT_PAGES, dpi: REPORT_DPI, marks: [] }) }
  } catch (error) {
    return { file: name, status: 'unreadable', code: error instanceof AppError ? error.code : 'internal' }
  }
}

function print(parsed: ParsedFile, { json, jsonResume, explain: explained, report }: ParseOptions): string {
  if (json) {
    if (parsed.status === 'unreadable') return `${JSON.stringify({ ...parsed, title: ERRORS[parsed.code].en })}\n`
    const { reading, images: _images, ...rest } = parsed
    return `${JSON.stringify(explained ? { ...rest, reading } : rest)}\n`
  }
  if (jsonResume) return parsed.status === 'unreadable' ? '' : `${JSON.stringify(toJsonResume(parsed.talent))}\n`
  if (parsed.status === 'unreadable') return `${parsed.file}\n  unreadable (${parsed.code}): ${ERRORS[parsed.code].en}\n\n`
  if (explained) return `${parsed.file}\n${unreadPages(parsed.unread)}${explain(parsed.talent, parsed.reading)}\n`
  // With a report the terminal is for its progress.
  return report ? '' : `${parsed.file}\n${unreadPages(parsed.unread)}${summary(parsed.talent)}\n`
}

const unreadPages = (pages: number[]): string =>
  pages.length === 0
    ? ''
    : `  NOT READ: page${pages.length === 1 ? '' : 's'} ${pages.join(', ')}, a picture without text that can be told\n`
