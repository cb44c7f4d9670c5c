import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ledger } from '../../src/ledger/ports.ts'
import { createLog, type Logger } from '../../src/log.ts'
import { createQueueClient, type QueueClient } from '../../src/queues/client.ts'
import { openQueue, type QueueConnection } from '../../src/queues/connection.ts'
import { createFeeder, type Feeder } from '../../src/queues/feeder.ts'
import { openLedger } from '../../src/stores/ledger.sqlite.ts'

export type Parts = {
  folder: string
  ledger: Ledger
  connection: QueueConnection
  client: QueueClient
  feeder: Feeder
  log: Logger
} & AsyncDisposable

const crashed = (error: unknown) => {
  throw error
}

/** The ledger on a file of its own, durable as in production, and the queue over it. `folder` is a data folder that workers may share. */
export async function openParts(redisUrl: string): Promise<Parts> {
  const folder = await mkdtemp(join(tmpdir(), 'looma-bench-'))
  const log = createLog('error')
  const ledger = await openLedger(join(folder, 'ledger.sqlite'), crashed)
  const connection = await openQueue(redisUrl, undefined, log, crashed)
  const client = createQueueClient(connection)
  const feeder = createFeeder(ledger, client, log)
  return {
    folder,
    ledger,
    connection,
    client,
    feeder,
    log,
    async [Symbol.asyncDispose]() {
      feeder.stop()
      await client.close()
      await connection.close()
      await ledger.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
