/** What goes wrong at the source: one thing at a time, for a moment. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Zervigo } from '../../samples/zervigo/double.ts'

/** More than these would open the breaker of a source, and a run would wait for minutes. */
const DOWN_LIMIT = 3

/** Milliseconds that an answer takes at least: a run has to last until somebody kills it. */
const SLOW_MS = 40

/** Sets traps until `signal` says that it is enough, then takes all of them away. */
export async function setTraps(doubles: Zervigo[], random: () => number, edit: () => void, signal: AbortSignal): Promise<number> {
  let set = 0
  let down = 0
  const times = () => 1 + Math.floor(random() * 2)
  const traps: ((zervigo: Zervigo) => void)[] = [
    ({ traps }) => {
      if (down++ < DOWN_LIMIT) traps.busy = { status: random() < 0.5 ? 429 : 503, times: times(), retryAfter: 1 }
    },
    ({ traps }) => {
      traps.broken = { status: 200, body: '<html>maintenance</html>', times: 1 }
    },
    ({ traps }) => {
      traps.expired = true
    },
    ({ traps }) => {
      traps.slowMs = SLOW_MS + random() * 150
    },
    ({ traps }) => {
      traps.drift = random() < 0.5
    },
    ({ traps }) => {
      traps.forbidden = true
    },
    ({ traps }) => {
      traps.beforePage = () => {
        if (random() < 0.2) edit()
      }
    },
  ]
  for (const { traps } of doubles) traps.slowMs = SLOW_MS
  while (!signal.aborted) {
    const zervigo = doubles[Math.floor(random() * doubles.length)]!
    traps[Math.floor(random() * traps.length)]!(zervigo)
    set++
    await delay(100 + random() * 400, undefined, { signal }).catch(() => undefined)
    clear(zervigo, SLOW_MS)
    await delay(random() * 300, undefined, { signal }).catch(() => undefined)
  }
  for (const zervigo of doubles) clear(zervigo, 0)
  return set
}

function clear({ traps }: Zervigo, slowMs: number): void {
  Object.assign(traps, { busy: null, broken: null, slowMs, drift: true, expired: false, forbidden: false, beforePage: null })
}
