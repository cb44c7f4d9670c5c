/**
 * A pool of child processes for work on hostile files: one task per child at a time, started on demand, reused, replaced after many tasks, and
 * killed on timeout, abort or too much memory. What a file does to its child costs that file only.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { z } from 'zod'
import { AppError, type ErrorCode } from './errors.ts'
import { residentBytes } from './memory.ts'

export type PoolLimits = {
  /** Children at most. */
  processes: number
  /** Resident memory of one child in MiB; buffers count, they live outside of the V8 heap. */
  memoryMb: number
  /** For one task, in milliseconds, starting when a child takes it. */
  timeoutMs: number
  /** A child is replaced after this many tasks, so that what parsers leak stays small; default 200. */
  tasksPerProcess?: number
}

/** `reply` ends a task, `note` (told on the way) does not. The child handles hostile bytes, so both are checked like any other input. */
export type PoolJob<Reply, Note> = {
  /** The module that a child runs. It answers each message with any number of notes and one reply. */
  entry: string
  reply: z.ZodType<Reply>
  note?: z.ZodType<Note>
  /** All of a child's environment: no secret reaches code that handles foreign files. */
  env?: Record<string, string>
  /** Further options of Node for a child. */
  flags?: string[]
  /** Share of `memoryMb` that V8's heap may have; the rest is for buffers and native libraries. Default 0.75. */
  heap?: number
  /** A child that rests with more than this share of `memoryMb` is replaced: the next task would start with less room. Default 0.5. */
  restShare?: number
}

export type Pool<Request, Reply, Note> = {
  /**
   * Rejects with AppError `host-crashed` (the child died or took too much memory), `timed-out`, `cancelled` (the signal), `shutting-down`
   * (closed) or `internal` (the answer has the wrong shape).
   */
  run(request: Request, options?: { signal?: AbortSignal; onNote?: (note: Note) => void }): Promise<Reply>
  /** Process ids of the living children. */
  pids(): number[]
  /** Ends all children; running and waiting tasks reject with `shutting-down`. Idempotent. */
  close(): Promise<void>
}

type Task<Request, Reply, Note> = {
  request: Request
  resolve: (reply: Reply) => void
  reject: (error: AppError) => void
  onNote: ((note: Note) => void) | undefined
  forget: () => void
}
type Child<T> = { process: ChildProcess; task: T | null; timer: NodeJS.Timeout | null; killedFor: ErrorCode | null; tasks: number }

const MIB = 1024 * 1024
const WATCH_MS = 50

export function createPool<Request extends object, Reply, Note = never>(
  job: PoolJob<Reply, Note>,
  limits: PoolLimits,
): Pool<Request, Reply, Note> {
  type One = Task<Request, Reply, Note>
  const { processes, memoryMb, timeoutMs, tasksPerProcess = 200 } = limits
  const children = new Set<Child<One>>()
  const waiting: One[] = []
  let watchdog: NodeJS.Timeout | null = null
  let closed = false

  function pump(): void {
    while (waiting.length > 0 && !closed) {
      const child = [...children].find((one) => one.task === null && one.killedFor === null) ?? (children.size < processes ? start() : null)
      if (!child) return
      assign(child, waiting.shift()!)
    }
  }

  function start(): Child<One> {
    const forked = fork(job.entry, [], {
      // The heap gets less than the resident limit, so that most runaway documents end in V8's own abort.
      execArgv: [`--max-old-space-size=${Math.floor(memoryMb * (job.heap ?? 0.75))}`, '--no-warnings', ...(job.flags ?? [])],
      env: job.env ?? {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const child: Child<One> = { process: forked, task: null, timer: null, killedFor: null, tasks: 0 }
    children.add(child)
    forked.on('message', (message) => receive(child, message))
    forked.on('error', () => kill(child, 'host-crashed'))
    // 'close' would wait for the channel; 'exit' alone says that the process is gone. A failed spawn emits neither, hence `kill` drops it too.
    forked.on('exit', () => drop(child))
    watchdog ??= setInterval(watch, WATCH_MS).unref()
    return child
  }

  function assign(child: Child<One>, task: One): void {
    child.task = task
    child.timer = setTimeout(() => kill(child, 'timed-out'), timeoutMs)
    child.process.send(task.request, (error) => {
      if (error) kill(child, 'host-crashed')
    })
  }

  function receive(child: Child<One>, message: unknown): void {
    const note = job.note?.safeParse(message)
    if (note?.success) {
      child.task?.onNote?.(note.data)
      return
    }
    const task = release(child)
    if (!task) return
    const reply = job.reply.safeParse(message)
    if (reply.success) task.resolve(reply.data)
    else task.reject(new AppError('internal', 'The child process sent an answer of the wrong shape.'))
    child.tasks++
    const resident = residentBytes(child.process.pid ?? 0) ?? 0
    if (child.tasks >= tasksPerProcess || resident > memoryMb * MIB * (job.restShare ?? 0.5)) kill(child, 'host-crashed')
    pump()
  }

  function release(child: Child<One>): One | null {
    const task = child.task
    child.task = null
    if (child.timer) clearTimeout(child.timer)
    task?.forget()
    return task
  }

  function kill(child: Child<One>, code: ErrorCode): void {
    child.killedFor ??= code
    if (child.process.pid === undefined) drop(child)
    else child.process.kill('SIGKILL')
  }

  function drop(child: Child<One>): void {
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

  function cancel(task: One): void {
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
    run(request, { signal, onNote } = {}) {
      if (closed) return Promise.reject(new AppError('shutting-down'))
      if (signal?.aborted) return Promise.reject(new AppError('cancelled'))
      return new Promise((resolve, reject) => {
        const onAbort = () => cancel(task)
        const task: One = { request, resolve, reject, onNote, forget: () => signal?.removeEventListener('abort', onAbort) }
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
