/**
 * Plans of what was sent to MongoDB. The first command of each query is kept: its filter and order, which decide the plan, and nothing else of it.
 * A server that cannot explain (those that speak MongoDB's wire only) is answered for from the indexes that are there.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Db, Document, MongoClient } from 'mongodb'
import type { Calls } from './calls.ts'
import type { Plan } from './query-stats.ts'

type Sent = { find: string; filter: Document; sort?: Document; limit?: number }
type Index = { name: string; key: Record<string, unknown>; partialFilterExpression?: Document }

export type Plans = {
  /** Runs `work` so that what it sends is kept under the query's name. */
  sending<T>(query: string, work: () => T): T
  plans(query?: string): Promise<Plan[]>
}

export function createPlans(client: MongoClient, db: Db, calls: Calls): Plans {
  const name = new AsyncLocalStorage<string>()
  const kept = new Map<string, Sent>()
  client.on('commandStarted', ({ command }) => {
    const query = name.getStore()
    if (query === undefined || kept.has(query)) return
    const sent = searchOf(command)
    if (sent) kept.set(query, sent)
  })
  const indexes = async (collection: string): Promise<Index[]> =>
    calls('plans.indexes', () =>
      db
        .collection(collection)
        .indexes()
        .catch(() => []),
    ) as Promise<Index[]>
  async function planOf(query: string, sent: Sent): Promise<Plan> {
    try {
      const { queryPlanner } = await calls('plans.explain', () => db.command({ explain: sent, verbosity: 'queryPlanner' }))
      const steps = stepsOf(queryPlanner?.winningPlan)
      return { query, plan: steps.join(' <- '), full: steps.filter((step) => /^(COLLSCAN|SORT)\b/.test(step)) }
    } catch {
      const index = indexFor(sent, await indexes(sent.find))
      return index === null
        ? { query, plan: `no index for ${shapeOf(sent)}`, full: ['COLLSCAN'] }
        : { query, plan: `${index} for ${shapeOf(sent)} (not explained by this server)`, full: [] }
    }
  }
  return {
    sending: (query, work) => name.run(query, work),
    plans: (query) =>
      Promise.all(Array.from(kept, ([name, sent]) => (query === undefined || name === query ? planOf(name, sent) : [])).flat()),
  }
}

/** What a command looks for, as a find; null where it looks for nothing. */
function searchOf(command: Document): Sent | null {
  const { find, aggregate, count, distinct, update, findAndModify, limit } = command
  const sort = command.sort instanceof Map ? Object.fromEntries(command.sort) : command.sort
  if (find) return { find, filter: command.filter ?? {}, ...(sort && { sort }), ...(limit && { limit }) }
  if (aggregate && command.pipeline?.[0]?.$match) return { find: aggregate, filter: command.pipeline[0].$match }
  if (count ?? distinct) return { find: count ?? distinct, filter: command.query ?? {} }
  const statement = firstOf(command.updates ?? command.deletes)
  if (statement) return { find: update ?? command.delete, filter: statement.q }
  if (findAndModify) return { find: findAndModify, filter: command.query ?? {}, ...(sort && { sort }) }
  return null
}

/** Statements are an array, or what the client sends beside the command. */
const firstOf = (statements?: Document[] | { documents: Document[] }): Document | undefined =>
  (Array.isArray(statements) ? statements : statements?.documents)?.[0]

/** Stages from the last to the first, each with its index: no bounds, which hold values. */
function stepsOf(plan: Document | undefined): string[] {
  if (!plan) return []
  const inputs = [plan.inputStage, plan.queryPlan, ...(plan.inputStages ?? [])].filter((input) => input !== undefined)
  const own = plan.stage ? [`${plan.stage}${plan.indexName ? `(${plan.indexName})` : ''}`] : []
  return [...own, ...inputs.flatMap(stepsOf)]
}

const fieldsOf = (filter: Document): string[] => Object.keys(filter).filter((field) => !field.startsWith('$'))
const shapeOf = ({ find, filter, sort }: Sent): string =>
  `${find} by ${Object.keys(filter).join(', ') || 'nothing'}${sort ? ` in order of ${Object.keys(sort).join(', ')}` : ''}`

/** The index that bounds what is read: its first field is in the filter, or gives the order of a read with a limit. Each branch of an $or needs one. */
export function indexFor(sent: Sent, indexes: Index[]): string | null {
  const fields = fieldsOf(sent.filter)
  const first = ({ key }: Index) => Object.keys(key)[0]!
  const usable = indexes.filter(
    ({ partialFilterExpression: only }) => !only || Object.keys(only).every((field) => only[field] === sent.filter[field]),
  )
  const found =
    usable.find((index) => fields.includes(first(index))) ??
    (sent.limit ? usable.find((index) => sent.sort && first(index) === Object.keys(sent.sort)[0]) : undefined)
  if (found) return found.name
  const branches = (sent.filter.$or ?? []) as Document[]
  const each = branches.map((filter) => indexFor({ ...sent, filter }, indexes))
  return each.length > 0 && each.every((name) => name !== null) ? [...new Set(each)].join(' and ') : null
}
