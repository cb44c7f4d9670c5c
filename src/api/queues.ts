import { z } from 'zod'
import { jobNames, jobs } from '../queues/index.ts'
import type { Route } from './route.ts'
import { SEEN_MS } from './waiting.ts'

const QueueView = z
  .object({
    name: z.string(),
    about: z.string(),
    waiting: z.number(),
    active: z.number(),
    delayed: z.number(),
    failed: z.number(),
    paused: z.boolean(),
    workers: z.number(),
  })
  .meta({ id: 'Queue' })

export const queueRoute: Route = {
  method: 'get',
  path: '/v1/queues',
  id: 'listQueues',
  tag: 'Queues',
  summary: 'Queues with their counts and workers',
  permission: 'queues:read',
  answers: { 200: { description: 'All queues', schema: z.object({ data: z.array(QueueView) }) } },
  errors: ['queue-down'],
  async handle({ deps }) {
    const processes = await deps.ledger.processes(SEEN_MS)
    const data = await Promise.all(
      jobNames.map(async (name) => ({
        name,
        about: jobs[name].about,
        ...(await deps.client.counts(name)),
        workers: processes.filter((p) => p.queues.includes(name)).length,
      })),
    )
    return { status: 200, body: { data } }
  },
}
