/** The embedded ledger on node:sqlite. The statements are grouped by what they do: submit, move, read, keep. */
import type { Ledger } from '../ledger/ports.ts'
import { createGroup } from './group.ts'
import { keepPart } from './ledger.sqlite.keep.ts'
import { movePart } from './ledger.sqlite.move.ts'
import { type Loads, readPart } from './ledger.sqlite.read.ts'
import { recoverPart } from './ledger.sqlite.recover.ts'
import { LEDGER_MIGRATIONS } from './ledger.sqlite.schema.ts'
import { submitPart } from './ledger.sqlite.submit.ts'
import { openSqlite } from './sqlite.ts'

/** `path` of the file, or `:memory:`; `now` in milliseconds. */
export function openLedger(path: string, now: () => number = Date.now): Ledger {
  const db = openSqlite(path, LEDGER_MIGRATIONS)
  const group = createGroup(db)
  const loads: Loads = new Map()
  const read = readPart(db, loads, now)
  return {
    ...submitPart(db, group, loads, now, read),
    ...read,
    ...movePart(db, group, now),
    ...recoverPart(db, group, now),
    ...keepPart(db, group, now),
    async close() {
      // What was handed over before is committed first.
      await group(() => undefined).catch(() => undefined)
      db.close()
    },
  }
}
