/**
 * Vectors by content, in memory and (optionally) in a SQLite file that survives a restart. Holds hashes and vectors, never a text. Texts of
 * this trade repeat (skills, titles, schools), and a repeated text costs no inference and gets the very same vector again.
 * What nobody has asked for in 30 days goes: it may be of a person who is no longer here. The cache is never needed: a full disk or a locked file is counted and logged, and costs only time.
 */
import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openSqlite, type Sqlite } from '../stores/sqlite.ts'

const MIGRATIONS = [
  {
    name: 'vectors',
    sql: `create table vectors (key text not null primary key, used integer not null, vector blob not null) strict;
          create index vectors_used on vectors (used);`,
  },
]

export type CacheOptions = {
  dim: number
  /** Vectors kept in memory. */
  memory: number
  /** File, or null for memory alone. */
  path: string | null
  /** Vectors kept in the file; the least recently used go first. */
  rows: number
  onError: (error: unknown) => void
}

/** A vector that was not asked for in this long goes, and how often that is looked for. */
const KEPT_MS = 30 * 24 * 3_600_000
const EXPIRE_EVERY_MS = 24 * 3_600_000

/** Rows per turn of the event loop: about 3 ms of SQLite, so that a large call never stalls the process (limit 50 ms). */
const PIECE = 256

export const cacheKey = (space: string, prefix: string, text: string): string =>
  createHash('sha256').update(`${space}\0${prefix}\0${text}`).digest('base64url')

export function openCache({ dim, memory, path, rows, onError }: CacheOptions) {
  const recent = new Map<string, Float32Array>()
  const unwritten = new Map<string, Float32Array | null>()
  let db: Sqlite | null = null
  let clock = 0
  let untilEviction = 0
  let flushing: Promise<void> | null = null

  const guarded = <T>(work: (db: Sqlite) => T): T | undefined => {
    try {
      return db ? work(db) : undefined
    } catch (error) {
      onError(error)
      return undefined
    }
  }

  if (path !== null) {
    try {
      // Short: another process that writes must not make this one's event loop wait.
      db = openSqlite(path, MIGRATIONS, { busyTimeout: 20 })
      // What a power cut takes from a cache can be computed again; a disk flush per write cannot be had back.
      db.db.exec('pragma synchronous = normal')
      clock = (db.sql('select coalesce(max(used), 0) as used from vectors').get() as { used: number }).used
    } catch (error) {
      db?.close()
      db = null
      onError(error)
    }
  }

  /** One vector or undefined per key, in order. The vectors belong to the cache: copy before handing on. */
  async function get(keys: string[]): Promise<(Float32Array | undefined)[]> {
    const found: (Float32Array | undefined)[] = []
    for (const [i, key] of keys.entries()) {
      found.push(fromMemory(key) ?? guarded((store) => fromFile(store, key)))
      if (i % PIECE === PIECE - 1) await nextTurn()
    }
    return found
  }

  function fromMemory(key: string): Float32Array | undefined {
    const vector = recent.get(key)
    if (!vector) return undefined
    recent.delete(key)
    recent.set(key, vector)
    return vector
  }

  function fromFile(store: Sqlite, key: string): Float32Array | undefined {
    const row = store.sql('select vector from vectors where key = ?').get(key) as { vector: Uint8Array } | undefined
    if (row?.vector.byteLength !== dim * 4) return undefined
    const vector = new Float32Array(row.vector.slice().buffer)
    remember(key, vector)
    unwritten.set(key, null)
    flush()
    return vector
  }

  function remember(key: string, vector: Float32Array): void {
    if (memory === 0) return
    recent.delete(key)
    recent.set(key, vector)
    if (recent.size > memory) recent.delete(recent.keys().next().value!)
  }

  /** Takes over `vector`. Written to the file a little later. */
  function put(key: string, vector: Float32Array): void {
    remember(key, vector)
    if (!db) return
    unwritten.set(key, vector)
    flush()
  }

  function flush(): void {
    flushing ??= (async () => {
      while (unwritten.size > 0) {
        await nextTurn()
        const piece: [string, Float32Array | null][] = []
        for (const row of unwritten) if (piece.push(row) === PIECE) break
        for (const [key] of piece) unwritten.delete(key)
        guarded((store) => store.transaction(() => write(store, piece)))
      }
      flushing = null
    })()
  }

  /** A null vector only marks the row as used just now. */
  function write(store: Sqlite, piece: [string, Float32Array | null][]): void {
    clock = Math.max(clock + 1, Date.now())
    for (const [key, vector] of piece) {
      if (vector)
        store
          .sql('insert or replace into vectors values (?, ?, ?)')
          .run(key, clock, new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
      else store.sql('update vectors set used = ? where key = ?').run(clock, key)
    }
    untilEviction -= piece.length
    if (untilEviction > 0) return
    // Counting reads the whole index of `used`, so not at every write: the file may be over by this share.
    const { n } = store.sql('select count(*) as n from vectors').get() as { n: number }
    const over = Math.min(n - rows, 4 * PIECE)
    if (over > 0) store.sql('delete from vectors where key in (select key from vectors order by used limit ?)').run(over)
    untilEviction = over > 0 ? 0 : Math.min(rows - n, rows >> 6) + 1
  }

  function forget(keys: string[]): void {
    for (const key of keys) {
      recent.delete(key)
      unwritten.delete(key)
      guarded((store) => store.sql('delete from vectors where key = ?').run(key))
    }
  }

  async function expire(): Promise<void> {
    // Has no times; the file has what it held.
    recent.clear()
    const before = Date.now() - KEPT_MS
    for (let deleted = PIECE; db && deleted === PIECE; await nextTurn())
      deleted = Number(
        guarded(
          (store) =>
            store.sql('delete from vectors where key in (select key from vectors where used < ? order by used limit ?)').run(before, PIECE)
              .changes,
        ) ?? 0,
      )
  }
  void expire()
  const expiring = setInterval(() => void expire(), EXPIRE_EVERY_MS).unref()

  async function close(): Promise<void> {
    clearInterval(expiring)
    await flushing
    guarded((store) => store.close())
    db = null
  }

  return { get, put, forget, close }
}
