/** Opens one SQLite file: durable settings, forward migrations with checksums, and transactions. Used by every `*.sqlite.ts` adapter. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { sha256 } from '../canonical/ids.ts'
import { AppError, toAppError } from '../errors.ts'

export type Migration = { name: string; sql: string }

export type Sqlite = {
  db: DatabaseSync
  /** A prepared statement, made once per text. */
  sql: (text: string) => StatementSync
  /** Runs `work` in one immediate transaction; nested calls join the outer one. */
  transaction: <T>(work: () => T) => T
  /**
   * Runs synchronous `work` and gives its errors their codes (`disk-full`, `store-down`). While another process holds the lock it waits
   * without blocking the event loop, and runs `work` again: so `work` is one statement, or one `transaction`.
   */
  run: <T>(work: () => T) => Promise<T>
  close: () => void
}

export type SqliteOptions = {
  allowExtension?: boolean
  /** How long a statement may block the thread waiting for another process. Adapters that use `run` keep it short. */
  busyTimeout?: number
  /** Bytes; only takes effect when the file is new. */
  pageSize?: number
}

/**
 * `path` may be `:memory:`. Throws when a migration that was already applied has other text now, or when the file was written by a newer
 * version. BEGIN IMMEDIATE around the migrations is the lock against a second process that migrates at the same time.
 */
export function openSqlite(path: string, migrations: Migration[], options: SqliteOptions = {}): Sqlite {
  const db = openFile(path, options)
  try {
    // Opening may wait: nothing else runs yet, and two processes that start together take turns here.
    db.exec(`pragma busy_timeout = ${BUSY_LIMIT}; ${options.pageSize ? `pragma page_size = ${options.pageSize};` : ''}`)
    enterWal(db)
    db.exec('pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = memory; pragma journal_size_limit = 67108864')
  } catch (error) {
    db.close()
    throw storeError(error)
  }
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
  try {
    transaction(() => migrate(db, migrations, path))
    db.exec(`pragma busy_timeout = ${options.busyTimeout ?? BUSY_LIMIT}`)
  } catch (error) {
    db.close()
    throw storeError(error)
  }
  const run = async <T>(work: () => T): Promise<T> => {
    const giveUp = performance.now() + BUSY_LIMIT
    for (;;) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error) || performance.now() > giveUp) throw storeError(error)
        await delay(2 + Math.random() * 20)
      }
    }
  }
  return { db, sql, transaction, run, close: () => db.isOpen && db.close() }
}

function openFile(path: string, options: SqliteOptions): DatabaseSync {
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    return new DatabaseSync(path, { allowExtension: options.allowExtension ?? false })
  } catch (error) {
    throw storeError(error)
  }
}

/** Milliseconds after which a lock held by another process counts as a store that is down. */
const BUSY_LIMIT = 5000

/** SQLite's primary result code is the low byte of the extended one. */
const primaryCode = (error: unknown): number => ((error as { errcode?: number })?.errcode ?? 0) & 0xff
const isBusy = (error: unknown): boolean => primaryCode(error) === 5 || primaryCode(error) === 6

// perm, busy, locked, readonly, ioerr, corrupt, cantopen, protocol, notadb: the file or the disk is at fault, not the item.
const DOWN = new Set([3, 5, 6, 8, 10, 11, 14, 15, 26])

/** The one place that turns SQLite's and the file system's errors into codes. The cause is kept for the log. */
export function storeError(thrown: unknown): AppError {
  const error = toAppError(thrown)
  if (error.code !== 'internal') return error
  const closed = (thrown as { code?: string })?.code === 'ERR_INVALID_STATE'
  const io = ['EIO', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EMFILE', 'ENFILE'].includes((thrown as { code?: string })?.code ?? '')
  return closed || io || DOWN.has(primaryCode(thrown)) ? new AppError('store-down', undefined, { cause: thrown }) : error
}

/** Entering WAL mode answers "busy" at once, whatever busy_timeout says, when another process does the same: so it is tried again. */
function enterWal(db: DatabaseSync): void {
  const giveUp = performance.now() + BUSY_LIMIT
  for (;;) {
    try {
      db.exec('pragma journal_mode = wal')
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUp) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}

function migrate(db: DatabaseSync, migrations: Migration[], path: string): void {
  db.exec(
    'create table if not exists migrations (n integer primary key, name text not null, sha256 text not null, at text not null) strict',
  )
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
