/** What a page would change, field by field, without writing anything. */
import { canonicalJson } from '../canonical/ids.ts'
import type { Run, RunCounts } from '../canonical/sync.ts'
import type { Documents } from '../stores/ports.ts'
import { noCounts, type Stream, sort } from './apply.ts'
import { liftedAmong } from './lift.ts'
import { type Contribution, merge } from './merge.ts'
import { decide } from './records.ts'
import type { Raw } from './source.ts'

export async function diffPage(
  documents: Documents,
  stream: Stream,
  raws: Raw[],
  now: number,
): Promise<{ counts: RunCounts; diff: NonNullable<Run['diff']> }> {
  const { tenant, rules } = stream
  const { incoming, rejects, repeated } = sort(stream, raws, now)
  const counts = { ...noCounts(), read: raws.length, rejected: rejects.length, unchanged: repeated }
  const diff: NonNullable<Run['diff']> = []
  const ids = incoming.map(({ id }) => id)
  const stored = new Map((await documents.many(tenant, 'record', ids, { tombstones: true })).map((doc) => [doc.id, doc]))
  const lifted = await liftedAmong(
    documents,
    tenant,
    incoming.filter(({ id }) => stored.get(id)?.deleted),
  )
  for (const next of incoming) {
    const decision = decide(stored.get(next.id), next, Number.MAX_SAFE_INTEGER, lifted.has(next.id))
    counts[decision.outcome]++
    if (decision.outcome === 'stale' || decision.outcome === 'unchanged') continue
    const { kind, id } = next.subject
    const now_ = await documents.get(tenant, kind, id)
    const before = now_ && !now_.deleted ? (now_.data as Record<string, unknown>) : null
    if (!before && decision.record.gone) continue
    const others = (now_?.source.records ?? []).filter((record) => record !== next.id)
    const said: Contribution[] = [...(await documents.many(tenant, 'record', others)).map(({ data }) => data), decision.record].filter(
      ({ unseen }) => !unseen,
    )
    if (said.length === 0) continue
    const correction = await documents.get(tenant, 'correction', id)
    const after = merge(kind, said, correction && !correction.deleted ? correction.data : null, rules).data as Record<string, unknown>
    const fields: NonNullable<Run['diff']>[number]['fields'] = {}
    for (const path of Object.keys(after))
      if (canonicalJson(before?.[path] ?? null) !== canonicalJson(after[path] ?? null) && !(before === null && isNothing(after[path])))
        fields[path] = { from: before?.[path] ?? null, to: after[path] }
    if (Object.keys(fields).length > 0)
      diff.push({ subject: next.subject, change: !before ? 'create' : decision.record.gone ? 'archive' : 'update', fields })
  }
  return { counts, diff }
}

const isNothing = (value: unknown): boolean =>
  value === null || value === '' || value === false || (Array.isArray(value) && value.length === 0)
