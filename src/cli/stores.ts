/** `looma migrate` and `looma doctor`: what an operator does before Looma runs on servers. */
import { randomUUID } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { type Finding, finding, unreachable } from '../findings.ts'
import { createLog } from '../log.ts'
import { examineQueue } from '../queues/examine.ts'
import { openLedgerAt, openStores, type Place } from '../stores/open.ts'
import { migrate, schemaState } from '../stores/schema.ts'
import { VERSION } from '../version.ts'

type Print = (line: string) => void

/** Opens all stores of the configuration, and closes them when `work` is done. */
async function withPlaces<T>(config: Config, work: (places: Place[]) => Promise<T>): Promise<T> {
  const log = createLog('silent')
  const { ledger, place } = await openLedgerAt(config, log, () => undefined)
  try {
    const stores = await openStores(config, log)
    try {
      return await work([place, ...stores.places])
    } finally {
      await stores.close()
    }
  } finally {
    await ledger.close()
  }
}

/** Brings every store's schema to this version. `dryRun` prints what would be done. Answers the exit code: 1 where a store failed. */
export async function migrateStores(config: Config, { dryRun = false }: { dryRun?: boolean }, print: Print): Promise<number> {
  return withPlaces(config, async (places) => {
    let failed = false
    for (const { port, adapter, where, server } of places) {
      const name = `${port.padEnd(10)} ${adapter.padEnd(14)}`
      if (!server?.schema) {
        print(`${name} ${where}: ${server ? 'has no schema' : 'migrates itself when it is opened'}`)
        continue
      }
      try {
        if (dryRun) {
          const { pending, fault, hopeless } = await schemaState(server.schema)
          if (hopeless) throw new AppError('store-down', fault!)
          print(`${name} ${where}: ${pending.length > 0 ? `would apply ${pending.join(', ')}` : (fault ?? 'up to date')}`)
        } else {
          const applied = await migrate(server.schema, `${hostname()} ${process.pid} ${randomUUID()}`)
          print(`${name} ${where}: ${applied.length > 0 ? `applied ${applied.join(', ')}` : 'up to date'}`)
        }
      } catch (error) {
        failed = true
        print(`${name} ${where}: FAILED: ${sentence(error)}`)
      }
    }
    return failed ? 1 : 0
  })
}

type Examined = { part: string; adapter: string; where: string; findings: Finding[] }

/** Looks at the queue and every store as this machine reaches them. Prints what was found with its fix; answers 1 where something is an error. */
export async function doctor(config: Config, { json = false }: { json?: boolean }, print: Print): Promise<number> {
  const queue = { part: 'queue', ...(await examineQueue(config.queueUrl)) }
  const examined: Examined[] = [queue, ...(await withPlaces(config, (places) => Promise.all(places.map(examine))))]
  const all = examined.flatMap(({ findings }) => findings)
  const errors = all.filter(({ level }) => level === 'error').length
  const warnings = all.filter(({ level }) => level === 'warning').length
  if (json) print(JSON.stringify({ version: VERSION, errors, warnings, parts: examined }))
  else {
    for (const { part, adapter, where, findings } of examined) {
      print(`${part}  ${adapter} (${where})`)
      for (const { what, level, found, fix } of findings) {
        print(`  ${MARKS[level]} ${what.padEnd(18)} ${found}`)
        if (fix) print(`      → ${fix}`)
      }
    }
    print(errors + warnings === 0 ? 'All is well.' : `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`)
  }
  return errors > 0 ? 1 : 0
}

const MARKS: Record<Finding['level'], string> = { ok: '✓', warning: '!', error: '✗' }

async function examine({ port, adapter, where, server }: Place): Promise<Examined> {
  const part = { part: port, adapter, where }
  if (!server) return { ...part, findings: await examineDisk(where) }
  const since = performance.now()
  try {
    await server.check()
  } catch (error) {
    return { ...part, findings: [unreachable(sentence(error), `the URL of ${port}`)] }
  }
  const reachable = finding('reachable', `in ${Math.round(performance.now() - since)} ms`, true, '')
  try {
    const fault = server.schema ? (await schemaState(server.schema)).fault : null
    const schema = server.schema ? [finding('schema', fault ?? 'of this version', fault === null, 'looma migrate', 'error')] : []
    return { ...part, findings: [reachable, ...schema, ...(await server.examine())] }
  } catch (error) {
    return {
      ...part,
      findings: [reachable, finding('rights', sentence(error), false, 'give the user the rights in docs/deploy.md', 'error')],
    }
  }
}

/** Writes fail for good when the disk of an embedded store is full. */
async function examineDisk(path: string): Promise<Finding[]> {
  if (path === ':memory:') return [finding('durable', 'kept in memory', false, 'name a file: it is lost when Looma stops')]
  try {
    const { bavail, bsize, blocks } = await statfs(path)
    const free = (bavail * bsize) / 2 ** 30
    return [finding('disk', `${free.toFixed(1)} GB free (${Math.round((100 * bavail) / blocks)} %)`, free >= 1, 'free some room')]
  } catch (error) {
    return [finding('disk', sentence(error), false, `make ${path} readable`, 'error')]
  }
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

function sentence(error: unknown): string {
  const cause = (error as { cause?: { message?: string } }).cause?.message
  const message = error instanceof Error ? error.message : String(error)
  return (cause ? `${message} (${cause})` : message).replace(/\/\/\S*@/g, '//').split('\n')[0]!
}
