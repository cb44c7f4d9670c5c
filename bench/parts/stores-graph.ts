/** Neo4j: the graph's adapter against the bare driver that runs the same statements in the same transactions, for a tenant of its own. */
import { randomBytes } from 'node:crypto'
import neo4j, { type Driver, type Transaction } from 'neo4j-driver'
import { openNeo4jGraph } from '../../src/stores/graph.neo4j.ts'
import { migrate } from '../../src/stores/schema.ts'
import { edgesOf } from './stores-data.ts'
import { type Call, inTurns, type Row } from './stores-timing.ts'

type Statement = { text: string; parameters: unknown }

const BATCH = 200

export async function benchGraph(url: string, { entries, reads, rounds }: Record<'entries' | 'reads' | 'rounds', number>): Promise<Row[]> {
  const mark = randomBytes(4).toString('hex')
  const [tenant, twin] = [`ours-${mark}`, `bare-${mark}`]
  const { protocol, username, password, host } = new URL(url)
  const auth = username ? neo4j.auth.basic(decodeURIComponent(username), decodeURIComponent(password)) : undefined
  const driver = neo4j.driver(`${protocol}//${host}`, auth, { disableLosslessIntegers: true })
  const graph = await openNeo4jGraph(url)
  const recorder = await recordTransactions(driver)
  const call = (what: string, count: number, work: () => Promise<unknown>): Call => ({
    what: `graph: ${what}`,
    count,
    async ours() {
      recorder.start()
      await work()
    },
    async again() {
      const transactions = renamed(recorder.stop(), tenant, twin) as Statement[][]
      return () => replay(driver, transactions)
    },
  })
  try {
    await migrate(graph.schema, 'bench')
    return await inTurns((round) => {
      const nodes = Array.from({ length: entries }, (_, i) => ({
        kind: 'talent' as const,
        id: `t${i}`,
        ver: round + 1,
        edges: edgesOf(i, round),
      }))
      const puts = Array.from({ length: Math.ceil(entries / BATCH) }, (_, i) => nodes.slice(i * BATCH, (i + 1) * BATCH)).map((some) =>
        call('upserts', some.length, () => graph.put(tenant, some)),
      )
      const id = (i: number) => `t${(i * 7919) % entries}`
      const edges = Array.from({ length: reads }, (_, i) => call('point reads', 1, () => graph.edges(tenant, 'talent', id(i))))
      const near = Array.from({ length: reads }, (_, i) =>
        call('overlaps', 1, () => graph.overlap(tenant, 'talent', id(i), 'talent', { limit: 10 })),
      )
      return [...puts, ...edges, ...near]
    }, rounds)
  } finally {
    recorder.remove()
    for (const one of [tenant, twin])
      await driver.executeQuery('MATCH (n) WHERE n.key STARTS WITH $prefix DETACH DELETE n', { prefix: one })
    await driver.close()
    await graph.close()
  }
}

/** Every statement that goes through a transaction of this driver, by transaction. */
async function recordTransactions(driver: Driver) {
  const session = driver.session()
  const begun = session.beginTransaction()
  // What is awaited is a copy with bound methods; they are found one class above the promise's.
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf(begun)) as Transaction
  if (!Object.hasOwn(prototype, 'run')) throw new Error('this neo4j-driver has its transactions elsewhere')
  await (await begun).rollback()
  await session.close()
  const run = prototype.run
  let sent: Map<object, Statement[]> | null = null
  prototype.run = function (this: Transaction, text: string, parameters?: unknown) {
    if (sent) sent.set(this, [...(sent.get(this) ?? []), { text, parameters }])
    return run.call(this, text, parameters as never)
  } as typeof run
  return {
    start() {
      sent = new Map()
    },
    stop(): Statement[][] {
      const all = [...(sent ?? new Map<object, Statement[]>()).values()]
      sent = null
      return all
    },
    remove() {
      prototype.run = run
    },
  }
}

/** The value with another tenant in its strings. */
function renamed(value: unknown, from: string, to: string): unknown {
  if (typeof value === 'string') return value.replaceAll(from, to)
  if (Array.isArray(value)) return value.map((one) => renamed(one, from, to))
  if (value === null || typeof value !== 'object' || neo4j.isInt(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, renamed(one, from, to)]))
}

async function replay(driver: Driver, transactions: Statement[][]): Promise<void> {
  for (const statements of transactions) {
    const session = driver.session()
    const transaction = await session.beginTransaction()
    for (const { text, parameters } of statements) await transaction.run(text, parameters as never)
    await transaction.commit()
    await session.close()
  }
}
