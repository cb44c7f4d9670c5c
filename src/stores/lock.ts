/**
 * The lock of a data folder. SQLite's own file lock is used: the kernel lets go of it when a process ends, however it ends, so there is no
 * stale lock file to judge by pid and age.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export type DataLock = { release(): void }

/** `exclusive`: nobody else may use the folder (the embedded queue lives in one process). `shared`: others may, but no exclusive one. Throws a sentence for people. */
export function lockDataDir(dataDir: string, mode: 'exclusive' | 'shared'): DataLock {
  const info = join(dataDir, 'lock.json')
  const db = openFolder(dataDir)
  try {
    db.exec('pragma busy_timeout = 0; pragma journal_mode = delete')
    if (mode === 'exclusive') db.exec('begin exclusive')
    else {
      db.exec('begin')
      db.prepare('select count(*) from sqlite_schema').get()
    }
  } catch {
    db.close()
    throw new Error(
      `${dataDir} is in use by another Looma process${holder(info)}; stop it, set DATA_DIR to another folder, or let both use servers (QUEUE_URL=redis://…)`,
    )
  }
  writeFileSync(info, JSON.stringify({ pid: process.pid, mode, since: new Date().toISOString() }))
  return { release: () => db.isOpen && db.close() }
}

function openFolder(dataDir: string): DatabaseSync {
  try {
    if (!existsSync(dataDir)) makeFolder(dataDir)
    return new DatabaseSync(join(dataDir, 'lock.sqlite'))
  } catch (cause) {
    throw new Error(`the data folder ${dataDir} (DATA_DIR) cannot be written: ${(cause as Error).message}`, { cause })
  }
}

/** Where the parent is there, mkdir says at once what is wrong; below /proc its recursive form never ends. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: !existsSync(dirname(folder)) })
  } catch (error) {
    // Roles that start together make it together.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function holder(info: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(info, 'utf8')) as { pid: number; since: string }
    return ` (pid ${pid}, since ${since})`
  } catch {
    return ''
  }
}
