/**
 * Forward migrations of a server store. The journal lives in the store itself; a lock there lets one process migrate at a time. A step is
 * repeatable (`create … if not exists`), so that one which was cut off is simply run again.
 */
import { AppError } from '../errors.ts'

export type Step = {
  /** Unique, in order: `0001-constraints`. */
  name: string
  /** sha256 of what the step does: a step that was applied must never change. */
  sum: string
  apply: () => Promise<void>
}
export type JournalEntry = { n: number; name: string; sum: string; done: boolean }
export type Journal = {
  /** In order of `n`; empty when nothing was ever migrated. */
  read(): Promise<JournalEntry[]>
  /** Inserts or replaces the entry `n`. */
  write(entry: JournalEntry): Promise<void>
  /** Takes the lock for `ms` or prolongs it; false when another owner holds it. */
  lock(owner: string, ms: number): Promise<boolean>
  unlock(owner: string): Promise<void>
}
export type Schema = { steps: Step[]; journal: Journal }

/**
 * What is to be done to a store's schema. `fault`: why it cannot be used as it is, null when it can. `hopeless`: migrating cannot help either.
 */
export type SchemaState = { pending: string[]; fault: string | null; hopeless: boolean }

const LOCK_MS = 60_000

export async function schemaState({ steps, journal }: Schema): Promise<SchemaState> {
  const entries = await journal.read()
  const pending = steps.slice(entries.filter(({ done }) => done).length).map(({ name }) => name)
  const hopeless = (fault: string): SchemaState => ({ pending: [], fault, hopeless: true })
  if (entries.length > steps.length) return hopeless(`was migrated by a newer version of Looma (${entries.at(-1)!.name}); upgrade this one`)
  const changed = entries.find(({ n, name, sum }) => steps[n]?.name !== name || steps[n].sum !== sum)
  if (changed) return hopeless(`migration ${changed.name} was changed after it was applied`)
  const half = entries.find(({ done }) => !done)
  const fault = half
    ? `migration ${half.name} did not end; run \`looma migrate\``
    : pending.length > 0
      ? `is not migrated (${pending.join(', ')}); run \`looma migrate\``
      : null
  return { pending, fault, hopeless: false }
}

/**
 * Applies what is pending and answers the names. Throws `store-down` when the store was written by a newer version, when an applied step was
 * changed, or when another process holds the lock.
 */
export async function migrate(schema: Schema, owner: string): Promise<string[]> {
  const { steps, journal } = schema
  if (!(await journal.lock(owner, LOCK_MS))) throw new AppError('store-down', 'another process migrates this store; try again in a minute')
  // An index over many documents takes longer than the lock lasts, which is short for the sake of a process that dies.
  const renewal = setInterval(() => void journal.lock(owner, LOCK_MS).catch(() => undefined), LOCK_MS / 4)
  try {
    const { pending, fault, hopeless } = await schemaState(schema)
    if (hopeless) throw new AppError('store-down', fault!)
    const first = steps.length - pending.length
    for (const [i, { name, sum, apply }] of steps.slice(first).entries()) {
      const entry = { n: first + i, name, sum }
      await journal.write({ ...entry, done: false })
      await apply()
      await journal.write({ ...entry, done: true })
    }
    return pending
  } finally {
    clearInterval(renewal)
    await journal.unlock(owner)
  }
}
