/** Bull Board over our queues. Access, roles and the audit log are not its business: admin.ts stands before it. */
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import type { ControllerHandlerReturnType } from '@bull-board/api/typings/app'
import { ExpressAdapter } from '@bull-board/express'
import type { RequestHandler } from 'express'
import type { QueueClient } from '../src/queues/client.ts'
import { jobs } from '../src/queues/index.ts'

/** A page of ten large jobs took 10 MB before it was cut. */
const MAX_SHOWN = 2048

export function createBoard(client: QueueClient, basePath: string): RequestHandler {
  const adapter = new ExpressAdapter()
  adapter.setBasePath(basePath)
  const queues = [...client.queues].map(([name, queue]) => {
    const board = new BullMQAdapter(queue, { description: jobs[name].about, allowRetries: true })
    for (const field of ['data', 'returnValue', 'progress'] as const) board.setFormatter(field, redact)
    // The formatter is given the whole job.
    board.setFormatter('name', (job: { name?: unknown }) => shownName(job.name))
    return board
  })
  createBullBoard({
    queues,
    serverAdapter: adapter,
    options: {
      handlerHooks: { after: withoutTexts },

      uiConfig: {
        boardTitle: 'Looma',
        hideDocsLink: true,
        // It counts connections, which the embedded queue has none of: "no workers" would be wrong there. Our own page lists the processes.
        showWorkers: false,
        hideRedisDetails: true,
        miscLinks: [{ text: 'Looma admin', url: '/' }],
        pollingInterval: { showSetting: true },
      },
    },
  })
  return adapter.getRouter() as RequestHandler
}

/** Our payloads hold ids only. What somebody else wrote into the queue is shown by its field names. */
function redact(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? '[text]' : value
  const known = new Set(['tenant', 'batchId', 'chunk', 'dispatch', 'passed', 'ended', 'open', 'skipped'])
  const shown = Object.fromEntries(Object.entries(value).map(([key, v]) => [key, known.has(key) && isShort(v) ? v : '[hidden]']))
  return JSON.stringify(shown).length > MAX_SHOWN ? '[too large to show]' : shown
}

/** A known field with something else in it than the id or number that we would write. */
const isShort = (value: unknown): boolean =>
  typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && /^[\w.-]{1,64}$/.test(value))

const shownName = (name: unknown): string => (typeof name === 'string' && name in jobs ? name : '[hidden]')

type Shown = { opts?: unknown; failedReason?: unknown; stacktrace?: unknown }

/** Formatters do not reach a job's options, errors and logs. Our own jobs write no logs and only codes into errors. */
function withoutTexts({ route }: { route: string }, result: ControllerHandlerReturnType): ControllerHandlerReturnType {
  if (route.endsWith('/logs')) return { ...result, body: [] }
  const body = result.body as
    | { queues?: { jobs?: Shown[] }[]; job?: Shown; flowRoot?: { name: unknown; progress: unknown; children: unknown[] } }
    | undefined
  if (body === null || typeof body !== 'object') return result
  for (const queue of body.queues ?? []) for (const job of queue.jobs ?? []) hideTexts(job)
  if (body.job) hideTexts(body.job)
  // We have no flows: whatever hangs below a job is not ours.
  if (body.flowRoot)
    body.flowRoot = { ...body.flowRoot, name: shownName(body.flowRoot.name), progress: redact(body.flowRoot.progress), children: [] }
  return result
}

function hideTexts(job: Shown): void {
  if (job.opts !== null && typeof job.opts === 'object')
    job.opts = Object.fromEntries(Object.entries(job.opts).map(([key, v]) => [key, isShort(v) ? v : '[hidden]']))
  if (job.failedReason) job.failedReason = '[hidden; the log of the worker has it]'
  if (Array.isArray(job.stacktrace)) job.stacktrace = job.stacktrace.map(() => '[hidden]')
}
