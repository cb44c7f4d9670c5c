/** Bull Board over our queues. Access, roles and the audit log are not its business: admin.ts stands before it. */
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
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
    board.setFormatter('data', redact)
    board.setFormatter('returnValue', redact)
    return board
  })
  createBullBoard({
    queues,
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Looma', hideDocsLink: true, pollingInterval: { showSetting: true } } },
  })
  return adapter.getRouter() as RequestHandler
}

/** Our payloads hold ids only. What somebody else wrote into the queue is shown by its field names. */
function redact(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? '[text]' : value
  const known = new Set(['tenant', 'batchId', 'chunk', 'dispatch', 'passed', 'ended', 'open', 'skipped'])
  const shown = Object.fromEntries(Object.entries(value).map(([key, v]) => [key, known.has(key) ? v : '[hidden]']))
  return JSON.stringify(shown).length > MAX_SHOWN ? '[too large to show]' : shown
}
