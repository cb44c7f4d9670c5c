/** The ledger's SQLite file, for one thread. The statements are grouped by what they do: submit, move, recover, read, keep. */
import { createGroup } from './group.ts'
import type { LedgerFile } from './ledger.front.ts'
import { keepPart } from './ledger.sqlite.keep.ts'
import { movePart } from './ledger.sqlite.move.ts'
import { readPart } from './ledger.sqlite.read.ts'
import { recoverPart } from './ledger.sqlite.recover.ts'
import { LEDGER_MIGRATIONS } from './ledger.sqlite.schema.ts'
import { submitPart } from './ledger.sqlite.submit.ts'
import type { Inspect } from './query-stats.ts'
import { openSqlite } from './sqlite.ts'

/** `path` of the file, or `:memory:`; `now` in milliseconds. */
export function openLedgerFile(path: string, now: () => number = Date.now): LedgerFile & { inspect: Inspect; close(): Promise<void> } {
  const db = openSqlite(path, LEDGER_MIGRATIONS, { busyTimeout: 5 })
  const group = createGroup(db)
  const read = readPart(db, now)
  return {
    ...submitPart(db, group, now, read),
    ...read,
    ...movePart(db, group, now),
    ...recoverPart(db, group, now),
    ...keepPart(db, group, now),
    inspect: db.inspect,
    async close() {
      // What was handed over before is committed first.
      await group(() => undefined).catch(() => undefined)
      db.close()
    },
  }
}
