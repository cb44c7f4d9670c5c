/**
 * Reads every document of a folder through the reader pool, writes predictions and scores them against the truth files beside them.
 * `--dir DIR [--out PRED.jsonl] [--processes N] [--variants] [--by-doc] [--calibrate] [--no-ocr]`: DIR holds one folder per document with `resume.*`, maybe
 * `variant-*`, and `truth.json`. `--flat` reads the files of DIR itself and prints the outcome of each (for hostile inputs); `--expected FILE`
 * compares the codes. Pages without usable text go through character recognition, as in the jobs; `--no-ocr` leaves that out.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '../src/errors.ts'
import { createScanReader, type ScanReader } from '../src/ocr/reader.ts'
import { createReader, type Reader, type ReadOutcome } from '../src/resume/reader.ts'
import { calibrate } from './resumes/calibrate.ts'
import { fieldMean, merge, type Profile, rateOf, scoreOne, type Truth } from './resumes/score.ts'
import { printDocuments, printTable, type Scored } from './resumes/table.ts'

type Prediction = Profile & { id: string; code?: string; ms?: number }

const USAGE = `usage: npm run eval -- resumes --dir DIR [--out PRED.jsonl] [--variants] [--by-doc] [--calibrate] [--processes N] [--no-ocr]
       npm run eval -- resumes --dir DIR --flat [--expected FILE]`

/** Resolves to the exit code: 0; 1 where a hostile input got a code that is not accepted; 2 for wrong arguments; 3 where DIR is not there. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      dir: { type: 'string' },
      out: { type: 'string' },
      processes: { type: 'string', default: '1' },
      variants: { type: 'boolean', default: false },
      'by-doc': { type: 'boolean', default: false },
      calibrate: { type: 'boolean', default: false },
      'no-ocr': { type: 'boolean', default: false },
      flat: { type: 'boolean', default: false },
      expected: { type: 'string' },
    },
  })
  if (!values.dir) {
    console.error(USAGE)
    return 2
  }
  if (!existsSync(values.dir)) {
    console.log(`SKIP resumes: ${values.dir} is not there`)
    return 3
  }
  if (values.calibrate) {
    const { calibrationError, heldOut } = await calibrate(values.dir, truthsOf(values.dir))
    console.log(JSON.stringify({ eval: 'resumes', calibrationError: round(calibrationError), heldOut: round(heldOut) }))
    return 0
  }
  const processes = Number(values.processes)
  const reader = createReader({ processes })
  const scans = values['no-ocr']
    ? null
    : createScanReader({ processes, memoryMb: 1024, timeoutMs: 120_000, maxBytes: 20 * 1024 * 1024, maxPages: 10 })
  try {
    const files = values.flat ? flatFiles(values.dir) : documentFiles(values.dir, values.variants)
    const started = performance.now()
    const predictions = await Promise.all(files.map(({ id, path }) => predict(reader, scans, id, path)))
    const seconds = (performance.now() - started) / 1000
    if (values.out) writeFileSync(values.out, predictions.map((one) => `${JSON.stringify(one)}\n`).join(''))
    const wrong = values.flat ? report(predictions, values.expected) : 0
    const scored = values.flat ? [] : scoreAll(values.dir, predictions, values.variants)
    if (values['by-doc']) printDocuments(scored)
    if (scored.length > 0) printTable(scored)
    const read = predictions.filter((one) => one.status === 'ok').length
    console.log(
      JSON.stringify({
        eval: 'resumes',
        documents: files.length,
        read,
        unreadable: files.length - read,
        wrong,
        seconds: round(seconds, 1),
        ...byLanguage(scored),
      }),
    )
    return wrong > 0 ? 1 : 0
  } finally {
    await Promise.all([reader.close(), scans?.close()])
  }
}

const round = (value: number, digits = 4): number => Math.round(value * 10 ** digits) / 10 ** digits

function byLanguage(scored: Scored[]): Record<string, { fieldMean: number; completeJobs: number | null }> {
  const languages = [...new Set(scored.flatMap((one) => one.groups[0]!))].sort()
  return Object.fromEntries(
    languages.map((lang) => {
      const tally = merge(scored.filter((one) => one.groups[0] === lang).map((one) => one.tally))
      const jobs = rateOf(tally.get('job.complete'))
      return [lang, { fieldMean: round(fieldMean(tally) ?? 0), completeJobs: jobs === null ? null : round(jobs) }]
    }),
  )
}

const truthsOf = (dir: string): Truth[] =>
  readdirSync(dir)
    .sort()
    .map((id) => join(dir, id, 'truth.json'))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Truth)

/** Groups of a document: its language, its format, and the number of columns where the layout names it. */
function scoreAll(dir: string, predictions: Prediction[], variants: boolean): Scored[] {
  const truths = new Map(truthsOf(dir).map((truth) => [truth.id, truth]))
  return predictions.flatMap((prediction) => {
    const [id = '', variant] = prediction.id.split('/')
    const truth = truths.get(id)
    if (!truth) return []
    const format = variants ? variant!.split('.').at(-1)! : truth.format
    const broken = variants ? variant!.includes('scan') : (truth.text_layer ?? 'ok') !== 'ok'
    const columns = /\b2col|sidebar|two.column|label rail|left rail/i.test(truth.layout ?? '')
      ? 'columns'
      : /table|form\b/i.test(truth.layout ?? '')
        ? 'table'
        : 'plain'
    return [{ id: prediction.id, groups: [truth.lang, format, columns], tally: scoreOne(truth, prediction, broken) }]
  })
}

type Source = { id: string; path: string }

function documentFiles(dir: string, variants: boolean): Source[] {
  return readdirSync(dir)
    .sort()
    .flatMap((id) =>
      readdirSync(join(dir, id))
        .filter((file) => file.startsWith(variants ? 'variant-' : 'resume.'))
        .map((file) => ({ id: variants ? `${id}/${file}` : id, path: join(dir, id, file) })),
    )
}

const flatFiles = (dir: string): Source[] =>
  readdirSync(dir)
    .filter((file) => /^\d\d-/.test(file))
    .sort()
    .map((id) => ({ id, path: join(dir, id) }))

async function predict(reader: Reader, scans: ScanReader | null, id: string, path: string): Promise<Prediction> {
  try {
    const outcome = await reader.read(path)
    const seen = outcome.status === 'unreadable' && outcome.image && scans ? await scans.read(path) : outcome
    return toPrediction(id, seen)
  } catch (error) {
    return { id, status: 'unreadable', code: error instanceof AppError ? error.code : 'internal' }
  }
}

function toPrediction(id: string, outcome: ReadOutcome): Prediction {
  if (outcome.status === 'unreadable') return { id, status: 'unreadable', code: outcome.code }
  const { talent, ms } = outcome
  const experience = talent.experience.map(({ company, title, start, end }) => ({ company, title, start, end }))
  const { name, emails: email, phones: phone, links: urls, location, education, skills } = talent
  return {
    id,
    status: 'ok',
    ms,
    ...(outcome.ocr && { ocr: outcome.ocr }),
    name,
    email,
    phone,
    urls,
    location,
    education,
    experience,
    skills,
  }
}

/** Prints one line a file; returns how many codes are not among those accepted. */
function report(predictions: Prediction[], expectedFile: string | undefined): number {
  const expected = expectedFile ? (JSON.parse(readFileSync(expectedFile, 'utf8')) as { file: string; accept: string[] }[]) : []
  let wrong = 0
  for (const one of predictions) {
    const outcome = one.code ?? 'ok'
    const accept = expected.find((row) => row.file === one.id)?.accept
    const fine = accept === undefined || accept.includes(outcome)
    if (!fine) wrong++
    console.log(
      `${fine ? 'ok   ' : 'WRONG'} ${one.id.padEnd(28)} ${outcome}${one.ms === undefined ? '' : ` ${one.ms} ms`}${fine ? '' : ` (accepted: ${accept?.join(', ')})`}`,
    )
  }
  return wrong
}
