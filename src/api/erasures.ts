/** Erasing a person, and the proof of it. */
import { z } from 'zod'
import { erasureId } from '../canonical/erasure.ts'
import { AppError } from '../errors.ts'
import type { Doc } from '../stores/ports.ts'
import { carryOut, orderErasure } from '../sync/erase.ts'
import type { Call, Route } from './route.ts'
import { Cursor, Limit, paged } from './views.ts'

const ErasureView = z
  .object({
    id: z.string(),
    subject: z.string().meta({ description: 'Id that the talent had.' }),
    status: z
      .enum(['open', 'done'])
      .meta({ description: '`open`: items of the person are still being worked on, or a store is away; it goes on by itself.' }),
    by: z.string(),
    requestedAt: z.string(),
    completedAt: z.string().nullable(),
    removed: z.record(z.string(), z.number()).meta({ description: 'What was removed, by kind of thing.' }),
    proof: z.string().nullable().meta({ description: 'Signed statement without personal data (JWS, HS256).' }),
    genuine: z.boolean().nullable().meta({ description: 'Whether the statement carries our signature.' }),
  })
  .meta({ id: 'Erasure' })

async function view({ deps }: Call, { id, data }: Doc<'erasure'>): Promise<Record<string, unknown>> {
  const { traces: _traces, ...rest } = data
  return { id, ...rest, genuine: data.proof === null ? null : await deps.proofs.isGenuine(data.proof) }
}

async function erase(call: Call) {
  const { deps, caller, params } = call
  const { documents } = deps.stores
  const id = params.id ?? ''
  const known = await documents.get(caller.tenant, 'erasure', erasureId(caller.tenant, id))
  const talent = await documents.get(caller.tenant, 'talent', id)
  if (!known && (!talent || talent.deleted)) throw new AppError('not-found')
  const order = known ?? (await orderErasure(documents, talent as Doc<'talent'>, caller.subject, new Date()))
  const stands = await carryOut({ ...deps, sign: deps.proofs.sign }, order, new Date()).catch((err) => {
    // The order is stored: the tick goes on with it.
    deps.log.warn({ err, tenant: caller.tenant, erasure: order.id }, 'an erasure is not done yet and will go on')
    return order
  })
  await deps.ledger.audited({
    actor: `${caller.tenant}/${caller.subject}`,
    role: caller.role,
    action: 'erase talent',
    target: id,
    outcome: stands.data.status,
  })
  return { status: stands.data.status === 'done' ? 200 : 202, location: `/v1/erasures/${stands.id}`, body: await view(call, stands) }
}

const tag = 'Talents'
export const erasureRoutes: Route[] = [
  {
    method: 'post',
    path: '/v1/talents/{id}/erasure',
    id: 'eraseTalent',
    tag,
    summary: 'Erase a person everywhere, for good',
    description:
      'Removes the talent and all that was made from it: what sources said, readings, corrections, conflicts, matches, index entries, vectors, edges, the uploaded file, and what batches and dead letters hold of them. Later syncs, batches and uploads do not bring the person back (`person-erased`). May be repeated.',
    permission: 'talents:delete',
    answers: {
      200: { description: 'Done, with the proof', schema: ErasureView },
      202: { description: 'Ordered; it goes on by itself', schema: ErasureView },
    },
    errors: ['not-found'],
    handle: erase,
  },
  {
    method: 'get',
    path: '/v1/erasures',
    id: 'listErasures',
    tag,
    summary: 'Who was erased, by the ids they had',
    permission: 'talents:delete',
    query: z.object({ cursor: Cursor, limit: Limit }),
    answers: { 200: { description: 'A page', schema: paged(ErasureView) } },
    async handle(call) {
      const { deps, caller, query } = call
      const limit = query.limit as number
      const docs = await deps.stores.documents.page(caller.tenant, 'erasure', { after: query.cursor as string | undefined, limit })
      const data = await Promise.all(docs.map((doc) => view(call, doc)))
      return { status: 200, body: { data, next: docs.length === limit ? (docs.at(-1)?.id ?? null) : null } }
    },
  },
  {
    method: 'get',
    path: '/v1/erasures/{id}',
    id: 'readErasure',
    tag,
    summary: 'An erasure and its proof',
    permission: 'talents:delete',
    answers: { 200: { description: 'The erasure', schema: ErasureView } },
    errors: ['not-found'],
    async handle(call) {
      const doc = await call.deps.stores.documents.get(call.caller.tenant, 'erasure', call.params.id ?? '')
      if (!doc || doc.deleted) throw new AppError('not-found')
      return { status: 200, body: await view(call, doc) }
    },
  },
]
