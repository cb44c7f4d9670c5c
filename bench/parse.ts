/**
 * `npm run bench -- parse [--pages N] [--documents N]`: milliseconds a page of the résumé reader by format on one core, against the least that
 * each format needs; documents a second through the reader pool; memory of one of its children over N documents.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readResume } from '../src/resume/read.ts'
import { documents, FORMATS, type Format, type Sample } from './parts/documents.ts'
import { FLOORS } from './parts/parse-floor.ts'
import { childMemory, documentsPerSecond } from './parts/parse-pool.ts'
import { median, report, round } from './parts/report.ts'

const WARM_UP = 10
/** A child that grows by more than this share from a tenth of the documents to all of them is not flat. */
const FLAT = 0.15

/** At least `pages` pages are read of each format, 1,000 documents in the pool and by the one child. Returns the exit code. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { pages: { type: 'string', default: '200' }, documents: { type: 'string', default: '1000' } },
  })
  const [pages, count] = [Number(values.pages), Number(values.documents)]
  if (!(pages >= 1) || !(count >= 100)) {
    console.error('usage: npm run bench -- parse [--pages N] [--documents N]   N from 1, and from 100')
    return 2
  }
  const samples = documents()
  const speeds = new Map<Format, Speed>()
  for (const format of FORMATS) {
    const some = samples.filter((one) => one.format === format)
    speeds.set(format, await speedOf(some, pages))
  }
  const folder = mkdtempSync(join(tmpdir(), 'looma-bench-'))
  try {
    const paths = samples.map(({ name, bytes }) => {
      writeFileSync(join(folder, name), bytes)
      return join(folder, name)
    })
    const { rate, processes } = await documentsPerSecond(paths, count)
    const { startMb, earlyMb, lateMb, peakMb } = await childMemory(paths, count)
    const flat = earlyMb === null || lateMb === null ? null : Math.abs(lateMb - earlyMb) <= earlyMb * FLAT
    const early = Math.round(count / 10)
    console.log(
      `one child: ${startMb} MB behind the first document, ${earlyMb} after ${early}, ${lateMb} after ${count}, ${peakMb} at most`,
    )
    console.log(
      `${flat === null ? 'memory is not known here' : flat ? 'flat' : 'NOT flat'} (within ${FLAT * 100} % from ${early} to ${count})`,
    )
    console.log(`${round(rate, 1)} documents a second with ${processes} processes`)
    report(
      [...speeds].map(([format, { pages, ours, floor, times }]) => ({
        format,
        pages,
        'ms/page': round(ours, 2),
        'floor ms/page': round(floor),
        'times the floor': round(times, 1),
      })),
      {
        bench: 'parse',
        ...Object.fromEntries([...speeds].map(([format, { ours }]) => [`${format}_ms_per_page`, round(ours, 2)])),
        documents_per_second: round(rate, 1),
        processes,
        child_mb_start: startMb,
        [`child_mb_${early}`]: earlyMb,
        [`child_mb_${count}`]: lateMb,
        child_mb_peak: peakMb,
        flat,
        ...Object.fromEntries([...speeds].map(([format, { times }]) => [`${format}_times_floor`, round(times, 1)])),
      },
    )
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Milliseconds a page; `times` is ours over the floor. */
type Speed = { pages: number; ours: number; floor: number; times: number }

/**
 * Rounds over all samples of a format, in which each document is read by us and by the floor in turn, because other work on the machine
 * moves both; the median round counts. Formats without pages count one for each document.
 */
async function speedOf(samples: Sample[], wanted: number): Promise<Speed> {
  const rounds: { ours: number; floor: number }[] = []
  let [pages, perRound] = [0, 0]
  for (let turn = 0; turn < WARM_UP || pages < wanted; turn++) {
    let [ours, floor] = [0, 0]
    perRound = 0
    for (const { format, bytes } of samples) {
      const began = performance.now()
      perRound += (await readResume(bytes)).pages
      const between = performance.now()
      await FLOORS[format](bytes)
      ours += between - began
      floor += performance.now() - between
    }
    if (turn < WARM_UP) continue
    rounds.push({ ours, floor })
    pages += perRound
  }
  return {
    pages,
    ours: median(rounds.map((one) => one.ours)) / perRound,
    floor: median(rounds.map((one) => one.floor)) / perRound,
    times: median(rounds.map((one) => one.ours / one.floor)),
  }
}
