/** Reading what only syncs bring: companies, and relations between records. */
import { z } from 'zod'
import type { CanonicalKind } from '../canonical/sync.ts'
import { AppError } from '../errors.ts'
import type { Doc, Stores } from '../stores/ports.ts'
import { kindOf } from '../sync/records.ts'
import type { Route } from './route.ts'
import { CompanyView, Cursor, docView, Limit, paged, RelationView } from './views.ts'

const PAGE = z.object({ cursor: Cursor, limit: Limit })
const Of = z.string().max(64).optional().meta({
  description: 'Id of a talent, position or company: only relations that it has. One just brought by a sync may take seconds to be listed.',
})

const KINDS = [
  { kind: 'company', one: 'Company', path: 'companies', view: CompanyView, permission: 'positions:read', query: PAGE },
  // They tell of persons.
  { kind: 'relation', one: 'Relation', path: 'relations', view: RelationView, permission: 'talents:read', query: PAGE.extend({ of: Of }) },
] as const

type Page = { docs: Doc<CanonicalKind>[]; next: string | null }

async function listed(
  { documents }: Stores,
  tenant: string,
  kind: 'company' | 'relation',
  after: string | undefined,
  limit: number,
): Promise<Page> {
  const docs = await documents.page(tenant, kind, { after, limit })
  return { docs, next: docs.length === limit ? (docs.at(-1)?.id ?? null) : null }
}

/** By the graph, which is a little behind the documents: what has changed its ends since is left out. */
async function relationsOf(
  { documents, graph }: Stores,
  tenant: string,
  of: string,
  after: string | undefined,
  limit: number,
): Promise<Page> {
  const kind = kindOf(of)
  if (kind === undefined || kind === 'relation') return { docs: [], next: null }
  const ids = await graph.relationsOf(tenant, { kind, id: of }, { after, limit })
  const docs = await documents.many(tenant, 'relation', ids)
  return {
    docs: docs.filter(({ data: { from, to } }) => from.id === of || to.id === of),
    next: ids.length === limit ? (ids.at(-1) ?? null) : null,
  }
}

export const syncedRoutes: Route[] = KINDS.flatMap(({ kind, one, path, view, permission, query: schema }): Route[] => [
  {
    method: 'get',
    path: `/v1/${path}`,
    id: `list${path[0]!.toUpperCase()}${path.slice(1)}`,
    tag: 'Sync',
    summary: `List ${path}`,
    permission,
    query: schema,
    answers: { 200: { description: 'A page in the order of ids', schema: paged(view) } },
    async handle({ deps, caller, query }) {
      const { cursor, limit, of } = query as { cursor?: string; limit: number; of?: string }
      const { docs, next } =
        of === undefined
          ? await listed(deps.stores, caller.tenant, kind, cursor, limit)
          : await relationsOf(deps.stores, caller.tenant, of, cursor, limit)
      return { status: 200, body: { data: docs.map(docView), next } }
    },
  },
  {
    method: 'get',
    path: `/v1/${path}/{id}`,
    id: `read${one}`,
    tag: 'Sync',
    summary: `Read a ${kind}`,
    permission,
    answers: { 200: { description: `The ${kind}`, schema: view } },
    errors: ['not-found'],
    async handle({ deps, caller, params }) {
      const doc = await deps.stores.documents.get(caller.tenant, kind, params.id ?? '')
      if (!doc || doc.deleted) throw new AppError('not-found')
      return { status: 200, body: docView(doc) }
    },
  },
])
