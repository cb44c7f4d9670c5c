/** Times one source in a process of its own, so that its peak of memory is its own: reading alone, then a first and a second sync of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kind } from '../../src/canonical/schema.ts'
import type { Run } from '../../src/canonical/sync.ts'
import { project } from '../../src/matching/project.ts'
import { openStores } from '../../src/stores/open.ts'
import { NO_RULES } from '../../src/sync/merge.ts'
import { runSync } from '../../src/sync/run.ts'
import type { Settled } from '../../src/sync/settle.ts'
import { ZervigoSettings } from '../../src/sync/zervigo/profiles.ts'
import { zervigoSource } from '../../src/sync/zervigo/rest.ts'
import { NO_MODEL } from '../../tests/no-model.ts'

export type Timed = {
  read: number
  first: number
  second: number
  written: [number, number]
  stored: number
  peakMb: number
  /** By how much the peak of the second half of the first sync is above that of its first half. */
  risenMb: number
  liveMb: number
}

const TENANT = 'bench'
const PAGE = 500
const WARM_UP_MS = 2000
const MB = 1024 * 1024

/** Vectors take what the model takes: they are left out. */
process.once('message', async ({ settings, projected }: { settings: object; projected: boolean }) => {
  process.send!(await measure(settings, projected))
  process.disconnect()
})

async function measure(settings: object, projected: boolean): Promise<Timed> {
  const source = zervigoSource(ZervigoSettings.parse(settings))
  const { signal } = new AbortController()
  /** What a run asks of the source, in its order. */
  const readAll = async () => {
    await source.check(signal)
    for await (const _ of source.scan('users', { from: null, limit: PAGE, signal }));
  }
  // The first warms up.
  await time(readAll)
  const read = await time(readAll)

  const dataDir = await mkdtemp(join(tmpdir(), 'looma-bench-'))
  const stores = await openStores({ dataDir })
  try {
    const written: number[] = []
    let live = 0
    const halves = [0, 0]
    /** The memory of each half; and what is held shortly before the end, while the scan still holds the most, without what nobody has collected yet. */
    const weigh = (run: Run) => {
      const { read, total } = run.entities.users!
      if (total === null) return
      const half = read * 2 > total ? 1 : 0
      halves[half] = Math.max(halves[half]!, process.memoryUsage.rss())
      if (read < total - 3 * PAGE) return
      gc!()
      live = Math.max(live, process.memoryUsage().heapUsed)
    }
    const sync = async (id: string, tenant = TENANT) => {
      const deps = { documents: stores.documents, source, name: 'zervigo', tenant, rules: NO_RULES, lagMs: 0, pageSize: PAGE }
      const run = await runSync(
        { ...deps, now: Date.now, signal, onProgress: weigh, ...(projected && { project: (some: Settled[]) => take(some, tenant) }) },
        { mode: 'full' },
        id,
      )
      written.push(run.written)
    }
    /** As the worker does it, without the vectors. */
    const take = async (some: Settled[], tenant: string) => {
      const ids = some.map(({ subject }) => subject.id)
      const docs = await stores.documents.many<Kind>(tenant, 'talent', ids)
      await project(
        stores,
        NO_MODEL,
        docs.map((doc) => ({ ...doc, dirty: { search: doc.dirty.search, graph: doc.dirty.graph } })),
      )
    }
    // Reading was warm; a large source warms the sync up by itself.
    if (read < WARM_UP_MS) {
      await sync('warm-up', 'another')
      written.pop()
    }
    halves.fill(0)
    const first = await time(() => sync('first'))
    const risen = halves[1]! - halves[0]!
    const second = await time(() => sync('second'))
    const stored = await stores.documents.count(TENANT, 'talent')
    const memory = { peakMb: process.resourceUsage().maxRSS / 1024, risenMb: risen / MB, liveMb: live / MB }
    return { read, first, second, written: [written[0]!, written[1]!], stored, ...memory }
  } finally {
    await stores.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
