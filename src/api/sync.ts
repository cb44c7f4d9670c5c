/** Sources, runs and what they left for people: what an operator of a sync works with. */
import { z } from 'zod'
import type { Run } from '../canonical/sync.ts'
import { AppError } from '../errors.ts'
import { SyncInput } from '../queues/sync.ts'
import type { Doc } from '../stores/ports.ts'
import { runIdOf } from '../sync/run.ts'
import { cursorId } from '../sync/stream.ts'
import { idempotent, throughHash } from './idempotency.ts'
import { readBody, readJson } from './lines.ts'
import { type Answer, type Call, faultsOf, type Route } from './route.ts'
import { RejectView, RunView, rejectView, runView, SourceView } from './sync-views.ts'
import { Cursor, Limit, paged } from './views.ts'
import { answerBatch, submit } from './work.ts'

const MAX_BYTES = 64 * 1024
const RunBody = z.object(SyncInput.shape).omit({ source: true }).meta({ id: 'RunInput' })

async function findRun({ deps, caller, params }: Call): Promise<Doc<'run'>> {
  const doc = await deps.stores.documents.get(caller.tenant, 'run', params.id ?? '')
  if (!doc || doc.deleted) throw new AppError('not-found')
  return doc
}

/** A run whose batch ended without it (cancelled while it waited, given up) has ended too. */
async function currentRun({ deps, caller }: Call, id: string, run: Run): Promise<Run> {
  if (run.status !== 'running') return run
  const at = id.lastIndexOf('_')
  const [item] = await deps.ledger.items(caller.tenant, id.slice(0, at), { after: Number(id.slice(at + 1)) - 1, limit: 1 })
  if (!item?.outcome || item.outcome === 'done') return run
  return { ...run, status: item.outcome === 'cancelled' ? 'cancelled' : 'failed', code: item.code ?? run.code }
}

async function start(call: Call): Promise<Answer> {
  return idempotent(
    call,
    async (fingerprint) => {
      const body = await readJson(throughHash(call.req, fingerprint), MAX_BYTES)
      const source = call.params.name ?? ''
      // Unknown names answer at once.
      if (!call.deps.sources.list(call.caller.tenant).some(({ name }) => name === source)) throw new AppError('source-unknown', source)
      const parsed = SyncInput.safeParse({ ...(body as object), source })
      if (!parsed.success) throw new AppError('invalid-request', undefined, { faults: faultsOf(parsed.error) })
      const { batch, rejected } = await submit(call, { label: `sync ${source}` }, async (submission) => {
        submission.accept('sync', source, parsed.data)
      })
      const answer = await answerBatch(call, batch, { rejected })
      const id = runIdOf(batch.id, 0)
      const run = await call.deps.stores.documents.get(call.caller.tenant, 'run', id)
      return {
        ...answer,
        location: `/v1/runs/${id}`,
        body: run && !run.deleted ? runView(id, run.data) : { id, source, mode: parsed.data.mode, status: 'waiting', batchId: batch.id },
      }
    },
    async (fingerprint) => {
      await readBody(throughHash(call.req, fingerprint), MAX_BYTES)
    },
  )
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
    async handle(call) {
      const { id, data } = await findRun(call)
      return { status: 200, body: runView(id, await currentRun(call, id, data)) }
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
