/** `looma storage queries`: what the stores of a running process are asked, how fast they answer, and how they find it. */
import type { Config } from '../config.ts'
import type { StoreQueries } from '../stores/queries.ts'

export const SORTS = ['p99', 'p50', 'max', 'count', 'rows', 'errors'] as const
export type Sort = (typeof SORTS)[number]
export type QueriesOptions = { admin?: string; sort: Sort; json?: boolean }

const TIMEOUT_MS = 30_000

/** Prints the queries of the process whose admin port is `admin`, else that of the configuration. Throws with what to do where none answers. */
export async function listQueries(
  config: Config,
  { admin, sort, json = false }: QueriesOptions,
  print: (line: string) => void,
): Promise<void> {
  const base = (admin ?? `http://${config.admin.host}:${config.admin.port}`).replace(/\/$/, '')
  const stores = await read(base)
  if (json) return print(JSON.stringify({ stores }))
  for (const { port, adapter, queries } of stores) {
    print(`${port}  ${adapter}${queries.length === 0 ? ': nothing was asked yet' : ''}`)
    if (queries.length > 0) print(`${HEAD.join('')}  query`)
    for (const one of queries.toSorted((a, b) => by(b, sort) - by(a, sort))) {
      const cells = [one.count, one.errors, one.rows, ms(one.p50Ms), ms(one.p99Ms), ms(one.maxMs)]
      print(`${cells.map((cell) => String(cell).padStart(WIDTH)).join('')}  ${one.query}`)
      for (const { plan, full } of one.plans) {
        print(`${INDENT}→ ${plan}`)
        if (full.length > 0) print(`${INDENT}✗ reads more than it must: ${full.join(', ')}`)
      }
    }
  }
}

const WIDTH = 10
const HEAD = ['count', 'errors', 'rows', 'p50 ms', 'p99 ms', 'max ms'].map((title) => title.padStart(WIDTH))
const INDENT = ' '.repeat(HEAD.length * WIDTH + 4)
const ms = (value: number): string => value.toFixed(value < 1 ? 3 : value < 10 ? 2 : 0)

function by({ p50Ms, p99Ms, maxMs, count, rows, errors }: StoreQueries['queries'][number], sort: Sort): number {
  return { p99: p99Ms, p50: p50Ms, max: maxMs, count, rows, errors }[sort]
}

async function read(base: string): Promise<StoreQueries[]> {
  try {
    const answer = await fetch(`${base}/storage/queries`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (answer.ok) return ((await answer.json()) as { stores: StoreQueries[] }).stores
  } catch (cause) {
    throw new Error(`nothing answers at ${base}: name the admin address that looma serve printed with --admin`, { cause })
  }
  throw new Error(`${base} is not the admin address of Looma: name the one that looma serve printed with --admin`)
}
