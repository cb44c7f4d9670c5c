/** Server-sent events of something that is looked at again and again until it has ended: a batch, a run. */
import type { Call } from './route.ts'

/** Hints may be lost: it is looked at this often anyway while somebody listens. */
const LOOK_MS = 1000
const HEARTBEAT_MS = 15_000
/** A reader that takes nothing for so long, while this much waits for it, is dropped; it may come back. */
const MAX_BUFFERED = 1024 * 1024

/** False once the reader has gone. */
export type Send = (event: string, data: unknown, id?: number) => boolean

/**
 * Sends `first`, then calls `look` at once, each second and whenever `wake` says so, never twice at a time, until it answers true. A look that
 * fails ends the stream: the reader comes back.
 */
export async function eventStream(
  { deps, res }: Call,
  first: [event: string, data: unknown],
  look: (send: Send) => Promise<boolean>,
  wake: (again: () => void) => () => void = () => () => undefined,
): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
  let open = true
  let looking = false
  let again = false
  const send: Send = (event, data, id) => {
    if (open) res.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    return open
  }
  const end = () => {
    if (!open) return
    open = false
    off()
    clearInterval(every)
    clearInterval(beat)
    res.end()
  }
  const lookNow = async () => {
    again = true
    if (looking) return
    looking = true
    try {
      while (again && open) {
        again = false
        if (await look(send)) return end()
        if (res.writableLength > MAX_BUFFERED) return res.destroy()
      }
    } catch (error) {
      deps.log.warn({ err: error }, 'event stream ended')
      end()
    } finally {
      looking = false
    }
  }
  const off = wake(() => void lookNow())
  const every = setInterval(() => (deps.stopping() ? end() : void lookNow()), LOOK_MS)
  const beat = setInterval(() => res.write(': heartbeat\n\n'), HEARTBEAT_MS)
  res.on('close', end)
  send(...first)
  await lookNow()
}
