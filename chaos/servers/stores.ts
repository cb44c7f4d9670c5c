/** Redis, MongoDB, Neo4j and Elasticsearch with data of their own, each behind a proxy. */
import { join } from 'node:path'
import { endServer, type ServerName, startServer } from '../../servers/start.ts'
import { openProxy } from '../../tests/tcp-proxy.ts'
import type { Machine } from './machine.ts'

const NAMES = ['redis', 'mongo', 'neo4j', 'elastic'] as const satisfies ServerName[]

/** What Looma needs to be told, and how to end them. Throws `Missing` where one cannot be had here. */
export async function startStores(dir: string): Promise<{ machines: Machine[]; env: Record<string, string>; stop(): Promise<void> }> {
  const machines: (Machine & { url: string })[] = []
  const stop = async () => {
    for (const one of machines) {
      await one.kill()
      await one.proxy!.close()
    }
  }
  try {
    for (const name of NAMES) machines.push(await startOne(name, join(dir, name)))
  } catch (error) {
    await stop()
    throw error
  }
  const [redis, mongo, neo4j, elastic] = machines.map(({ url }) => url) as [string, string, string, string]
  const env = { QUEUE_URL: redis, DOCUMENTS_URL: `${mongo}/looma`, GRAPH_URL: neo4j, SEARCH_URL: `${elastic}/looma` }
  return { machines, env, stop }
}

async function startOne(name: ServerName, dir: string): Promise<Machine & { url: string }> {
  let server = await startServer(name, dir)
  const proxy = await openProxy(server.port)
  return {
    name,
    proxy,
    url: server.url.replace(`:${server.port}`, `:${proxy.port}`),
    pid: () => server.pid,
    // What stands in for MongoDB loses the last writes it acknowledged to a SIGKILL; MongoDB with its journal does not.
    kill: () => endServer(server, name === 'mongo' ? 'SIGTERM' : 'SIGKILL'),
    async restart() {
      server = await startServer(name, dir, server.port)
    },
  }
}
