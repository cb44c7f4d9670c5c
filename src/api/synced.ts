/** Reading what only syncs bring: companies, and relations between records. */
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Route } from './route.ts'
import { CompanyView, Cursor, docView, Limit, paged, RelationView } from './views.ts'

const KINDS = [
  { kind: 'company', one: 'Company', path: 'companies', view: CompanyView, permission: 'positions:read' },
  // They tell of persons.
  { kind: 'relation', one: 'Relation', path: 'relations', view: RelationView, permission: 'talents:read' },
] as const

export const syncedRoutes: Route[] = KINDS.flatMap(({ kind, one, path, view, permission }): Route[] => [
  {
    method: 'get',
    path: `/v1/${path}`,
    id: `list${path[0]!.toUpperCase()}${path.slice(1)}`,
    tag: 'Sync',
    summary: `List ${path}`,
    permission,
    query: z.object({ cursor: Cursor, limit: Limit }),
    answers: { 200: { description: 'A page in the order of ids', schema: paged(view) } },
    async handle({ deps, caller, query }) {
      const limit = query.limit as number
      const docs = await deps.stores.documents.page(caller.tenant, kind, { after: query.cursor as string | undefined, limit })
      return { status: 200, body: { data: docs.map(docView), next: docs.length === limit ? (docs.at(-1)?.id ?? null) : null } }
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
