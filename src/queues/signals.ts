/**
 * Hints between processes: a batch changed, a batch is to be cancelled, vectors are to be forgotten. A hint may be lost or come twice; whoever gets one reads the ledger,
 * and whoever waits for one also looks by itself now and then.
 */
import { EventEmitter } from 'node:events'
import { QueueEvents, QueueEventsProducer } from 'bullmq'
import type { QueueConnection } from './connection.ts'

/** `forget`: cached vectors under these keys (models/ports.ts) are to go; one string, since events carry nothing else. */
type Signal = { type: 'changed' | 'cancel' | 'closed'; tenant: string; batchId: string } | { type: 'forget'; keys: string }

export type Signals = {
  send(signal: Signal): void
  on(listener: (signal: Signal) => void): () => void
  close(): Promise<void>
}

const CHANNEL = 'looma-signals'
const EVERY_MS = 200

/** In the embedded system all processes are one, so nothing has to leave it. `changed` is sent at most once in 200 ms for a batch. */
export async function openSignals(connection: QueueConnection): Promise<Signals> {
  const local = new EventEmitter().setMaxListeners(0)
  const held = new Map<string, NodeJS.Timeout>()
  const remote = connection.kind === 'pglite' ? null : openRemote(connection, (signal) => local.emit('signal', signal))

  const sendNow = (signal: Signal) => {
    if (remote) remote.send(signal)
    else local.emit('signal', signal)
  }
  return {
    send(signal) {
      if (signal.type === 'forget') sendNow(signal)
      else if (signal.type !== 'changed') {
        clearTimeout(held.get(signal.batchId))
        held.delete(signal.batchId)
        sendNow(signal)
      } else if (!held.has(signal.batchId))
        held.set(
          signal.batchId,
          setTimeout(() => {
            held.delete(signal.batchId)
            sendNow(signal)
          }, EVERY_MS).unref(),
        )
    },
    on(listener) {
      local.on('signal', listener)
      return () => local.off('signal', listener)
    },
    async close() {
      for (const timer of held.values()) clearTimeout(timer)
      await remote?.close()
    },
  }
}

function openRemote(connection: QueueConnection, receive: (signal: Signal) => void) {
  const producer = new QueueEventsProducer(CHANNEL, connection.producer, connection.factory)
  const events = new QueueEvents(CHANNEL, connection.consumer, connection.factory)
  producer.on('error', () => undefined)
  events.on('error', () => undefined)
  events.on('signal' as 'drained', ((signal: Signal) => receive(signal)) as () => void)
  return {
    send: (signal: Signal) => void producer.publishEvent({ eventName: 'signal', ...signal }).catch(() => undefined),
    close: async () => {
      await Promise.allSettled([producer.close(), events.close()])
    },
  }
}
