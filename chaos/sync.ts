/**
 * `npm run chaos -- sync [--runs N] [--seed S] [--queue embedded|redis]`: a real Looma that is killed with SIGKILL while it reads a source that
 * changes and fails. After each run everything is quiet for a moment, and every record, talent, position, company and edge must be what the
 * source's rows say it is. `--queue redis` has processes of each role, over the Redis of REDIS_URL, whose database 2 is emptied.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { count, Usage } from '../bench/parts/options.ts'
import { report, round } from '../bench/parts/report.ts'
import { seeded } from '../samples/zervigo/data.ts'
import { issueToken } from '../src/api/auth.ts'
import { environment, readConfig } from '../src/config.ts'
import { openStores } from '../src/stores/open.ts'
import { killLeftovers } from '../tests/processes.ts'
import { type QueueKind, startLooma } from './sync/looma.ts'
import { type Played, play } from './sync/round.ts'
import { openWorld, TENANT } from './sync/world.ts'

/** Runs that share a data folder and a source: a new one costs seconds, an old one has a past to get wrong. */
const SHARED = 20
const USERS = 30

/** Returns 1 at the first run after which something differs. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      queue: { type: 'string', default: 'embedded' },
    },
  })
  const [runs, seed, queue] = [count('runs', values.runs), count('seed', values.seed), queueOf(values.queue)]
  if (queue === 'redis' && !environment().REDIS_URL) {
    console.error('sync over Redis: skipped, REDIS_URL is not set')
    return 1
  }
  process.once('exit', killLeftovers)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const began = performance.now()
  const all: Played[] = []
  for (let from = 0; from < runs; from += SHARED) {
    const differs = await playWorld(seed + from, Math.min(SHARED, runs - from), queue, all)
    if (differs) break
  }
  const sum = (of: (played: Played) => number) => all.reduce((total, played) => total + of(played), 0)
  const statuses: Record<string, number> = {}
  for (const { runs } of all) for (const [status, n] of Object.entries(runs)) statuses[status] = (statuses[status] ?? 0) + n
  const differ = all.filter(({ differs }) => differs.length > 0).length
  const summary = {
    seed,
    runs: all.length,
    differ,
    kills: sum(({ kills }) => kills),
    'in a run': sum(({ cut }) => cut),
    edits: sum(({ edits }) => edits),
    traps: sum(({ traps }) => traps),
    syncs: sum(({ runs }) => Object.values(runs).reduce((total, n) => total + n, 0)),
    compared: sum(({ compared }) => compared),
    seconds: round((performance.now() - began) / 1000, 1),
  }
  report([summary], { chaos: 'sync', queue, ...summary, statuses })
  return differ > 0 ? 1 : 0
}

function queueOf(text: string): QueueKind {
  if (text !== 'embedded' && text !== 'redis') throw new Usage('--queue takes embedded or redis')
  return text
}

/** Runs with the seeds from `seed` on, over one data folder; true where one of them differed, which is the last then. */
async function playWorld(seed: number, runs: number, queue: QueueKind, all: Played[]): Promise<boolean> {
  const random = seeded(seed)
  const dataDir = await mkdtemp(join(tmpdir(), 'looma-chaos-'))
  const world = await openWorld(USERS, random)
  const sourcesFile = join(dataDir, 'sources.json')
  await writeFile(sourcesFile, JSON.stringify(world.sources))
  const token = await issueToken(readConfig('all', { DATA_DIR: dataDir }), { tenant: TENANT, role: 'recruiter', subject: 'chaos' }, 24)
  const looma = await startLooma(dataDir, queue, sourcesFile, random)
  const stores = await openStores({ dataDir })
  const known = new Set<string>()
  let wellEnded = false
  try {
    for (let i = 0; i < runs; i++) {
      const began = performance.now()
      const played = await play({ world, looma, stores, token, known, random: seeded(seed + i), name: `run-${i}` })
      all.push(played)
      const seconds = round((performance.now() - began) / 1000, 1)
      const { kills, cut, edits, traps, compared, differs } = played
      console.error(
        `seed ${seed + i}: ${edits} edits, ${traps} traps, ${kills} kills (${cut} in a run), ${compared} records right, ${seconds} s`,
      )
      if (differs.length === 0) continue
      for (const one of differs.slice(0, 20)) console.error(`  ${one}`)
      console.error(`  differs; the folder began with --seed ${seed}, run ${i + 1}`)
      return true
    }
    wellEnded = true
    return false
  } finally {
    await stores.close()
    await looma.stop()
    await world.close()
    if (wellEnded) await rm(dataDir, { recursive: true, force: true })
    else console.error(`the data folder is left to look at: ${dataDir}`)
  }
}
