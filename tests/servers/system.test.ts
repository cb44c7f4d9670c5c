/** A whole Looma on servers leaves behind what it leaves behind embedded. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openStores } from '../../src/stores/open.ts'
import { leftBehind } from '../left-behind.ts'
import { startSystem, tempDir, testConfig } from '../support.ts'
import { FOUR_SERVERS, fourServers } from './servers.ts'

/** Submits the sample positions and talents made from them, and reads everything back from the stores. */
async function workOn(tenant: string, env: Record<string, string>) {
  const dataDir = await tempDir()
  const config = testConfig(dataDir, env)
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
    return { counts: batch.counts, docs: await leftBehind(stores, tenant) }
  } finally {
    await stores.close()
  }
}

it.skipIf(!FOUR_SERVERS)(
  'talents, edges, hits and matches are the same on Redis, MongoDB, Neo4j and Elasticsearch (REDIS_URL, MONGO_URL, NEO4J_URL, ELASTIC_URL) as embedded',
  async () => {
    // Ids are derived from the tenant's name.
    const tenant = `t${randomBytes(4).toString('hex')}`
    const embedded = await workOn(tenant, {})
    const onServers = await workOn(tenant, await fourServers(11))
    expect(onServers.counts).toMatchObject({ done: embedded.counts.done, failed: 0 })
    expect(Object.keys(onServers.docs).length).toBeGreaterThan(20)
    expect(onServers.docs).toEqual(embedded.docs)
  },
)
