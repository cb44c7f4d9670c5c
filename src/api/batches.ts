import { createHash, type Hash } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { OUTCOMES } from '../ledger/ports.ts'
import { itemTypes, jobs } from '../queues/index.ts'
import { drainInto, idempotent, throughHash } from './idempotency.ts'
import { parseObject, readBody, readLines } from './lines.ts'
import { languageOf } from './problem.ts'
import type { Answer, Call, Route } from './route.ts'
import { createSubmission, Rejection, type Submission, takeLines } from './submission.ts'
import { readUpload } from './upload.ts'
import { BatchView, batchView, Cursor, ItemView, itemView, Limit, paged, Submitted } from './views.ts'
import { answerBatch, submit, type TakeBack } from './work.ts'

/** Items of one JSON body; a larger batch is sent as NDJSON, which is read as it comes. */
const MAX_JSON_ITEMS = 10_000
const MAX_JSON_BYTES = 16 * 1024 * 1024

const flag = z.enum(['true', 'false']).default('false')
const Label = z.string().max(200).optional()

const DryRun = z
  .object({
    items: z.number(),
    accepted: z.number(),
    duplicates: z.number().meta({ description: 'Items that name the same id or file as an earlier one.' }),
    byType: z.record(z.string(), z.number()),
    rejected: z.array(Rejection),
    etaSeconds: z
      .number()
      .nullable()
      .meta({ description: 'From measured service times, without what waits already; null before anything was measured.' }),
  })
  .meta({ id: 'DryRun' })

/** Reads the request's body, whatever its type, into the submission. Answers what takes its files back. */
async function fillFrom(call: Call, submission: Submission, fingerprint: Hash | null): Promise<TakeBack | undefined> {
  const { req, deps, caller } = call
  const type = (req.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'multipart/form-data')
    return readUpload(req, {
      blobs: deps.stores.blobs,
      tenant: caller.tenant,
      submission,
      maxFileBytes: deps.config.maxFileBytes,
      maxUploadBytes: deps.config.maxUploadBytes,
      fingerprint: fingerprint ?? createHash('sha256'),
    })
  if (type === 'application/x-ndjson' || type === 'application/jsonl') {
    await takeLines(submission, readLines(throughHash(req, fingerprint)))
    return
  }
  if (type !== 'application/json') throw new AppError('unsupported-media-type')
  const items = itemsOf(await readBody(throughHash(req, fingerprint), MAX_JSON_BYTES))
  items.forEach((item, i) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item))
      submission.reject('invalid-item', { line: i + 1, detail: 'not an object' })
    else submission.take(i + 1, item as Record<string, unknown>, 500)
  })
}

function itemsOf(text: string): unknown[] {
  let body: Record<string, unknown>
  try {
    body = parseObject(text)
  } catch (error) {
    throw error instanceof AppError && error.code === 'malformed-line' ? new AppError('malformed-json', 'send {"items": [...]}') : error
  }
  const { items, ...rest } = body
  if (!Array.isArray(items) || Object.keys(rest).length > 0)
    throw new AppError('invalid-request', undefined, { faults: [{ pointer: '/items', detail: 'must be an array, and the only field' }] })
  if (items.length > MAX_JSON_ITEMS)
    throw new AppError('too-many-items', `at most ${MAX_JSON_ITEMS} items in one JSON body; NDJSON takes more`)
  return items
}

/** A pre-flight stores nothing, not even the answer under an idempotency key. */
async function preflight(call: Call): Promise<Answer> {
  const submission = createSubmission(null)
  const takeBack = await fillFrom(call, submission, null)
  await takeBack?.()
  const report = submission.report(languageOf(call.req.get('accept-language')))
  const times = await Promise.all(
    Object.entries(report.byType).map(async ([type, n]) => {
      const perItem = await Promise.all(
        itemTypes
          .get(type)!
          .stages.filter((job) => !jobs[job].optional)
          .map((job) => call.deps.ledger.msPerItem(job)),
      )
      return perItem.includes(null) ? null : n * perItem.reduce<number>((sum, ms) => sum + (ms ?? 0), 0)
    }),
  )
  const etaSeconds = times.includes(null) ? null : Math.round(times.reduce<number>((sum, ms) => sum + (ms ?? 0), 0) / 100) / 10
  return { status: 200, body: { ...report, etaSeconds } }
}

async function create(call: Call): Promise<Answer> {
  if (call.query.dryRun === 'true') return preflight(call)
  return idempotent(
    call,
    async (fingerprint) => {
      const { batch, rejected } = await submit(call, { label: (call.query.label as string | undefined) ?? null }, (submission) =>
        fillFrom(call, submission, fingerprint),
      )
      return answerBatch(call, batch, { rejected })
    },
    async (fingerprint) => {
      // A repeat is compared by what it would submit. Files are stored again under the name of their content, which changes nothing.
      if (/^multipart/i.test(call.req.get('content-type') ?? '')) await fillFrom(call, createSubmission(null), fingerprint)
      else await drainInto(call.req, fingerprint)
    },
  )
}

async function find(call: Call) {
  const batch = await call.deps.ledger.batch(call.caller.tenant, call.params.id ?? '')
  if (!batch) throw new AppError('not-found')
  return batch
}

const Item = z.discriminatedUnion(
  'type',
  [...itemTypes.values()].map(({ type, schema }) => {
    const shape = (schema as z.ZodObject).shape
    return z.object({ type: z.literal(type), ...shape })
  }) as unknown as [z.ZodObject, ...z.ZodObject[]],
)

export const batchRoutes: Route[] = [
  {
    method: 'post',
    path: '/v1/batches',
    id: 'createBatch',
    tag: 'Batches',
    summary: 'Submit a batch',
    description:
      'NDJSON lines (`{"type": "position", …}`), a JSON body `{"items": […]}`, or multipart with résumé files, a ZIP of them, and NDJSON parts. Bad items are recorded as failed and cost no other item. `dryRun=true` validates and reports without storing anything.',
    permission: 'batches:write',
    query: z.object({ dryRun: flag, label: Label }),
    body: {
      'application/x-ndjson': z.string().meta({ description: 'One item per line, of the form that application/json has in `items`.' }),
      'application/json': z.object({ items: z.array(Item).max(MAX_JSON_ITEMS) }),
      'multipart/form-data': z.object({ file: z.array(z.string().meta({ format: 'binary' })) }),
    },
    answers: {
      202: { description: 'Accepted', schema: Submitted },
      200: { description: 'Finished within `Prefer: wait`, or the report of a dry run', schema: z.union([Submitted, DryRun]) },
    },
    errors: [
      'unsupported-media-type',
      'too-large',
      'too-many-items',
      'empty-batch',
      'quota-exceeded',
      'queue-down',
      'idempotency-key-reused',
      'idempotency-in-flight',
      'disk-full',
    ],
    handle: create,
  },
  {
    method: 'get',
    path: '/v1/batches',
    id: 'listBatches',
    tag: 'Batches',
    summary: 'List batches, newest first',
    permission: 'batches:read',
    query: z.object({ cursor: Cursor, limit: Limit }),
    answers: { 200: { description: 'A page', schema: paged(BatchView) } },
    async handle({ deps, caller, query }) {
      const limit = query.limit as number
      const batches = await deps.ledger.batches(caller.tenant, { after: query.cursor as string | undefined, limit })
      return {
        status: 200,
        body: { data: batches.map((batch) => batchView(batch)), next: batches.length === limit ? (batches.at(-1)?.id ?? null) : null },
      }
    },
  },
  {
    method: 'get',
    path: '/v1/batches/{id}',
    id: 'readBatch',
    tag: 'Batches',
    summary: 'Read a batch: counts by outcome, stages, rate, ETA',
    permission: 'batches:read',
    answers: { 200: { description: 'The batch', schema: BatchView } },
    errors: ['not-found'],
    handle: async (call) => ({ status: 200, body: batchView(await find(call)) }),
  },
  {
    method: 'get',
    path: '/v1/batches/{id}/items',
    id: 'listItems',
    tag: 'Batches',
    summary: 'Items of a batch in order',
    permission: 'batches:read',
    query: z.object({
      cursor: z.coerce.number().int().min(-1).optional(),
      limit: Limit,
      outcome: z.enum(OUTCOMES as [string, ...string[]]).optional(),
      code: z.string().max(60).optional(),
    }),
    answers: { 200: { description: 'A page', schema: paged(ItemView) } },
    errors: ['not-found'],
    async handle(call) {
      await find(call)
      const language = languageOf(call.req.get('accept-language'))
      const limit = call.query.limit as number
      const items = await call.deps.ledger.items(call.caller.tenant, call.params.id!, {
        after: call.query.cursor as number | undefined,
        limit,
        outcome: call.query.outcome as (typeof OUTCOMES)[number] | undefined,
        code: call.query.code as string | undefined,
      })
      return {
        status: 200,
        body: { data: items.map((item) => itemView(item, language)), next: items.length === limit ? String(items.at(-1)?.n) : null },
      }
    },
  },
  {
    method: 'post',
    path: '/v1/batches/{id}/cancel',
    id: 'cancelBatch',
    tag: 'Batches',
    summary: 'Cancel what has not ended',
    description:
      'Stored first, then told to all workers. Items at work end within a second or two; what was done stays done. Cancelling again changes nothing.',
    permission: 'batches:cancel',
    answers: { 202: { description: 'Cancelling', schema: BatchView } },
    errors: ['not-found', 'not-acceptable-now'],
    handle: (call) =>
      idempotent(
        call,
        async () => {
          const batch = await find(call)
          if (batch.state === 'closed' && !batch.cancelRequestedAt) throw new AppError('not-acceptable-now', 'the batch has ended')
          await call.deps.ledger.cancel(batch.tenant, batch.id)
          call.deps.signals.send({ type: 'cancel', tenant: batch.tenant, batchId: batch.id })
          const after = await find(call)
          if (after.state === 'closed') call.deps.signals.send({ type: 'closed', tenant: batch.tenant, batchId: batch.id })
          return answerBatch(call, after)
        },
        async () => undefined,
      ),
  },
  {
    method: 'post',
    path: '/v1/batches/{id}/rerun',
    id: 'rerunBatch',
    tag: 'Batches',
    summary: 'Run the failed items again, as a new batch',
    permission: 'batches:write',
    answers: { 202: { description: 'The new batch', schema: Submitted } },
    errors: ['not-found', 'not-acceptable-now', 'queue-down', 'quota-exceeded'],
    handle: (call) =>
      idempotent(
        call,
        async () => {
          const batch = await find(call)
          const failed = await call.deps.ledger.failedInputs(batch.tenant, batch.id)
          if (failed.length === 0) throw new AppError('not-acceptable-now', 'no item of the batch failed in a way that could run again')
          const { batch: again, rejected } = await submit(call, { label: batch.label, rerunOf: batch.id }, async (submission) => {
            for (const item of failed) submission.accept(item.type, item.key, item.input)
          })
          return answerBatch(call, again, { rejected })
        },
        async () => undefined,
      ),
  },
]
