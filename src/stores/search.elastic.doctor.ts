/** Whether an Elasticsearch server can be used as the search store needs it, and how it runs the store's queries. */
import { type Finding, finding } from '../findings.ts'
import { isPlanOf, type Plan } from './query-stats.ts'
import { tenantKey } from './search.elastic.bulk.ts'
import { type Elastic, elasticError } from './search.elastic.connect.ts'
import { listed, named, ranked, scopeOf } from './search.elastic.query.ts'
import { TEXT_VERSION, textAlias } from './search.elastic.schema.ts'
import type { Spaces } from './search.elastic.spaces.ts'
import { termsOf } from './search.elastic.words.ts'

/** The oldest version that is tested; the client speaks to it and to 9. */
const OLDEST = [8, 19]
/** Of the disk: from the first on a server takes no new shards, from the second on its indices take no writes (the server's defaults). */
const FULL = { low: 0.85, flood: 0.95 }
const CLOCK_MS = 1000

export async function examineElastic(elastic: Elastic): Promise<Finding[]> {
  try {
    await elastic.check()
    return [await version(elastic), await health(elastic), await writes(elastic), ...(await nodes(elastic)), await index(elastic)]
  } catch (error) {
    const { detail, code } = elasticError(error)
    return [
      {
        what: 'elasticsearch',
        level: 'error',
        found: detail ?? code,
        fix: 'start the server, or correct SEARCH_URL; NODE_EXTRA_CA_CERTS names the file of a private CA',
      },
    ]
  }
}

const ask: <T>(elastic: Elastic, work: Parameters<typeof elastic.call<T>>[1]) => Promise<T> = (elastic, work) =>
  elastic.call('search.examine', work)

async function version(elastic: Elastic): Promise<Finding> {
  const { number } = (await ask(elastic, (client, options) => client.info({}, options))).version
  const [major = 0, minor = 0] = number.split('.').map(Number)
  const isFine = major > OLDEST[0]! || (major === OLDEST[0] && minor >= OLDEST[1]!)
  return finding('elasticsearch version', `${number}; every licence will do`, isFine, `upgrade to ${OLDEST.join('.')}, or to 9`, 'error')
}

async function health(elastic: Elastic): Promise<Finding> {
  const params = { index: `${elastic.prefix}-*`, expand_wildcards: 'all' as const }
  const {
    status,
    number_of_data_nodes: n,
    unassigned_shards,
  } = await ask(elastic, (client, options) => client.cluster.health(params, options))
  const found = `${status.toLowerCase()}, data nodes: ${n}, shards without a node: ${unassigned_shards}`
  const fix =
    status.toLowerCase() === 'red'
      ? 'data is missing; GET _cluster/allocation/explain says why'
      : n === 1
        ? `replicas wait for a second node; PUT ${elastic.prefix}-*/_settings {"index.auto_expand_replicas": "0-1"}`
        : 'replicas are missing; GET _cluster/allocation/explain says why'
  return finding('elasticsearch health', found, status.toLowerCase() === 'green', fix, status.toLowerCase() === 'red' ? 'error' : 'warning')
}

/** A full disk leaves a block that only goes by itself once the disk is below its high watermark again. */
async function writes(elastic: Elastic): Promise<Finding> {
  const params = { index: `${elastic.prefix}-*`, name: 'index.blocks.*', flat_settings: true }
  const settings = await ask(elastic, (client, options) => client.indices.getSettings(params, options))
  const blocks = Object.entries(settings).flatMap(([name, { settings: own }]) =>
    Object.entries(own ?? {}).flatMap(([block, on]) => (String(on) === 'true' ? [`${name} ${block}`] : [])),
  )
  const fix = `free space on the disk, then PUT ${elastic.prefix}-*/_settings {"index.blocks.read_only_allow_delete": null}, likewise other blocks`
  return finding('elasticsearch writes', blocks.length > 0 ? `blocked: ${blocks.join(', ')}` : 'taken', blocks.length === 0, fix, 'error')
}

async function nodes(elastic: Elastic): Promise<Finding[]> {
  const before = Date.now()
  const params = { metric: 'fs', filter_path: 'nodes.*.timestamp,nodes.*.fs.total' } as const
  const stats = Object.values((await ask(elastic, (client, options) => client.nodes.stats(params, options))).nodes ?? {})
  const middle = (before + Date.now()) / 2
  const used = Math.max(0, ...stats.map(({ fs }) => 1 - (fs?.total?.available_in_bytes ?? 0) / (fs?.total?.total_in_bytes || 1)))
  const off = Math.round(Math.max(0, ...stats.map(({ timestamp }) => Math.abs((timestamp ?? middle) - middle))))
  return [
    finding(
      'elasticsearch disk',
      `${Math.round(used * 100)} % in use on the fullest node`,
      used < FULL.low,
      'free space or add a node: near full, indices take no writes',
      used < FULL.flood ? 'warning' : 'error',
    ),
    finding('elasticsearch clock', `${off} ms from this machine's`, off < CLOCK_MS, 'let both machines take their time from NTP'),
  ]
}

async function index(elastic: Elastic): Promise<Finding> {
  const params = { index: textAlias(elastic.prefix), ignore_unavailable: true, filter_path: '*.mappings._meta' }
  const found = Object.values(await ask(elastic, (client, options) => client.indices.getMapping(params, options)))
  const made = found[0]?.mappings._meta?.version
  const isFine = made === TEXT_VERSION
  return finding('elasticsearch index', made === undefined ? 'missing' : `version ${made}`, isFine, 'looma migrate', 'error')
}

/** A query that does not name a tenant would read everybody's entries. */
const TENANT = `tenant:${tenantKey('plan')}`

export async function plansOf(elastic: Elastic, spaces: Spaces, only?: string): Promise<Plan[]> {
  const scope = { tenant: 'plan', kind: 'talent', skill: 'go', city: 'xian' } as const
  const terms = termsOf('engineer 工 云计算')
  const alias = textAlias(elastic.prefix)
  const queries = [
    { query: 'search.text', index: alias, body: ranked(scope, terms, terms) },
    { query: 'search.frequencies', index: alias, body: { bool: { filter: scopeOf(scope) } } },
    { query: 'search.named', index: alias, body: named(scope, terms) },
    { query: 'search.listed', index: alias, body: listed(scope) },
    ...(await spaces.all()).map((index) => ({
      query: 'search.nearest',
      index,
      body: { bool: { filter: scopeOf({ tenant: 'plan', kind: 'talent' }) } },
    })),
  ]
  const plans: Plan[] = []
  for (const { query, index, body } of queries.filter((one) => only === undefined || isPlanOf(only, one))) {
    const params = { index, query: body, explain: true }
    const { explanations = [] } = await elastic.call('search.explain', (client, options) => client.indices.validateQuery(params, options))
    const plan = explanations.map(({ explanation, error }) => explanation ?? error ?? '').join('; ')
    plans.push({ query, plan, full: plan.includes(TENANT) ? [] : ['entries of every tenant'] })
  }
  return plans
}
