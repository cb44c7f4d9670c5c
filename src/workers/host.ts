/** Joins contracts and processors by file name and runs them as BullMQ workers. Refuses to start when a processor is missing or left over. */
import { readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { DelayedError, type Job, Worker } from 'bullmq'
import { AppError } from '../errors.ts'
import type { Claim, Ledger } from '../ledger/ports.ts'
import type { Service } from '../lifecycle.ts'
import type { Logger } from '../log.ts'
import type { QueueConnection } from '../queues/connection.ts'
import type { Feeder } from '../queues/feeder.ts'
import { type JobName, jobNames, jobs } from '../queues/index.ts'
import type { Signals } from '../queues/signals.ts'
import type { Processor, Services } from './context.ts'
import { type RunDeps, runChunk, Stop, throttled } from './run.ts'

/** Files of this folder that are no processors. */
const OWN_FILES = new Set(['context', 'host', 'reading', 'run'])

/** A killed worker's chunk starts again elsewhere after lock plus one check: 8.5 s. Blocks of this process's loop over 5 s would lose locks. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000
const CANCEL_CHECK_MS = 500
const PROGRESS_MS = 1000
/** Before a chunk is tried again, or the ledger asked again, after it was out of reach. */
const AGAIN_MS = 1000

export async function loadProcessors(folder = import.meta.dirname, names: readonly string[] = jobNames): Promise<Map<JobName, Processor>> {
  const files = (await readdir(folder)).filter((f) => f.endsWith('.ts')).map((f) => f.slice(0, -3))
  const found = files.filter((f) => !OWN_FILES.has(f))
  const missing = names.filter((name) => !found.includes(name))
  const extra = found.filter((name) => !names.includes(name))
  if (missing.length > 0) throw new Error(`no processor for ${missing.join(', ')}: add src/workers/<job>.ts with a default export`)
  if (extra.length > 0) throw new Error(`no contract for ${extra.join(', ')}: add src/queues/<job>.ts and name it in src/queues/index.ts`)
  const processors = new Map<JobName, Processor>()
  for (const name of names) {
    const module = (await import(`${folder}/${name}.ts`)) as { default?: unknown }
    if (typeof module.default !== 'function') throw new Error(`src/workers/${name}.ts has no default export that is a function`)
    processors.set(name as JobName, module.default as Processor)
  }
  return processors
}

export type WorkerDeps = { ledger: Ledger; signals: Signals; connection: QueueConnection; feeder: Feeder; services: Services; log: Logger }
export type WorkerHost = Service & { activity(): { active: number; lastFinishedAt: number } }

export async function startWorkers(deps: WorkerDeps): Promise<WorkerHost> {
  const { ledger, signals, connection, feeder, services, log } = deps
  const processors = await loadProcessors()
  const active: RunDeps['active'] = new Map()
  let lastFinishedAt = Date.now()
  let draining = false

  const run = (job: Job, processor: Processor) =>
    runChunk(job.data, processor, {
      ledger,
      signals,
      services,
      log,
      active,
      onFinished() {
        lastFinishedAt = Date.now()
        if (!draining) void feeder.feed()
      },
      onProgress: throttled((counts) => void job.updateProgress({ ...counts }).catch(() => undefined), PROGRESS_MS),
    })

  const workers = jobNames.map((name) => {
    const processor = processors.get(name)!
    const worker = new Worker(
      name,
      // Three plain parameters: with fewer, BullMQ gives no signal (it looks at function.length).
      async (job: Job, token: string | undefined, signal: AbortSignal | undefined) => {
        signal?.addEventListener('abort', () => abortJob(job, 'fenced'), { once: true })
        try {
          return await run(job, processor)
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'store-down') throw error
          // What happens to the chunk can only be told to the ledger: whoever reaches it may try.
          void standBack()
          await job.moveToDelayed(Date.now() + AGAIN_MS, token)
          throw new DelayedError()
        }
      },
      {
        ...connection.consumer,
        concurrency: jobs[name].concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_CHECK_MS,
        // The ledger counts lost runs; BullMQ would fail the job for good at the second one.
        maxStalledCount: 1000,
      },
      connection.factory,
    )
    worker.on('error', (err) => log.debug({ job: name, err: err.message }, 'queue connection'))
    worker.on('failed', (job, err) => log.error({ job: name, id: job?.id, err }, 'job failed outside its chunk'))
    // The lock is gone: another worker may have the chunk already.
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) worker.cancelJob(id, 'lock lost')
    })
    return worker
  })

  let standingBack = false
  /** Takes no work while the ledger is out of reach: a worker that can do nothing with its jobs would take them from those that can. */
  async function standBack(): Promise<void> {
    if (standingBack) return
    standingBack = true
    log.warn('the ledger is out of reach: no work is taken until it is back')
    try {
      await Promise.all(workers.map((worker) => worker.pause(true)))
      while (!draining && !(await answers(ledger))) await delay(AGAIN_MS, undefined, { ref: false })
      if (!draining) for (const worker of workers) worker.resume()
      log.info('the ledger is back')
    } catch (err) {
      // The queue is closed.
      log.debug({ err }, 'standing back ended')
    } finally {
      standingBack = false
    }
  }

  const abortWhere = (test: (claim: Claim) => boolean, reason: Stop['reason']) => {
    for (const { claim, abort } of active.values()) if (test(claim)) abort.abort(new Stop(reason))
  }
  function abortJob(job: Job, reason: Stop['reason']) {
    abortWhere((claim) => claim.batchId === job.data.batchId && claim.chunk === job.data.chunk, reason)
  }

  // The hint makes cancelling quick, the look into the ledger makes it sure.
  const off = signals.on((signal) => {
    if (signal.type === 'cancel') abortWhere((claim) => claim.batchId === signal.batchId, 'cancelled')
  })
  const watch = setInterval(async () => {
    if (active.size === 0) return
    try {
      const claims = [...active.values()].map(({ claim }) => claim)
      for (const ref of await ledger.cancelRequested(claims)) abortWhere((claim) => claim.batchId === ref.batchId, 'cancelled')
      for (const claim of claims) if (!(await ledger.touch(claim))) abortWhere((c) => c === claim, 'fenced')
    } catch (error) {
      log.warn({ err: error }, 'cannot look for cancelled batches')
    }
  }, CANCEL_CHECK_MS)
  watch.unref()

  let stopped: Promise<void> | undefined
  const drain = async () => {
    draining = true
    // close() takes no new jobs and waits for those at work, which are told to hand their chunk back; nothing of that spends an attempt.
    const closed = Promise.allSettled(workers.map((worker) => worker.close()))
    abortWhere(() => true, 'drain')
    // A chunk claimed in this moment is told too.
    const again = setInterval(() => abortWhere(() => true, 'drain'), 50)
    await closed
    clearInterval(again)
    clearInterval(watch)
    off()
  }
  return {
    name: 'workers',
    stop() {
      stopped ??= drain()
      return stopped
    },
    activity: () => ({ active: active.size, lastFinishedAt }),
  }
}

const answers = (ledger: Ledger): Promise<boolean> =>
  ledger.processes(1).then(
    () => true,
    () => false,
  )
