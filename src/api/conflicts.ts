/** Where sources and people disagree: what was decided by itself, and what waits for a person. */
import { z } from 'zod'
import { CANONICAL_KINDS, POLICIES } from '../canonical/sync.ts'
import { AppError } from '../errors.ts'
import { project } from '../matching/project.ts'
import type { Doc } from '../stores/ports.ts'
import { decideConflict, listConflicts } from '../sync/conflicts.ts'
import { readJson } from './lines.ts'
import { type Call, type Route, valid } from './route.ts'
import { Cursor, Limit, paged } from './views.ts'

const MAX_BYTES = 16 * 1024
const STATUS = ['open', 'auto', 'decided'] as const

export const ConflictView = z
  .object({
    id: z.string().meta({ description: 'Id of the record that it is about.' }),
    kind: z.enum(CANONICAL_KINDS),
    version: z.number().meta({ description: 'Send it with a decision: it is refused where the conflict has changed since.' }),
    fields: z.record(
      z.string(),
      z.object({
        policy: z.enum(POLICIES),
        status: z.enum(STATUS).meta({ description: '`auto`: the policy decided; `open`: a person has to; `decided`: a person did.' }),
        values: z
          .array(z.object({ source: z.string(), value: z.unknown(), at: z.string().nullable() }))
          .meta({ description: 'What each source says, the most trusted first.' }),
        chosen: z.string().nullable().meta({ description: 'Source of the value that stands; `people`; null for a union of all.' }),
        value: z.unknown(),
        proposed: z.unknown().meta({ description: 'What an approval takes where it names no source.' }),
        decision: z
          .object({ by: z.string(), at: z.string(), verdict: z.enum(['approved', 'rejected', 'edited']), reason: z.string().nullable() })
          .nullable(),
      }),
    ),
    updatedAt: z.string(),
  })
  .meta({ id: 'Conflict' })

const conflictView = ({ id, ver, data, updatedAt }: Doc<'conflict'>): z.infer<typeof ConflictView> => ({
  id,
  kind: data.subject.kind,
  version: ver,
  fields: Object.fromEntries(
    Object.entries(data.fields).map(([path, field]) => [
      path,
      { ...field, values: field.values.map(({ at, ...voice }) => ({ ...voice, at: at === null ? null : new Date(at).toISOString() })) },
    ]),
  ),
  updatedAt,
})

const DecisionBody = z
  .strictObject({
    path: z.string().min(1).max(80).meta({ description: 'The field.', example: 'emails' }),
    decision: z.enum(['approve', 'reject', 'undo']).meta({
      description:
        '`approve` takes what is proposed, or what `source` says; `reject` keeps what stands; `undo` lets the policy decide again.',
    }),
    source: z.string().max(64).optional(),
    reason: z.string().trim().min(1).max(500).optional(),
    version: z.number().int().optional(),
  })
  .meta({ id: 'ConflictDecision' })

async function find({ deps, caller, params }: Call): Promise<Doc<'conflict'>> {
  const doc = await deps.stores.documents.get(caller.tenant, 'conflict', params.id ?? '')
  if (!doc || doc.deleted) throw new AppError('not-found')
  return doc
}

const tag = 'Sync'
const path = '/v1/conflicts/{id}'
export const conflictRoutes: Route[] = [
  {
    method: 'get',
    path: '/v1/conflicts',
    id: 'listConflicts',
    tag,
    summary: 'Records that sources or people disagree about',
    description: 'A page may be shorter than `limit` although there is a next one.',
    permission: 'talents:read',
    query: z.object({ status: z.enum(STATUS).optional(), cursor: Cursor, limit: Limit }),
    answers: { 200: { description: 'A page', schema: paged(ConflictView) } },
    async handle({ deps, caller, query }) {
      const { status, cursor, limit } = query as { status?: (typeof STATUS)[number]; cursor?: string; limit: number }
      const { conflicts, next } = await listConflicts(deps.stores.documents, caller.tenant, { status, after: cursor, limit })
      return { status: 200, body: { data: conflicts.map(conflictView), next } }
    },
  },
  {
    method: 'get',
    path,
    id: 'readConflict',
    tag,
    summary: 'What is said about a record by whom, where it differs',
    permission: 'talents:read',
    answers: { 200: { description: 'The conflict', schema: ConflictView } },
    errors: ['not-found'],
    handle: async (call) => ({ status: 200, body: conflictView(await find(call)) }),
  },
  {
    method: 'post',
    path: `${path}/decisions`,
    id: 'decideConflict',
    tag,
    summary: 'Decide a field of a record, or take a decision back',
    description:
      'A decision stands until the sources say something new about the field; then it is open again. Automatic ones can be turned round the same way.',
    permission: 'conflicts:decide',
    body: { 'application/json': DecisionBody },
    answers: { 200: { description: 'The conflict as it is now', schema: ConflictView } },
    errors: ['not-found', 'not-acceptable-now', 'invalid-request', 'malformed-json', 'store-down'],
    async handle(call) {
      const { deps, caller } = call
      const { id } = await find(call)
      const decision = valid(DecisionBody, await readJson(call.req, MAX_BYTES))
      const { documents } = deps.stores
      const by = { subject: caller.subject, at: new Date().toISOString() }
      const { subject } = await decideConflict(documents, caller.tenant, id, decision, by, deps.sources.rules(caller.tenant))
      // At once for the caller's next search; should it fail, the dirty mark makes the sweeper do it.
      const now = await documents.get(caller.tenant, subject.kind, id)
      if (now) await project(deps.stores, deps.embedder, [now], { lane: 'interactive' })
      return { status: 200, body: conflictView(await find(call)) }
    },
  },
]
