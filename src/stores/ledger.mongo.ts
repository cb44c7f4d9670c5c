/** The ledger on MongoDB, for any number of processes. */
import { randomUUID } from 'node:crypto'
import type { Ledger } from '../ledger/ports.ts'
import { frontOf } from './ledger.front.ts'
import type { Core } from './ledger.mongo.core.ts'
import { keepPart } from './ledger.mongo.keep.ts'
import { movePart } from './ledger.mongo.move.ts'
import { readPart } from './ledger.mongo.read.ts'
import { recoverPart } from './ledger.mongo.recover.ts'
import { collectionsOf, ledgerSteps } from './ledger.mongo.schema.ts'
import { submitPart } from './ledger.mongo.submit.ts'
import type { Mongo } from './mongo.ts'
import type { OnServer } from './ports.ts'

/** `now` in milliseconds. Closing it closes `mongo`. */
export function mongoLedger(mongo: Mongo, now: () => number = Date.now): Ledger & OnServer {
  const core: Core = { col: collectionsOf(mongo.db), calls: mongo.calls, now }
  const read = readPart(core)
  const file = { ...submitPart(core, read), ...read, ...movePart(core, randomUUID()), ...recoverPart(core), ...keepPart(core) }
  return {
    ...frontOf(file, now),
    close: mongo.close,
    check: mongo.check,
    examine: mongo.examine,
    ...mongo.inspect,
    schema: { steps: ledgerSteps(core.col, core.calls), journal: mongo.journal('ledger') },
  }
}
