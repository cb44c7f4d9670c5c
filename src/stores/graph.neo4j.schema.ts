/** Constraints and indexes of the graph in Neo4j. What the Community edition cannot enforce (existence, types) the adapter keeps. */
import { sha256 } from '../canonical/ids.ts'
import { int, type Neo4j } from './graph.neo4j.connect.ts'
import { LABELS, NAMES } from './graph.neo4j.cypher.ts'
import type { JournalEntry, Schema, Step } from './schema.ts'

const FIRST = [LABELS.talent, LABELS.position, ...Object.values(NAMES)]
const SYNCED = [LABELS.company, LABELS.relation]
const ALL = [...FIRST, ...SYNCED]
const named = (label: string, what: string) => `looma_${label.toLowerCase()}_${what}`
const unique = (label: string, property: string) =>
  `CREATE CONSTRAINT ${named(label, property)} IF NOT EXISTS FOR (n:${label}) REQUIRE n.${property} IS UNIQUE`

const byTenant = (label: string) => `CREATE INDEX ${named(label, 'tenant')} IF NOT EXISTS FOR (n:${label}) ON (n.tenant)`

const STEPS: { name: string; texts: string[] }[] = [
  { name: '0001-keys', texts: FIRST.map((label) => unique(label, 'key')) },
  { name: '0002-tenants', texts: FIRST.map(byTenant) },
  { name: '0003-companies-and-relations', texts: SYNCED.flatMap((label) => [unique(label, 'key'), byTenant(label)]) },
]
/** What the journal itself stands on. */
const JOURNAL = [unique('LoomaMigration', 'n'), unique('LoomaLock', 'id')]

export const WANTED = {
  constraints: ALL.map((label) => named(label, 'key')),
  indexes: ALL.flatMap((label) => [named(label, 'key'), named(label, 'tenant')]),
}

/** Seconds that the indexes may take to fill before the migration gives up, less than its lock holds; run again, it goes on waiting. */
const FILL_SECONDS = 50

export function neo4jSchema(server: Neo4j): Schema {
  const steps = STEPS.map(
    ({ name, texts }): Step => ({
      name,
      sum: sha256(texts.join(';\n')),
      apply: async () => {
        for (const text of texts) await server.statement('graph.migrate', text)
        await server.statement(
          'graph.migrate',
          'CALL db.awaitIndexes($seconds)',
          { seconds: int(FILL_SECONDS) },
          { timeoutMs: (FILL_SECONDS + 5) * 1000 },
        )
      },
    }),
  )
  return {
    steps,
    journal: {
      async read() {
        const rows = await server.statement(
          'graph.journal',
          'MATCH (m:LoomaMigration) WHERE m.n >= 0 RETURN m.n AS n, m.name AS name, m.sum AS sum, m.done AS done ORDER BY n',
        )
        return rows as JournalEntry[]
      },
      async write({ n, name, sum, done }) {
        const text = 'MERGE (m:LoomaMigration {n: $n}) SET m.name = $name, m.sum = $sum, m.done = $done'
        await server.statement('graph.journal', text, { n: int(n), name, sum, done })
      },
      async lock(owner, ms) {
        for (const text of JOURNAL) await server.statement('graph.journal', text)
        return await server.transaction('graph.lock', async (run) => {
          // Locks the node before the owner is read; the times are the server's, since the clocks of two machines differ.
          await run("MERGE (l:LoomaLock {id: 'migrate'}) ON CREATE SET l.until = 0 SET l.id = 'migrate'")
          const rows = await run(
            "MATCH (l:LoomaLock {id: 'migrate'}) WHERE l.owner = $owner OR l.until < timestamp() " +
              'SET l.owner = $owner, l.until = timestamp() + $ms RETURN l.owner AS owner',
            { owner, ms: int(ms) },
          )
          return rows.length > 0
        })
      },
      async unlock(owner) {
        const text = "MATCH (l:LoomaLock {id: 'migrate'}) WHERE l.owner = $owner SET l.until = 0 REMOVE l.owner"
        await server.statement('graph.journal', text, { owner })
      },
    },
  }
}
