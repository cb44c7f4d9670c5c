/** One run of the chaos: edits, traps, kills and syncs at once; then quiet, a full run of each source, and a comparison of everything. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RunView } from '../../src/api/sync-views.ts'
import type { Stores } from '../../src/stores/ports.ts'
import { type Client, client } from '../../tests/client.ts'
import type { Looma } from './looma.ts'
import { differences } from './oracle.ts'
import { setTraps } from './traps.ts'
import { SOURCES, TENANT, type World } from './world.ts'

/** `cut`: kills while a run was at work. */
export type Played = {
  differs: string[]
  compared: number
  kills: number
  cut: number
  edits: number
  traps: number
  runs: Record<string, number>
}
type Setting = { world: World; looma: Looma; stores: Stores; token: string; known: Set<string>; random: () => number; name: string }

const NAMES = Object.keys(SOURCES)
const ENDED = new Set(['done', 'failed', 'parked', 'cancelled'])
const PATIENCE_MS = 240_000

export async function play({ world, looma, stores, token, known, random, name }: Setting): Promise<Played> {
  const at = (): Client => client(looma.url(), token)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  let submitted = 0
  const submit = (input: object) => start(at, pick(NAMES), input, `${name}-${++submitted}`)
  const played: Played = { differs: [], compared: 0, kills: 0, cut: 0, edits: 0, traps: 0, runs: {} }

  const storm = new AbortController()
  const edit = () => {
    world.edit()
    played.edits++
  }
  const editing = (async () => {
    while (!storm.signal.aborted) {
      edit()
      await delay(random() * 150)
    }
  })()
  const trapping = setTraps(Object.values(world.doubles), random, edit, storm.signal)
  const runs: string[] = []
  const submitting = (async () => {
    for (let i = 0; i < 3; i++) {
      const one = { mode: 'record', entity: 'users', id: String(pick(world.ids('users'))) }
      runs.push(await submit(pick([{}, { mode: 'full' }, { mode: 'full', confirmDeletes: true }, { dryRun: true }, one])))
      await correct(at, stores, random)
      await delay(random() * 500)
    }
  })()
  const kills = random() < 0.3 ? 2 : 1
  for (let i = 0; i < kills; i++) {
    // Not before there is something to cut.
    for (const since = Date.now(); runs.length <= i && Date.now() - since < 5000; ) await delay(20)
    await delay(random() * 1000)
    if ((await stores.documents.page(TENANT, 'run', { newest: true, limit: 3 })).some(({ data }) => data.status === 'running')) played.cut++
    await looma.strike()
    played.kills++
  }
  await submitting
  storm.abort()
  await editing
  played.traps = await trapping

  const reports = [...(await ended(at, runs))]
  for (const source of NAMES) {
    const id = await start(at, source, { mode: 'full', confirmDeletes: true }, `${name}-last-${source}`)
    const [last] = await ended(at, [id])
    reports.push(last!)
    if (last!.status !== 'done') played.differs.push(`the last run of ${source} ended as ${last!.status} (${last!.code} ${last!.detail})`)
  }
  for (const { id, status, counts } of reports) {
    played.runs[status] = (played.runs[status] ?? 0) + 1
    const { read, ...parts } = counts
    const sum = Object.values(parts).reduce((all, n) => all + n, 0)
    if (read !== sum) played.differs.push(`run ${id} read ${read}, and its parts are ${JSON.stringify(parts)}`)
  }
  await settled(stores)
  const compared = await differences(world, stores, known)
  played.compared = compared.compared
  played.differs.push(...compared.differs)
  return played
}

/** Sends until it is answered: the key makes a repeat harmless, however far the first try came. Answers the run's id. */
async function start(at: () => Client, source: string, json: object, key: string): Promise<string> {
  const answer = await insist(() => at().call(`/v1/sources/${source}/runs`, { json, headers: { 'idempotency-key': key } }), [409, 503])
  if (!answer.ok) throw new Error(`a run was refused: ${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as RunView).id
}

/** The reports of the runs, once all have ended. */
async function ended(at: () => Client, ids: string[]): Promise<RunView[]> {
  const reports: RunView[] = []
  const until = Date.now() + PATIENCE_MS
  for (const id of ids)
    for (;;) {
      const answer = await insist(() => at().call(`/v1/runs/${id}`), [404, 503])
      const run = (answer.ok ? await answer.json() : null) as RunView | null
      if (run && ENDED.has(run.status)) {
        reports.push(run)
        break
      }
      if (Date.now() > until) throw new Error(`run ${id} does not end: ${JSON.stringify(run)}`)
      await delay(100)
    }
  return reports
}

/** Tries again while the process is away, or while it answers one of the statuses; their last answer is returned when patience ends. */
async function insist(call: () => Promise<Response>, statuses: number[]): Promise<Response> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await call().catch((error: unknown) => {
      // The connection broke: the process was killed. Anything else is a fault.
      if (!(error instanceof TypeError) || Date.now() > until) throw error
      return null
    })
    if (answer && (!statuses.includes(answer.status) || Date.now() > until)) return answer
    await answer?.body?.cancel()
    await delay(100)
  }
}

/** A recruiter corrects somebody. Whether it was taken is read from the stores afterwards: the process may have died before it said so. */
async function correct(at: () => Client, stores: Stores, random: () => number): Promise<void> {
  if (random() < 0.5) return
  const docs = await stores.documents.page(TENANT, 'talent', { limit: 100 })
  const doc = docs[Math.floor(random() * docs.length)]
  if (!doc) return
  const patch = random() < 0.5 ? { title: `Title ${Math.floor(random() * 9)}` } : { name: `Corrected ${Math.floor(random() * 9)}` }
  const options = { method: 'PATCH', body: JSON.stringify(patch), headers: { 'content-type': 'application/merge-patch+json' } }
  const answer = await at()
    .call(`/v1/talents/${doc.id}`, options)
    .catch(() => null)
  await answer?.body?.cancel()
}

/** Until no document waits for its canonical record or for a projection. */
async function settled({ documents }: Stores): Promise<void> {
  const until = Date.now() + PATIENCE_MS
  for (const projection of ['canonical', 'search', 'graph', 'vectors'] as const)
    while ((await documents.dirty(projection, { tenant: TENANT, limit: 1 })).length > 0) {
      if (Date.now() > until) throw new Error(`marks of ${projection} are never cleared`)
      await delay(100)
    }
}
