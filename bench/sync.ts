/**
 * `npm run bench -- sync [--records N ...]`: how long a sync takes against only reading the same source through the same connector. The source is
 * the double of Zervigo in a process of its own. It answers a request, for a page of 500 records or for its health, either at once, which is
 * faster than any real one, or after 50 ms, which is what a database and a network are given here. Reading is all that a run asks of the source:
 * whether it is the right one, then every page.
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
  const figures = rows.map(({ what, records, timed: { read, first, second, peakMb, risenMb, liveMb } }) => ({
    records,
    'a page': what,
    'read s': round(read / 1000, 2),
    'first s': round(first / 1000, 2),
    'first ratio': round(first / read, 2),
    'records/s': Math.round((records / first) * 1000),
    'second s': round(second / 1000, 2),
    'second ratio': round(second / read, 2),
    'peak MB': Math.round(peakMb),
    'risen MB': Math.round(risenMb),
    'live MB': Math.round(liveMb),
  }))
  const ofSize = (n: number) => figures.filter(({ records }) => records === n)
  const most = (n: number, of: 'risen MB' | 'live MB') => Math.max(...ofSize(n).map((row) => row[of]))
  const largest = Math.max(...sizes)
  const smallest = Math.min(...sizes)
  report(figures, {
    bench: 'sync',
    ratios: Object.fromEntries(sizes.map((n) => [n, Object.fromEntries(ofSize(n).map((row) => [row['a page'], row['first ratio']]))])),
    risenMb: most(largest, 'risen MB'),
    liveGrowthMb: most(largest, 'live MB') - most(smallest, 'live MB'),
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
