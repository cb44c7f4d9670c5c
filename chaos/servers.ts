/**
 * `npm run chaos -- servers [--faults N] [--seed S]`: an API, two workers and two schedulers on Redis, MongoDB, Neo4j and Elasticsearch, under a
 * steady load of batches, while machines are killed, stopped, cut off, slow, or have a full disk. In the end every accepted item must have one
 * outcome, and every store must hold what a system without a past holds. Servers are started here; none of REDIS_URL and so on is used.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { count } from '../bench/parts/options.ts'
import { report, round } from '../bench/parts/report.ts'
import { seeded } from '../samples/zervigo/data.ts'
import { Missing } from '../servers/start.ts'
import { issueToken } from '../src/api/auth.ts'
import { scheduleId } from '../src/canonical/schedule.ts'
import { migrateStores } from '../src/cli/stores.ts'
import { readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { type OpenStores, openLedgerAt, openStores } from '../src/stores/open.ts'
import { type Client, client } from '../tests/client.ts'
import { outcomeFaults } from '../tests/outcomes.ts'
import { killLeftovers, spawnLooma } from '../tests/processes.ts'
import { mount, unmount } from '../tests/small-disk.ts'
import { matchAll, memoryFaults, replay, scheduleFaults, storeFaults } from './servers/check.ts'
import { strike } from './servers/faults.ts'
import { insist, type Load, submitting } from './servers/load.ts'
import { startProcesses } from './servers/looma.ts'
import { startStores } from './servers/stores.ts'

const TENANT = 'chaos'
const LANES = ['a', 'b', 'c']
const EVERY_S = 20
const SCHEDULE = {
  name: 'beat',
  cron: `*/${EVERY_S} * * * * *`,
  missed: 'all',
  items: [{ type: 'position', id: 'beat', title: 'Accountant' }],
}
/** Redis writes its log anew from 64 MB on. */
const DISK_MB = 256
const QUIET_MS = 300_000

/** Returns 1 where anything is not as it must be. Where a server cannot be had nothing is run, and a line says so. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { faults: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } } })
  const [faults, seed] = [count('faults', values.faults), count('seed', values.seed)]
  const dir = await mkdtemp(join(tmpdir(), 'looma-chaos-'))
  // Some servers run as users of their own.
  await chmod(dir, 0o711)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  process.once('exit', killLeftovers)
  const disks = ['redis', 'looma'].map((name) => join(dir, name)).filter((folder) => mount(folder, DISK_MB))
  try {
    return await chaos(dir, disks, faults, seed)
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    console.error(`chaos servers: skipped, ${error.message}`)
    return 0
  } finally {
    for (const disk of disks) unmount(disk)
    await rm(dir, { recursive: true, force: true })
  }
}

async function chaos(dir: string, disks: string[], faults: number, seed: number): Promise<number> {
  const began = performance.now()
  const random = seeded(seed)
  const tell = (text: string) => console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}`)
  const servers = await startStores(dir)
  try {
    const dataDir = join(dir, 'looma')
    const config = readConfig('all', { ...servers.env, DATA_DIR: dataDir })
    if ((await migrateStores(config, {}, () => undefined)) !== 0) throw new Error('the servers could not be migrated')
    const looma = await startProcesses(dataDir, servers.env)
    const machines = [...servers.machines, ...looma.machines].map((machine) => ({
      ...machine,
      disk: disks.find((disk) => disk === join(dir, machine.name === 'api' ? 'looma' : machine.name)),
    }))
    tell(`${machines.map(({ name }) => name).join(', ')} are up`)
    const token = await issueToken(config, { tenant: TENANT, role: 'recruiter', subject: 'chaos' }, 24)
    const at = () => client(looma.apiUrl(), token)
    await insist(at, [201], () => ['/v1/schedules', { json: SCHEDULE, headers: { 'idempotency-key': 'schedule' } }])

    const load: Load = { tenant: TENANT, submitted: [], lines: new Map(), resumes: new Map() }
    const storm = new AbortController()
    const lanes = Promise.all(LANES.map((lane, i) => submitting(load, lane, at, seeded(seed * 100 + i), storm.signal)))
    lanes.catch(() => console.error(looma.logs()))
    const happened = await Promise.race([strike(machines, faults, random, tell), lanes.then(() => new Map<string, number>())])
    tell('faults are over')
    storm.abort()
    await lanes
    await pause(at)
    const { compared, differs } = await compare(dir, at, load, config)
    differs.push(...looma.crashes, ...memoryFaults(looma), ...(await looma.stop()))
    for (const one of differs.slice(0, 30)) console.error(`  ${one}`)
    const summary = {
      seed,
      faults,
      batches: load.submitted.length,
      items: load.submitted.reduce((sum, { items }) => sum + items, 0),
      compared,
      differ: differs.length,
      'largest MB': round(Math.max(...looma.memory.flatMap(({ mb }) => mb)), 0),
      seconds: round((performance.now() - began) / 1000, 1),
    }
    report([summary], { chaos: 'servers', ...summary, happened: Object.fromEntries([...happened].sort()) })
    return differs.length > 0 ? 1 : 0
  } finally {
    killLeftovers()
    await servers.stop()
  }
}

/** No more due times; what was due has started. */
async function pause(at: () => Client): Promise<void> {
  await insist(at, [200], () => [`/v1/schedules/${scheduleId(TENANT, SCHEDULE.name)}`, { method: 'PATCH', json: { paused: true } }])
  await delay(3000)
}

async function compare(dir: string, at: () => Client, load: Load, config: ReturnType<typeof readConfig>) {
  const dataDir = join(dir, 'oracle')
  const oracle = await spawnLooma('all', dataDir)
  const oracleConfig = readConfig('all', { DATA_DIR: dataDir })
  const token = await issueToken(oracleConfig, { tenant: TENANT, role: 'recruiter', subject: 'chaos' }, 24)
  const atOracle = () => client(oracle.apiUrl, token)
  load.lines.set('beat', SCHEDULE.items[0]!)
  await replay(atOracle, load)
  const [stores, oracleStores] = [await openStores(config), await openStores(oracleConfig)]
  const { ledger } = await openLedgerAt(config, createLog('silent'), (error) => {
    throw error
  })
  try {
    await Promise.all([settled(stores), settled(oracleStores)])
    await Promise.all([matchAll(at, stores, TENANT), matchAll(atOracle, oracleStores, TENANT)])
    const { compared, faults } = await storeFaults(stores, oracleStores, TENANT)
    const differs = [
      ...(await outcomeFaults(ledger, TENANT, load.submitted)),
      ...(await scheduleFaults(ledger, stores, TENANT, SCHEDULE.name, EVERY_S * 1000)),
      ...faults,
    ]
    return { compared, differs }
  } finally {
    await stores.close()
    await oracleStores.close()
    await ledger.close()
    await oracle.kill('SIGTERM')
  }
}

/** Resolves once nothing waits to be projected. */
async function settled({ documents }: OpenStores): Promise<void> {
  const until = Date.now() + QUIET_MS
  for (const projection of ['search', 'graph', 'vectors', 'canonical'] as const)
    while ((await documents.dirty(projection, { limit: 1 })).length > 0) {
      if (Date.now() > until) throw new Error(`${projection} is not up to date ${QUIET_MS / 60_000} minutes after the last fault`)
      await delay(500)
    }
}
