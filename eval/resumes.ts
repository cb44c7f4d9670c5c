/**
 * Reads every document of a folder through the reader pool and writes predictions for a scorer, one JSON object a line.
 * `--dir DIR --out PRED.jsonl [--processes N] [--variants] [--no-ocr]`: DIR holds one folder per document with `resume.*` (and `variant-*`).
 * Pages without usable text go through character recognition, as in the jobs; `--no-ocr` leaves that out.
 * `--flat` reads the files of DIR itself and prints one line each with the outcome (for hostile inputs); `--expected FILE` compares the codes.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '../src/errors.ts'
import { createScanReader, type ScanReader } from '../src/ocr/reader.ts'
import { createReader, type Reader, type ReadOutcome } from '../src/resume/reader.ts'

type Prediction = { id: string; status: 'ok' | 'unreadable'; code?: string; ms?: number } & Record<string, unknown>

/** Resolves to the exit code: 0, or 1 where arguments are missing, or a hostile input got a code that is not accepted. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      dir: { type: 'string' },
      out: { type: 'string' },
      processes: { type: 'string', default: '1' },
      variants: { type: 'boolean', default: false },
      'no-ocr': { type: 'boolean', default: false },
      flat: { type: 'boolean', default: false },
      expected: { type: 'string' },
    },
  })
  if (!values.dir || !(values.out || values.flat)) {
    console.error(
      'usage: npm run eval -- resumes --dir DIR (--out PRED.jsonl [--variants] | --flat [--expected FILE]) [--processes N] [--no-ocr]',
    )
    return 1
  }
  if (!existsSync(values.dir)) {
    console.log(`SKIP resumes: ${values.dir} is not there`)
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
    const read = predictions.filter((one) => one.status === 'ok').length
    console.log(
      JSON.stringify({
        eval: 'resumes',
        documents: files.length,
        read,
        unreadable: files.length - read,
        wrong,
        seconds: Math.round(seconds * 10) / 10,
      }),
    )
    return wrong > 0 ? 1 : 0
  } finally {
    await Promise.all([reader.close(), scans?.close()])
  }
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
