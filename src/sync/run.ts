/**
 * One run of a source: every entity in turn, page by page, each page stored before the cursor moves past it. A run that is cut off anywhere goes
 * on from its last page when it is started again under the same id.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Cursor, Run, RunEntity, RunMode } from '../canonical/sync.ts'
import { AppError, toAppError } from '../errors.ts'
import type { Doc, Documents } from '../stores/ports.ts'
import { type Applied, applyGone, applyPage, noCounts, type Stream } from './apply.ts'
import { diffPage } from './diff.ts'
import { missing, seenWrite } from './gone.ts'
import type { Rules } from './merge.ts'
import { createProjector, type Projector } from './projector.ts'
import { recordId } from './records.ts'
import { retryRejects } from './rejects.ts'
import type { Settled } from './settle.ts'
import type { Page, Raw, Source } from './source.ts'
import { type Hold, hold, runWrite } from './stream.ts'

export type RunInput = {
  mode: RunMode
  /** All entities of the source where it is absent. */
  entity?: string
  /** Mode `record`: the source's own id; `entity` is needed too. */
  id?: string
  /** Reads and compares, writes nothing but its report. */
  dryRun?: boolean
  /** Carries out deletes that the guard would hold back. */
  confirmDeletes?: boolean
}

export type RunDeps = {
  documents: Documents
  source: Source
  /** Name of the source, by which its records, cursors and runs are known. */
  name: string
  tenant: string
  rules: Rules
  /** How far before the watermark an incremental run reads again, in milliseconds: late commits appear behind it. */
  lagMs: number
  /** Records that one page asks for. */
  pageSize: number
  now: () => number
  signal: AbortSignal
  /** Nobody tries again: an error ends the run. */
  final?: boolean
  /** Takes canonical records over into the projections; called once per page, may lag one page behind. */
  project?: (written: Settled[]) => Promise<void>
  /** Told after each page. */
  onProgress?: (run: Run) => void
}

/** More than this many inferred deletes, and more than this share of what was there, is rather a fault of the source. */
const GUARD = { records: 50, share: 0.02 }
/** Runs in a row that find the source down before it is left alone, and for how long, doubling up to an hour. */
const BREAKER = { failures: 5, ms: 60_000, maxMs: 3_600_000 }

/** A run is one item of a batch. */
export const runIdOf = (batchId: string, n: number): string => `${batchId}_${n}`

/** Throws what stops it before its end (`source-down`, `sync-busy`, an aborted signal, …); its report then says how far it came. */
export async function runSync(deps: RunDeps, input: RunInput, id: string): Promise<Run> {
  const { documents, tenant, source, now } = deps
  const was = await documents.get(tenant, 'run', id)
  const known = was && !was.deleted && was.data.status !== 'waiting' ? was.data : null
  if (known && known.status !== 'running') return known
  const run: Run = known ?? newRun(deps.name, input, 'running', now())
  const save = async () => void (await documents.put(tenant, [runWrite(id, run)]))
  const entities = source.entities.filter(({ name }) => input.entity === undefined || name === input.entity)
  if (entities.length === 0) throw new AppError('invalid-request', `the source has no entity ${input.entity}`)
  await save()
  const projector = createProjector(deps, run)
  try {
    await source.check(deps.signal)
    for (const { name, incremental } of entities) {
      if (run.entities[name]?.done) continue
      const one: RunEntity = run.entities[name] ?? { ...noCounts(), total: null, pages: 0, done: false, watermark: null, lagMs: null }
      run.entities[name] = one
      const stream: Stream = { tenant, source: deps.name, entity: name, map: (raw) => source.map(raw), rules: deps.rules }
      const ctx: Context = { ...deps, run, id, one, stream, projector, input }
      if (input.dryRun) await compare(ctx, incremental)
      else if (input.mode === 'record') await single(ctx)
      else await pass(ctx, incremental)
      one.done = true
    }
    await projector.end()
    run.code = null
    run.detail = null
    run.status = run.heldDeletes > 0 ? 'parked' : 'done'
    if (run.heldDeletes > 0) run.code = 'too-many-deletes'
  } catch (thrown) {
    const error = toAppError(thrown)
    if (deps.signal.aborted) throw thrown
    run.code = error.code
    run.detail = error.detail ?? null
    // What will be tried again is still running.
    if (error.row.retry === 'no' || (error.row.retry === 'backoff' && deps.final)) run.status = 'failed'
    throw thrown
  } finally {
    await projector.settle()
    if (run.status !== 'running') run.endedAt = new Date(now()).toISOString()
    await save()
  }
  return run
}

/** A report with nothing in it yet; `now` in milliseconds UTC. */
export function newRun(source: string, { mode, dryRun = false }: RunInput, status: 'waiting' | 'running', now: number): Run {
  return {
    source,
    mode,
    dryRun,
    status,
    code: null,
    detail: null,
    startedAt: new Date(now).toISOString(),
    endedAt: null,
    entities: {},
    conflicts: { auto: 0, open: 0, paths: {} },
    drift: {},
    heldDeletes: 0,
    written: 0,
    projected: 0,
    ...(dryRun && { diff: [] }),
  }
}

type Context = RunDeps & { run: Run; id: string; one: RunEntity; stream: Stream; projector: Projector; input: RunInput }

/** A full scan, or what changed since the watermark. */
async function pass(ctx: Context, incremental: boolean): Promise<void> {
  const { documents, tenant, name, stream, source, now, signal, run, one, id, input } = ctx
  const held = await hold(documents, tenant, name, stream.entity, id, now)
  const restMs = held.cursor.down.until - now()
  if (restMs > 0) {
    await held.release()
    throw new AppError('source-down', 'the source is left alone after repeated failures', { retryAfter: Math.ceil(restMs / 1000) })
  }
  try {
    const retried = await retryRejects(documents, stream, held.cursor.fetch, now())
    note(ctx, retried)
    await ctx.projector.take(retried.settled)
    const open = openPass(ctx, held, incremental && input.mode !== 'full')
    const options = { from: open.checkpoint, limit: ctx.pageSize, signal }
    const pages = open.scan ? source.scan(stream.entity, options) : source.changes(stream.entity, { ...options, since: open.since })
    for await (const page of ahead(pages)) {
      signal.throwIfAborted()
      const applied = await applyPage(documents, stream, page.records, held.cursor.fetch, now())
      note(ctx, applied, page)
      open.pages++
      open.checkpoint = page.checkpoint
      open.latest = later(open.latest, applied.latest)
      await held.save({ open }, [...(open.scan ? [seenWrite(stream, id, open.pages, applied.seen)] : []), runWrite(id, run)])
      ctx.onProgress?.(run)
      await ctx.projector.take(applied.settled)
    }
    if (open.scan) await dropGone(ctx, held, open)
    // A scan is not ordered by time: what changed behind it while it ran is only sure to be read again from its start on.
    const watermark =
      open.latest === null ? held.cursor.watermark : Math.max(held.cursor.watermark ?? 0, Math.min(open.latest, open.startedAt))
    one.watermark = watermark
    one.lagMs = watermark === null ? null : Math.max(0, open.startedAt - watermark)
    await held.release({ open: null, watermark, down: { failures: 0, until: 0 } })
  } catch (thrown) {
    await held.release(toAppError(thrown).code === 'source-down' ? { down: downAfter(held.cursor, now()) } : {}).catch(() => undefined)
    throw thrown
  }
}

/** Only this very run goes on where it was: what another one's pages showed is not known to it. */
function openPass({ id, lagMs, now }: Context, { cursor, ver }: Hold, incremental: boolean): NonNullable<Cursor['open']> {
  const { open, watermark, fetch } = cursor
  if (open?.run === id) return { ...open }
  const since = incremental && watermark !== null ? Math.max(0, watermark - lagMs) : null
  return { run: id, fetch, ver, scan: since === null, since: since ?? 0, checkpoint: null, pages: 0, startedAt: now(), latest: null }
}

const later = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b))

function downAfter({ down }: Cursor, now: number): Cursor['down'] {
  const failures = down.failures + 1
  const over = failures - BREAKER.failures
  return { failures, until: over < 0 ? 0 : now + Math.min(BREAKER.maxMs, BREAKER.ms * 2 ** over) }
}

/** Reads the next page while this one is being stored. */
async function* ahead(pages: AsyncIterable<Page>): AsyncIterable<Page> {
  const iterator = pages[Symbol.asyncIterator]()
  let next = iterator.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done) return
      next = iterator.next()
      // Its failure is met when its turn comes.
      next.catch(() => undefined)
      yield value
    }
  } finally {
    await next.catch(() => undefined)
    await iterator.return?.()
  }
}

function note({ run, one }: Context, { counts, conflicts, drift, settled }: Applied, page?: Page): void {
  for (const key of Object.keys(counts) as (keyof typeof counts)[]) one[key] += counts[key]
  if (page) one.pages++
  if (page?.total != null) one.total = page.total
  for (const { path, conflict } of conflicts) {
    if (conflict.status === 'decided') continue
    const at = run.conflicts.paths[path] ?? { auto: 0, open: 0 }
    run.conflicts.paths[path] = at
    at[conflict.status]++
    run.conflicts[conflict.status]++
  }
  for (const [field, n] of drift) run.drift[field] = (run.drift[field] ?? 0) + n
  run.written += settled.length
}

/** What the whole scan did not show is gone from the source. Too much of it at once is held for a person to confirm. */
async function dropGone(ctx: Context, held: Hold, open: NonNullable<Cursor['open']>): Promise<void> {
  const { documents, stream, one, run, id, input, signal } = ctx
  const { gone, living } = await missing(documents, stream, open, signal)
  const limit = Math.max(GUARD.records, living * GUARD.share)
  // All of them at once is too many, however few they are.
  if ((gone.length > limit || (gone.length === living && living > 1)) && !input.confirmDeletes) {
    run.heldDeletes += gone.length
    return
  }
  // Whoever has taken the stream over may have seen them meanwhile.
  if (gone.length > 0) await held.save({})
  const asks = ctx.source.entities.find(({ name }) => name === stream.entity)?.cheapOne
  for (let i = 0; i < gone.length; i += ctx.pageSize) {
    signal.throwIfAborted()
    const docs: Doc<'record'>[] = []
    for (const doc of await documents.many(ctx.tenant, 'record', gone.slice(i, i + ctx.pageSize))) {
      // A list that moved while it was read may have hidden it.
      const raw = asks ? await ctx.source.one(stream.entity, doc.data.key.id, signal) : null
      if (!raw) docs.push(doc)
      else await bring(ctx, raw, held)
    }
    const settled = await applyGone(documents, stream, docs, held.cursor.fetch)
    const written = settled.filter(({ outcome }) => outcome === 'updated' || outcome === 'created')
    // A delete that is inferred was not read.
    one.deleted += docs.length
    one.read += docs.length
    run.written += written.length
    await held.save({}, [runWrite(id, run)])
    await ctx.projector.take(written)
  }
}

async function bring(ctx: Context, raw: Raw, held: Hold): Promise<void> {
  const applied = await applyPage(ctx.documents, ctx.stream, [raw], held.cursor.fetch, ctx.now())
  note(ctx, applied)
  await ctx.projector.take(applied.settled)
}

async function single(ctx: Context): Promise<void> {
  const { documents, tenant, name, stream, source, now, signal, id, input } = ctx
  if (input.id === undefined) throw new AppError('invalid-request', 'mode record needs entity and id')
  const held = await hold(documents, tenant, name, stream.entity, id, now)
  try {
    const raw = await source.one(stream.entity, input.id, signal)
    const known = raw ? null : await documents.get(tenant, 'record', recordId(tenant, name, { entity: stream.entity, id: input.id }))
    if (raw) await bring(ctx, raw, held)
    else if (known && !known.deleted && !known.data.gone) {
      const settled = await applyGone(documents, stream, [known], held.cursor.fetch)
      ctx.one.read++
      ctx.one.deleted++
      ctx.run.written += settled.length
      await ctx.projector.take(settled)
    }
  } finally {
    await held.release()
  }
}

/** Reads what the run would read and tells what would change. */
async function compare(ctx: Context, incremental: boolean): Promise<void> {
  const { source, stream, run, one, signal, input } = ctx
  const since = incremental && input.mode === 'incremental' ? 0 : null
  const options = { from: null, limit: ctx.pageSize, signal }
  const one_ = input.mode === 'record' ? await source.one(stream.entity, input.id ?? '', signal) : null
  const pages: AsyncIterable<Page> | Iterable<Page> =
    input.mode === 'record'
      ? [{ records: one_ ? [one_] : [], checkpoint: null, total: null }]
      : since === null
        ? source.scan(stream.entity, options)
        : source.changes(stream.entity, { ...options, since })
  for await (const page of pages) {
    const found = await diffPage(ctx.documents, stream, page.records as Raw[], ctx.now())
    for (const key of Object.keys(found.counts) as (keyof typeof found.counts)[]) one[key] += found.counts[key]
    one.pages++
    run.diff!.push(...found.diff.slice(0, Math.max(0, 100 - run.diff!.length)))
    ctx.onProgress?.(run)
    await turn()
  }
}
