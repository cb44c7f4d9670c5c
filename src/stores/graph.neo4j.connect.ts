/** The connection to Neo4j: its URL, its limits, its transactions, and its errors as ours. */
import { setTimeout as delay } from 'node:timers/promises'
import neo4j, { type Driver, type ManagedTransaction, type QueryResult } from 'neo4j-driver'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { VERSION } from '../version.ts'
import { createCalls, type MeasuredCalls } from './calls.ts'

export type Row = Record<string, unknown>
/** Runs one statement and answers its rows. Whole numbers among the parameters have to be made by `int`. */
export type Run = (text: string, parameters?: Row) => Promise<Row[]>

export type Neo4j = {
  /** Runs `work` in one transaction, named for what is measured. It runs again after a deadlock, so it may do nothing but write to the server. */
  transaction<T>(query: string, work: (run: Run) => Promise<T>, options?: { rows?: (answer: T) => number }): Promise<T>
  /** One statement outside of a transaction, as changes to the schema need it. */
  statement(query: string, text: string, parameters?: Row, options?: { timeoutMs?: number }): Promise<Row[]>
  /** The plan of a statement, which is not run. */
  explain(text: string): Promise<NonNullable<QueryResult['summary']['plan']> | null>
  check(): Promise<void>
  queries: MeasuredCalls['queries']
  watch: MeasuredCalls['watch']
  close(): Promise<void>
}

const CONNECT_MS = 2000
/** How long a call waits for one of the connections when all are in use. */
const ACQUIRE_MS = 5000
const CONNECTIONS = 20
/** A connection that was idle for this long is tried before it is used: firewalls and restarts cut them silently. */
const IDLE_MS = 30_000
const CHECK_MS = 500
/** The server ends a transaction of ours that nobody waits for any longer. */
const TRANSACTION_MS = 10_000
const DEADLOCK_RETRIES = 12

/** JavaScript numbers are sent as floats; `limit` and versions have to be integers. */
export const int = (value: number) => neo4j.int(value)

/** `url` is `neo4j://`, `neo4j+s://`, `bolt://` or `bolt+s://` `[user:password@]host[:port][/database]`. Connects with the first call. */
export function connectNeo4j(url: string, log?: Pick<Logger, 'debug'>): Neo4j {
  const { address, user, password, database } = parseUrl(url)
  const driver: Driver = neo4j.driver(address, user ? neo4j.auth.basic(user, password) : undefined, {
    disableLosslessIntegers: true,
    maxConnectionPoolSize: CONNECTIONS,
    connectionTimeout: CONNECT_MS,
    connectionAcquisitionTimeout: ACQUIRE_MS,
    connectionLivenessCheckTimeout: IDLE_MS,
    notificationFilter: { minimumSeverityLevel: 'OFF' },
    telemetryDisabled: true,
    userAgent: `looma/${VERSION}`,
  })
  const calls = createCalls({ server: 'neo4j', toError: neo4jError })
  // In a cluster all goes to the leader: a reader that has just written must not meet a follower that does not know it yet.
  const open = () => driver.session({ database, defaultAccessMode: neo4j.session.WRITE })

  async function attempt<T>(signal: AbortSignal, work: (run: Run) => Promise<T>): Promise<T> {
    const session = open()
    const stop = () => void session.close().catch(() => undefined)
    signal.addEventListener('abort', stop, { once: true })
    try {
      const transaction = await session.beginTransaction({ timeout: TRANSACTION_MS })
      const answer = await work(runIn(transaction))
      await transaction.commit()
      return answer
    } finally {
      signal.removeEventListener('abort', stop)
      // Rolls back what was not committed. Its own error would hide the one that matters.
      await session.close().catch(() => undefined)
    }
  }

  async function alone(text: string, parameters?: Row): Promise<QueryResult> {
    const session = open()
    try {
      return await session.run(text, parameters)
    } finally {
      await session.close().catch(() => undefined)
    }
  }

  return {
    transaction: (query, work, options) =>
      calls(
        query,
        async (signal) => {
          for (let retry = 0; ; retry++) {
            try {
              return await attempt(signal, work)
            } catch (error) {
              if (!isContention(error) || retry === DEADLOCK_RETRIES || signal.aborted) throw error
              log?.debug({ query, retry }, 'deadlock, the transaction runs again')
            }
            await delay(Math.random() * Math.min(500, 10 * 2 ** retry))
          }
        },
        options,
      ),

    statement: (query, text, parameters, options) => calls(query, async () => rowsOf(await alone(text, parameters)), options),
    explain: (text) => calls('graph.explain', async () => (await alone(`EXPLAIN ${text}`)).summary.plan || null),

    async check() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new AppError('store-down', `neo4j gave no answer in ${CHECK_MS} ms`)), CHECK_MS - 50)
      })
      const session = open()
      try {
        await Promise.race([session.run('RETURN 1 AS one'), late])
      } catch (error) {
        const found = neo4jError(error)
        throw found.code === 'store-down' ? found : new AppError('store-down', found.detail, { cause: error })
      } finally {
        clearTimeout(timer)
        void session.close().catch(() => undefined)
      }
    },
    queries: calls.queries,
    watch: calls.watch,
    close: () => driver.close(),
  }
}

const runIn =
  (transaction: Pick<ManagedTransaction, 'run'>): Run =>
  async (text, parameters) =>
    rowsOf(await transaction.run(text, parameters))
const rowsOf = ({ records }: QueryResult): Row[] => records.map((record) => record.toObject())

/** The URL's parts; what it holds is never repeated, since it may hold a password. */
function parseUrl(url: string): { address: string; user: string; password: string; database: string | undefined } {
  const parsed = URL.parse(url)
  if (!parsed || !/^(neo4j|bolt)(\+s)?:$/.test(parsed.protocol) || !parsed.hostname)
    throw new AppError(
      'store-down',
      'the URL of neo4j must be neo4j://, neo4j+s://, bolt:// or bolt+s://[user:password@]host[:port][/database]',
    )
  const [, database, more] = parsed.pathname.split('/')
  if (more !== undefined) throw new AppError('store-down', 'the path of the neo4j URL must be the name of one database')
  return {
    address: `${parsed.protocol}//${parsed.host}`,
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: database ? decodeURIComponent(database) : undefined,
  }
}

/** Two transactions wanted each other's locks: the server undid one of them, and it will pass when it is run again. */
const isContention = (error: unknown): boolean => /^Neo\.TransientError\.Transaction\./.test((error as { code?: string }).code ?? '')

/** Codes as Neo4j lists them; https://neo4j.com/docs/status-codes. */
export function neo4jError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const { code = '', message = '' } = thrown as { code?: string; message?: string }
  const down = (detail: string) => new AppError('store-down', detail, { cause: thrown, retryAfter: 5 })
  if (/No space left|disk (is )?full/i.test(message)) return new AppError('disk-full', 'the disk of neo4j is full', { cause: thrown })
  if (/\.Security\.(Unauthorized|CredentialsExpired|TokenExpired)$/.test(code)) return down('neo4j refused the credentials')
  if (/AuthenticationRateLimit$/.test(code)) return down('neo4j refuses every login for some seconds, after several with wrong credentials')
  if (/\.Security\.Forbidden$/.test(code)) return down('the user of the neo4j URL may not do this')
  if (/ReadOnly|NotALeader/.test(code)) return down('neo4j takes no writes: the database is read-only, or this server is not its leader')
  if (/\.Database\.DatabaseNotFound$/.test(code)) return down('neo4j has no database of that name')
  if (/\.Transaction\.TransactionTimedOut/.test(code)) return down('neo4j ended a transaction that took too long')
  if (/^Neo\.TransientError\.|^(ServiceUnavailable|SessionExpired)$/.test(code)) {
    // The driver puts half a page of advice before what happened.
    const why = /Caused by: (.+?)(\. |$)/.exec(message)?.[1]
    const cause = why ? new Error(why, { cause: thrown }) : thrown
    return new AppError('store-down', `neo4j cannot be used now (${code})`, { cause, retryAfter: 5 })
  }
  // The driver has no code for a pool without a free connection, and none for its own use after it was closed.
  if (/acquisition timed out|Pool is closed|driver.*closed|connection was closed/i.test(message)) return down('neo4j cannot be reached')
  return new AppError('internal', `neo4j: ${code || message}`, { cause: thrown })
}
