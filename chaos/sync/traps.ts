/** What goes wrong at the source: one thing at a time, for a moment. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Zervigo } from '../../samples/zervigo/double.ts'

/** More than these would open the breaker of a source, and a run would wait for minutes. */
const DOWN_LIMIT = 3

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
      traps.slowMs = 20 + random() * 150
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
  while (!signal.aborted) {
    const zervigo = doubles[Math.floor(random() * doubles.length)]!
    traps[Math.floor(random() * traps.length)]!(zervigo)
    set++
    await delay(100 + random() * 400, undefined, { signal }).catch(() => undefined)
    clear(zervigo)
    await delay(random() * 300, undefined, { signal }).catch(() => undefined)
  }
  for (const zervigo of doubles) clear(zervigo)
  return set
}

function clear({ traps }: Zervigo): void {
  Object.assign(traps, { busy: null, broken: null, slowMs: 0, drift: true, expired: false, forbidden: false, beforePage: null })
}
