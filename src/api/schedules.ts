/** Schedules: what is started by itself, when it comes next, and what became of each due time. */
import { z } from 'zod'
import { nextAfter } from '../canonical/cron.ts'
import { canonicalJson } from '../canonical/ids.ts'
import { occurrenceId, occurrencesOf, type Schedule, ScheduleInput, scheduleId } from '../canonical/schedule.ts'
import { AppError } from '../errors.ts'
import { checkItems } from '../queues/items.ts'
import { runByHand, type ScheduleDeps } from '../schedulers/start.ts'
import type { Doc } from '../stores/ports.ts'
import { allows, type Caller, requirePermission } from './auth.ts'
import { idempotent, throughHash } from './idempotency.ts'
import { readBody, readJson } from './lines.ts'
import { type Answer, type Call, type Route, valid } from './route.ts'
import { OccurrenceView, OneScheduleView, occurrenceView, ScheduleView, scheduleView } from './schedule-views.ts'
import { BatchView, Cursor, Limit, paged } from './views.ts'
import { admit, answerBatch } from './work.ts'

const MAX_BYTES = 1024 * 1024
const LAST_SHOWN = 10
const PAGES_FROM = '~'
const source = { by: 'api' as const }

/** Defaults stay out of it: what a patch leaves out is left alone. */
const SchedulePatch = z
  .strictObject(
    Object.fromEntries(
      Object.entries(ScheduleInput.omit({ name: true }).shape).map(([name, field]) => [
        name,
        (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : (field as z.ZodType)).nullable().optional(),
      ]),
    ),
  )
  .meta({ id: 'SchedulePatch' })

const find = async ({ deps, caller, params }: Call): Promise<Doc<'schedule'>> => {
  const doc = await deps.stores.documents.get(caller.tenant, 'schedule', params.id ?? '')
  if (!doc || doc.deleted) throw new AppError('not-found')
  return doc
}

/** What was sent, checked whole. A schedule must not do for somebody what a batch of theirs would not. */
function checked(body: unknown, caller: Caller, known?: Schedule): ScheduleInput {
  const input = valid(ScheduleInput, body)
  const { items, faults } = checkItems(input.items, '/items')
  if (faults.length > 0) throw new AppError('invalid-request', undefined, { faults })
  const same = known && canonicalJson(known.items) === canonicalJson(items)
  if (!same && items.some(({ type }) => type !== 'sync')) requirePermission(caller, 'batches:write')
  if (!same && items.some(({ type }) => type === 'sync')) requirePermission(caller, 'sync:run')
  return { ...input, items }
}

const firstTime = ({ cron, zone, paused }: ScheduleInput, now: number): number | null => (paused ? null : nextAfter(cron, zone, now))

/** Items may be about people: whoever may not read those sees their types only. */
const view = ({ caller }: Call, doc: Doc<'schedule'>) => scheduleView(doc, allows(caller, 'talents:read'))

async function create(call: Call): Promise<Answer> {
  const { deps, caller } = call
  return idempotent(
    call,
    async (fingerprint) => {
      const input = checked(await readJson(throughHash(call.req, fingerprint), MAX_BYTES), caller)
      const id = scheduleId(caller.tenant, input.name)
      const { documents } = deps.stores
      const before = await documents.get(caller.tenant, 'schedule', id)
      const taken = new AppError('name-taken', input.name)
      if (before && !before.deleted) throw taken
      const data: Schedule = { ...input, next: firstTime(input, Date.now()), running: [], buffered: null, claims: [] }
      const [put] = await documents.put(caller.tenant, [{ kind: 'schedule', id, data, source, expect: before?.ver ?? 0 }])
      if (put!.outcome === 'stale') throw taken
      const doc = (await documents.get(caller.tenant, 'schedule', id))!
      return { status: 201, location: `/v1/schedules/${id}`, body: view(call, doc) }
    },
    async (fingerprint) => {
      await readBody(throughHash(call.req, fingerprint), MAX_BYTES)
    },
  )
}

/** Once more where a scheduler moved on to the next time in between. */
async function change(call: Call): Promise<Answer> {
  const { documents } = call.deps.stores
  await find(call)
  const patch = await readJson(call.req, MAX_BYTES)
  for (;;) {
    const doc = await find(call)
    const { next, running, buffered, claims, ...known } = doc.data
    const wanted: Record<string, unknown> = { ...known, ...patch }
    for (const [name, value] of Object.entries(patch)) if (value === null) delete wanted[name]
    const input = checked(wanted, call.caller, doc.data)
    if (input.name !== known.name)
      throw new AppError('invalid-request', undefined, { faults: [{ pointer: '/name', detail: 'cannot be changed' }] })
    // Other times count from now on: what was due under the old ones, or while it was paused, is neither run nor missed.
    const kept = input.cron === known.cron && input.zone === known.zone && input.paused === known.paused
    const data: Schedule = { ...input, next, running, buffered, claims }
    if (!kept) {
      data.next = firstTime(input, Date.now())
      // A scheduler may be in the middle of it, and die.
      if (next !== null) data.claims = [...new Set([...claims, occurrenceId(doc.id, next)])]
    }
    const [put] = await documents.put(doc.tenant, [{ kind: 'schedule', id: doc.id, data, source, expect: doc.ver }])
    if (put!.outcome !== 'stale') return { status: 200, body: view(call, { ...doc, data }) }
  }
}

async function run(call: Call): Promise<Answer> {
  return idempotent(
    call,
    async () => {
      const { deps, idempotency } = call
      const doc = await find(call)
      await admit(call)
      const schedulers: ScheduleDeps = { ...deps, documents: deps.stores.documents }
      const { data } = await runByHand(schedulers, doc, Date.now(), idempotency && { ...idempotency, hash: idempotency.hash() })
      const batch = data.batchId === null ? null : await deps.ledger.batch(doc.tenant, data.batchId)
      if (!batch) throw new AppError('invalid-request', 'the items do not fit their types any more')
      return answerBatch(call, batch)
    },
    async () => undefined,
  )
}

async function occurrences({ deps, caller }: Call, id: string, limit: number, after?: string): Promise<Doc<'occurrence'>[]> {
  const start = occurrencesOf(id)
  // A cursor of another schedule's must not lead there.
  const from = after?.startsWith(start) ? after : start + PAGES_FROM
  const docs = await deps.stores.documents.page(caller.tenant, 'occurrence', { newest: true, after: from, limit })
  return docs.filter(({ data }) => data.schedule === id)
}

const tag = 'Schedules'
const path = '/v1/schedules/{id}'
const SENT = ['invalid-request', 'malformed-json', 'too-large', 'too-deep', 'forbidden-key'] as const
const REPEATED = ['idempotency-key-reused', 'idempotency-in-flight'] as const
export const scheduleRoutes: Route[] = [
  {
    method: 'post',
    path: '/v1/schedules',
    id: 'createSchedule',
    tag,
    summary: 'Start items again and again by a cron expression in a time zone',
    description:
      'Each due time gets one occurrence, however many schedulers there are, and each one that starts one batch. Items need the permission that a batch of them needs.',
    permission: 'schedules:write',
    body: { 'application/json': ScheduleInput },
    answers: { 201: { description: 'The schedule', schema: ScheduleView } },
    errors: [...SENT, 'name-taken', ...REPEATED],
    handle: create,
  },
  {
    method: 'get',
    path: '/v1/schedules',
    id: 'listSchedules',
    tag,
    summary: 'Schedules with their next five times',
    permission: 'schedules:read',
    query: z.object({ cursor: Cursor, limit: Limit }),
    answers: { 200: { description: 'A page', schema: paged(ScheduleView) } },
    async handle(call) {
      const { deps, caller, query } = call
      const limit = query.limit as number
      const docs = await deps.stores.documents.page(caller.tenant, 'schedule', { after: query.cursor as string | undefined, limit })
      return {
        status: 200,
        body: { data: docs.map((doc) => view(call, doc)), next: docs.length === limit ? (docs.at(-1)?.id ?? null) : null },
      }
    },
  },
  {
    method: 'get',
    path,
    id: 'readSchedule',
    tag,
    summary: 'A schedule with its next five times and what became of the last ten',
    permission: 'schedules:read',
    answers: { 200: { description: 'The schedule', schema: OneScheduleView } },
    errors: ['not-found'],
    async handle(call) {
      const doc = await find(call)
      return { status: 200, body: { ...view(call, doc), occurrences: (await occurrences(call, doc.id, LAST_SHOWN)).map(occurrenceView) } }
    },
  },
  {
    method: 'patch',
    path,
    id: 'changeSchedule',
    tag,
    summary: 'Change a schedule, pause it or let it go on',
    description:
      'JSON Merge Patch (RFC 7396) on the top level: a list is replaced whole, null brings the default back. With another cron, zone or `paused` times count from now on.',
    permission: 'schedules:write',
    body: { 'application/merge-patch+json': SchedulePatch },
    answers: { 200: { description: 'The schedule as it is now', schema: ScheduleView } },
    errors: ['not-found', ...SENT],
    handle: change,
  },
  {
    method: 'delete',
    path,
    id: 'deleteSchedule',
    tag,
    summary: 'Delete a schedule',
    description: 'Batches that it started go on.',
    permission: 'schedules:write',
    answers: { 204: { description: 'Deleted' } },
    errors: ['not-found'],
    async handle(call) {
      if (!(await call.deps.stores.documents.remove(call.caller.tenant, 'schedule', (await find(call)).id))) throw new AppError('not-found')
      return { status: 204, body: null }
    },
  },
  {
    method: 'post',
    path: `${path}/run`,
    id: 'runSchedule',
    tag,
    summary: 'Run a schedule now',
    description: 'Whatever runs, and also while it is paused; the times to come stay as they are. Location is the batch.',
    permission: 'schedules:write',
    answers: {
      202: { description: 'The batch', schema: BatchView },
      200: { description: 'The finished batch, within `Prefer: wait`', schema: BatchView },
    },
    errors: ['not-found', 'invalid-request', 'queue-down', 'store-down', 'quota-exceeded', 'shutting-down', ...REPEATED],
    handle: run,
  },
  {
    method: 'get',
    path: `${path}/occurrences`,
    id: 'listOccurrences',
    tag,
    summary: 'What became of each due time, newest first',
    permission: 'schedules:read',
    query: z.object({ cursor: Cursor, limit: Limit }),
    answers: { 200: { description: 'A page', schema: paged(OccurrenceView) } },
    errors: ['not-found'],
    async handle(call) {
      const doc = await find(call)
      const limit = call.query.limit as number
      const docs = await occurrences(call, doc.id, limit, call.query.cursor as string | undefined)
      return { status: 200, body: { data: docs.map(occurrenceView), next: docs.length === limit ? (docs.at(-1)?.id ?? null) : null } }
    },
  },
]
