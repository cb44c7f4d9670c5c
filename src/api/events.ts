/** Server-sent events of a batch: a snapshot from the ledger first, then every entry of its event log after Last-Event-ID, and progress in between. */
import { AppError } from '../errors.ts'
import type { Route } from './route.ts'
import { batchView } from './views.ts'

const PAGE = 500
/** Hints may be lost: the ledger is looked at this often anyway while somebody listens. */
const LOOK_MS = 1000
const HEARTBEAT_MS = 15_000
/** A reader that takes nothing for so long, while this much waits for it, is dropped; it may come back with Last-Event-ID. */
const MAX_BUFFERED = 1024 * 1024

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
  async handle({ deps, caller, params, req, res }) {
    const { tenant } = caller
    const id = params.id ?? ''
    const batch = await deps.ledger.batch(tenant, id)
    if (!batch) throw new AppError('not-found')
    let last = Number(req.get('last-event-id') ?? 0)
    if (!Number.isSafeInteger(last) || last < 0) last = 0

    res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
    const send = (event: string, data: unknown, seq?: number) =>
      res.write(`${seq === undefined ? '' : `id: ${seq}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    send('snapshot', batchView(batch))

    let open = true
    let looking = false
    let again = false
    const end = () => {
      if (!open) return
      open = false
      off()
      clearInterval(look)
      clearInterval(beat)
      res.end()
    }
    const catchUp = async () => {
      if (looking) {
        again = true
        return
      }
      looking = true
      try {
        do {
          again = false
          let sent = 0
          for (;;) {
            const events = await deps.ledger.events(tenant, id, last, PAGE)
            for (const event of events) {
              if (!open) return
              send(event.type, { at: event.at, ...(event.data as object) }, event.seq)
              last = event.seq
              sent++
              if (event.type === 'closed') {
                const closed = await deps.ledger.batch(tenant, id)
                if (closed) send('progress', batchView(closed))
                return end()
              }
            }
            if (events.length < PAGE) break
          }
          if (sent > 0) {
            const now = await deps.ledger.batch(tenant, id)
            if (now && open) send('progress', batchView(now))
          }
          if (res.writableLength > MAX_BUFFERED) return res.destroy()
        } while (again && open)
      } catch (error) {
        deps.log.warn({ err: error }, 'event stream ended')
        end()
      } finally {
        looking = false
      }
    }
    const off = deps.signals.on((signal) => signal.batchId === id && void catchUp())
    const look = setInterval(() => (deps.stopping() ? end() : void catchUp()), LOOK_MS)
    const beat = setInterval(() => res.write(': heartbeat\n\n'), HEARTBEAT_MS)
    res.on('close', end)
    // Retention may have taken the events of a batch that ended long ago: the snapshot says it all, and the stream ends.
    await catchUp()
    if (open && batch.state === 'closed') end()
    return undefined
  },
}
