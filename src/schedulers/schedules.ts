/**
 * Starts what is due. A due time is first decided (an occurrence that only one can create), then carried out, and only then does the schedule
 * move on to the next: whoever comes to a schedule finds there what was decided and not finished. So any number of schedulers may do this at once,
 * and each may die anywhere.
 */
import { nextAfter } from '../canonical/cron.ts'
import { newId } from '../canonical/ids.ts'
import { type Occurrence, occurrenceId, type Schedule, startsAt } from '../canonical/schedule.ts'
import type { Doc, Documents } from '../stores/ports.ts'
import { missedTimes, onOverlap } from './due.ts'
import { carryOn, mendClaims, newOccurrence, openOf, type ScheduleDeps, settleOccurrence, source } from './start.ts'

/** Due times of one schedule in one tick: after a long sleep it takes several, and the others have their turn between. */
const MAX_STEPS = 50
const MAX_MISSED = 200
const PAGE = 200

export async function* allSchedules(documents: Documents): AsyncGenerator<Doc<'schedule'>> {
  for (const tenant of await documents.tenants('schedule'))
    for (let after = ''; ; ) {
      const page = await documents.page(tenant, 'schedule', { after, limit: PAGE })
      yield* page
      if (page.length < PAGE) break
      after = page.at(-1)!.id
    }
}

/** One round over all schedules; `now` in milliseconds. A schedule that fails costs no other. */
export async function runSchedules(deps: ScheduleDeps, now = Date.now()): Promise<void> {
  for await (const schedule of allSchedules(deps.documents))
    try {
      let doc: Doc<'schedule'> | null = schedule
      if (schedule.data.claims.length > 0) {
        await mendClaims(deps, schedule, now)
        doc = await deps.documents.get(schedule.tenant, 'schedule', schedule.id)
        if (doc?.deleted) continue
      }
      for (let step = 0; doc && step < MAX_STEPS; step++) doc = await advance(deps, doc, now)
    } catch (err) {
      deps.log.warn({ err, tenant: schedule.tenant, schedule: schedule.id }, 'a schedule failed and will be tried again')
    }
}

/** Deals with what is due first. Answers the schedule as it stands then; null when there is nothing to do now. */
async function advance(deps: ScheduleDeps, doc: Doc<'schedule'>, now: number): Promise<Doc<'schedule'> | null> {
  const { data: schedule } = doc
  const { next } = schedule
  if (schedule.paused) return null
  const due = next !== null && startsAt(doc.id, schedule, next) <= now
  if (!due && schedule.buffered === null) return null
  const open = await openOf(deps.ledger, doc.tenant, schedule.running)
  if (schedule.buffered !== null && open.length === 0) return startBuffered(deps, doc, schedule.buffered, now)
  if (!due) return null
  return (await passMissed(deps, doc, now)) ?? handleDue(deps, doc, next, open, now)
}

/** Records the missed times at the front, all together. Null where there are none, or where the first was decided otherwise before. */
async function passMissed({ documents }: ScheduleDeps, doc: Doc<'schedule'>, now: number): Promise<Doc<'schedule'> | null> {
  const { tenant, id, data: schedule } = doc
  const { missed, next } = missedTimes(id, schedule, now, MAX_MISSED)
  if (missed.length === 0) return null
  const put = await documents.put(
    tenant,
    missed.map(({ due, reason }) => ({
      kind: 'occurrence' as const,
      id: occurrenceId(id, due),
      data: newOccurrence(id, due, { status: 'missed', reason }, now),
      source,
      expect: 0,
    })),
  )
  const stale = put.filter(({ outcome }) => outcome === 'stale').map((one) => one.id)
  const before = stale.length === 0 ? [] : await documents.many(tenant, 'occurrence', stale)
  const other = new Set(before.filter(({ data }) => data.status !== 'missed').map((one) => one.id))
  const stop = missed.findIndex(({ due }) => other.has(occurrenceId(id, due)))
  if (stop === 0) return null
  return moveOn(documents, doc, { ...schedule, next: stop < 0 ? next : missed[stop]!.due })
}

async function handleDue(
  deps: ScheduleDeps,
  doc: Doc<'schedule'>,
  due: number,
  open: string[],
  now: number,
): Promise<Doc<'schedule'> | null> {
  const { documents } = deps
  const { tenant, data: schedule } = doc
  const id = occurrenceId(doc.id, due)
  const data = newOccurrence(doc.id, due, onOverlap(schedule, open.length), now)
  await documents.put(tenant, [{ kind: 'occurrence', id, data, source, expect: 0 }])
  // Ours, or what another decided.
  let occurrence = await documents.get(tenant, 'occurrence', id)
  if (!occurrence) return null
  occurrence = await carryOn(deps, occurrence, schedule, now, { cancel: schedule.overlap === 'cancel' ? open : [] })
  if (occurrence.data.status === 'claimed') return null
  return moveOn(documents, doc, {
    ...schedule,
    next: nextAfter(schedule.cron, schedule.zone, due),
    running: withRun(open, occurrence.data),
    buffered: occurrence.data.status === 'buffered' ? id : schedule.buffered,
  })
}

/** What waited for the end of the run before it. */
async function startBuffered(deps: ScheduleDeps, doc: Doc<'schedule'>, id: string, now: number): Promise<Doc<'schedule'> | null> {
  let occurrence = await deps.documents.get(doc.tenant, 'occurrence', id)
  if (occurrence?.data.status === 'buffered')
    occurrence = await settleOccurrence(deps, occurrence, {
      ...occurrence.data,
      status: 'claimed',
      batchId: newId('b', now),
      at: new Date(now).toISOString(),
    })
  if (occurrence) occurrence = await carryOn(deps, occurrence, doc.data, now)
  if (occurrence?.data.status === 'claimed') return null
  return moveOn(deps.documents, doc, { ...doc.data, buffered: null, running: occurrence ? withRun([], occurrence.data) : [] })
}

const withRun = (open: string[], { status, batchId }: Occurrence): string[] =>
  status === 'started' && batchId !== null && !open.includes(batchId) ? [...open, batchId] : open

/** Where another was quicker, what stands now; null where it is gone. */
async function moveOn(documents: Documents, doc: Doc<'schedule'>, data: Schedule): Promise<Doc<'schedule'> | null> {
  const [put] = await documents.put(doc.tenant, [{ kind: 'schedule', id: doc.id, data, source, expect: doc.ver }])
  if (put!.outcome !== 'stale') return { ...doc, ver: put!.ver, data }
  const now = await documents.get(doc.tenant, 'schedule', doc.id)
  return now && !now.deleted ? now : null
}
