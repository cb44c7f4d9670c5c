/** The embedded ledger on node:sqlite. The statements are grouped by what they do: submit, move, read, keep. */
import type { Ledger } from '../ledger/ports.ts'
import { keepPart } from './ledger.sqlite.keep.ts'
import { movePart } from './ledger.sqlite.move.ts'
import { readPart } from './ledger.sqlite.read.ts'
import { recoverPart } from './ledger.sqlite.recover.ts'
import { LEDGER_MIGRATIONS } from './ledger.sqlite.schema.ts'
import { submitPart } from './ledger.sqlite.submit.ts'
import { openSqlite } from './sqlite.ts'

/** `path` of the file, or `:memory:`; `now` in milliseconds. */
export function openLedger(path: string, now: () => number = Date.now): Ledger {
  const db = openSqlite(path, LEDGER_MIGRATIONS)
  const read = readPart(db, now)
  const move = movePart(db, now)
  return {
    ...submitPart(db, now, read),
    ...read,
    ...move,
    ...recoverPart(db, now),
    ...keepPart(db, now),
    close: async () => db.close(),
  }
}
