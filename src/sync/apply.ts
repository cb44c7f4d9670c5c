/**
 * One page of source records into the document store: checked, gated, written, and the canonical records made from them. Repeating a page
 * changes nothing; a record that the store cannot take is found by halving and set aside, the rest goes through.
 */
import type { FieldConflict, Reject, RunCounts, SourceRecord } from '../canonical/sync.ts'
import { AppError, type Fault, toAppError } from '../errors.ts'
import type { Documents, DocWrite } from '../stores/ports.ts'
import { liftedAmong } from './lift.ts'
import type { Rules } from './merge.ts'
import { type Decision, decide, type Incoming, incoming, recordId } from './records.ts'
import { type Due, type Settled, settle } from './settle.ts'
import type { Mapped, Raw } from './source.ts'

/** A stream is one entity of one source, read for one tenant. */
export type Stream = { tenant: string; source: string; entity: string; map: (raw: Raw) => Mapped; rules: Rules }

export type Applied = {
  counts: RunCounts
  /** Canonical records that were written. */
  settled: Settled[]
  conflicts: { path: string; conflict: FieldConflict }[]
  /** Unknown fields, with how many records had them. */
  drift: Map<string, number>
  /** Greatest source time of the page, milliseconds UTC. */
  latest: number | null
  /** Ids of the records that the page showed, whatever became of them. */
  seen: string[]
}

export const noCounts = (): RunCounts => ({ read: 0, inserted: 0, updated: 0, unchanged: 0, stale: 0, rejected: 0, deleted: 0 })

/** Source times may run ahead by this much: clocks differ. More is a wrong time zone. */
const CLOCK_SKEW_MS = 5 * 60_000
/** This many records from the future in one page are no accident. */
const FUTURE_LIMIT = 5

const ROUNDS = 50

/** What a page holds, each record once: checked records, and rejects for those that cannot be used. Throws `clock-zone`. */
export function sort(
  stream: Stream,
  raws: Raw[],
  now: number,
): { incoming: Incoming[]; rejects: (Reject & { id: string })[]; repeated: number } {
  const { tenant, source } = stream
  const future = raws.filter(({ at }) => at !== null && at > now + CLOCK_SKEW_MS)
  if (future.length >= FUTURE_LIMIT || (future.length > 0 && future.length === raws.length))
    throw new AppError(
      'clock-zone',
      `${future.length} records of ${stream.entity} are from the future, such as ${new Date(future[0]!.at!).toISOString()}`,
    )
  const byId = new Map<string, Incoming>()
  const rejects = new Map<string, Reject & { id: string }>()
  for (const raw of raws) {
    const id = recordId(tenant, source, raw)
    try {
      // One record from the future is a slip of its author: it must not outrank everything that comes after it.
      const ahead = raw.at !== null && raw.at > now + CLOCK_SKEW_MS
      const next = incoming(tenant, source, ahead ? { ...raw, at: now } : raw, stream.map)
      if (ahead) next.faults.push({ pointer: '/updated_at', detail: 'lies in the future; taken as now' })
      const twin = byId.get(id)
      if (!twin || (next.at ?? 0) >= (twin.at ?? 0)) byId.set(id, next)
      rejects.delete(id)
    } catch (thrown) {
      const { code, faults, detail } = toAppError(thrown)
      if (!byId.has(id)) rejects.set(id, { ...rejectOf(stream, raw, id, code, faults ?? [{ pointer: '', detail: detail ?? code }]), id })
    }
  }
  return { incoming: [...byId.values()], rejects: [...rejects.values()], repeated: raws.length - byId.size - rejects.size }
}

export async function applyPage(documents: Documents, stream: Stream, raws: Raw[], fetch: number, now: number): Promise<Applied> {
  const { tenant } = stream
  const sorted = sort(stream, raws, now)
  const counts = { ...noCounts(), read: raws.length, unchanged: sorted.repeated }
  const { outcomes, refused } = await write(documents, tenant, sorted.incoming, fetch)
  for (const { outcome } of outcomes.values()) counts[outcome]++
  const rawOf = (id: string) => raws.findLast((raw) => recordId(tenant, stream.source, raw) === id)!
  const rejects = [
    ...sorted.rejects,
    ...refused.map(({ id, error }) => ({
      ...rejectOf(stream, rawOf(id), id, error.code, [{ pointer: '', detail: error.detail ?? error.code }]),
      id,
    })),
  ]
  counts.rejected = rejects.length
  await setAside(documents, tenant, rejects)
  await takeBack(
    documents,
    tenant,
    sorted.incoming.filter(({ id }) => outcomes.has(id) && outcomes.get(id)!.outcome !== 'stale'),
  )

  const due = new Map<string, Due>()
  for (const { id, subject } of sorted.incoming) {
    const { outcome } = outcomes.get(id) ?? {}
    if (outcome !== 'inserted' && outcome !== 'updated' && outcome !== 'deleted') continue
    const one = due.get(subject.id) ?? { ...subject, records: [] }
    one.records.push(id)
    due.set(subject.id, one)
  }
  const settled = await settle(documents, tenant, [...due.values()], stream.rules)
  return {
    counts,
    settled: settled.filter(({ outcome }) => outcome === 'created' || outcome === 'updated'),
    conflicts: settled.flatMap(({ conflict }) => Object.entries(conflict?.fields ?? {}).map(([path, one]) => ({ path, conflict: one }))),
    drift: driftOf(sorted.incoming),
    latest: latestOf(sorted.incoming),
    seen: [...sorted.incoming, ...sorted.rejects].map(({ id }) => id),
  }
}

type Outcomes = Map<string, Pick<Decision, 'outcome'>>

/** Writes source records, each over the version it was compared with. `refused` are those that the store cannot take at all. */
async function write(
  documents: Documents,
  tenant: string,
  records: Incoming[],
  fetch: number,
): Promise<{ outcomes: Outcomes; refused: { id: string; error: AppError }[] }> {
  const outcomes: Outcomes = new Map()
  const refused: { id: string; error: AppError }[] = []
  let open = records
  for (let round = 0; open.length > 0; round++) {
    if (round === ROUNDS) throw new AppError('store-down', 'too many writers at the same records')
    const stored = new Map(
      (
        await documents.many(
          tenant,
          'record',
          open.map(({ id }) => id),
          { tombstones: true },
        )
      ).map((doc) => [doc.id, doc]),
    )
    const lifted = await liftedAmong(
      documents,
      tenant,
      open.filter(({ id }) => stored.get(id)?.deleted),
    )
    const writes: DocWrite<'record'>[] = []
    for (const next of open) {
      const decision = decide(stored.get(next.id), next, fetch, lifted.has(next.id))
      outcomes.set(next.id, decision)
      if (decision.outcome === 'stale' || decision.record === null) continue
      writes.push({ kind: 'record', id: next.id, data: decision.record, source: { by: 'sync' }, expect: stored.get(next.id)?.ver ?? 0 })
    }
    const lost = new Set<string>()
    await putHalving(documents, tenant, writes, {
      done: (results) => {
        for (const { id, outcome } of results) if (outcome === 'stale') lost.add(id)
      },
      refuse: (id, error) => {
        outcomes.delete(id)
        refused.push({ id, error })
      },
    })
    open = open.filter(({ id }) => lost.has(id))
  }
  return { outcomes, refused }
}

/** A batch that fails for a reason of its own is halved until the record is found that the store cannot take. */
async function putHalving(
  documents: Documents,
  tenant: string,
  writes: DocWrite<'record'>[],
  on: { done: (results: Awaited<ReturnType<Documents['put']>>) => void; refuse: (id: string, error: AppError) => void },
): Promise<void> {
  if (writes.length === 0) return
  try {
    on.done(await documents.put(tenant, writes))
  } catch (thrown) {
    const error = toAppError(thrown)
    // The store is out of reach or full: no record is to blame.
    if (error.row.retry === 'park') throw error
    if (writes.length === 1) return on.refuse(writes[0]!.id, error)
    const half = writes.length >> 1
    await putHalving(documents, tenant, writes.slice(0, half), on)
    await putHalving(documents, tenant, writes.slice(half), on)
  }
}

function rejectOf({ source, entity }: Stream, raw: Raw, recordId: string, code: string, faults: Fault[]): Reject {
  return { source, entity, recordId, at: raw.at, raw, code, faults: faults.slice(0, 20) }
}

/** Kept under the record's id, so that the next run finds it and a good record replaces it. */
async function setAside(documents: Documents, tenant: string, rejects: (Reject & { id: string })[]): Promise<void> {
  await documents.put(
    tenant,
    rejects.map(({ id, ...data }) => ({ kind: 'reject', id, data, source: { by: 'sync' } })),
  )
}

/** What was set aside and has come again in a form that can be used is no longer wanting. */
async function takeBack(documents: Documents, tenant: string, good: Incoming[]): Promise<void> {
  const at = new Map(good.map((one) => [one.id, one.at ?? 0]))
  for (const { id, data } of await documents.many(tenant, 'reject', [...at.keys()]))
    if (at.get(id)! >= (data.at ?? 0)) await documents.remove(tenant, 'reject', id)
}

function driftOf(records: Incoming[]): Map<string, number> {
  const drift = new Map<string, number>()
  for (const { extra } of records) for (const name of Object.keys(extra)) drift.set(name, (drift.get(name) ?? 0) + 1)
  return drift
}

const latestOf = (records: Incoming[]): number | null =>
  records.reduce<number | null>((max, { at }) => (at !== null && (max === null || at > max) ? at : max), null)

/** Marks records that a full scan no longer showed as gone, and settles what they were part of. Records changed since they were read stay. */
export async function applyGone(
  documents: Documents,
  stream: Stream,
  gone: { id: string; ver: number; data: SourceRecord }[],
  fetch: number,
): Promise<Settled[]> {
  const results = await documents.put(
    stream.tenant,
    gone.map(({ id, ver, data }) => ({
      kind: 'record',
      id,
      data: { ...data, gone: true, fetch, rev: data.rev + 1 },
      source: { by: 'sync' },
      expect: ver,
    })),
  )
  const written = new Set(results.flatMap(({ id, outcome }) => (outcome === 'stale' ? [] : [id])))
  const due = new Map<string, Due>()
  for (const { id, data } of gone) {
    if (!written.has(id)) continue
    const one = due.get(data.subject.id) ?? { ...data.subject, records: [] }
    one.records.push(id)
    due.set(data.subject.id, one)
  }
  return settle(documents, stream.tenant, [...due.values()], stream.rules)
}
