/** What the stores must hold once everything is quiet, worked out from the source's rows by the pure functions of the sync. */
import { canonicalJson } from '../../src/canonical/ids.ts'
import type { CanonicalKind, SourceRecord } from '../../src/canonical/sync.ts'
import { edgesOf } from '../../src/matching/projections.ts'
import type { Doc, DocKind, Documents, Stores } from '../../src/stores/ports.ts'
import { merge, NO_RULES } from '../../src/sync/merge.ts'
import { incoming, recordId } from '../../src/sync/records.ts'
import { mapZervigo } from '../../src/sync/zervigo/mapping.ts'
import { type Entity, SOURCES, type SourceName, shown, TENANT, type World } from './world.ts'

const KINDS = ['talent', 'position', 'company', 'relation'] as const satisfies CanonicalKind[]
const ENTITIES: Record<SourceName, Entity[]> = { new: ['users', 'jobs'], old: ['users', 'jobs', 'companies'] }

/** What differs, in words; `known` are the records that an earlier check saw, and it adds those that are there now. */
export async function differences(world: World, stores: Stores, known: Set<string>): Promise<{ differs: string[]; compared: number }> {
  const { documents } = stores
  const records = new Map((await all(documents, 'record')).map((doc) => [doc.id, doc]))
  const rejects = new Set((await all(documents, 'reject')).map(({ id }) => id))
  const differs: string[] = []
  const possible = new Set<string>()
  for (const source of Object.keys(SOURCES) as SourceName[])
    for (const entity of ENTITIES[source])
      for (const id of world.ids(entity)) {
        const record = recordId(TENANT, source, { entity, id: String(id) })
        possible.add(record)
        const fault = wrong(world, source, entity, id, records.get(record)?.data, rejects.has(record))
        if (fault) differs.push(`${source} ${entity} ${id}: ${fault}`)
      }
  for (const id of records.keys()) if (!possible.has(id)) differs.push(`${id}: a record that the source never had`)
  for (const id of known) if (!records.has(id)) differs.push(`${id}: a record that was there is not any more`)
  for (const id of records.keys()) known.add(id)
  differs.push(...(await canonical(stores, [...records.values()])))
  return { differs, compared: possible.size }
}

/** Null where the record is as it should be. */
function wrong(
  world: World,
  source: SourceName,
  entity: Entity,
  id: number,
  record: SourceRecord | undefined,
  rejected: boolean,
): string | null {
  const states = world.states(entity, id)
  const now = shown(source, entity, world.data[entity].get(id) ?? null)
  const saysOf = (value: Record<string, unknown>): string | null => {
    try {
      return canonicalJson(incoming(TENANT, source, { entity, id: String(id), at: null, value }, mapZervigo).says)
    } catch {
      return null
    }
  }
  const current = now && saysOf(now.value)
  const said = record && canonicalJson(record.says)
  const past = () => states.some((state) => said !== undefined && saysOf(shown(source, entity, state)?.value ?? {}) === said)
  if (now?.listed && current !== null) {
    if (!record) return 'is missing'
    if (record.gone) return 'counts as gone'
    return said === current ? null : `says ${said}, should say ${current}`
  }
  if (now?.listed && !rejected) return 'cannot be used, yet is not among the rejects'
  if (!record) return null
  // Not in the list, but found by who asks for it.
  if (now && current !== null && !record.gone) return said === current ? null : `says ${said}, should say ${current}`
  if (!now && !record.gone) return 'is gone from the source, yet counts as there'
  return past() ? null : `says ${said}, which it never said`
}

async function canonical({ documents, graph }: Stores, records: Doc<'record'>[]): Promise<string[]> {
  const differs: string[] = []
  const bySubject = Map.groupBy(records, ({ data }) => data.subject.id)
  for (const kind of KINDS)
    for (const doc of await all(documents, kind)) {
      const own = bySubject.get(doc.id) ?? []
      bySubject.delete(doc.id)
      if (own.length === 0) {
        differs.push(`${kind} ${doc.id}: comes from no record`)
        continue
      }
      const correction = await documents.get(TENANT, 'correction', doc.id)
      const { data } = merge(
        kind,
        own.map((record) => record.data),
        correction && !correction.deleted ? correction.data : null,
        NO_RULES,
      )
      if (canonicalJson(doc.data) !== canonicalJson(data))
        differs.push(`${kind} ${doc.id}: is ${canonicalJson(doc.data)}, should be ${canonicalJson(data)}`)
      const edges = async () => (await graph.edges(TENANT, kind, doc.id)).map((edge) => canonicalJson(edge)).sort()
      const wanted = edgesOf(doc as Doc<typeof kind>)
        .map((edge) => canonicalJson(edge))
        .sort()
      if (canonicalJson(await edges()) !== canonicalJson(wanted))
        differs.push(`${kind} ${doc.id}: the graph has other edges than it should`)
    }
  // What was gone whenever it was looked at says nothing, and nothing is made of it.
  for (const [id, own] of bySubject) if (own.some(({ data }) => !data.unseen)) differs.push(`${id}: has records and is missing`)
  return differs
}

async function all<K extends DocKind>(documents: Documents, kind: K): Promise<Doc<K>[]> {
  const docs: Doc<K>[] = []
  for (let after = ''; ; ) {
    const page = await documents.page(TENANT, kind, { after, limit: 500 })
    docs.push(...page)
    if (page.length < 500) return docs
    after = page.at(-1)!.id
  }
}
