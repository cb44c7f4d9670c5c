import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { DeadLetterFilter } from '../ledger/ports.ts'
import { idempotent, throughHash } from './idempotency.ts'
import { readBody, readJson } from './lines.ts'
import { type Route, valid } from './route.ts'
import { Limit, paged, Submitted } from './views.ts'
import { answerBatch, submit } from './work.ts'

const MAX_REPLAY = 10_000
const MAX_BYTES = 64 * 1024

const filter = {
  code: z.string().max(60).optional(),
  job: z.string().max(60).optional(),
  batchId: z.string().max(64).optional(),
  since: z.iso.datetime().optional(),
}
const DeadLetter = z
  .object({
    id: z.number(),
    batchId: z.string(),
    chunk: z.number(),
    n: z.number(),
    key: z.string().nullable(),
    type: z.string(),
    job: z.string(),
    code: z.string(),
    attempts: z.number(),
    at: z.string(),
    replayedAs: z.string().nullable(),
  })
  .meta({ id: 'DeadLetter' })

const Replay = z.strictObject({ ...filter, limit: z.number().int().min(1).max(MAX_REPLAY).default(MAX_REPLAY) }).meta({ id: 'Replay' })

export const deadLetterRoutes: Route[] = [
  {
    method: 'get',
    path: '/v1/dead-letters',
    id: 'listDeadLetters',
    tag: 'Dead letters',
    summary: 'Items that failed for good, oldest first',
    permission: 'dead-letters:read',
    query: z.object({
      ...filter,
      includeReplayed: z.enum(['true', 'false']).default('false'),
      cursor: z.coerce.number().int().min(0).optional(),
      limit: Limit,
    }),
    answers: { 200: { description: 'A page', schema: paged(DeadLetter) } },
    async handle({ deps, caller, query }) {
      const limit = query.limit as number
      const found = await deps.ledger.deadLetters(
        caller.tenant,
        { ...(query as DeadLetterFilter), includeReplayed: query.includeReplayed === 'true' },
        { after: query.cursor as number | undefined, limit },
      )
      return { status: 200, body: { data: found, next: found.length === limit ? String(found.at(-1)?.id) : null } }
    },
  },
  {
    method: 'post',
    path: '/v1/dead-letters/replay',
    id: 'replayDeadLetters',
    tag: 'Dead letters',
    summary: 'Run dead letters again, chosen by code, job, batch or time, as a new batch',
    permission: 'dead-letters:replay',
    body: { 'application/json': Replay },
    answers: { 202: { description: 'The new batch', schema: Submitted } },
    errors: ['invalid-request', 'malformed-json', 'not-acceptable-now', 'queue-down'],
    handle: (call) =>
      idempotent(
        call,
        async (fingerprint) => {
          const { deps, caller } = call
          const { limit, ...by } = valid(Replay, await readJson(throughHash(call.req, fingerprint), MAX_BYTES))
          const letters = await deps.ledger.deadLetters(caller.tenant, by, { limit })
          const ids = letters.map((letter) => letter.id)
          const inputs = await deps.ledger.deadLetterInputs(caller.tenant, ids)
          if (inputs.length === 0) throw new AppError('not-acceptable-now', 'no dead letter fits, or none of them could run again')
          const { batch, rejected } = await submit(call, { label: 'replay' }, async (submission) => {
            for (const item of inputs) submission.accept(item.type, item.key, item.input)
          })
          await deps.ledger.markReplayed(caller.tenant, ids, batch.id)
          return answerBatch(call, batch, { rejected })
        },
        async (fingerprint) => {
          await readBody(throughHash(call.req, fingerprint), MAX_BYTES)
        },
      ),
  },
]
