/**
 * Asynchronous functions that run in a worker thread. The calls of one turn of the event loop travel in one message, and so do their answers: a
 * message costs more than most calls.
 */
import { once } from 'node:events'
import { parentPort, Worker } from 'node:worker_threads'
import { AppError, ERRORS, type ErrorCode } from './errors.ts'

type Call = [id: number, method: string, args: unknown[]]
type Reply = [id: number, value: unknown, error?: Thrown]
/** What is left of an error on the way between threads: of its class only that it is ours. */
type Thrown = { message: string; stack?: string; code?: string; detail?: string }
type FromThread = { replies: Reply[] } | { event: unknown } | { methods: string[] }

type Methods = Record<string, (...args: never[]) => Promise<unknown>>

export type Thread<M> = {
  /** Reject with an AppError where one was thrown, else with an Error of the same message and `code`; and when the thread ends first. */
  methods: M
  /** False once the thread has ended. */
  alive(): boolean
  /** Ends the thread after the calls made so far. May be called twice. */
  end(): Promise<void>
}

export type ThreadOptions = {
  workerData: unknown
  /** What calls reject with that come after the thread's end, or are open at it. */
  ended: Error
  /** The thread ended by an error, such as one of memory. It is not started again. */
  onCrash: (error: unknown) => void
  onEvent?: (event: unknown) => void
}

/** Resolves when the module `file` has called `serveThread` with methods of type `M`; rejects when it throws before. */
export async function startThread<M>(file: URL, { workerData, ended, onCrash, onEvent }: ThreadOptions): Promise<Thread<M>> {
  const worker = new Worker(file, { workerData })
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  let outbox: Call[] = []
  let next = 0
  let closed = false

  const post = () => {
    const calls = outbox
    outbox = []
    try {
      worker.postMessage(calls)
    } catch (error) {
      // An argument that cannot be copied.
      for (const [id] of calls) settle([id, undefined, thrownOf(error)])
    }
  }
  const settle = ([id, value, error]: Reply) => {
    const call = pending.get(id)
    pending.delete(id)
    if (error) call?.reject(errorOf(error))
    else call?.resolve(value)
  }
  const fail = () => {
    closed = true
    for (const call of pending.values()) call.reject(ended)
    pending.clear()
  }
  const call = (method: string, args: unknown[]): Promise<unknown> => {
    if (closed) return Promise.reject(ended)
    const answer = Promise.withResolvers<unknown>()
    const id = next++
    pending.set(id, answer)
    if (outbox.push([id, method, args]) === 1) queueMicrotask(post)
    return answer.promise
  }
  const [{ methods }] = (await once(worker, 'message').catch((error) => {
    throw errorOf(thrownOf(error))
  })) as [{ methods: string[] }]
  worker.on('message', (message: FromThread) => {
    if ('methods' in message) return
    if ('replies' in message) for (const reply of message.replies) settle(reply)
    else onEvent?.(message.event)
  })
  worker.on('error', (error) => {
    fail()
    onCrash(error)
  })
  const exited = new Promise<void>((resolve) =>
    worker.once('exit', () => {
      fail()
      resolve()
    }),
  )
  return {
    methods: Object.fromEntries(methods.map((method) => [method, (...args: unknown[]) => call(method, args)])) as M,
    alive: () => !closed,
    async end() {
      if (!closed) void call('end', []).catch(() => undefined)
      await exited
    },
  }
}

/** Called once by the thread's own module: answers calls of `methods`; `end` is called last. */
export function serveThread(methods: Methods, end: () => Promise<void> | void): void {
  const port = parentPort!
  let replies: Reply[] = []
  const reply = (one: Reply) => {
    if (replies.push(one) === 1) process.nextTick(flush)
  }
  const flush = () => {
    if (replies.length === 0) return
    port.postMessage({ replies } satisfies FromThread)
    replies = []
  }
  const running = new Set<Promise<void>>()
  const answer = async ([id, method, args]: Call): Promise<void> => {
    try {
      reply([id, await methods[method]!(...(args as never[]))])
    } catch (error) {
      reply([id, undefined, thrownOf(error)])
    }
  }
  const close = async (): Promise<void> => {
    await Promise.all(running)
    await end()
    flush()
    port.close()
  }
  port.on('message', (calls: Call[]) => {
    for (const call of calls)
      if (call[1] === 'end') void close()
      else {
        const answered = answer(call).finally(() => running.delete(answered))
        running.add(answered)
      }
  })
  port.postMessage({ methods: Object.keys(methods) } satisfies FromThread)
}

/** From the thread to `onEvent` of its owner. */
export const emitFromThread = (event: unknown): void => parentPort!.postMessage({ event } satisfies FromThread)

function thrownOf(error: unknown): Thrown {
  const { message, stack, code, detail, cause } = error as Thrown & { cause?: unknown }
  const why = cause instanceof Error ? `\ncaused by ${cause.stack}` : ''
  return { message, stack: `${stack}${why}`, code, detail }
}

function errorOf({ message, stack, code, detail }: Thrown): Error {
  if (code !== undefined && code in ERRORS)
    return new AppError(code as ErrorCode, detail, { cause: Object.assign(new Error(message), { stack }) })
  return Object.assign(new Error(message), { stack, code, detail })
}
