/** `npm run bench -- ocr [--rounds N]`: milliseconds a page of OCR in one process on one core, against the bare ONNX inference of the same pages. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Session } from '../src/ocr/models.ts'
import { createScanReader, type ScanReader } from '../src/ocr/reader.ts'
import { median, report, round } from './parts/report.ts'

const SAMPLES = join(import.meta.dirname, '..', 'samples', 'resumes')
const LIMITS = { processes: 1, memoryMb: 1024, timeoutMs: 120_000, maxBytes: 20 * 1024 * 1024, maxPages: 10 }

/**
 * Reads the PDFs of samples/ by their looks. The floor runs the same sessions on the very tensors that these pages led to, in one thread of this
 * process: no drawing, no boxes, no decoding. Both are measured in turns and compared within a round, because other work on the machine moves
 * both; the median round counts. `ratio` is floor over ours: the share of the time that the models need. Returns the exit code.
 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '3' } } })
  const files = readdirSync(SAMPLES)
    .filter((file) => /\.pdf$/.test(file) && !file.startsWith('unreadable-'))
    .map((file) => join(SAMPLES, file))
  const floor = await bareInference(files)
  const scans = createScanReader(LIMITS)
  try {
    await readAll(scans, files)
    const rounds: { ours: number; bare: number }[] = []
    for (let i = 0; i < Number(values.rounds); i++) rounds.push({ ours: await readAll(scans, files), bare: await floor.run() })
    const peakMb = peakOf(scans)
    const ours = median(rounds.map((one) => one.ours)) / floor.pages
    const bare = median(rounds.map((one) => one.bare)) / floor.pages
    const ratio = median(rounds.map((one) => one.bare / one.ours))
    report(
      [
        { system: 'OCR process', 'ms/page': Math.round(ours), 'peak MB': peakMb ?? '' },
        { system: `bare inference (${round(floor.lines / floor.pages, 0)} line crops a page)`, 'ms/page': Math.round(bare), 'peak MB': '' },
      ],
      { bench: 'ocr', ratio: round(ratio), pages: floor.pages, msPerPage: Math.round(ours), floorMsPerPage: Math.round(bare), peakMb },
    )
    return 0
  } finally {
    await scans.close()
  }
}

/** Milliseconds for all files, one after the other. */
async function readAll(scans: ScanReader, files: string[]): Promise<number> {
  const began = performance.now()
  for (const file of files) {
    const outcome = await scans.read(file)
    if (outcome.status !== 'read') throw new Error(`${file} was not read: ${outcome.code}`)
  }
  return performance.now() - began
}

type Feeds = Parameters<Session['run']>[0]

async function bareInference(files: string[]): Promise<{ pages: number; lines: number; run: () => Promise<number> }> {
  // Before the library loads, which would report home otherwise; OCR processes get it from reader.ts.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const { openModels } = await import('../src/ocr/models.ts')
  const { readScan } = await import('../src/ocr/read.ts')
  const { detector, recognizer, characters } = await openModels()
  const taken: { session: Session; feeds: Feeds }[] = []
  const recorded = (session: Session): Session => ({
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (feeds: Feeds) => {
      taken.push({ session, feeds })
      return session.run(feeds)
    },
  })
  const models = { detector: recorded(detector), recognizer: recorded(recognizer), characters }
  let pages = 0
  for (const file of files) pages += (await readScan(models, readFileSync(file), { maxPages: LIMITS.maxPages })).ocr!.pages
  return {
    pages,
    lines: taken.filter(({ session }) => session === recognizer).length,
    async run() {
      const began = performance.now()
      for (const { session, feeds } of taken) await session.run(feeds)
      return performance.now() - began
    },
  }
}

/** The most resident memory of the reader's process so far in MB, as the kernel counts it; null where it does not. */
function peakOf(scans: ScanReader): number | null {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${scans.pids()[0]}/status`, 'utf8'))?.[1]
    return peak === undefined ? null : Math.round(Number(peak) / 1024)
  } catch {
    return null
  }
}
