/**
 * `npm run bench -- stores [--entries N] [--queries N] [--dims N] [--rounds N]`: the time our adapters take against the bare drivers that send the
 * same requests to the same servers. A store whose URL is not set is skipped, with a line that says so.
 */
import { parseArgs } from 'node:util'
import { report, round } from './parts/report.ts'
import { benchSearch } from './parts/stores-search.ts'

/** The last line's `worst` is the largest ratio of all stores; 1.3 is wanted. Returns 1 where no store could be measured. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      entries: { type: 'string', default: '5000' },
      queries: { type: 'string', default: '300' },
      dims: { type: 'string', default: '384' },
      rounds: { type: 'string', default: '3' },
    },
  })
  const url = process.env.ELASTIC_URL
  if (!url) {
    console.error('search on Elasticsearch: skipped, ELASTIC_URL is not set')
    return 1
  }
  const { entries, queries, dims, rounds } = values
  const rows = await benchSearch(url, { entries: Number(entries), queries: Number(queries), dims: Number(dims), rounds: Number(rounds) })
  report(
    rows.map(({ what, count, ours, bare, ratio }) => ({
      what: `search: ${what}`,
      'ours/s': Math.round((count / ours.total) * 1000),
      'bare/s': Math.round((count / bare.total) * 1000),
      'ours p50 ms': round(ours.p50, 1),
      'bare p50 ms': round(bare.p50, 1),
      'ours p99 ms': round(ours.p99, 1),
      'bare p99 ms': round(bare.p99, 1),
      ratio: round(ratio, 2),
    })),
    { bench: 'stores', worst: round(Math.max(...rows.map(({ ratio }) => ratio)), 2), ratios: rows.map(({ ratio }) => round(ratio, 2)) },
  )
  return 0
}
