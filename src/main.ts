/** The composition root: the only file that starts anything. */

import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createAdmin } from '../dashboards/admin.ts'
import { createApp } from './api/app.ts'
import { createAuthenticate } from './api/auth.ts'
import { createProofs } from './api/proof.ts'
import { newId } from './canonical/ids.ts'
import type { Config } from './config.ts'
import { createLifecycle, type Service } from './lifecycle.ts'
import { createLog, type Logger } from './log.ts'
import { sweep } from './matching/project.ts'
import { createMetrics } from './metrics.ts'
import { createEmbedder } from './models/engine.ts'
import { createScanReader } from './ocr/reader.ts'
import { createPageDrawer } from './pages/pages.ts'
import { createQueueClient } from './queues/client.ts'
import { openQueue } from './queues/connection.ts'
import { createFeeder } from './queues/feeder.ts'
import { jobNames } from './queues/index.ts'
import { openSignals } from './queues/signals.ts'
import { createReader } from './resume/reader.ts'
import { overdueSchedules } from './schedulers/overdue.ts'
import { MAX_LOST, startTick } from './schedulers/tick.ts'
import { lockDataDir } from './stores/lock.ts'
import { openLedgerAt, openStores } from './stores/open.ts'
import { checksOf, watchSchemas } from './stores/ready.ts'
import { resumeErasures } from './sync/erase.ts'
import { settleDirty } from './sync/settle.ts'
import { createSources } from './sync/sources.ts'
import { startWorkers, type WorkerHost } from './workers/host.ts'

const BEAT_MS = 5000

export type Running = {
  /** Base addresses of what this role listens on. */
  apiUrl: string | null
  adminUrl: string
  /** One readable line per listening address and adapter. */
  lines: string[]
  stop(): Promise<void>
}

export async function startLooma(config: Config, log: Logger = createLog(config.logLevel, { role: config.role })): Promise<Running> {
  const life = createLifecycle(log, config.stopMs)
  const { role } = config
  const runsApi = role === 'all' || role === 'api'
  const runsWorkers = role === 'all' || role === 'worker'
  const runsScheduler = role === 'all' || role === 'scheduler'
  const alone = config.queueUrl.startsWith('pglite:')

  const service = <T>(name: string, value: T, stop: () => Promise<unknown> | unknown): T & Service =>
    Object.assign(value as T & object, { name, stop: async () => void (await stop()) }) as T & Service

  /** Nothing works without these threads: better a new start by whoever watches over the process than a process that only refuses. */
  const giveUp = (part: string, why: string) => (err: unknown) => {
    log.fatal({ err, part }, why)
    void life.stop().finally(() => process.exit(1))
  }
  const crashed = (part: string) => giveUp(part, 'a thread that Looma cannot do without has ended; start Looma again')

  try {
    await life.start(() => {
      const lock = lockDataDir(config.dataDir, alone ? 'exclusive' : 'shared')
      return service('data folder lock', {}, () => lock.release())
    })
    const { ledger, place: ledgerPlace } = await openLedgerAt(config, log, crashed('ledger'))
    await life.start(() => service('ledger', {}, () => ledger.close()))
    const stores = await openStores(config, log)
    await life.start(() => service('stores', {}, () => stores.close()))
    const places = [ledgerPlace, ...stores.places]
    // Before anything is written: a store of another version is not to be touched.
    const schemas = await watchSchemas(places, log, giveUp('schema', 'a store that was out of reach has another schema than this version'))
    await life.start(() => service('schemas', {}, () => schemas.stop()))
    if (alone) {
      const found = await ledger.recoverAll({ maxLost: MAX_LOST })
      if (found.chunks + found.discarded > 0) log.info(found, 'took up the work of the last run')
    }
    const connection = await openQueue(config.queueUrl, join(config.dataDir, 'queue'), log, crashed('queue'))
    await life.start(() => service('queue', {}, () => connection.close()))
    const client = createQueueClient(connection)
    await life.start(() => service('queue client', {}, () => client.close()))
    const signals = await openSignals(connection)
    await life.start(() => service('signals', {}, () => signals.close()))
    const feeder = createFeeder(ledger, client, log)
    await life.start(() => service('feeder', {}, () => feeder.stop()))
    // An API alone embeds only search queries: one host is enough.
    const embedder = await createEmbedder({
      modelDir: config.modelsDir,
      hosts: runsWorkers ? config.modelHosts : 1,
      cacheDb: join(config.dataDir, 'vectors-cache.sqlite'),
      log,
    })
    await life.start(() => service('model hosts', {}, () => embedder.close()))
    signals.on((signal) => signal.type === 'forget' && embedder.forget(signal.keys.split(' ')))

    const proofs = createProofs(config)
    const sources = createSources(config.sources)
    await life.start(() => service('sources', {}, () => sources.close()))

    let workers: WorkerHost | null = null
    if (runsWorkers) {
      const reader = createReader({
        processes: config.parse.hosts,
        memoryMb: config.parse.memoryMb,
        timeoutMs: config.parse.timeoutMs,
        maxBytes: config.maxFileBytes,
      })
      await life.start(() => service('document readers', {}, () => reader.close()))
      const scans = config.ocr && createScanReader({ ...config.ocr, processes: config.ocr.hosts, maxBytes: config.maxFileBytes })
      if (scans) await life.start(() => service('OCR readers', {}, () => scans.close()))
      workers = await life.start(() =>
        startWorkers({ ledger, signals, connection, feeder, log, services: { stores, embedder, reader, scans, sources, now: Date.now } }),
      )
    }
    if (runsScheduler)
      await life.start(() =>
        startTick({
          ledger,
          documents: stores.documents,
          signals,
          client,
          feeder,
          log,
          sweeps: {
            settle: () => settleDirty(stores.documents, sources.rules, { limit: 500 }),
            erase: () => resumeErasures({ stores, ledger, embedder, signals, sources, sign: proofs.sign }, log, 500),
            project: () => sweep(stores, embedder, { limit: 500 }),
          },
        }),
      )

    const id = newId('w')
    const beat = () =>
      ledger
        .beat({
          id,
          role,
          pid: process.pid,
          host: hostname(),
          queues: runsWorkers ? jobNames : [],
          models: [embedder.model],
          seenAt: Date.now(),
        })
        .catch((err) => log.warn({ err }, 'cannot announce this process'))
    await beat()
    const beats = setInterval(beat, BEAT_MS).unref()
    await life.start(() =>
      service('announcement', {}, async () => {
        clearInterval(beats)
        await ledger.gone(id)
      }),
    )

    const metrics = createMetrics({
      ledger,
      client,
      embedder,
      workers,
      overdue: async () => (await overdueSchedules(stores.documents)).length,
    })
    const authenticate = createAuthenticate(config)
    const stopping = () => life.stopping()
    const lines: string[] = []
    let apiUrl: string | null = null
    if (runsApi) {
      const pages = createPageDrawer({ processes: 1, maxBytes: config.maxFileBytes })
      await life.start(() => service('page drawer', {}, () => pages.close()))
      const app = createApp({
        processId: id,
        config,
        ledger,
        stores,
        client,
        feeder,
        signals,
        embedder,
        sources,
        proofs,
        pages,
        log,
        stopping,
        authenticate,
        observe: metrics.observe,
      })
      const server = await listen(app, config.api, 'HOST and PORT')
      await life.start(() => service('api', {}, () => close(server)))
      apiUrl = urlOf(server, config.api.host)
      lines.push(`api         ${apiUrl}  (docs at ${apiUrl}/docs)`)
    }
    const admin = await listen(
      createAdmin({
        config,
        ledger,
        client,
        documents: stores.documents,
        sources,
        metrics,
        places,
        log,
        stopping,
        checks: {
          queue: client.check,
          ...checksOf(places),
          ...(ledgerPlace.server === null && { ledger: async () => void (await ledger.processes(1)) }),
        },
      }),
      config.admin,
      'ADMIN_HOST and ADMIN_PORT',
    )
    await life.start(() => service('admin', {}, () => close(admin)))
    const adminUrl = urlOf(admin, config.admin.host)
    lines.push(`admin       ${adminUrl}  (board at ${adminUrl}/board, metrics at ${adminUrl}/metrics)`)
    lines.push(`queue       ${connection.kind} (${connection.where})`)
    for (const { port, adapter, where } of places) lines.push(`${port.padEnd(11)} ${adapter} (${where})`)
    lines.push(`model       ${embedder.model} (${embedder.dim} dimensions)`)
    // What a former run left waiting goes on by itself.
    void feeder.feed()
    return { apiUrl, adminUrl, lines, stop: () => life.stop() }
  } catch (error) {
    await life.stop()
    throw error
  }
}

function listen(app: Parameters<typeof createServer>[1], { host, port }: { host: string; port: number }, keys: string): Promise<Server> {
  const server = createServer({ requestTimeout: 0, headersTimeout: 20_000, keepAliveTimeout: 10_000 }, app)
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`${host}:${port} is in use; set ${keys} to another address (port 0 takes a free one)`)
          : new Error(`cannot listen on ${host}:${port} (${keys}): ${error.message}`, { cause: error }),
      ),
    )
    server.listen(port, host, () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    // Open event streams end by themselves within a second; idle keep-alive connections would hold the stop up.
    ;(server as import('node:http').Server).closeIdleConnections()
    setTimeout(() => (server as import('node:http').Server).closeAllConnections(), 2000).unref()
  })
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
