/**
 * The main job as a person would meet it: starts Looma on a temporary data folder, submits everything in samples/ as one batch, follows the
 * public event stream, and prints what became of each file and the best positions of each talent. It knows nothing but the public API. With
 * `--profile servers` the system is the one of `docker compose up`, or processes on the servers of `npm run servers -- up`.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { events } from './demo/events.ts'
import { bars, table, width } from './demo/print.ts'
import { type DemoSystem, embedded, onServers } from './demo/system.ts'

type Stage = { job: string; total: number; passed: number; ended: number; waitMs: number; runMs: number; runs: number }
type Batch = { id: string; state: string; counts: Record<string, number>; stages: Stage[] }
type Item = {
  key: string | null
  type: string
  outcome: string | null
  code: string | null
  ms: number
  subject: { kind: string; id: string } | null
}
type Stored = { talent: { name: string | null; title: string | null }; source: { ocr?: object } }
type Match = { results: { id: string; score: number; reasons: { value: number; weight: number; text: { en: string; zh: string } }[] }[] }

const ORDER = ['resume-parse', 'ocr', 'ingest', 'embed', 'match']
const USAGE = `Usage: npm run demo [-- --keep] [-- --profile servers]
  --keep             stay up afterwards and print addresses and a login
  --profile servers  on the servers of "npm run servers -- up", or on the system of "docker compose up"
`

let options: { keep?: boolean; help?: boolean; profile?: string }
try {
  options = parseArgs({
    options: { keep: { type: 'boolean' }, help: { type: 'boolean' }, profile: { type: 'string', default: 'embedded' } },
  }).values
  if (!['embedded', 'servers'].includes(options.profile!)) throw new Error(`${options.profile} is no profile: embedded or servers`)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}`)
  process.exit(2)
}
if (options.help) {
  process.stdout.write(USAGE)
  process.exit(0)
}

const began = performance.now()
process.stdout.write(width() > 0 ? 'Starting Looma …\n' : '')
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
try {
  await using system = await (options.profile === 'servers' ? onServers() : embedded())
  process.exitCode = await demo(system)
} catch (error) {
  process.stderr.write(`The demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function demo({ text, api, admin, token, login }: DemoSystem): Promise<number> {
  process.stdout.write(`${text}\n`)
  const headers = { authorization: `Bearer ${token}` }
  const get = async <T>(path: string): Promise<T> => {
    const answer = await fetch(api + path, { headers })
    if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as T
  }

  const form = new FormData()
  const folder = join(import.meta.dirname, 'resumes')
  const files = (await readdir(folder)).sort()
  for (const file of files) form.append('file', await openAsBlob(join(folder, file)), file)
  const lines = await readFile(join(import.meta.dirname, 'positions.ndjson'))
  form.append('items', new Blob([lines], { type: 'application/x-ndjson' }), 'positions.ndjson')
  const submitted = await fetch(`${api}/v1/batches?label=demo`, {
    method: 'POST',
    headers: { ...headers, 'idempotency-key': randomUUID() },
    body: form,
  })
  if (!submitted.ok) throw new Error(`the batch was refused with ${submitted.status}: ${await submitted.text()}`)
  const { id } = (await submitted.json()) as Batch
  process.stdout.write(`Batch ${id}: ${files.length} files and ${String(lines).trim().split('\n').length} positions\n\n`)

  const show = bars(process.stdout)
  let batch: Batch | undefined
  for await (const { event, data: value } of events(`${api}/v1/batches/${id}/events`, headers)) {
    if (event !== 'snapshot' && event !== 'progress') continue
    batch = value as Batch
    show(sorted(batch.stages).map((s) => ({ name: s.job, done: s.passed + s.ended, total: s.total, bad: s.ended })))
  }
  batch = await get<Batch>(`/v1/batches/${id}`)
  await report(batch, get)
  const seconds = (performance.now() - began) / 1000
  process.stdout.write(`\n${batch.counts.submitted} items in ${seconds.toFixed(1)} s, start of the system included.\n`)
  if (batch.state !== 'closed') return 1
  process.stdout.write(
    options.keep
      ? `Where to look: ${api}/docs (API), ${api}/v1/batches/${id}/receipt?format=csv (receipt), ${admin}/board (queues)\n`
      : 'Where to look: `npm run demo -- --keep` stays up and prints where API page, receipt and queues are, and a login\n',
  )
  if (options.keep) {
    process.stdout.write(`\nStaying up until Ctrl-C.\n  API    ${api}  token ${token}\n  Admin  ${admin}  ${login}\n`)
    if (!stop.signal.aborted) await once(stop.signal, 'abort')
  }
  return 0
}

async function report(batch: Batch, get: <T>(path: string) => Promise<T>): Promise<void> {
  const items = (await get<{ data: Item[] }>(`/v1/batches/${batch.id}/items?limit=1000`)).data
  const positions = new Map<string, string>()
  for (const { id, position } of (await get<{ data: { id: string; position: { title: string } }[] }>('/v1/positions?limit=1000')).data)
    positions.set(id, position.title)

  process.stdout.write('\nWhat became of each file\n')
  const rows: string[][] = []
  const talents: { id: string; name: string }[] = []
  for (const item of items.filter((i) => i.type === 'resume')) {
    let name = ''
    let note = item.code ?? ''
    if (item.subject) {
      const { talent, source } = await get<Stored>(`/v1/talents/${item.subject.id}`)
      name = [talent.name ?? '(no name found)', talent.title].filter(Boolean).join(', ')
      talents.push({ id: item.subject.id, name })
      if (source.ocr) note = 'by OCR'
    }
    rows.push([item.key ?? '', item.outcome ?? 'open', note, `${item.ms} ms`, name])
  }
  process.stdout.write(table(rows))

  process.stdout.write('\nBest three positions of each talent\n')
  for (const { id, name } of talents) {
    process.stdout.write(`\n  ${name}\n`)
    const { results } = await get<Match>(`/v1/talents/${id}/matches?limit=3`)
    const chinese = /[\u4e00-\u9fff]/.test(name)
    for (const { id: positionId, score, reasons } of results) {
      const why = [...reasons].sort((a, b) => b.weight - a.weight).slice(0, 3)
      process.stdout.write(`    ${(score * 100).toFixed(0).padStart(3)} %  ${positions.get(positionId) ?? positionId}\n`)
      for (const reason of why) process.stdout.write(`           - ${chinese ? reason.text.zh : reason.text.en}\n`)
    }
  }

  process.stdout.write('\nStages\n')
  const stages = sorted(batch.stages).map((s) => [
    s.job,
    `${s.passed} passed`,
    `${s.ended} ended`,
    `${s.runs} ${s.runs === 1 ? 'run' : 'runs'}`,
    `waited ${s.waitMs} ms`,
    `ran ${s.runMs} ms`,
  ])
  process.stdout.write(table(stages))
  const outcomes = Object.entries(batch.counts).filter(([, n]) => n > 0)
  process.stdout.write(`\n${outcomes.map(([name, n]) => `${name} ${n}`).join(', ')}\n`)
}

function sorted(stages: Stage[]): Stage[] {
  return [...stages].sort((a, b) => ORDER.indexOf(a.job) - ORDER.indexOf(b.job))
}
