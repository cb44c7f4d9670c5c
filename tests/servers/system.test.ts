/** A whole Looma on servers leaves behind what it leaves behind embedded. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Kind } from '../../src/canonical/schema.ts'
import { migrateStores } from '../../src/cli/stores.ts'
import { openStores } from '../../src/stores/open.ts'
import type { Doc } from '../../src/stores/ports.ts'
import { startSystem, tempDir, testConfig } from '../support.ts'
import { freshRedis, REDIS_URL } from './redis.ts'

const { MONGO_URL, NEO4J_URL, ELASTIC_URL } = process.env

/** Submits the sample positions and talents made from them, and reads everything back from the stores. */
async function workOn(tenant: string, env: Record<string, string>) {
  const dataDir = await tempDir()
  const config = testConfig(dataDir, env)
  if (Object.keys(env).length > 0) {
    const told: string[] = []
    expect(await migrateStores(config, {}, (line) => told.push(line)), told.join('\n')).toBe(0)
  }
  await using system = await startSystem(env, dataDir)
  const client = await system.as(tenant)
  const positions = (await readFile(join(import.meta.dirname, '../../samples/positions.ndjson'), 'utf8')).trim().split('\n')
  const lines = positions.flatMap((text, i) => {
    const { title, city, mustSkills } = JSON.parse(text) as { title: string; city: string | null; mustSkills: string[] }
    const talent = { name: `候选人 ${i}`, title, location: city, skills: mustSkills, experience: [{ company: `Company ${i % 3}`, title }] }
    return [JSON.parse(text), { type: 'talent', id: `talent-${i}`, ...talent }]
  })
  const batch = await client.batch(lines)
  const stores = await openStores(config)
  try {
    const docs: Record<string, unknown> = {}
    for (const kind of ['talent', 'position'] as const)
      for (const { id, data, dirty } of (await stores.documents.page(tenant, kind, { limit: 1000 })) as Doc<Kind>[]) {
        const match = await stores.documents.get(tenant, 'match', id)
        docs[`${kind} ${id}`] = {
          data,
          dirty,
          edges: await stores.graph.edges(tenant, kind, id),
          near: await stores.graph.overlap(tenant, kind, id, kind === 'talent' ? 'position' : 'talent', { limit: 5 }),
          // Scores are each engine's own; what is found is the same.
          found: (await stores.search.text(tenant, kind, data.title ?? '', { limit: 100 })).map((hit) => hit.id).sort(),
          match: match?.data.results,
        }
      }
    return { counts: batch.counts, docs }
  } finally {
    await stores.close()
  }
}

it.skipIf(!MONGO_URL || !NEO4J_URL || !ELASTIC_URL || !REDIS_URL)(
  'talents, edges, hits and matches are the same on Redis, MongoDB, Neo4j and Elasticsearch (REDIS_URL, MONGO_URL, NEO4J_URL, ELASTIC_URL) as embedded',
  async () => {
    // Ids are derived from the tenant's name.
    const tenant = `t${randomBytes(4).toString('hex')}`
    const embedded = await workOn(tenant, {})
    const url = new URL(MONGO_URL!)
    url.pathname = `/looma_system_${randomBytes(4).toString('hex')}`
    const onServers = await workOn(tenant, {
      QUEUE_URL: await freshRedis(11),
      DOCUMENTS_URL: url.href,
      GRAPH_URL: NEO4J_URL!,
      SEARCH_URL: `${ELASTIC_URL}/${tenant}`,
    })
    expect(onServers.counts).toMatchObject({ done: embedded.counts.done, failed: 0 })
    expect(Object.keys(onServers.docs).length).toBeGreaterThan(20)
    expect(onServers.docs).toEqual(embedded.docs)
  },
)
