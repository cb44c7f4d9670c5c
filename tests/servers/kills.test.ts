/** Twenty kills at random moments on each kind of queue. The seed is printed; KILL_SEED repeats a run. */
import { randomBytes } from 'node:crypto'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { survive, surviveInRoles } from '../kills.ts'
import { killLeftovers, type Process, spawnLooma } from '../processes.ts'
import { tempDir } from '../support.ts'
import { freshRedis, REDIS_URL } from './redis.ts'
import { FOUR_SERVERS, fourServers } from './servers.ts'

const SEED = Number(process.env.KILL_SEED ?? 20_261_125)
const KILLS = Number(process.env.KILLS ?? 20)

let dataDir: string
beforeEach(async () => {
  dataDir = await tempDir()
})
afterEach(async () => {
  killLeftovers()
  await rm(dataDir, { recursive: true, force: true })
})

describe('kill -9, then start again', () => {
  it(`the whole program on the embedded queue, ${KILLS} times (seed ${SEED})`, async () => {
    await cp(inject('queueTemplate'), join(dataDir, 'queue'), { recursive: true })
    let looma: Process = await spawnLooma('all', dataDir)
    await survive({
      dataDir,
      kills: KILLS,
      seed: SEED,
      api: looma,
      async strike() {
        await looma.kill('SIGKILL')
        looma = await spawnLooma('all', dataDir)
        return looma
      },
    })
    expect((await looma.kill('SIGTERM')).code).toBe(0)
  })

  it.skipIf(!REDIS_URL)(`api, workers and scheduler on Redis, ${KILLS} times (seed ${SEED})`, async () => {
    await surviveInRoles({ dataDir, kills: KILLS, seed: SEED, env: { QUEUE_URL: await freshRedis(1) } })
  })

  it.skipIf(!FOUR_SERVERS)(
    `api, two workers and two schedulers on Redis, MongoDB, Neo4j and Elasticsearch, ${KILLS} times (seed ${SEED})`,
    async () => {
      const tenant = `kills-${randomBytes(4).toString('hex')}`
      await surviveInRoles({ dataDir, kills: KILLS, seed: SEED, tenant, schedulers: 2, pauseMs: 6000, env: await fourServers(3) })
    },
  )
})
