/** Ordered start, reverse stop. A service's stop may be called before its start ended and more than once. */
import type { Logger } from './log.ts'

export type Service = { name: string; stop: (deadlineMs: number) => Promise<void> }

export type Lifecycle = {
  /** Starts one service; when it fails, those started before are stopped in reverse order and the error goes on. */
  start: <T extends Service>(begin: () => Promise<T> | T) => Promise<T>
  stop: () => Promise<void>
  stopping: () => boolean
}

/** `deadlineMs` bounds the whole stop; a service that takes longer is named in the log and left behind. */
export function createLifecycle(log: Logger, deadlineMs: number): Lifecycle {
  const services: Service[] = []
  let stopped: Promise<void> | undefined
  const stopAll = async () => {
    const end = Date.now() + deadlineMs
    for (const service of services.toReversed()) {
      const left = Math.max(100, end - Date.now())
      const late = Symbol('late')
      let timer: NodeJS.Timeout | undefined
      try {
        const outcome = await Promise.race([
          service.stop(left),
          new Promise((resolve) => {
            timer = setTimeout(resolve, left, late)
          }),
        ])
        if (outcome === late) log.warn({ service: service.name }, 'did not stop in time')
      } catch (error) {
        log.error({ service: service.name, err: error }, 'failed to stop')
      } finally {
        clearTimeout(timer)
      }
    }
  }
  const stop = () => {
    stopped ??= stopAll()
    return stopped
  }
  return {
    async start(begin) {
      try {
        const service = await begin()
        services.push(service)
        return service
      } catch (error) {
        await stop()
        throw error
      }
    },
    stop,
    stopping: () => stopped !== undefined,
  }
}

/** The first SIGTERM or SIGINT stops in order and exits 0; a second one ends the process at once with the signal's own exit code. */
export function onSignals(stop: (signal: string) => Promise<void>): void {
  let seen = false
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)
    process.on(signal, () => {
      if (seen) process.exit(code)
      seen = true
      stop(signal).then(
        () => process.exit(0),
        () => process.exit(1),
      )
    })
}
