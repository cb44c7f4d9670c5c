/**
 * `npm run chaos -- model [--runs N] [--seed S]`: the model check of tests/sync/model.ts in full, runs with the seeds S, S + 1 and so on. Then a
 * tenth as many runs without each of the safeguards, to show that the check would have noticed.
 */
import { parseArgs } from 'node:util'
import { count } from '../bench/parts/options.ts'
import { report, round } from '../bench/parts/report.ts'
import { CONTROLS, type Control, check, openModelStores } from '../tests/sync/model.ts'

/** Runs that share stores: each leaves its tenant behind in memory. */
const SHARED = 250

type Sum = { runs: number; differ: number; kills: number; steps: number; seconds: number; first: string | null }

/** Returns 1 where the design differed once, or where a safeguard was missed by nobody. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { runs: { type: 'string', default: '5000' }, seed: { type: 'string', default: '1' } } })
  const [runs, seed] = [count('runs', values.runs), count('seed', values.seed)]
  const design = await many(seed, runs)
  const controls: [Control, Sum][] = []
  for (const control of Object.keys(CONTROLS) as Control[]) controls.push([control, await many(seed, Math.ceil(runs / 10), control)])

  const row = (what: string, { runs, differ, kills, steps, seconds }: Sum) => ({
    what,
    runs,
    differ,
    kills,
    steps,
    seconds: round(seconds, 1),
  })
  const missed = controls.filter(([, { differ }]) => differ === 0).map(([control]) => control)
  report([row('the design', design), ...controls.map(([control, sum]) => row(`without: ${control}`, sum))], {
    chaos: 'model',
    seed,
    runs,
    differ: design.differ,
    kills: design.kills,
    controls: Object.fromEntries(controls.map(([control, { differ }]) => [control, differ])),
  })
  if (design.first) console.error(`the design differs, first at ${design.first}`)
  for (const control of missed) console.error(`nothing differs although ${CONTROLS[control]}; more runs may show it`)
  return design.differ > 0 || missed.length > 0 ? 1 : 0
}

async function many(seed: number, runs: number, control?: Control): Promise<Sum> {
  const began = performance.now()
  const sum: Sum = { runs, differ: 0, kills: 0, steps: 0, seconds: 0, first: null }
  for (let from = 0; from < runs; from += SHARED) {
    const stores = openModelStores()
    try {
      for (let i = from; i < Math.min(runs, from + SHARED); i++) {
        const { differs, kills, steps } = await check(seed + i, stores, control)
        sum.kills += kills
        sum.steps += steps
        if (differs.length === 0) continue
        sum.differ++
        sum.first ??= `seed ${seed + i}: ${differs.join('; ')}`
      }
    } finally {
      stores.documents.close()
      stores.graph.close()
    }
    sum.seconds = (performance.now() - began) / 1000
    const done = Math.min(runs, from + SHARED)
    console.error(
      `${control ? `without ${control}` : 'the design'}: ${done} of ${runs}, ${sum.differ} differ, ${Math.round(sum.seconds)} s`,
    )
  }
  return sum
}
