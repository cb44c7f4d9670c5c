/** Looma as one process with everything in it, or as processes of its roles over Redis; any of them may be killed and is started again. */

import { type Process, spawnLooma } from '../../tests/processes.ts'
import { freshRedis } from '../../tests/servers/redis.ts'

export type Looma = {
  /** Of the API as it stands; another one after a strike. */
  url(): string
  /** Ends one process with SIGKILL and starts it again. */
  strike(): Promise<void>
  stop(): Promise<void>
}
export type QueueKind = 'embedded' | 'redis'

/** Number of the Redis database that is emptied and used. */
const DATABASE = 2

export async function startLooma(dataDir: string, queue: QueueKind, sourcesFile: string, random: () => number): Promise<Looma> {
  const env = { SOURCES_FILE: sourcesFile, ...(queue === 'redis' && { QUEUE_URL: await freshRedis(DATABASE) }) }
  const roles = queue === 'redis' ? (['api', 'worker', 'worker', 'scheduler'] as const) : (['all'] as const)
  const running: Process[] = []
  // One after the other: the first makes the files.
  for (const role of roles) running.push(await spawnLooma(role, dataDir, env))
  return {
    url: () => running[0]!.apiUrl,
    async strike() {
      const at = Math.floor(random() * roles.length)
      await running[at]!.kill('SIGKILL')
      running[at] = await spawnLooma(roles[at]!, dataDir, env)
    },
    stop: async () => void (await Promise.all(running.map((one) => one.kill('SIGTERM')))),
  }
}
