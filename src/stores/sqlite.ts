/** Opens one SQLite file: durable settings, forward migrations with checksums, and transactions. Used by every `*.sqlite.ts` adapter. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { sha256 } from '../canonical/ids.ts'
import { AppError } from '../errors.ts'

export type Migration = { name: string; sql: string }

export type Sqlite = {
  db: DatabaseSync
  /** A prepared statement, made once per text. */
  sql: (text: string) => StatementSync
  /** Runs `work` in one immediate transaction; nested calls join the outer one. */
  transaction: <T>(work: () => T) => T
  close: () => void
}

/**
 * `path` may be `:memory:`. Throws when a migration that was already applied has other text now, or when the file was written by a newer
 * version. BEGIN IMMEDIATE around the migrations is the lock against a second process that migrates at the same time.
 */
export function openSqlite(path: string, migrations: Migration[], options: { allowExtension?: boolean } = {}): Sqlite {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  const db = new DatabaseSync(path, { allowExtension: options.allowExtension ?? false })
  db.exec('pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = memory')
  const statements = new Map<string, StatementSync>()
  const sql = (text: string) => {
    let statement = statements.get(text)
    if (!statement) {
      statement = db.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }
  let depth = 0
  const transaction = <T>(work: () => T): T => {
    if (depth > 0) return work()
    db.exec('begin immediate')
    depth++
    try {
      const result = work()
      db.exec('commit')
      return result
    } catch (error) {
      // A full disk may have rolled back already; a second rollback would hide the real error.
      if (db.isTransaction) db.exec('rollback')
      throw error
    } finally {
      depth--
    }
  }
  transaction(() => migrate(db, migrations, path))
  return { db, sql, transaction, close: () => db.isOpen && db.close() }
}

function migrate(db: DatabaseSync, migrations: Migration[], path: string): void {
  db.exec('create table if not exists migrations (n integer primary key, name text not null, sha256 text not null, at text not null) strict')
  const applied = db.prepare('select n, name, sha256 from migrations order by n').all() as { n: number; name: string; sha256: string }[]
  if (applied.length > migrations.length)
    throw new AppError('store-down', `${path} was written by a newer version of Looma (${applied.at(-1)?.name}); upgrade this one`)
  for (const [n, migration] of migrations.entries()) {
    const sum = sha256(migration.sql)
    const before = applied[n]
    if (!before) {
      db.exec(migration.sql)
      db.prepare('insert into migrations values (?, ?, ?, ?)').run(n, migration.name, sum, new Date().toISOString())
    } else if (before.sha256 !== sum) throw new AppError('store-down', `${path}: migration ${before.name} was changed after it was applied`)
  }
}
