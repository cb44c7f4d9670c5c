/** Opening batches: the steps that uploads, lines, re-runs and matches share. */
import { newId } from '../canonical/ids.ts'
import { AppError } from '../errors.ts'
import type { Batch } from '../ledger/ports.ts'
import { createBatchWriter } from '../ledger/writer.ts'
import { languageOf } from './problem.ts'
import type { Answer, ApiDeps, Call } from './route.ts'
import { createSubmission, type Rejection, type Submission } from './submission.ts'
import { batchView } from './views.ts'

/** Refuses new work at once when it could not be moved on: the queue is down, the process stops, or the tenant has too much waiting. */
export async function admit(call: Call): Promise<void> {
  const { deps } = call
  if (deps.stopping()) throw new AppError('shutting-down', undefined, { retryAfter: 5 })
  await deps.client.check()
  const { open, endedLastMinute } = await deps.ledger.load(call.caller.tenant)
  if (open < deps.config.maxWaiting) return
  // Seconds until the excess is worked off at the tenant's own rate of the last minute; a minute where nothing ended.
  const retryAfter = endedLastMinute > 0 ? ((open - deps.config.maxWaiting + 1) / endedLastMinute) * 60 : 60
  throw new AppError('quota-exceeded', undefined, { retryAfter })
}

/** Removes the files that a request stored and that were not there before. */
export type TakeBack = () => Promise<void>

/** Runs `fill` into a new batch; it answers what takes its files back. Whatever fails, nothing of the batch stays. */
export async function submit(
  call: Call,
  options: { label?: string | null; rerunOf?: string | null },
  fill: (submission: Submission) => Promise<TakeBack | undefined>,
): Promise<{ batch: Batch; rejected: Rejection[] }> {
  await admit(call)
  const { deps, caller } = call
  const id = newId('b')
  const writer = createBatchWriter(deps.ledger, caller.tenant, { id, ...options, requestId: call.requestId })
  let takeBack: TakeBack | undefined
  try {
    const submission = createSubmission(writer.write)
    takeBack = await fill(submission)
    const rest = submission.rest()
    const { items, rejected } = submission.report(languageOf(call.req.get('accept-language')))
    if (items === 0) throw new AppError('empty-batch')
    const batch = await writer.close(rest, call.idempotency && { ...call.idempotency, hash: call.idempotency.hash() })
    void deps.feeder.feed()
    return { batch, rejected }
  } catch (error) {
    await writer.discard()
    // A file too many can stay, a file too few would be somebody's résumé: only where the batch is surely not there.
    if (takeBack && (await deps.ledger.batch(caller.tenant, id).catch(() => undefined)) === null) await takeBack()
    throw error
  }
}

/** 202 with the place to look; with `Prefer: wait=N` the finished batch, 200, when it ends within N seconds (at most 60). */
export async function answerBatch(call: Call, batch: Batch, extra: Record<string, unknown> = {}): Promise<Answer> {
  const seconds = preferWait(call)
  const last = seconds > 0 ? await waitClosed(call.deps, batch, seconds * 1000, call) : batch
  const location = `/v1/batches/${batch.id}`
  return {
    status: last.state === 'closed' ? 200 : 202,
    body: { ...batchView(last), ...extra },
    location,
    headers: seconds > 0 ? { 'preference-applied': `wait=${seconds}` } : {},
  }
}

function preferWait({ req }: Call): number {
  const found = /(?:^|[,;\s])wait=(\d{1,5})/.exec(req.get('prefer') ?? '')
  return found ? Math.min(60, Number(found[1])) : 0
}

/** A hint wakes it; the ledger is asked each second as well, since a hint may be lost. */
async function waitClosed(deps: ApiDeps, batch: Batch, ms: number, { res }: Call): Promise<Batch> {
  const end = Date.now() + ms
  let last = batch
  while (last.state !== 'closed' && Date.now() < end && !res.closed && !deps.stopping()) {
    await new Promise<void>((resolve) => {
      const off = deps.signals.on((signal) => signal.type === 'closed' && signal.batchId === batch.id && done())
      const timer = setTimeout(done, Math.min(1000, Math.max(0, end - Date.now())))
      function done() {
        off()
        clearTimeout(timer)
        resolve()
      }
    })
    last = (await deps.ledger.batch(batch.tenant, batch.id)) ?? last
  }
  return last
}
