import { Snooze, toAppError } from '../errors.ts'
import { project } from '../matching/project.ts'
import { sync as contract, type SyncInput } from '../queues/sync.ts'
import type { Doc } from '../stores/ports.ts'
import { runIdOf, runSync } from '../sync/run.ts'
import type { Settled } from '../sync/settle.ts'
import type { Context, WorkItem } from './context.ts'
import { Stop } from './run.ts'

/** A run hands its place back after this long and goes on from its last page: the job's deadline must not end it. */
const TURN_MS = contract.deadlineMs - 2 * 60_000
const AWAY_MS = 15_000

export default async function sync(context: Context): Promise<void> {
  for (const item of context.items) {
    const began = performance.now()
    await runOne(context, item)
    await context.settle([{ n: item.n, ms: performance.now() - began }])
  }
}

async function runOne(context: Context, item: WorkItem): Promise<void> {
  const { tenant, batchId, stores, sources, now, attempt } = context
  const input = item.input as SyncInput
  const turn = AbortSignal.timeout(TURN_MS)
  const { source, rules, lagMs, pageSize } = sources.open(tenant, input.source)
  try {
    await runSync(
      {
        documents: stores.documents,
        source,
        name: input.source,
        tenant,
        rules,
        lagMs,
        pageSize,
        now,
        signal: AbortSignal.any([context.signal, turn]),
        final: attempt >= contract.attempts,
        project: (written) => projectWritten(context, written),
        onProgress: () => context.pageDone(),
      },
      input,
      runIdOf(batchId, item.n),
    )
  } catch (thrown) {
    const stop = context.signal.reason
    if (stop instanceof Stop) {
      if (stop.reason === 'cancelled') await markCancelled(context, runIdOf(batchId, item.n))
      throw thrown
    }
    if (turn.aborted) throw new Snooze(0, 'the run goes on in its next turn')
    const error = toAppError(thrown)
    // Nothing is wrong with the run: it waits for its source, or for the run before it.
    if (error.row.retry === 'park') throw new Snooze(Math.max(1, error.retryAfter ?? AWAY_MS / 1000) * 1000, error.code)
    throw error
  }
}

async function projectWritten({ tenant, stores, embedder, signal }: Context, written: Settled[]): Promise<void> {
  const docs: Doc[] = []
  for (const [kind, some] of Map.groupBy(written, ({ subject }) => subject.kind))
    docs.push(
      ...(await stores.documents.many(
        tenant,
        kind,
        some.map(({ subject }) => subject.id),
      )),
    )
  await project(stores, embedder, docs, { lane: 'bulk', signal })
}

async function markCancelled({ tenant, stores, now }: Context, id: string): Promise<void> {
  const doc = await stores.documents.get(tenant, 'run', id)
  if (!doc || doc.deleted) return
  const data = { ...doc.data, status: 'cancelled' as const, code: 'cancelled', endedAt: new Date(now()).toISOString() }
  await stores.documents.put(tenant, [{ kind: 'run', id, data, source: { by: 'sync' } }])
}
