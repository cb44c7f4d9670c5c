/** Sources, runs and what they left for people: what an operator of a sync works with. */
import type { Hash } from 'node:crypto'
import { z } from 'zod'
import type { Run } from '../canonical/sync.ts'
import { AppError } from '../errors.ts'
import type { Batch } from '../ledger/ports.ts'
import { SyncInput } from '../queues/sync.ts'
import { newRun, runIdOf } from '../sync/run.ts'
import { cursorId, runWrite } from '../sync/stream.ts'
import { eventStream } from './event-stream.ts'
import { idempotent, throughHash } from './idempotency.ts'
import { readJson } from './lines.ts'
import { type Answer, type Call, type Route, valid } from './route.ts'
import { RejectView, RunView, rejectView, runView, SourceView } from './sync-views.ts'
import { Cursor, Limit, paged } from './views.ts'
import { answerBatch, submit } from './work.ts'

const MAX_BYTES = 64 * 1024
const RunBody = z.object(SyncInput.shape).omit({ source: true }).meta({ id: 'RunInput' })

/** A run whose batch ended without it (cancelled while it waited, given up) has ended too. */
async function currentRun({ deps, caller }: Call, id: string, run: Run): Promise<Run> {
  if (run.status !== 'running' && run.status !== 'waiting') return run
  const at = id.lastIndexOf('_')
  const [item] = await deps.ledger.items(caller.tenant, id.slice(0, at), { after: Number(id.slice(at + 1)) - 1, limit: 1 })
  if (!item?.outcome || item.outcome === 'done') return run
  return { ...run, status: item.outcome === 'cancelled' ? 'cancelled' : 'failed', code: item.code ?? run.code }
}

/** Throws `not-found`. */
async function viewOf(call: Call, id: string): Promise<RunView> {
  const doc = await call.deps.stores.documents.get(call.caller.tenant, 'run', id)
  if (!doc || doc.deleted) throw new AppError('not-found')
  return runView(id, await currentRun(call, id, doc.data))
}

async function start(call: Call): Promise<Answer> {
  const source = call.params.name ?? ''
  let input: SyncInput | undefined
  const read = async (fingerprint: Hash | null) => {
    input = valid(SyncInput, { ...(await readJson(throughHash(call.req, fingerprint), MAX_BYTES)), source })
    return input
  }
  return idempotent(
    call,
    async (fingerprint) => {
      const input = await read(fingerprint)
      // Unknown names answer at once.
      if (!call.deps.sources.list(call.caller.tenant).some(({ name }) => name === source)) throw new AppError('source-unknown', source)
      const { batch } = await submit(call, { label: `sync ${source}` }, async (submission) => {
        submission.accept('sync', source, input)
      })
      return answerRun(call, batch, input)
    },
    async (fingerprint) => {
      await read(fingerprint)
    },
    (batch) => answerRun(call, batch, input!),
  )
}

async function answerRun(call: Call, batch: Batch, input: SyncInput): Promise<Answer> {
  const id = runIdOf(batch.id, 0)
  const waiting = newRun(input.source, input, 'waiting', Date.now())
  // Its worker may have been faster.
  await call.deps.stores.documents.put(call.caller.tenant, [{ ...runWrite(id, waiting), expect: 0 }])
  const answer = await answerBatch(call, batch)
  return { ...answer, location: `/v1/runs/${id}`, body: await viewOf(call, id) }
}

const tag = 'Sync'
export const syncRoutes: Route[] = [
  {
    method: 'get',
    path: '/v1/sources',
    id: 'listSources',
    tag,
    summary: 'Source systems of the tenant, with how far each was read',
    permission: 'sync:read',
    answers: { 200: { description: 'The sources', schema: z.object({ data: z.array(SourceView) }) } },
    async handle({ deps, caller }) {
      const { tenant } = caller
      const data = await Promise.all(
        deps.sources.list(tenant).map(async ({ name, kind }) => {
          const { source } = deps.sources.open(tenant, name)
          const cursors = await deps.stores.documents.many(
            tenant,
            'cursor',
            source.entities.map((entity) => cursorId(tenant, name, entity.name)),
          )
          return {
            name,
            kind,
            entities: source.entities.map((entity) => {
              const cursor = cursors.find((doc) => doc.data.entity === entity.name)?.data
              const time = (ms: number | null | undefined) => (ms ? new Date(ms).toISOString() : null)
              return {
                ...entity,
                watermark: time(cursor?.watermark),
                running: cursor?.lease?.run ?? null,
                failures: cursor?.down.failures ?? 0,
                leftAloneUntil: time(cursor?.down.until),
              }
            }),
          }
        }),
      )
      return { status: 200, body: { data } }
    },
  },
  {
    method: 'post',
    path: '/v1/sources/{name}/runs',
    id: 'startRun',
    tag,
    summary: 'Read a source now',
    description: 'A batch of one item; its run id is in Location. With `Prefer: wait=N` the answer is the report when it is ready in time.',
    permission: 'sync:run',
    body: { 'application/json': RunBody },
    answers: {
      202: { description: 'Accepted', schema: RunView.partial() },
      200: { description: 'The report, within `Prefer: wait`', schema: RunView },
    },
    errors: ['source-unknown', 'invalid-request', 'malformed-json', 'queue-down', 'idempotency-key-reused', 'idempotency-in-flight'],
    handle: start,
  },
  {
    method: 'get',
    path: '/v1/runs',
    id: 'listRuns',
    tag,
    summary: 'Runs of all sources, newest first',
    permission: 'sync:read',
    query: z.object({ cursor: Cursor, limit: Limit }),
    answers: { 200: { description: 'A page', schema: paged(RunView) } },
    async handle(call) {
      const { deps, caller, query } = call
      const limit = query.limit as number
      const docs = await deps.stores.documents.page(caller.tenant, 'run', {
        newest: true,
        after: query.cursor as string | undefined,
        limit,
      })
      const data = await Promise.all(docs.map(async ({ id, data: run }) => runView(id, await currentRun(call, id, run))))
      return { status: 200, body: { data, next: docs.length === limit ? (docs.at(-1)?.id ?? null) : null } }
    },
  },
  {
    method: 'get',
    path: '/v1/runs/{id}',
    id: 'readRun',
    tag,
    summary: 'The report of a run, also while it runs',
    permission: 'sync:read',
    answers: { 200: { description: 'The report', schema: RunView } },
    errors: ['not-found'],
    handle: async (call) => ({ status: 200, body: await viewOf(call, call.params.id ?? '') }),
  },
  {
    method: 'get',
    path: '/v1/runs/{id}/events',
    id: 'streamRun',
    tag,
    summary: 'Follow a run as server-sent events',
    description:
      'First `snapshot` (the report so far), then `progress` (the report) whenever it has changed, and `closed` (the report) at the end, after which the stream ends. Each is whole: after a break nothing has to be asked for again.',
    permission: 'sync:read',
    answers: { 200: { description: 'Events', type: 'text/event-stream' } },
    errors: ['not-found'],
    async handle(call) {
      const id = call.params.id ?? ''
      const first = await viewOf(call, id)
      const counted = (run: RunView) => JSON.stringify([run.status, run.code, run.entities, run.written, run.projected])
      let shown = counted(first)
      await eventStream(call, ['snapshot', first], async (send) => {
        const run = await viewOf(call, id)
        const ended = run.status !== 'waiting' && run.status !== 'running'
        if (counted(run) !== shown || ended) send(ended ? 'closed' : 'progress', run)
        shown = counted(run)
        return ended
      })
      return undefined
    },
  },
  {
    method: 'get',
    path: '/v1/rejects',
    id: 'listRejects',
    tag,
    summary: 'Source records that could not be used, with the reasons',
    description: 'Each is tried again in every run of its source.',
    permission: 'sync:read',
    query: z.object({ cursor: Cursor, limit: Limit }),
    answers: { 200: { description: 'A page', schema: paged(RejectView) } },
    async handle({ deps, caller, query }) {
      const limit = query.limit as number
      const docs = await deps.stores.documents.page(caller.tenant, 'reject', { after: query.cursor as string | undefined, limit })
      return { status: 200, body: { data: docs.map(rejectView), next: docs.length === limit ? (docs.at(-1)?.id ?? null) : null } }
    },
  },
]
