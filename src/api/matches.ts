import { z } from 'zod'
import { SubjectInput } from '../canonical/schema.ts'
import { AppError } from '../errors.ts'
import { idempotent, throughHash } from './idempotency.ts'
import { readBody, readJson } from './lines.ts'
import { type Route, valid } from './route.ts'
import { MatchView, matchView, Submitted } from './views.ts'
import { answerBatch, submit } from './work.ts'

const MAX_BYTES = 64 * 1024

export const matchRoute: Route = {
  method: 'post',
  path: '/v1/matches',
  id: 'createMatch',
  tag: 'Matches',
  summary: 'Match a talent against all positions, or a position against all talents',
  description: 'A batch of one item. With `Prefer: wait=5` the answer is the match itself when it is ready in time.',
  permission: 'matches:write',
  body: { 'application/json': SubjectInput },
  answers: {
    202: { description: 'Accepted as a batch', schema: Submitted },
    200: { description: 'The match, within `Prefer: wait`', schema: z.union([MatchView, Submitted]) },
  },
  errors: ['invalid-request', 'malformed-json', 'not-found', 'queue-down', 'idempotency-key-reused', 'idempotency-in-flight'],
  handle: (call) =>
    idempotent(
      call,
      async (fingerprint) => {
        const { deps, caller } = call
        const input = valid(SubjectInput, await readJson(throughHash(call.req, fingerprint), MAX_BYTES))
        const { talentId, positionId } = input
        const kind = talentId === undefined ? 'position' : 'talent'
        const id = (talentId ?? positionId)!
        const doc = await deps.stores.documents.get(caller.tenant, kind, id)
        if (!doc || doc.deleted) throw new AppError('not-found')
        const { batch, rejected } = await submit(call, {}, async (submission) => {
          submission.accept('match', id, input)
        })
        const answer = await answerBatch(call, batch, { rejected })
        if (answer.status !== 200) return answer
        const match = await deps.stores.documents.get(caller.tenant, 'match', id)
        return match && !match.deleted ? { ...answer, body: matchView(match.data, 20) } : answer
      },
      async (fingerprint) => {
        await readBody(throughHash(call.req, fingerprint), MAX_BYTES)
      },
    ),
}
