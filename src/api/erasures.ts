/** Erasing a person, and the proof of it. */
import { z } from 'zod'
import { erasureId, stands } from '../canonical/erasure.ts'
import { AppError } from '../errors.ts'
import type { Doc, Documents } from '../stores/ports.ts'
import { carryOut, orderErasure, signAgain } from '../sync/erase.ts'
import { liftErasure } from '../sync/lift.ts'
import { readJson } from './lines.ts'
import { type Call, type Route, valid } from './route.ts'
import { Cursor, Limit, paged } from './views.ts'

const Lifted = z.object({ by: z.string(), at: z.string(), reason: z.string() })
const LiftBody = z
  .strictObject({
    reason: z.string().trim().min(1).max(500).meta({ description: 'Such as the consent that the person gave. No personal data.' }),
  })
  .meta({ id: 'LiftErasure' })

const RepeatBody = z
  .strictObject({ proof: z.string().min(1).meta({ description: 'As an erasure showed it.' }) })
  .meta({ id: 'RepeatErasure' })

const ErasureView = z
  .object({
    id: z.string(),
    subject: z.string().meta({ description: 'Id that the talent had.' }),
    status: z.enum(['open', 'done', 'lifted']).meta({
      description:
        '`open`: items of the person are still being worked on, or a store is away; it goes on by itself. `lifted`: the person is taken again.',
    }),
    by: z.string(),
    requestedAt: z.string(),
    completedAt: z.string().nullable(),
    removed: z.record(z.string(), z.number()).meta({ description: 'What was removed, by kind of thing.' }),
    proof: z.string().nullable().meta({ description: 'Signed statement without personal data (JWS, HS256).' }),
    lifted: Lifted.nullable(),
    earlier: z
      .array(
        z.object({
          by: z.string().nullable(),
          requestedAt: z.string(),
          completedAt: z.string().nullable(),
          proof: z.string().nullable(),
          lifted: Lifted.nullable(),
        }),
      )
      .meta({ description: 'Orders before this one: lifted, or known by their proof after a restore.' }),
    genuine: z.boolean().nullable().meta({ description: 'Whether the statement carries our signature.' }),
  })
  .meta({ id: 'Erasure' })

async function view({ deps }: Call, { id, data }: Doc<'erasure'>): Promise<Record<string, unknown>> {
  const { traces: _traces, ...rest } = data
  const earlier = (rest.earlier ?? []).map((one) => ({ ...one, lifted: one.lifted ?? null }))
  return {
    id,
    ...rest,
    lifted: rest.lifted ?? null,
    earlier,
    genuine: data.proof === null ? null : (await deps.proofs.read(data.proof)) !== null,
  }
}

async function erase(call: Call) {
  const { deps, caller, params } = call
  const { documents } = deps.stores
  const { tenant, subject: by } = caller
  const subject = params.id ?? ''
  const talent = await living(documents, tenant, subject)
  if (!talent && !stands(await documents.get(tenant, 'erasure', erasureId(tenant, subject)))) throw new AppError('not-found')
  return carriedOut(call, await orderErasure({ documents, embedder: deps.embedder }, { tenant, subject, talent, by }, new Date()))
}

/** What an erasure's proof says of it. */
const Claims = z.object({ tenant: z.string(), subject: z.string(), requestedAt: z.string(), completedAt: z.string() })

async function repeat(call: Call) {
  const { deps, caller } = call
  const { documents } = deps.stores
  const { tenant, subject: by } = caller
  const { proof } = valid(RepeatBody, await readJson(call.req, MAX_BYTES))
  const claims = Claims.safeParse(await deps.proofs.read(proof))
  if (!claims.success || claims.data.tenant !== tenant)
    throw new AppError('invalid-request', undefined, {
      faults: [{ pointer: '/proof', detail: 'not signed for this tenant with the secret that this Looma has now' }],
    })
  const { subject, requestedAt, completedAt } = claims.data
  const known = await documents.get(tenant, 'erasure', erasureId(tenant, subject))
  // Who was taken again since is not erased by an old proof.
  if (known && [known.data, ...(known.data.earlier ?? [])].some(({ lifted }) => lifted && lifted.at >= completedAt))
    return { status: 200, location: `/v1/erasures/${known.id}`, body: await view(call, known) }
  const talent = await living(documents, tenant, subject)
  const proven = { by: null, requestedAt, completedAt, proof }
  return carriedOut(call, await orderErasure({ documents, embedder: deps.embedder }, { tenant, subject, talent, by, proven }, new Date()))
}

async function living(documents: Documents, tenant: string, id: string): Promise<Doc<'talent'> | null> {
  const talent = await documents.get(tenant, 'talent', id)
  return talent?.deleted ? null : talent
}

async function carriedOut(call: Call, order: Doc<'erasure'>) {
  const { deps, caller } = call
  let now = await carryOut({ ...deps, sign: deps.proofs.sign }, order, new Date()).catch((err) => {
    if (order.data.status !== 'open') throw err
    // The order is stored: the tick goes on with it.
    deps.log.warn({ err, tenant: caller.tenant, erasure: order.id }, 'an erasure is not done yet and will go on')
    return order
  })
  if (now.data.proof !== null && !(await deps.proofs.read(now.data.proof)))
    now = await signAgain({ stores: deps.stores, sign: deps.proofs.sign }, now)
  await audit(call, 'erase talent', now.data.subject, now.data.status)
  return { status: now.data.status === 'done' ? 200 : 202, location: `/v1/erasures/${now.id}`, body: await view(call, now) }
}

const audit = ({ deps, caller }: Call, action: string, target: string, outcome: string) =>
  deps.ledger.audited({ actor: `${caller.tenant}/${caller.subject}`, role: caller.role, action, target, outcome })

async function find({ deps, caller, params }: Call): Promise<Doc<'erasure'>> {
  const doc = await deps.stores.documents.get(caller.tenant, 'erasure', params.id ?? '')
  if (!doc || doc.deleted) throw new AppError('not-found')
  return doc
}

const MAX_BYTES = 10_000
const tag = 'Talents'
const ANSWERS = {
  200: { description: 'Done, with the proof', schema: ErasureView },
  202: { description: 'Ordered; it goes on by itself', schema: ErasureView },
}
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
    answers: ANSWERS,
    errors: ['not-found', 'not-acceptable-now', 'store-down'],
    handle: erase,
  },
  {
    method: 'post',
    path: '/v1/erasures',
    id: 'repeatErasure',
    tag,
    summary: 'Erase again who was erased, by the proof',
    description:
      'For a Looma that was restored from before the erasure, and knows neither it nor, maybe, the person yet. May be repeated: of an erasure that stands, what a restored store still holds is removed again.',
    permission: 'talents:delete',
    body: { 'application/json': RepeatBody },
    answers: ANSWERS,
    errors: ['invalid-request', 'malformed-json', 'not-acceptable-now', 'store-down'],
    handle: repeat,
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
    handle: async (call) => ({ status: 200, body: await view(call, await find(call)) }),
  },
  {
    method: 'post',
    path: '/v1/erasures/{id}/lift',
    id: 'liftErasure',
    tag,
    summary: 'Take a person again who was erased',
    description:
      'For who has come back and agreed to it. Batches and files of the person are taken from now on, and what sources say with their next full run. What was erased stays erased; its proof is kept.',
    permission: 'talents:delete',
    body: { 'application/json': LiftBody },
    answers: { 200: { description: 'The erasure, lifted', schema: ErasureView } },
    errors: ['not-found', 'not-acceptable-now', 'invalid-request', 'malformed-json'],
    async handle(call) {
      const { deps, caller } = call
      const order = await find(call)
      const { reason } = valid(LiftBody, await readJson(call.req, MAX_BYTES))
      const lifted = await liftErasure(deps.stores.documents, order, { by: caller.subject, reason }, new Date())
      await audit(call, 'lift erasure', order.data.subject, 'lifted')
      return { status: 200, body: await view(call, lifted) }
    },
  },
]
