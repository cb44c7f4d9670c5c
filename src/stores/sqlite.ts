/** Opens one SQLite file: durable settings, forward migrations with checksums, and transactions. Used by every `*.sqlite.ts` adapter. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementResultingChanges, type StatementSync } from 'node:sqlite'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { sha256 } from '../canonical/ids.ts'
import { AppError, toAppError } from '../errors.ts'
import { TRANSACTION_MS } from './pacing.ts'
import { createRecorder, type Inspect, type Plan, type Recorder } from './query-stats.ts'

export type Migration = { name: string; sql: string }

export type Sqlite = {
  db: DatabaseSync
  /** A prepared statement, made once per text; what it takes is measured under its text. */
  sql: (text: string) => Statement
  /** The same, but a row is the array of its columns: a third faster where rows are wide. */
  columns: (text: string) => Columns
  /** Runs `work` in one immediate transaction; nested calls join the outer one. */
  transaction: <T>(work: () => T) => T
  /**
   * Runs synchronous `work` and gives its errors their codes (`disk-full`, `store-down`). While another process holds the lock it waits
   * without blocking the event loop, and runs `work` again: so `work` is one statement, or one `transaction`.
   */
  run: <T>(work: () => T) => Promise<T>
  /**
   * Runs synchronous `work` on each item, in as few transactions as TRANSACTION_MS allows: each of them waits for the disk once. Answers what `work`
   * answered. Where one fails, those before it are stored.
   */
  each: <T, R>(items: readonly T[], work: (item: T) => R) => Promise<R[]>
  inspect: Inspect
  close: () => void
}
/** What an embedded store can do beside its port. */
export type Embedded = { inspect: Inspect; close(): void }
type Row = Record<string, SQLOutputValue>
type Statement = {
  get(...values: SQLInputValue[]): Row | undefined
  all(...values: SQLInputValue[]): Row[]
  run(...values: SQLInputValue[]): StatementResultingChanges
  iterate(...values: SQLInputValue[]): Iterable<Row>
}
type Columns = {
  get(...values: SQLInputValue[]): SQLOutputValue[] | undefined
  all(...values: SQLInputValue[]): SQLOutputValue[][]
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
    db.exec(
      'pragma synchronous = full; pragma secure_delete = fast; pragma foreign_keys = on; pragma temp_store = memory; pragma journal_size_limit = 67108864',
    )
  } catch (error) {
    db.close()
    throw storeError(error)
  }
  const recorder = createRecorder()
  const statements = new Map<string, Statement>()
  const sql = (text: string) => statements.get(text) ?? keep(statements, text, measured(db.prepare(text), text, recorder))
  const wide = new Map<string, Columns>()
  const columns = (text: string) => {
    const known = wide.get(text)
    if (known) return known
    const statement = db.prepare(text)
    statement.setReturnArrays(true)
    return keep(wide, text, measured(statement, text, recorder) as unknown as Columns)
  }
  let depth = 0
  const transaction = <T>(work: () => T): T => {
    if (depth > 0) return work()
    sql('begin immediate').run()
    depth++
    try {
      const result = work()
      // Where the disk is waited for.
      sql('commit').run()
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
    let giveUp = 0
    for (;;) {
      try {
        return work()
      } catch (error) {
        giveUp ||= performance.now() + BUSY_LIMIT
        if (!isBusy(error) || performance.now() > giveUp) throw storeError(error)
        await delay(2 + Math.random() * 20)
      }
    }
  }
  const each = async <T, R>(items: readonly T[], work: (item: T) => R): Promise<R[]> => {
    const done: R[] = []
    const some = () => {
      const until = performance.now() + TRANSACTION_MS
      const answers: R[] = []
      do answers.push(work(items[done.length + answers.length]!))
      while (done.length + answers.length < items.length && performance.now() < until)
      return answers
    }
    while (done.length < items.length) {
      if (done.length > 0) await turn()
      done.push(...(await run(() => transaction(some))))
    }
    return done
  }
  const inspect: Inspect = {
    queries: recorder.queries,
    watch: recorder.watch,
    plans: async (query) =>
      [...statements.keys(), ...wide.keys()].flatMap((text) => (query === undefined || nameOf(text) === query ? planOf(db, text) : [])),
  }
  return { db, sql, columns, transaction, run, each, inspect, close: () => db.isOpen && db.close() }
}

function keep<T>(held: Map<string, T>, text: string, statement: T): T {
  held.set(text, statement)
  return statement
}

type Step<T> = (...values: SQLInputValue[]) => T

/** The text in one line. */
const nameOf = (text: string): string => text.replace(/\s+/g, ' ').trim()

function measured(statement: StatementSync, text: string, { record }: Recorder): Statement {
  const query = nameOf(text)
  // Others report the changes of the statement before them.
  const changesRows = /^(insert|update|delete|replace|with)\b/i.test(query)
  const timed =
    <T>(work: Step<T>, rows: (answer: T) => number) =>
    (...values: SQLInputValue[]): T => {
      const since = performance.now()
      let found: number | null = null
      try {
        const answer = work(...values)
        found = rows(answer)
        return answer
      } finally {
        record(query, performance.now() - since, found)
      }
    }
  return {
    get: timed((statement.get as Step<ReturnType<Statement['get']>>).bind(statement), (row) => (row === undefined ? 0 : 1)),
    all: timed((statement.all as Step<ReturnType<Statement['all']>>).bind(statement), (rows) => rows.length),
    run: timed((statement.run as Step<ReturnType<Statement['run']>>).bind(statement), ({ changes }) => (changesRows ? Number(changes) : 0)),
    // Its rows are taken one by one, with the caller's work between them: only the first step is measured.
    iterate: timed((statement.iterate as Step<ReturnType<Statement['iterate']>>).bind(statement), () => 0),
  }
}

/**
 * What SQLite would do for a statement. `full` are scans of whole tables: not of what a call was given (json_each), of a subquery's rows, of
 * a full-text index with a MATCH, or of a partial index, which holds only what is looked for.
 */
export function planOf(db: DatabaseSync, text: string): Plan {
  const partial = db.prepare("select name from sqlite_schema where type = 'index' and sql like '% where %'").all() as { name: string }[]
  const steps = (db.prepare(`explain query plan ${text}`).all() as { detail: string }[]).map(({ detail }) => detail)
  const isFull = (step: string) =>
    step.startsWith('SCAN') &&
    !/^SCAN (j VIRTUAL TABLE|\w+ VIRTUAL TABLE INDEX \d+:[M=]|\(subquery-\d+\)|w$|CONSTANT ROW)/.test(step) &&
    !partial.some(({ name }) => step.endsWith(` INDEX ${name}`))
  return { query: nameOf(text), plan: steps.join('; '), full: steps.filter(isFull) }
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
