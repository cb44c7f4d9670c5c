/**
 * `npm run bench -- analysis [--records N]`: microseconds of the analysis of a talent, against taking the same record from JSON, which is the least
 * that a route does with it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { analyse } from '../src/analysis/analyse.ts'
import { Position } from '../src/canonical/schema.ts'
import { readResume } from '../src/resume/read.ts'
import { documents } from './parts/documents.ts'
import { count } from './parts/options.ts'
import { median, report, round } from './parts/report.ts'

const ROUNDS = 5
const NOW = new Date('2026-06-15T00:00:00Z')

/** Each record is a sample résumé with its reading, compared with all sample positions. 1,000 µs a record are allowed. Returns 0. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { records: { type: 'string', default: '5000' } } })
  const records = count('records', values.records)
  const read = await Promise.all(documents().map(({ bytes }) => readResume(bytes)))
  const texts = read.map(({ talent, reading }) => JSON.stringify({ talent, reading }))
  const positions = readFileSync(join(import.meta.dirname, '..', 'samples', 'positions.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { type: _type, id: _id, ...position } = JSON.parse(line) as Record<string, unknown>
      return Position.parse(position)
    })
  const rows: { ours: number; json: number }[] = []
  const about = { unread: [], positions, now: NOW, updatedAt: NOW }
  for (let turn = 0; turn <= ROUNDS; turn++) {
    const ours = perRecord(records, (i) => {
      const { talent, reading } = read[i % read.length]!
      return analyse(talent, { ...about, reading })
    })
    const json = perRecord(records, (i) => JSON.parse(texts[i % texts.length]!))
    // The first round warms up.
    if (turn > 0) rows.push({ ours, json })
  }
  const [ours, json] = [median(rows.map((row) => row.ours)), median(rows.map((row) => row.json))]
  report(
    [
      { what: 'analysis', 'µs a record': round(ours, 1) },
      { what: 'JSON.parse of the record', 'µs a record': round(json, 1) },
    ],
    { bench: 'analysis', microseconds: round(ours, 1), ratio: round(ours / json, 2), records },
  )
  return 0
}

function perRecord(n: number, work: (i: number) => unknown): number {
  const began = performance.now()
  for (let i = 0; i < n; i++) work(i)
  return ((performance.now() - began) * 1000) / n
}
