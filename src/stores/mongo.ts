/**
 * One client of a MongoDB server, for every adapter on it. Only what one document's atomicity gives is used: no transactions, no pipeline updates,
 * no change streams, so that a standalone server is enough.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Collection, type Db, MongoBulkWriteError, MongoClient, MongoError, MongoServerError } from 'mongodb'
import { AppError, toAppError } from '../errors.ts'
import { type Finding, finding } from '../findings.ts'
import { plainUrl } from '../plain-url.ts'
import { type CallOptions, type Calls, createCalls } from './calls.ts'
import { createPlans } from './mongo-plans.ts'
import type { Inspect } from './query-stats.ts'
import type { Journal, JournalEntry } from './schema.ts'

export type Mongo = {
  db: Db
  calls: Calls
  inspect: Inspect
  /** Without user and password. */
  where: string
  /** Throws `store-down` within half a second. */
  check(): Promise<void>
  examine(): Promise<Finding[]>
  /** `name` keeps the migrations of several adapters in one database apart. */
  journal(name: string): Journal
  close(): Promise<void>
}

const ANSWER_MS = 500
const OLDEST = 7
/** Hosts hold no slash, and user and password must not: what follows the first one is the database. */
const NAMES_DATABASE = /^[^:]+:\/\/[^/?]+\/[^?]/

/**
 * `mongodb://` or `mongodb+srv://` with the database as its path (`looma` where there is none). TLS and authentication as in the URL
 * (`tls=true`, `authSource=…`). Does not wait for the server: the first call does. Throws `store-down` for a URL that cannot be read.
 */
export function openMongo(url: string): Mongo {
  const client = clientOf(url)
  const db = client.db(NAMES_DATABASE.test(url) ? undefined : 'looma')
  const measured = createCalls({ server: 'MongoDB', toError: mongoError })
  const { sending, plans } = createPlans(client, db, measured)
  /** Why the server could not be reached when that was last tried: a refused connection, a certificate of nobody known. */
  let fault: Error | undefined
  client.on('serverHeartbeatFailed', ({ failure }) => {
    fault = failure
  })
  client.on('serverHeartbeatSucceeded', () => {
    fault = undefined
  })
  let connected: Promise<unknown> | null = null
  /** A client whose first connection failed never tries again by itself. */
  const connect = (): Promise<unknown> => {
    connected ??= client.connect().catch((error) => {
      connected = null
      throw error
    })
    return connected
  }
  const calls = <T>(query: string, work: (signal: AbortSignal) => Promise<T>, options?: CallOptions<T>) =>
    measured(
      query,
      async (signal) => {
        await connect()
        return sending(query, () => work(signal))
      },
      options,
    )
  const check = async () => {
    const limit = new AbortController()
    const late = delay(ANSWER_MS, undefined, { signal: limit.signal }).then(() => {
      throw new AppError('store-down', `MongoDB gave no answer in ${ANSWER_MS} ms`, { cause: fault })
    })
    const answer = connect().then(() => client.db('admin').command({ ping: 1 }, { timeoutMS: ANSWER_MS }))
    try {
      await Promise.race([answer, late])
    } catch (thrown) {
      throw mongoError(thrown)
    } finally {
      answer.catch(() => undefined)
      late.catch(() => undefined)
      limit.abort()
    }
  }
  return {
    db,
    calls,
    inspect: { queries: measured.queries, watch: measured.watch, plans },
    where: plainUrl(url),
    check,
    examine: () => examine(db),
    journal: (name) => journalOf(db, calls, name),
    close: () => client.close(),
  }
}

function clientOf(url: string): MongoClient {
  try {
    return new MongoClient(url, {
      appName: 'looma',
      maxPoolSize: 20,
      serverSelectionTimeoutMS: 2000,
      connectTimeoutMS: 2000,
      socketTimeoutMS: 30_000,
      waitQueueTimeoutMS: 5000,
      // A standalone server has none of these; calls.ts tries again.
      retryWrites: false,
      retryReads: false,
      // Acknowledged is durable: on a majority of the members, in their journals.
      writeConcern: { w: 'majority', journal: true },
      ignoreUndefined: true,
      // For mongo-plans.ts.
      monitorCommands: true,
      promoteBuffers: true,
    })
  } catch (cause) {
    throw new AppError('store-down', `DOCUMENTS_URL: ${(cause as Error).message.replaceAll(url, 'the URL')}`, { cause })
  }
}

/** Errors of the client and the server by their codes (mongodb/src/mongo/base/error_codes.yml). */
export function mongoError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof MongoServerError) {
    const { code } = thrown
    // OutOfDiskSpace
    if (code === 14031) return new AppError('disk-full', 'the disk of MongoDB is full', { cause: thrown })
    if (code === 18 || code === 13)
      return new AppError('store-down', 'MongoDB refused the user, its password or its rights', { cause: thrown })
    const isDown =
      // A bulk write passes on what happened to the line, under its own name: only servers number their errors.
      (thrown instanceof MongoBulkWriteError && typeof code !== 'number') ||
      thrown.hasErrorLabel('RetryableWriteError') ||
      thrown.hasErrorLabel('TransientTransactionError') ||
      DOWN.has(Number(code))
    return new AppError(isDown ? 'store-down' : 'internal', undefined, { cause: thrown })
  }
  // Everything else of the client is about the way to the server: selection, sockets, pool, time limits. A socket that breaks while it is
  // written to comes through as the error of the system or of Node.
  const isWay = thrown instanceof MongoError && !/^Mongo(InvalidArgument|API|MissingDependency|Compatibility)/.test(thrown.name)
  if (isWay || SOCKET.test(String((thrown as NodeJS.ErrnoException | null)?.code)))
    return new AppError('store-down', 'MongoDB cannot be reached', { cause: thrown })
  return toAppError(thrown)
}

// HostUnreachable, HostNotFound, NetworkTimeout, ShutdownInProgress, ExceededTimeLimit, SocketException, NotWritablePrimary,
// InterruptedAtShutdown, InterruptedDueToReplStateChange, PrimarySteppedDown, MaxTimeMSExpired, NotPrimaryNoSecondaryOk, LockTimeout.
const DOWN = new Set([6, 7, 89, 91, 262, 9001, 10107, 11600, 11602, 189, 50, 13435, 24])

/** ECONNRESET, EPIPE, ERR_STREAM_WRITE_AFTER_END, … */
const SOCKET = /^(E[A-Z]+|ERR_(STREAM|SOCKET|TLS|SSL)_\w+)$/

export const isDuplicate = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === 11000

async function examine(db: Db): Promise<Finding[]> {
  const admin = db.client.db('admin')
  const { version } = (await admin.command({ buildInfo: 1 })) as unknown as { version: string }
  const before = Date.now()
  const hello = (await admin.command({ hello: 1 })) as { localTime?: Date; isWritablePrimary?: boolean }
  const off = Math.round((hello.localTime?.getTime() ?? before) - (before + Date.now()) / 2)
  const disk = (await db.command({ dbStats: 1 }).catch(() => ({}))) as { fsUsedSize?: number; fsTotalSize?: number }
  const used = disk.fsUsedSize && disk.fsTotalSize ? disk.fsUsedSize / disk.fsTotalSize : null
  const findings = [
    finding('version', version, Number.parseInt(version, 10) >= OLDEST, `use MongoDB ${OLDEST} or newer`),
    finding('clock', `${off} ms from this machine's`, Math.abs(off) < 1000, 'let both machines take their time from NTP'),
    finding(
      'writes',
      hello.isWritablePrimary === false ? 'no primary' : 'taken',
      hello.isWritablePrimary !== false,
      'name the replica set in the URL (?replicaSet=…)',
      'error',
    ),
    finding('acknowledgement', 'w: majority, j: true', true, ''),
  ]
  if (used !== null)
    findings.push(finding('disk', `${Math.round(used * 100)} % used`, used < 0.9, 'give MongoDB more room before writes fail'))
  return findings
}

type LockRow = { _id: string; owner: string; until: number }
type EntryRow = JournalEntry & { _id: string; store: string; at: Date }

function journalOf(db: Db, calls: Calls, name: string): Journal {
  const entries: Collection<EntryRow> = db.collection('migrations')
  const locks: Collection<LockRow> = db.collection('locks')
  const lockId = `migrate ${name}`
  return {
    async read() {
      // Their ids are the store's name, a blank and a number.
      const rows = await calls('migrations.read', () =>
        entries
          .find({ _id: { $gt: `${name} `, $lt: `${name}!` } })
          .sort({ n: 1 })
          .toArray(),
      )
      return rows.map(({ n, name: step, sum, done }) => ({ n, name: step, sum, done }))
    },
    async write(entry) {
      await calls('migrations.write', () =>
        entries.updateOne({ _id: `${name} ${entry.n}` }, { $set: { store: name, ...entry, at: new Date() } }, { upsert: true }),
      )
    },
    lock: (owner, ms) => takeLock(calls, locks, lockId, owner, ms),
    async unlock(owner) {
      await calls('locks.free', () => locks.deleteOne({ _id: lockId, owner }))
    },
  }
}

/** A lease: the row is ours, or it has run out, or there is none. `now` in milliseconds. */
export async function takeLock(
  calls: Calls,
  locks: Collection<LockRow>,
  id: string,
  owner: string,
  ms: number,
  now = Date.now(),
): Promise<boolean> {
  try {
    const taken = await calls('locks.take', () =>
      locks.updateOne({ _id: id, $or: [{ owner }, { until: { $lt: now } }] }, { $set: { owner, until: now + ms } }, { upsert: true }),
    )
    return taken.matchedCount + taken.upsertedCount > 0
  } catch (error) {
    // Somebody else's row stands in the way of the upsert.
    if (isDuplicate((error as AppError).cause)) return false
    throw error
  }
}
