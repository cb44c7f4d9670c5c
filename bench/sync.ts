/**
 * `npm run bench -- sync [--records N ...]`: how long a sync takes against only reading the same source through the same connector. The source is
 * the double of Zervigo in a process of its own. It answers a page of 500 records either at once, which is faster than any real one, or after
 * 50 ms, which is what a database and a network are given here.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { count } from './parts/options.ts'
import { report, round } from './parts/report.ts'
import type { Timed } from './parts/sync-run.child.ts'

const CASES = [
  { what: 'at once', answerMs: 0, projected: false },
  { what: 'at once, with search and graph', answerMs: 0, projected: true },
  { what: 'after 50 ms', answerMs: 50, projected: false },
  { what: 'after 50 ms, with search and graph', answerMs: 50, projected: true },
]

/** Returns 1 where a sync wrote something else than every record once. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { records: { type: 'string', multiple: true, default: ['1000', '10000', '100000'] } } })
  const sizes = values.records.map((text) => count('records', text))
  const rows: { what: string; records: number; timed: Timed }[] = []
  for (const records of sizes)
    for (const { what, answerMs, projected } of CASES) {
      console.error(`${records} records, a page ${what}`)
      rows.push({ what, records, timed: await measure(records, answerMs, projected) })
    }
  const wrong = rows.filter(({ records, timed }) => timed.written[0] !== records || timed.written[1] !== 0 || timed.stored !== records)
  for (const { what, records, timed } of wrong)
    console.error(`${records} records, a page ${what}: wrote ${timed.written}, holds ${timed.stored}`)
  const figures = rows.map(({ what, records, timed: { read, first, second, peakMb, liveMb } }) => ({
    records,
    'a page': what,
    'read s': round(read / 1000, 2),
    'first s': round(first / 1000, 2),
    'first ratio': round(first / read, 2),
    'records/s': Math.round((records / first) * 1000),
    'second s': round(second / 1000, 2),
    'second ratio': round(second / read, 2),
    'peak MB': Math.round(peakMb),
    'live MB': Math.round(liveMb),
  }))
  const largest = figures.filter(({ records }) => records === Math.max(...sizes))
  const growth = (of: 'peak MB' | 'live MB') => {
    const most = (n: number) => Math.max(...figures.filter(({ records }) => records === n).map((row) => row[of]))
    return most(Math.max(...sizes)) - most(Math.min(...sizes))
  }
  report(figures, {
    bench: 'sync',
    records: Math.max(...sizes),
    ratios: Object.fromEntries(largest.map((row) => [row['a page'], row['first ratio']])),
    growthMb: { peak: growth('peak MB'), live: growth('live MB') },
  })
  return wrong.length > 0 ? 1 : 0
}

async function measure(records: number, answerMs: number, projected: boolean): Promise<Timed> {
  const parts = join(import.meta.dirname, 'parts')
  const double = fork(join(parts, 'sync-source.child.ts'), [String(records), String(answerMs)], { execArgv: ['--no-warnings'] })
  try {
    const [settings] = (await once(double, 'message')) as [object]
    const child = fork(join(parts, 'sync-run.child.ts'), [], { execArgv: ['--no-warnings', '--expose-gc'] })
    child.send({ settings, projected })
    return await new Promise<Timed>((resolve, reject) => {
      child.once('message', (timed) => resolve(timed as Timed))
      child.once('exit', (code) => reject(new Error(`the sync ended with code ${code}`)))
    })
  } finally {
    double.kill()
  }
}
