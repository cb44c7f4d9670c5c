/** Takes an erased person out of the relations that sources tell of. */
import { isDeepStrictEqual } from 'node:util'
import type { SourceRecord } from '../canonical/sync.ts'
import { project } from '../matching/project.ts'
import type { Embedder } from '../models/ports.ts'
import type { Doc, Documents, Stores } from '../stores/ports.ts'
import type { Rules } from './merge.ts'
import { personsOf } from './records.ts'
import { type Due, settle } from './settle.ts'

const PAGE = 200
/** Marks that are looked through; those behind them are soon settled by themselves. */
const MARKED = 1000

/**
 * Relations are settled again, for which the erasure of `subject` must be ordered already: that takes away what names the person, and the relation
 * where nothing else tells of it. Answers how many changed. Repeated after a crash it goes on, in the graph too.
 */
export async function outOfRelations(
  { stores, embedder, rules }: { stores: Stores; embedder: Embedder; rules: Rules },
  tenant: string,
  subject: string,
): Promise<number> {
  const { documents, graph } = stores
  await settle(documents, tenant, await interrupted(documents, tenant, subject), rules)
  let changed = 0
  for (let after = ''; ; ) {
    const page = await documents.page(tenant, 'relation', { after, limit: PAGE })
    const telling = await relationsWith(documents, tenant, page, subject)
    await settle(
      documents,
      tenant,
      telling.map(({ id }) => ({ kind: 'relation', id, records: [] })),
      rules,
    )
    const now = new Map((await withTombstones(documents, tenant, telling)).map(({ id, data }) => [id, data]))
    changed += telling.filter(({ id, data }) => !isDeepStrictEqual(now.get(id), data)).length
    if (page.length < PAGE) break
    after = page.at(-1)!.id
  }
  // By what the graph has, so that those are among them whose documents an earlier try had changed already.
  for (let after: string | undefined; ; ) {
    const ids = await graph.relationsOf(tenant, { kind: 'talent', id: subject }, { after, limit: PAGE })
    await project(
      stores,
      embedder,
      await withTombstones(
        documents,
        tenant,
        ids.map((id) => ({ id })),
      ),
      { lane: 'interactive' },
    )
    if (ids.length < PAGE) return changed
    after = ids.at(-1)
  }
}

/** Relations that an earlier try has taken away, and records of theirs not yet: those carry the mark. */
async function interrupted(documents: Documents, tenant: string, subject: string): Promise<Due[]> {
  const due = new Map<string, Due>()
  for (const { id, kind, data, deleted } of await documents.dirty('canonical', { tenant, limit: MARKED })) {
    const record = data as SourceRecord
    if (kind !== 'record' || deleted || record.subject.kind !== 'relation' || !personsOf(record).includes(subject)) continue
    const one = due.get(record.subject.id) ?? { ...record.subject, records: [] }
    one.records.push(id)
    due.set(one.id, one)
  }
  return [...due.values()]
}

const withTombstones = (documents: Documents, tenant: string, some: { id: string }[]) =>
  documents.many(
    tenant,
    'relation',
    some.map(({ id }) => id),
    { tombstones: true },
  )

/** Those that any of their records, or they themselves, name the person in. */
async function relationsWith(documents: Documents, tenant: string, page: Doc<'relation'>[], subject: string): Promise<Doc<'relation'>[]> {
  const ids = page.flatMap(({ source }) => source.records ?? [])
  const naming = new Set(
    (await documents.many(tenant, 'record', ids)).flatMap(({ id, data }) => (personsOf(data).includes(subject) ? [id] : [])),
  )
  return page.filter(
    ({ data: { from, to }, source }) => from.id === subject || to.id === subject || source.records?.some((record) => naming.has(record)),
  )
}
