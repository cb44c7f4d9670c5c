/** Faults in random order at random machines, one at a time for each machine. */
import { setTimeout as delay } from 'node:timers/promises'
import { fill, free } from '../../tests/small-disk.ts'
import type { Machine } from './machine.ts'

type Random = () => number
type Fault = { name: string; weight: number; fits(machine: Machine): boolean; run(machine: Machine, random: Random): Promise<void> }

const between = (random: Random, least: number, most: number): number => least + random() * (most - least)

const FAULTS: Fault[] = [
  {
    name: 'killed',
    weight: 6,
    fits: () => true,
    async run(machine, random) {
      await machine.kill()
      if (machine.proxy) await delay(between(random, 0, 5000))
      await machine.restart()
    },
  },
  {
    name: 'stopped for a while',
    weight: 3,
    fits: () => true,
    async run(machine, random) {
      const pid = machine.pid()
      process.kill(pid, 'SIGSTOP')
      try {
        await delay(between(random, 5000, 20_000))
      } finally {
        process.kill(pid, 'SIGCONT')
      }
    },
  },
  {
    name: 'cut off',
    weight: 3,
    fits: ({ proxy }) => proxy !== undefined,
    async run({ proxy }, random) {
      proxy!.down()
      await delay(between(random, 0, 5000))
      proxy!.up()
    },
  },
  {
    name: 'slow',
    weight: 2,
    fits: ({ proxy }) => proxy !== undefined,
    async run({ proxy }, random) {
      proxy!.late(between(random, 50, 500))
      await delay(between(random, 3000, 8000))
      proxy!.late(0)
    },
  },
  {
    name: 'disk full',
    weight: 2,
    fits: ({ disk }) => disk !== undefined,
    async run({ disk }, random) {
      await fill(disk!)
      try {
        await delay(between(random, 3000, 8000))
      } finally {
        await free(disk!)
      }
    },
  },
]

/** Faults that happen at the same time. */
const AT_ONCE = 2

/** Answers how often what happened, as `redis killed`. `tell` is told of each. */
export async function strike(
  machines: Machine[],
  faults: number,
  random: Random,
  tell: (text: string) => void,
): Promise<Map<string, number>> {
  const happened = new Map<string, number>()
  const busy = new Set<Machine>()
  let left = faults
  const strand = async () => {
    while (left > 0) {
      left--
      const fault = pickWeighted(
        FAULTS.filter((one) => machines.some((machine) => !busy.has(machine) && one.fits(machine))),
        random,
      )
      const fitting = machines.filter((machine) => !busy.has(machine) && fault.fits(machine))
      const machine = fitting[Math.floor(random() * fitting.length)]!
      busy.add(machine)
      const name = `${machine.name} ${fault.name}`
      happened.set(name, (happened.get(name) ?? 0) + 1)
      const began = Date.now()
      await fault.run(machine, random)
      busy.delete(machine)
      tell(`${name}, ${((Date.now() - began) / 1000).toFixed(1)} s`)
      await delay(between(random, 200, 2500))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, strand))
  return happened
}

function pickWeighted(faults: Fault[], random: Random): Fault {
  const lots = faults.flatMap((fault) => Array<Fault>(fault.weight).fill(fault))
  return lots[Math.floor(random() * lots.length)]!
}
