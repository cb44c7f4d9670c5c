/**
 * A pool-shaped object over one PGlite instance in a worker thread, so that BullMQ's PostgreSQL backend runs without a server.
 * PGlite has one session: a client that begins a transaction holds it, and all other statements wait, until commit or rollback.
 */
import { EventEmitter } from 'node:events'
import { rmSync } from 'node:fs'
import { startThread } from '../thread.ts'

type Result = { rows: Record<string, unknown>[]; rowCount: number }

export type PglitePool = EventEmitter & {
  query(text: string | { text: string; values?: unknown[] }, values?: unknown[]): Promise<Result>
  connect(): Promise<EventEmitter & { query: PglitePool['query']; release(): void; end(): Promise<void> }>
  end(): Promise<void>
  /** False once the thread has ended. */
  alive(): boolean
}

/** Opens (or makes) the database under `dataDir`; undefined keeps it in memory. A folder that does not open is thrown away: the ledger drives its jobs again. */
export async function openPglite(
  dataDir: string | undefined,
  onReset: (reason: string) => void,
  onCrash: (error: unknown) => void,
): Promise<PglitePool> {
  try {
    return await start(dataDir, onCrash)
  } catch (error) {
    if (!dataDir) throw error
    onReset((error as Error).message)
    rmSync(dataDir, { recursive: true, force: true })
    return start(dataDir, onCrash)
  }
}

async function start(dataDir: string | undefined, onCrash: (error: unknown) => void): Promise<PglitePool> {
  const clients = new Set<EventEmitter>()
  const thread = await startThread<{ query(text: string, params?: unknown[]): Promise<Result> }>(
    new URL('./pglite.thread.ts', import.meta.url),
    {
      workerData: { dataDir },
      ended: new Error('the embedded queue is closed'),
      onCrash,
      onEvent(notification) {
        for (const client of clients) client.emit('notification', notification)
      },
    },
  )
  const send = thread.methods.query

  let holder: object | null = null
  let waiting: (() => void)[] = []
  const release = () => {
    holder = null
    const turn = waiting
    waiting = []
    for (const go of turn) go()
  }
  const run = async (who: object, query: string | { text: string; values?: unknown[] }, values?: unknown[]): Promise<Result> => {
    const raw = typeof query === 'string' ? query : query.text
    const params = typeof query === 'string' ? values : query.values
    // BullMQ's statements begin with SQL comments; they hide the verb.
    const verb = raw
      .replace(/^(\s*--[^\n]*\n)+/, '')
      .trimStart()
      .slice(0, 8)
      .toLowerCase()
    while (holder && holder !== who) await new Promise<void>((go) => waiting.push(go))
    if (verb.startsWith('begin') || verb.startsWith('start t')) holder = who
    const ends = verb.startsWith('commit') || verb.startsWith('rollback')
    try {
      return await send(raw, params)
    } finally {
      if (ends && holder === who) release()
    }
  }

  const pool = new EventEmitter() as PglitePool
  // Every queue, worker and event reader listens for errors on it.
  pool.setMaxListeners(0)
  pool.query = (text, values) => run(pool, text, values)
  pool.connect = async () => {
    const client = new EventEmitter() as Awaited<ReturnType<PglitePool['connect']>>
    client.setMaxListeners(0)
    client.query = (text, values) => run(client, text, values)
    client.release = () => {
      clients.delete(client)
      if (holder === client) void send('rollback').finally(release)
    }
    client.end = async () => client.release()
    clients.add(client)
    return client
  }
  pool.alive = thread.alive
  pool.end = thread.end
  Object.assign(pool, { totalCount: 1, idleCount: 1, waitingCount: 0, options: { keepAlive: true, max: 1 } })
  return pool
}
