/** The four servers that a whole Looma runs on (REDIS_URL, MONGO_URL, NEO4J_URL, ELASTIC_URL), with databases of its own. */
import { randomBytes } from 'node:crypto'
import { migrateStores } from '../../src/cli/stores.ts'
import { tempDir, testConfig } from '../support.ts'
import { freshRedis, REDIS_URL } from './redis.ts'

const { MONGO_URL, NEO4J_URL, ELASTIC_URL } = process.env

export const FOUR_SERVERS = Boolean(REDIS_URL && MONGO_URL && NEO4J_URL && ELASTIC_URL)

/** Addresses of an empty Redis database, a new MongoDB database and a new prefix of Elasticsearch, migrated. Tenants share the one graph. */
export async function fourServers(redis: number): Promise<Record<string, string>> {
  const name = `looma_${randomBytes(4).toString('hex')}`
  const mongo = new URL(MONGO_URL!)
  mongo.pathname = `/${name}`
  const env = {
    QUEUE_URL: await freshRedis(redis),
    DOCUMENTS_URL: mongo.href,
    GRAPH_URL: NEO4J_URL!,
    SEARCH_URL: `${ELASTIC_URL}/${name}`,
  }
  const told: string[] = []
  if ((await migrateStores(testConfig(await tempDir(), env), {}, (line) => told.push(line))) !== 0) throw new Error(told.join('\n'))
  return env
}
