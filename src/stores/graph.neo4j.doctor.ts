/** Whether a Neo4j server can be used as the graph needs it, and how it runs the graph's queries. */

import type { Plan as ServerPlan } from 'neo4j-driver'
import { AppError } from '../errors.ts'
import type { Finding } from '../findings.ts'
import { type Neo4j, neo4jError } from './graph.neo4j.connect.ts'
import { everyQuery } from './graph.neo4j.cypher.ts'
import { WANTED } from './graph.neo4j.schema.ts'
import { isPlanOf, type Plan } from './query-stats.ts'

/** The oldest version with the syntax and the dynamics that are tested. */
const OLDEST = [5, 26]
/** Operators that read every node, or every node of a label, or join each with each. */
const FULL = /^(AllNodesScan|NodeByLabelScan|UnionNodeByLabelsScan|CartesianProduct|AllRelationshipsScan|.*RelationshipTypeScan)/

export async function examineNeo4j(server: Neo4j): Promise<Finding[]> {
  try {
    await server.check()
    return [await version(server), await database(server), await writable(server), await constraints(server), await indexes(server)]
  } catch (error) {
    const { detail, code } = neo4jError(error)
    return [{ what: 'neo4j', level: 'error', found: detail ?? code, fix: 'start the server, or correct GRAPH_URL' }]
  }
}

async function version(server: Neo4j): Promise<Finding> {
  const [row] = await server.statement(
    'graph.examine',
    "CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel' RETURN *",
  )
  const { versions, edition } = row as { versions: string[]; edition: string }
  const found = `${versions[0]} ${edition}`
  const [major = 0, minor = 0] = versions[0]!.split('.').map(Number)
  const old = major < OLDEST[0]! || (major === OLDEST[0] && minor < OLDEST[1]!)
  return old
    ? { what: 'neo4j version', level: 'error', found, fix: `upgrade to ${OLDEST.join('.')} (LTS) or newer` }
    : { what: 'neo4j version', level: 'ok', found, fix: null }
}

async function database(server: Neo4j): Promise<Finding> {
  const [info] = await server.statement('graph.examine', 'CALL db.info() YIELD name')
  const rows = await server.statement(
    'graph.examine',
    'SHOW DATABASES YIELD name, currentStatus, access, writer WHERE name = $name RETURN currentStatus, access, writer',
    { name: info?.name },
  )
  const members = rows as { currentStatus: string; access: string; writer: boolean }[]
  const found = `${info?.name}: ${members.map((one) => `${one.currentStatus}, ${one.access}${one.writer ? ', writer' : ''}`).join('; ')}`
  const well = members.some((one) => one.currentStatus === 'online' && one.access === 'read-write' && one.writer)
  const fix = `START DATABASE ${info?.name}; ALTER DATABASE ${info?.name} SET ACCESS READ WRITE (in the system database)`
  return { what: 'neo4j database', level: well ? 'ok' : 'error', found, fix: well ? null : fix }
}

/** Writes and takes it back: the one thing that tells of a follower, a full disk and a missing right alike. */
async function writable(server: Neo4j): Promise<Finding> {
  const undo = new AppError('internal', 'undone')
  try {
    await server.transaction('graph.examine', async (run) => {
      await run("CREATE (l:LoomaLock {id: 'examine ' + randomUUID()})")
      throw undo
    })
  } catch (error) {
    if (error !== undo) {
      const { detail, code } = neo4jError(error)
      return {
        what: 'neo4j writes',
        level: 'error',
        found: detail ?? code,
        fix: 'name the leader in GRAPH_URL (neo4j:// finds it), and a user that may write',
      }
    }
  }
  return { what: 'neo4j writes', level: 'ok', found: 'accepted', fix: null }
}

async function constraints(server: Neo4j): Promise<Finding> {
  const rows = await server.statement('graph.examine', 'SHOW CONSTRAINTS YIELD name')
  const missing = WANTED.constraints.filter((name) => !rows.some((row) => row.name === name))
  return missing.length > 0
    ? { what: 'neo4j constraints', level: 'error', found: `missing: ${missing.join(', ')}`, fix: 'looma migrate' }
    : { what: 'neo4j constraints', level: 'ok', found: `${WANTED.constraints.length} of ${WANTED.constraints.length}`, fix: null }
}

async function indexes(server: Neo4j): Promise<Finding> {
  const rows = await server.statement('graph.examine', 'SHOW INDEXES YIELD name, state, populationPercent')
  const states = rows as { name: string; state: string; populationPercent: number }[]
  const missing = WANTED.indexes.filter((name) => !states.some((row) => row.name === name))
  const failed = states.filter(({ name, state }) => name.startsWith('looma_') && state === 'FAILED')
  const filling = states.filter(({ name, state }) => name.startsWith('looma_') && state === 'POPULATING')
  if (missing.length > 0) return { what: 'neo4j indexes', level: 'error', found: `missing: ${missing.join(', ')}`, fix: 'looma migrate' }
  if (failed.length > 0)
    return { what: 'neo4j indexes', level: 'error', found: `failed: ${names(failed)}`, fix: 'drop the failed ones, then looma migrate' }
  if (filling.length > 0)
    return {
      what: 'neo4j indexes',
      level: 'warning',
      found: `filling: ${names(filling)}`,
      fix: 'wait; queries read whole labels until then',
    }
  return { what: 'neo4j indexes', level: 'ok', found: `${WANTED.indexes.length} online`, fix: null }
}
const names = (rows: { name: string }[]): string => rows.map(({ name }) => name).join(', ')

export async function plansOf(server: Neo4j, only?: string): Promise<Plan[]> {
  const plans: Plan[] = []
  for (const { query, text } of everyQuery().filter((one) => only === undefined || isPlanOf(only, one))) {
    const root = await server.explain(text)
    const steps = root ? stepsOf(root) : []
    plans.push({ query, plan: steps.join(' <- '), full: steps.filter((step) => FULL.test(step)) })
  }
  return plans
}

function stepsOf({ operatorType, arguments: details, children }: ServerPlan): string[] {
  const own = `${operatorType.replace(/@.*/, '')}(${String((details as { Details?: unknown }).Details ?? '').slice(0, 120)})`
  return [own, ...children.flatMap(stepsOf)]
}
