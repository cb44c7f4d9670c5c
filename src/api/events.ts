/** Server-sent events of a batch: a snapshot from the ledger first, then every entry of its event log after Last-Event-ID, and progress in between. */
import { AppError } from '../errors.ts'
import { eventStream } from './event-stream.ts'
import type { Route } from './route.ts'
import { batchView } from './views.ts'

const PAGE = 500

export const eventsRoute: Route = {
  method: 'get',
  path: '/v1/batches/{id}/events',
  id: 'streamEvents',
  tag: 'Batches',
  summary: 'Follow a batch as server-sent events',
  description:
    'First `snapshot` (the batch), then `opened`, `items` (what became of items), `stage`, `cancelling`, `closed` with ids, and `progress` (the batch) without. After a break send Last-Event-ID: nothing is lost or repeated. The stream ends after `closed`.',
  permission: 'batches:read',
  answers: { 200: { description: 'Events', type: 'text/event-stream' } },
  errors: ['not-found'],
  async handle(call) {
    const { deps, caller, params, req } = call
    const { tenant } = caller
    const id = params.id ?? ''
    const batch = await deps.ledger.batch(tenant, id)
    if (!batch) throw new AppError('not-found')
    let last = Number(req.get('last-event-id') ?? 0)
    if (!Number.isSafeInteger(last) || last < 0) last = 0

    await eventStream(
      call,
      ['snapshot', batchView(batch)],
      async (send) => {
        let sent = 0
        let closed = false
        for (let full = true; full && !closed; ) {
          const events = await deps.ledger.events(tenant, id, last, PAGE)
          for (const event of events) {
            if (!send(event.type, { at: event.at, ...(event.data as object) }, event.seq)) return true
            last = event.seq
            closed ||= event.type === 'closed'
            sent++
          }
          full = events.length === PAGE
        }
        const now = sent > 0 ? await deps.ledger.batch(tenant, id) : null
        if (now) send('progress', batchView(now))
        // Retention may have taken the events of a batch that ended long ago: the snapshot says it all.
        return closed || batch.state === 'closed'
      },
      (again) => deps.signals.on((signal) => signal.type !== 'forget' && signal.batchId === id && again()),
    )
    return undefined
  },
}
