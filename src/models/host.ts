/** The parent's side of one model host. */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { unavailable } from './manifest.ts'
import type { FromHost, HostSettings, ToHost } from './messages.ts'

export type Vectors = Extract<FromHost, { type: 'vectors' }>

export type Host = {
  readonly pid: number
  /**
   * Runs one slice; `onVectors` and `onRefused` are called as its batches come out. Rejects with HostDied when the process ends or is silent
   * for longer than the limit (then it is killed); what was reported before stays good. One slice at a time.
   */
  run(texts: string[], on: { vectors: (message: Vectors) => void; refused: (indexes: number[]) => void }): Promise<{ tokenizeMs: number }>
  /** Resolves when the process has ended, whatever the cause. */
  readonly exited: Promise<void>
  /** Ends the process after the run it is in; killed when that takes over 5 s. */
  stop(): Promise<void>
  kill(): void
}

class HostDied extends Error {}

export type HostOptions = HostSettings & { startLimitMs: number; silenceLimitMs: number }

/** Resolves when the model is loaded and has run once. Throws `model-unavailable`. */
export async function startHost({ startLimitMs, silenceLimitMs, ...settings }: HostOptions): Promise<Host> {
  const child = fork(join(import.meta.dirname, 'host.child.ts'), [JSON.stringify(settings)], {
    serialization: 'advanced',
    // Nothing is inherited: no secrets reach the process that runs foreign models, and ONNX Runtime, which reports home by default, is told
    // before its library loads. (In a worker thread this could not be set: its process.env is a copy.)
    env: { ORT_DISABLE_TELEMETRY: '1' },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    // A fork that fails (no memory, no process slots) has no exit event.
    child.once('error', () => child.pid === undefined && resolve())
  })
  // Written to a child that has just ended: its exit is what counts.
  child.on('error', () => {})
  const kill = (): void => void child.kill('SIGKILL')

  type Waiting = { onMessage: (message: FromHost) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }
  let waiting: Waiting | null = null
  const settle = () => {
    clearTimeout(waiting?.timer)
    waiting = null
  }
  child.on('message', (message) => waiting?.onMessage(message as FromHost))
  exited.then(() => {
    const { reject } = waiting ?? {}
    settle()
    reject?.(new HostDied('the model host ended'))
  })

  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(kill, startLimitMs)
    const onMessage = (message: FromHost) => {
      settle()
      if (message.type === 'ready') resolve()
      else reject(unavailable(message.type === 'unusable' ? message.reason : 'the model host did not start'))
    }
    waiting = { onMessage, reject: () => reject(unavailable('the model host ended while it loaded the model')), timer }
  })
  try {
    await ready
  } catch (error) {
    kill()
    await exited
    throw error
  }

  let slices = 0
  const run: Host['run'] = (texts, on) =>
    new Promise((resolve, reject) => {
      if (!child.connected) return reject(new HostDied('the model host ended'))
      const slice = ++slices
      const timer = setTimeout(kill, silenceLimitMs)
      const onMessage = (message: FromHost) => {
        if (!('slice' in message) || message.slice !== slice) return
        timer.refresh()
        if (message.type === 'vectors') on.vectors(message)
        else if (message.type === 'refused') on.refused(message.indexes)
        else {
          settle()
          resolve({ tokenizeMs: message.tokenizeMs })
        }
      }
      waiting = { onMessage, reject, timer }
      child.send({ slice, texts } satisfies ToHost)
    })

  const stop = async () => {
    if (child.connected) child.disconnect()
    const timer = setTimeout(kill, STOP_LIMIT_MS)
    await exited
    clearTimeout(timer)
  }
  return { pid: child.pid!, run, exited, stop, kill }
}

const STOP_LIMIT_MS = 5000
