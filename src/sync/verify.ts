/** Are the canonical records what the sources and people say? Made anew from both and compared; what differs is marked, and settled again. */
import { canonicalJson } from '../canonical/ids.ts'
import { CANONICAL_KINDS, type CanonicalKind } from '../canonical/sync.ts'
import type { Documents } from '../stores/ports.ts'
import type { Rules } from './merge.ts'
import { expected } from './settle.ts'

const PAGE = 200

/** `records`: source records by which it would be settled again. */
export type Unsettled = { kind: CanonicalKind; id: string; what: 'missing' | 'other data'; records: string[] }
export type Sourced = { canonical: number; records: number; differences: Unsettled[] }

export async function verifySources(documents: Documents, tenant: string, rules: Rules): Promise<Sourced> {
  const result: Sourced = { canonical: 0, records: 0, differences: [] }
  for (const kind of CANONICAL_KINDS)
    for (let after = ''; ; ) {
      const page = await documents.page(tenant, kind, { after, limit: PAGE })
      const own = page.filter(({ source }) => source.by === 'sync')
      result.canonical += own.length
      const should = await expected(documents, tenant, kind, own, rules)
      for (const { id, data, ver, source } of own) {
        const want = should.get(id)
        if (want === undefined || canonicalJson(want) === canonicalJson(data)) continue
        // Written since it was read: what is there now was made from newer records.
        if ((await documents.get(tenant, kind, id))?.ver === ver)
          result.differences.push({ kind, id, what: 'other data', records: source.records ?? [] })
      }
      if (page.length < PAGE) break
      after = page.at(-1)!.id
    }
  await findLost(documents, tenant, result)
  return result
}

/** Records whose subject does not know of them, and that nothing will settle. */
async function findLost(documents: Documents, tenant: string, result: Sourced): Promise<void> {
  for (let after = ''; ; ) {
    const page = await documents.page(tenant, 'record', { after, limit: PAGE })
    result.records += page.length
    const settled = page.filter(({ data, dirty }) => !data.unseen && dirty.canonical === undefined)
    for (const [kind, some] of Map.groupBy(settled, ({ data }) => data.subject.kind)) {
      const docs = await documents.many(
        tenant,
        kind,
        some.map(({ data }) => data.subject.id),
      )
      const known = new Map(docs.map((doc) => [doc.id, new Set(doc.source.records ?? [])]))
      for (const { id, data } of some)
        if (!known.get(data.subject.id)?.has(id)) result.differences.push({ kind, id: data.subject.id, what: 'missing', records: [id] })
    }
    if (page.length < PAGE) return
    after = page.at(-1)!.id
  }
}

export const repairSources = (documents: Documents, tenant: string, { differences }: Sourced): Promise<void> =>
  documents.redo(
    'canonical',
    tenant,
    'record',
    differences.flatMap(({ records }) => records),
  )
