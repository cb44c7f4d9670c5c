/** What the rest of Looma may do with the queues: hand over chunks, ask what became of one, pause, resume, count. */
import { type Job, Queue } from 'bullmq'
import { AppError } from '../errors.ts'
import type { Dispatch } from '../ledger/ports.ts'
import type { QueueConnection } from './connection.ts'
import type { Payload } from './define.ts'
import { type JobName, jobNames } from './index.ts'

type QueueCounts = { waiting: number; active: number; delayed: number; failed: number; paused: boolean }

export type QueueClient = {
  readonly queues: ReadonlyMap<JobName, Queue>
  check(): Promise<void>
  /** Adds every chunk under an id made from batch, chunk and dispatch, so that a repeat is harmless. Answers those that were not taken. */
  add(dispatches: Dispatch[]): Promise<Dispatch[]>
  /** True while the queue still has the job ahead of it or at work. */
  holds(dispatch: Dispatch): Promise<boolean>
  paused(job: JobName): Promise<boolean>
  counts(job: JobName): Promise<QueueCounts>
  close(): Promise<void>
}

/** BullMQ refuses ids with a colon and ids of digits only. */
const jobId = (d: Dispatch): string => `${d.batchId}_${d.chunk}_${d.dispatch}`

export function createQueueClient(connection: QueueConnection): QueueClient {
  const queues = new Map(
    jobNames.map((name) => {
      const queue = new Queue(
        name,
        {
          ...connection.producer,
          skipWaitingForReady: true,
          defaultJobOptions: {
            attempts: 1,
            sizeLimit: 64 * 1024,
            removeOnComplete: { age: 3600, count: 1000 },
            removeOnFail: { age: 7 * 86_400, count: 5000 },
            keepLogs: 100,
          },
        },
        connection.factory,
      )
      // Without a listener a lost connection would end the process.
      queue.on('error', () => undefined)
      return [name, queue as unknown as Queue] as const
    }),
  )
  const of = (name: JobName) => queues.get(name)!

  return {
    queues,
    check: connection.check,

    async add(dispatches) {
      const refused: Dispatch[] = []
      for (const [job, group] of Map.groupBy(dispatches, (d) => d.job)) {
        try {
          const added = await of(job).addBulk(
            group.map((d) => ({
              name: job,
              data: { tenant: d.tenant, batchId: d.batchId, chunk: d.chunk, dispatch: d.dispatch } satisfies Payload,
              opts: { jobId: jobId(d), priority: Math.min(d.priority, 2_097_151) },
            })),
          )
          // addBulk can answer an error code in place of an id.
          refused.push(...group.filter((d, i) => (added[i] as Job | undefined)?.id !== jobId(d)))
        } catch {
          refused.push(...group)
        }
      }
      return refused
    },

    async holds(d) {
      const job = await of(d.job).getJob(jobId(d))
      if (!job) return false
      const state = await job.getState()
      return state !== 'completed' && state !== 'failed' && state !== 'unknown'
    },

    paused: (job) => of(job).isPaused(),

    async counts(job) {
      try {
        const [counts, paused] = await Promise.all([
          of(job).getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
          of(job).isPaused(),
        ])
        const n = (state: string) => counts[state] ?? 0
        return { waiting: n('waiting') + n('prioritized'), active: n('active'), delayed: n('delayed'), failed: n('failed'), paused }
      } catch (cause) {
        throw new AppError('queue-down', undefined, { cause })
      }
    },

    async close() {
      await Promise.allSettled([...queues.values()].map((queue) => queue.close()))
    },
  }
}
