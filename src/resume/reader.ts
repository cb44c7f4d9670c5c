/**
 * A pool of child processes that read documents: one document per child at a time, started on demand, reused, replaced after many files, and
 * killed on timeout, abort or too much memory. What a document does to its child costs that document only.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { AppError, type ErrorCode } from '../errors.ts'
import { residentBytes } from './memory.ts'
import { type ReadOutcome, ReadReply, type ReadRequest } from './protocol.ts'

export type { ReadOutcome } from './protocol.ts'

export type ReaderOptions = {
  /** Children at most. */
  processes: number
  /** Resident memory of one child in MiB; buffers count, they live outside of the V8 heap. */
  memoryMb?: number
  /** For one document, in milliseconds, starting when a child takes it. */
  timeoutMs?: number
  /** Larger files are `too-large` without being read. */
  maxBytes?: number
  /** A child is replaced after this many files, so that what parsers leak stays small. */
  filesPerProcess?: number
}

export type Reader = {
  /**
   * Reads one file. Rejects with AppError `host-crashed` (the child died or took too much memory), `timed-out`, `cancelled` (the signal),
   * `shutting-down` (closed) or `internal` (a fault of ours); everything wrong with the document itself is an `unreadable` outcome.
   */
  read(path: string, options?: { signal?: AbortSignal }): Promise<ReadOutcome>
  /** Process ids of the living children. */
  pids(): number[]
  /** Ends all children; running and waiting reads reject with `shutting-down`. Idempotent. */
  close(): Promise<void>
}

type Task = { request: ReadRequest; resolve: (outcome: ReadOutcome) => void; reject: (error: AppError) => void; forget: () => void }
type Child = { process: ChildProcess; task: Task | null; timer: NodeJS.Timeout | null; killedFor: ErrorCode | null; files: number }

const MIB = 1024 * 1024
const WATCH_MS = 50
const ENTRY = fileURLToPath(new URL('./reader.child.ts', import.meta.url))

export function createReader(options: ReaderOptions): Reader {
  const { processes, memoryMb = 512, timeoutMs = 30_000, maxBytes = 20 * MIB, filesPerProcess = 200 } = options
  const children = new Set<Child>()
  const waiting: Task[] = []
  let watchdog: NodeJS.Timeout | null = null
  let closed = false

  function pump(): void {
    while (waiting.length > 0 && !closed) {
      const child = [...children].find((one) => one.task === null && one.killedFor === null) ?? (children.size < processes ? start() : null)
      if (!child) return
      assign(child, waiting.shift()!)
    }
  }

  function start(): Child {
    const forked = fork(ENTRY, [], {
      // The heap gets less than the resident limit, so that most runaway documents end in V8's own abort.
      execArgv: [`--max-old-space-size=${Math.floor(memoryMb * 0.75)}`, '--no-warnings'],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const child: Child = { process: forked, task: null, timer: null, killedFor: null, files: 0 }
    children.add(child)
    forked.on('message', (message) => receive(child, message))
    forked.on('error', () => kill(child, 'host-crashed'))
    // 'close' would wait for the channel; 'exit' alone says that the process is gone. A failed spawn emits neither, hence `kill` drops it too.
    forked.on('exit', () => drop(child))
    watchdog ??= setInterval(watch, WATCH_MS).unref()
    return child
  }

  function assign(child: Child, task: Task): void {
    child.task = task
    child.timer = setTimeout(() => kill(child, 'timed-out'), timeoutMs)
    child.process.send(task.request, (error) => {
      if (error) kill(child, 'host-crashed')
    })
  }

  function receive(child: Child, message: unknown): void {
    const task = release(child)
    if (!task) return
    const reply = ReadReply.safeParse(message)
    if (!reply.success) task.reject(new AppError('internal', 'The reading process sent an answer of the wrong shape.'))
    else if (reply.data.status === 'failed') task.reject(new AppError('internal', `The reading process failed with ${reply.data.name}.`))
    else task.resolve(reply.data)
    child.files++
    const resident = residentBytes(child.process.pid ?? 0) ?? 0
    if (child.files >= filesPerProcess || resident > (memoryMb * MIB) / 2) kill(child, 'host-crashed')
    pump()
  }

  function release(child: Child): Task | null {
    const task = child.task
    child.task = null
    if (child.timer) clearTimeout(child.timer)
    task?.forget()
    return task
  }

  function kill(child: Child, code: ErrorCode): void {
    child.killedFor ??= code
    if (child.process.pid === undefined) drop(child)
    else child.process.kill('SIGKILL')
  }

  function drop(child: Child): void {
    if (!children.delete(child)) return
    release(child)?.reject(new AppError(child.killedFor ?? 'host-crashed'))
    if (children.size === 0 && watchdog) {
      clearInterval(watchdog)
      watchdog = null
    }
    pump()
  }

  function watch(): void {
    for (const child of children) {
      if (child.task && (residentBytes(child.process.pid ?? 0) ?? 0) > memoryMb * MIB) kill(child, 'host-crashed')
    }
  }

  function cancel(task: Task): void {
    const at = waiting.indexOf(task)
    const child = [...children].find((one) => one.task === task)
    if (child) kill(child, 'cancelled')
    else if (at >= 0) {
      waiting.splice(at, 1)
      task.forget()
      task.reject(new AppError('cancelled'))
    }
  }

  return {
    read(path, { signal } = {}) {
      if (closed) return Promise.reject(new AppError('shutting-down'))
      if (signal?.aborted) return Promise.reject(new AppError('cancelled'))
      return new Promise((resolve, reject) => {
        const onAbort = () => cancel(task)
        const task: Task = { request: { path, maxBytes }, resolve, reject, forget: () => signal?.removeEventListener('abort', onAbort) }
        signal?.addEventListener('abort', onAbort)
        waiting.push(task)
        pump()
      })
    },
    pids: () => [...children].flatMap((child) => child.process.pid ?? []),
    async close() {
      closed = true
      for (const task of waiting.splice(0)) {
        task.forget()
        task.reject(new AppError('shutting-down'))
      }
      const exits = [...children].filter((child) => child.process.pid !== undefined).map((child) => once(child.process, 'exit'))
      for (const child of children) kill(child, 'shutting-down')
      await Promise.all(exits)
    },
  }
}
