/**
 * From an occurrence to its batch, exactly once. Whoever creates the occurrence names the batch in it, and the ledger takes a batch of one id
 * once: so whoever finds a claim whose owner has died submits the same batch, and it does no harm when the owner comes back.
 */
import { newId } from '../canonical/ids.ts'
import { dueOf, type Occurrence, occurrenceId, type Schedule } from '../canonical/schedule.ts'
import type { BatchKey, Ledger } from '../ledger/ports.ts'
import type { Logger } from '../log.ts'
import type { Feeder } from '../queues/feeder.ts'
import { chunksOf } from '../queues/items.ts'
import type { Signals } from '../queues/signals.ts'
import type { Doc, Documents } from '../stores/ports.ts'

export type ScheduleDeps = {
  documents: Documents
  ledger: Ledger
  signals: Pick<Signals, 'send'>
  feeder: Pick<Feeder, 'feed'>
  log: Logger
}

export const source = { by: 'api' as const }
/** A ledger that stores a batch in steps (MongoDB) may hold half of one: nobody is at work on it any more after this long. */
const STUCK_MS = 60_000

export const newOccurrence = (
  schedule: string,
  due: number,
  decided: Pick<Occurrence, 'status' | 'reason'>,
  now: number,
  by: Occurrence['by'] = 'cron',
): Occurrence => ({
  schedule,
  due: new Date(due).toISOString(),
  ...decided,
  batchId: decided.status === 'claimed' ? newId('b', now) : null,
  at: new Date(now).toISOString(),
  startedAt: null,
  by,
})

/** Of the batches given those that have not ended. */
export async function openOf(ledger: Ledger, tenant: string, ids: string[]): Promise<string[]> {
  const batches = await Promise.all(ids.map((id) => ledger.batch(tenant, id)))
  return ids.filter((_, i) => batches[i] && batches[i].state !== 'closed')
}

/** Writes what became of an occurrence over the version read. Answers what stands, ours or another's. */
export async function settleOccurrence({ documents }: ScheduleDeps, doc: Doc<'occurrence'>, data: Occurrence): Promise<Doc<'occurrence'>> {
  const [put] = await documents.put(doc.tenant, [{ kind: 'occurrence', id: doc.id, data, source, expect: doc.ver }])
  if (put!.outcome !== 'stale') return { ...doc, ver: put!.ver, data }
  return (await documents.get(doc.tenant, 'occurrence', doc.id)) ?? doc
}

/** Takes a claim on to its batch. Answers what stands; it is still `claimed` while another scheduler is in the middle of it. */
export async function carryOn(
  deps: ScheduleDeps,
  doc: Doc<'occurrence'>,
  schedule: Schedule,
  now: number,
  { cancel = [], key }: { cancel?: string[]; key?: BatchKey } = {},
): Promise<Doc<'occurrence'>> {
  const { data } = doc
  if (data.status !== 'claimed') return doc
  const chunks = chunksOf(schedule.items)
  if (!chunks) return settleOccurrence(deps, doc, { ...data, status: 'failed', reason: 'items-invalid', batchId: null })
  for (const batchId of cancel) if (batchId !== data.batchId) await cancelBatch(deps, doc.tenant, batchId)
  const { ledger, feeder } = deps
  const batch = { id: data.batchId!, label: `schedule ${schedule.name}`, requestId: doc.id }
  const known = await ledger.batch(doc.tenant, batch.id)
  if (known?.state === 'receiving') {
    if (now - Date.parse(data.at) < STUCK_MS) return doc
    await ledger.discard(doc.tenant, batch.id)
  }
  if (!known || known.state === 'receiving')
    try {
      await ledger.submit(doc.tenant, batch, chunks, key)
    } catch (error) {
      // Another scheduler was quicker: the batch is there, or comes in a moment.
      const theirs = await ledger.batch(doc.tenant, batch.id).catch(() => null)
      if (!theirs) throw error
      if (theirs.state === 'receiving') return doc
    }
  void feeder.feed()
  return settleOccurrence(deps, doc, { ...data, status: 'started', startedAt: new Date(now).toISOString() })
}

async function cancelBatch({ ledger, signals }: ScheduleDeps, tenant: string, batchId: string): Promise<void> {
  await ledger.cancel(tenant, batchId)
  signals.send({ type: 'cancel', tenant, batchId })
  if ((await ledger.batch(tenant, batchId))?.state === 'closed') signals.send({ type: 'closed', tenant, batchId })
}

/**
 * Starts a schedule at once, whatever runs and also while it is paused. Answers the occurrence; throws what the ledger threw, and then the
 * run is `failed`.
 */
export async function runByHand(deps: ScheduleDeps, doc: Doc<'schedule'>, now: number, key?: BatchKey): Promise<Doc<'occurrence'>> {
  const { tenant, id } = doc
  let claim: Doc<'occurrence'> | null = null
  for (let due = now; claim === null; due++) {
    const at = occurrenceId(id, due, 'hand')
    await changeSchedule(deps, doc, (data) => ({ ...data, claims: [...data.claims.filter((one) => one !== at), at] }))
    const data = newOccurrence(id, due, { status: 'claimed', reason: null }, now, 'hand')
    const [put] = await deps.documents.put(tenant, [{ kind: 'occurrence', id: at, data, source, expect: 0 }])
    // Two in one millisecond are two runs.
    if (put!.outcome !== 'stale') claim = await deps.documents.get(tenant, 'occurrence', at)
  }
  try {
    claim = await carryOn(deps, claim, doc.data, now, { key })
  } catch (error) {
    const batch = await deps.ledger.batch(tenant, claim.data.batchId!).catch(() => undefined)
    // Surely not stored: its caller is told that it failed, so nobody may carry it on.
    if (batch === null)
      await settleOccurrence(deps, claim, { ...claim.data, status: 'failed', reason: 'not-submitted' }).catch(() => undefined)
    if (!batch || batch.state === 'receiving') throw error
  }
  // The run is there whether or not this can be written; the next tick writes it.
  const { id: at, data } = claim
  await settled(deps, doc, at, data).catch((err) =>
    deps.log.warn({ err, tenant, schedule: id }, 'a run by hand was not noted in its schedule'),
  )
  return claim
}

/** Takes the claim off the schedule's list, and lets the next due time see its run as one before it. */
async function settled(deps: ScheduleDeps, doc: Doc<'schedule'>, id: string, { status, batchId }: Occurrence): Promise<void> {
  if (status === 'claimed') return
  await changeSchedule(deps, doc, async (data) => {
    const running = (await openOf(deps.ledger, doc.tenant, data.running)).filter((one) => one !== batchId)
    return { ...data, running: batchId === null ? running : [...running, batchId], claims: data.claims.filter((one) => one !== id) }
  })
}

/** Until nobody comes in between, or it is gone. */
async function changeSchedule(
  { documents }: ScheduleDeps,
  schedule: Doc<'schedule'>,
  change: (data: Schedule) => Schedule | Promise<Schedule>,
): Promise<void> {
  for (let doc: Doc<'schedule'> | null = schedule; doc && !doc.deleted; doc = await documents.get(doc.tenant, 'schedule', doc.id)) {
    const [put] = await documents.put(doc.tenant, [{ kind: 'schedule', id: doc.id, data: await change(doc.data), source, expect: doc.ver }])
    if (put!.outcome !== 'stale') return
  }
}

/** A claim of this age has no owner any more. */
const ORPHAN_MS = 30_000
/** One that was noted and never made will not be made any more. */
const NEVER_MS = 600_000

/** Carries on the claims on the schedule's list whose owner is lost; `now` in milliseconds. */
export async function mendClaims(deps: ScheduleDeps, doc: Doc<'schedule'>, now: number): Promise<void> {
  for (const id of doc.data.claims) {
    let claim = await deps.documents.get(doc.tenant, 'occurrence', id)
    if (!claim) {
      if (now - dueOf(id) > NEVER_MS)
        await changeSchedule(deps, doc, (data) => ({ ...data, claims: data.claims.filter((one) => one !== id) }))
      continue
    }
    if (claim.data.status === 'claimed') {
      if (now - Date.parse(claim.data.at) < ORPHAN_MS) continue
      claim = await carryOn(deps, claim, doc.data, now)
      deps.log.warn({ tenant: doc.tenant, schedule: doc.id, occurrence: id }, 'a run whose scheduler was lost was started')
    }
    await settled(deps, doc, id, claim.data)
  }
}
