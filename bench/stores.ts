/**
 * `npm run bench -- stores [--entries N] [--queries N] [--dims N] [--rounds N]`: the time our adapters take against the bare drivers that send the
 * same requests to the same servers: those of `npm run servers -- up`, or of MONGO_URL, NEO4J_URL and ELASTIC_URL. A store without one is skipped,
 * with a line that says so. The embedded stores are measured always, against bare node:sqlite.
 */
import { parseArgs } from 'node:util'
import { addresses } from '../servers/state.ts'
import { environment } from '../src/config.ts'
import { count } from './parts/options.ts'
import { report, round } from './parts/report.ts'
import { benchDocuments } from './parts/stores-documents.ts'
import { benchEmbedded } from './parts/stores-embedded.ts'
import { benchGraph } from './parts/stores-graph.ts'
import { benchSearch } from './parts/stores-search.ts'
import type { Row } from './parts/stores-timing.ts'

/** The last line's `worst` is the largest ratio of all stores; 1.3 is wanted. */
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
  const [entries, queries, dims, rounds] = (['entries', 'queries', 'dims', 'rounds'] as const).map((name) => count(name, values[name])) as [
    number,
    number,
    number,
    number,
  ]
  const stores: [string, string, (url: string) => Promise<Row[]>][] = [
    ['documents on MongoDB', 'MONGO_URL', (url) => benchDocuments(url, { entries, reads: queries * 5, rounds })],
    ['graph on Neo4j', 'NEO4J_URL', (url) => benchGraph(url, { entries, reads: queries, rounds })],
    ['search on Elasticsearch', 'ELASTIC_URL', (url) => benchSearch(url, { entries, queries, dims, rounds })],
  ]
  const urls: Record<string, string | undefined> = { ...addresses(), ...environment() }
  const rows: Row[] = await benchEmbedded({ entries, reads: queries, dims, rounds })
  for (const [name, variable, bench] of stores) {
    const url = urls[variable]
    if (url) rows.push(...(await bench(url)))
    else console.error(`${name}: skipped, no server is up and ${variable} is not set`)
  }
  report(
    rows.map(({ what, count, ours, bare, ratio }) => ({
      what,
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
