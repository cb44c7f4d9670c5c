/** Group commit: small writes that arrive in one turn of the event loop share a transaction, and so its fsync (some 1 to 5 ms each). */
import { type Sqlite, storeError } from './sqlite.ts'

/**
 * Runs synchronous `work` in the next transaction and resolves with its result once that is durable. What `work` throws undoes only its own
 * writes and rejects only its own promise; a commit that fails rejects all that wait, and nothing of any is stored. Since a commit that found
 * the file locked is run again, `work` may change nothing but the database. Works run in the order in which they were handed over.
 */
export type Group = <T>(work: () => T) => Promise<T>

type Task = { work: () => unknown; resolve: (value: never) => void; reject: (error: unknown) => void }
type Outcome = { value: unknown } | { error: unknown }

/** A transaction takes no further work after this many milliseconds: it blocks the event loop, and other processes wait for the lock. */
const BUDGET_MS = 10
/** Milliseconds a begin may block the thread while another process writes; after that it waits without blocking. */
const BLOCK_MS = 5
/** Milliseconds between two transactions while more than one work comes at a time. Longer slows chunk runs down and requests gain nothing. */
const LOADED_MS = 1

export function createGroup({ db, sql, transaction, run }: Sqlite): Group {
  let waiting: Task[] = []
  let scheduled = false
  /** Works of the last transaction. */
  let last = 0

  const attempt = ({ work }: Task): Outcome => {
    sql('savepoint task').run()
    try {
      const value = work()
      sql('release task').run()
      return { value }
    } catch (error) {
      // A full disk ends the transaction itself: then nothing of the group is stored.
      if (!db.isTransaction) throw error
      db.exec('rollback to task; release task')
      return { error: storeError(error) }
    }
  }
  const attemptAll = (): Outcome[] => {
    const outcomes: Outcome[] = []
    const until = performance.now() + BUDGET_MS
    for (const task of waiting) {
      outcomes.push(attempt(task))
      if (performance.now() > until) break
    }
    return outcomes
  }
  const commit = async () => {
    try {
      const outcomes = await run(() => impatiently(db, () => transaction(attemptAll)))
      const tasks = waiting.slice(0, outcomes.length)
      waiting = waiting.slice(outcomes.length)
      last = outcomes.length
      outcomes.forEach((outcome, i) => {
        if ('error' in outcome) tasks[i]!.reject(outcome.error)
        else tasks[i]!.resolve(outcome.value as never)
      })
    } catch (error) {
      for (const { reject } of waiting.splice(0)) reject(error)
    }
    scheduled = false
    schedule()
  }
  const schedule = () => {
    if (scheduled || waiting.length === 0) return
    scheduled = true
    // The thread serves requests in place of waiting for the disk each time; a work that comes alone is committed at once.
    if (last > 1) setTimeout(commit, LOADED_MS)
    else setImmediate(commit)
  }
  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push({ work, resolve, reject })
      schedule()
    })
}

function impatiently<T>(db: Sqlite['db'], work: () => T): T {
  const before = (db.prepare('pragma busy_timeout').get() as { timeout: number }).timeout
  db.exec(`pragma busy_timeout = ${BLOCK_MS}`)
  try {
    return work()
  } finally {
    if (db.isOpen) db.exec(`pragma busy_timeout = ${before}`)
  }
}
