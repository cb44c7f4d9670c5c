/**
 * The steady hand: starts what schedules say, feeds what became due, drives chunks again that the queue lost, brings projections up to date that
 * a crash left behind, and keeps retention. Every step repeats harmlessly, so several schedulers may run at once.
 */
import type { Service } from '../lifecycle.ts'
import type { QueueClient } from '../queues/client.ts'
import type { Feeder } from '../queues/feeder.ts'
import { warnOverdue } from './overdue.ts'
import { runSchedules } from './schedules.ts'
import type { ScheduleDeps } from './start.ts'

type Duty = { name: string; everyMs: number; work: () => Promise<unknown> }
/** `sweeps` go on with what a crash left behind; one that fails costs no other. */
export type TickDeps = ScheduleDeps & { client: QueueClient; feeder: Feeder; sweeps: Record<string, () => Promise<unknown>> }

/** A chunk without a sign of life for this long is looked up in the queue. Workers give one twice a second. */
const IDLE_MS = 30_000
/**
 * Lost runs in a row, without one item recorded in between, before a chunk's items fail as worker-lost. High, since what is risky runs in child
 * processes: a process that goes down again and again is being restarted by somebody, and innocent chunks must outlast that.
 */
export const MAX_LOST = 25

export function startTick(deps: TickDeps): Service {
  const { ledger, documents, feeder, log } = deps
  const duties: Duty[] = [
    { name: 'feed', everyMs: 1000, work: () => feeder.feed() },
    { name: 'schedules', everyMs: 1000, work: () => runSchedules(deps) },
    { name: 'watchdog', everyMs: 30_000, work: () => warnOverdue(documents, log) },
    { name: 'redrive', everyMs: 5000, work: () => redrive(deps) },
    ...Object.entries(deps.sweeps).map(([name, work]) => ({ name, everyMs: 10_000, work })),
    { name: 'tidy', everyMs: 600_000, work: () => ledger.tidy() },
  ]
  const running = new Map<string, Promise<unknown>>()
  const timers = duties.map(({ name, everyMs, work }) =>
    setInterval(() => {
      if (running.has(name)) return
      const done = work()
        .catch((error) => log.warn({ duty: name, err: error }, 'a duty failed and will be tried again'))
        .finally(() => running.delete(name))
      running.set(name, done)
    }, everyMs).unref(),
  )
  return {
    name: 'scheduler',
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await Promise.allSettled(running.values())
    },
  }
}

async function redrive({ ledger, client, feeder, log }: TickDeps): Promise<void> {
  let lost = 0
  for (const dispatch of await ledger.idle(IDLE_MS)) {
    if (await client.holds(dispatch)) continue
    await ledger.recover(dispatch, { maxLost: MAX_LOST })
    lost++
  }
  if (lost === 0) return
  log.warn({ chunks: lost }, 'chunks that the queue no longer had were put back')
  await feeder.feed()
}
