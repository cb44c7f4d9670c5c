/** Group commit: small writes that arrive in one turn of the event loop share a transaction, and so its fsync (0.3 to 5 ms each). */
import { TRANSACTION_MS } from './pacing.ts'
import { type Sqlite, storeError } from './sqlite.ts'

/**
 * Runs synchronous `work` in the next transaction and resolves with its result once that is durable. What `work` throws undoes only its own
 * writes and rejects only its own promise; a commit that fails rejects all that wait, and nothing of any is stored. Since a commit that found
 * the file locked is run again, `work` may change nothing but the database. Works run in the order in which they were handed over.
 */
export type Group = <T>(work: () => T) => Promise<T>

type Task = { work: () => unknown; resolve: (value: never) => void; reject: (error: unknown) => void }
type Outcome = { value: unknown } | { error: unknown }

/** `run` waits for the lock of another process without blocking, so the file is opened with a short `busyTimeout`. */
export function createGroup({ db, sql, transaction, run }: Sqlite): Group {
  let waiting: Task[] = []
  let scheduled = false

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
    const until = performance.now() + TRANSACTION_MS
    for (const task of waiting) {
      outcomes.push(attempt(task))
      if (performance.now() > until) break
    }
    return outcomes
  }
  const commit = async () => {
    try {
      const outcomes = await run(() => transaction(attemptAll))
      const tasks = waiting.slice(0, outcomes.length)
      waiting = waiting.slice(outcomes.length)
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
    setImmediate(commit)
  }
  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push({ work, resolve, reject })
      schedule()
    })
}
