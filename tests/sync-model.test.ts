/** The model check of tests/sync/model.ts at a size for every run of the suite; `npm run chaos -- model` runs it in full. */
import { afterAll, describe, expect, it } from 'vitest'
import { CONTROLS, type Control, check, openModelStores } from './sync/model.ts'

const stores = openModelStores()
afterAll(() => {
  stores.documents.close()
  stores.graph.close()
})

describe('the sync', () => {
  it('converges whatever is killed when', async () => {
    let kills = 0
    for (let seed = 1; seed <= 60; seed++) {
      const outcome = await check(seed, stores)
      expect([seed, outcome.differs]).toEqual([seed, []])
      kills += outcome.kills
    }
    expect(kills).toBeGreaterThan(100)
  }, 60_000)

  it('does so where the model once found it did not', async () => {
    // A run that died after its page and before its cursor brought what the scan that it had interrupted then took for gone.
    for (const seed of [4672]) expect([seed, (await check(seed, stores)).differs]).toEqual([seed, []])
  })

  it.each(Object.keys(CONTROLS) as Control[])(
    'would not without its safeguard: %s',
    async (control) => {
      for (let seed = 1; seed <= 600; seed++) if ((await check(seed, stores, control)).differs.length > 0) return
      throw new Error(`nothing differs although ${CONTROLS[control]}`)
    },
    120_000,
  )
})
