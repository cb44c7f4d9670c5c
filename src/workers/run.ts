/** One run of one chunk: claim, perform with deadline and signals, record, finish. The queue's job only says which chunk. */
import { AppError, Cancel, Snooze, toAppError } from '../errors.ts'
import type { Claim, ItemResult, Ledger } from '../ledger/ports.ts'
import type { Logger } from '../log.ts'
import { backoffMs, type JobContract, Payload, type Result } from '../queues/define.ts'
import { type JobName, jobs } from '../queues/index.ts'
import type { Signals } from '../queues/signals.ts'
import type { Processor, Services, Settled } from './context.ts'

/** Why a run is ended from outside. Nothing of it counts as an attempt, apart from the deadline. */
export type Reason = 'cancelled' | 'drain' | 'fenced' | 'deadline'
export class Stop extends Error {
  readonly reason: Reason
  constructor(reason: Reason) {
    super(reason)
    this.reason = reason
  }
}

export type RunDeps = {
  ledger: Ledger
  signals: Signals
  services: Services
  log: Logger
  /** Called when a chunk ended, so that its next stage goes out at once. */
  onFinished: () => void
  /** The runs of this process, for drain and for cancel. */
  active: Map<string, { claim: Claim; abort: AbortController }>
  onProgress?: (counts: { passed: number; ended: number; open: number; pages?: number }) => void
  /** Attempts, backoff and deadline by job; those of queues/ unless told otherwise. */
  contracts?: Record<JobName, JobContract>
  /** Milliseconds after the deadline until a processor that ignores its signal is left behind. */
  graceMs?: number
}

const PARK_MS = 5000
/** A processor that does not end this long after its deadline is left behind: its slot would never be free again. */
const GRACE_MS = 10_000

export async function runChunk(data: unknown, processor: Processor, deps: RunDeps): Promise<Result> {
  const { ledger, signals, services, active } = deps
  // Whoever writes to the queue's server could put anything there: it is checked again, and the ledger decides what is done.
  const payload = Payload.parse(data)
  const claim = await ledger.claim(payload)
  if (!claim) return { passed: 0, ended: 0, open: 0, skipped: true }
  const contract = (deps.contracts ?? jobs)[claim.job]
  const log = deps.log.child({ job: claim.job, tenant: claim.tenant, batchId: claim.batchId, chunk: claim.chunk, attempt: claim.attempt })
  const abort = new AbortController()
  const key = `${claim.batchId}_${claim.chunk}_${claim.fence}`
  active.set(key, { claim, abort })
  const deadline = setTimeout(() => abort.abort(new Stop('deadline')), contract.deadlineMs)
  let grace: NodeJS.Timeout | undefined
  const overdue = new Promise<never>((_resolve, reject) => {
    grace = setTimeout(() => reject(new Stop('deadline')), contract.deadlineMs + (deps.graceMs ?? GRACE_MS))
  })
  overdue.catch(() => undefined)

  const counts = { passed: 0, ended: 0, open: claim.items.length }
  const open = new Map(claim.items.map((item) => [item.n, item]))
  let pages = 0
  let delayMs = 0
  let attempted = false

  /** Records results of items that are still open; those of the last ones end the run in the same write. */
  const record = async (settled: Settled[]): Promise<void> => {
    const results = firstOfEach(settled)
      .filter(({ n }) => open.has(n))
      .map((one) => toResult(one, contract, claim.attempt, open.get(one.n)!.crashes))
    if (results.length === 0) return
    for (const result of results)
      if (result.to === 'again') {
        attempted ||= result.attempt
        delayMs = Math.max(delayMs, result.attempt ? backoffMs(contract.backoff, claim.attempt) : PARK_MS)
      }
    let cancelled = false
    if (results.length === open.size) await end(results)
    else {
      const recorded = await ledger.record(claim, results)
      if (!recorded.ok) throw new Stop('fenced')
      cancelled = recorded.cancelled
      signals.send({ type: 'changed', tenant: claim.tenant, batchId: claim.batchId })
    }
    for (const { n, to } of results) {
      open.delete(n)
      if (to === 'again') continue
      counts.open--
      counts[to === 'pass' ? 'passed' : 'ended']++
    }
    progress()
    if (cancelled) abort.abort(new Stop('cancelled'))
  }
  const progress = () => deps.onProgress?.(pages > 0 ? { ...counts, pages } : counts)
  let ended = false
  const end = async (results: ItemResult[]): Promise<void> => {
    const { ok, batchClosed } = await ledger.finish(claim, { results, retryInMs: delayMs, attempted })
    ended = true
    if (!ok) throw new Stop('fenced')
    signals.send({ type: batchClosed ? 'closed' : 'changed', tenant: claim.tenant, batchId: claim.batchId })
    deps.onFinished()
  }

  try {
    await perform(work)
    if (!ended) await perform(() => end([]))
  } finally {
    clearTimeout(deadline)
    clearTimeout(grace)
    active.delete(key)
  }
  log.info({ ...counts, retryInMs: counts.open > 0 ? delayMs : undefined }, 'chunk run ended')
  return counts

  /** Stopped or taken over: the chunk is another worker's now, and nothing is wrong with this job. */
  async function perform(part: () => Promise<void>): Promise<void> {
    try {
      await part()
    } catch (thrown) {
      if (!(thrown instanceof Stop)) throw thrown
      log.info({ reason: thrown.reason }, 'chunk run stopped')
    }
  }

  async function work(): Promise<void> {
    try {
      const processed = processor({
        ...services,
        tenant: claim!.tenant,
        batchId: claim!.batchId,
        attempt: claim!.attempt,
        items: claim!.items,
        signal: abort.signal,
        log,
        async settle(results) {
          // Left behind, it may still come: its items are settled already.
          if (ended) throw new Stop('deadline')
          await record(results)
          abort.signal.throwIfAborted()
        },
        pageDone() {
          pages++
          progress()
        },
      })
      await Promise.race([processed, overdue])
      if (open.size > 0) await record(rest(new AppError('internal', 'the processor did not settle this item')))
    } catch (thrown) {
      const stop = thrown instanceof Stop ? thrown : abort.signal.reason instanceof Stop ? abort.signal.reason : null
      if (stop?.reason === 'deadline') await record(rest(new AppError('deadline-exceeded')))
      else if (stop) log.info({ reason: stop.reason }, 'chunk run stopped')
      else if (thrown instanceof Snooze) delayMs = Math.max(delayMs, thrown.ms)
      else if (thrown instanceof Cancel) await record(rest(new AppError('cancelled', thrown.message)))
      else {
        const error = toAppError(thrown)
        log.warn({ code: error.code, err: error.cause ?? error }, 'chunk run failed')
        await record(rest(error))
      }
    }
  }

  function rest(error: AppError): Settled[] {
    return [...open.keys()].map((n) => ({ n, ms: 0, error }))
  }
}

const firstOfEach = (settled: Settled[]): Settled[] => [...new Map(settled.toReversed().map((one) => [one.n, one])).values()].reverse()

/** Calls `tell` at most once in `everyMs`, at once the first time; what comes in between is dropped. */
export function throttled<T>(tell: (value: T) => void, everyMs: number, now: () => number = Date.now): (value: T) => void {
  let last = Number.NEGATIVE_INFINITY
  return (value) => {
    if (now() - last < everyMs) return
    last = now()
    tell(value)
  }
}

/** The error's row decides: `no` ends the item, `backoff` tries again while attempts are left, `park` tries again and spends none. */
function toResult(settled: Settled, contract: JobContract, attempt: number, crashes: number): ItemResult {
  const { n, ms } = settled
  if (!('error' in settled)) return { n, ms, to: 'pass', subject: settled.subject, next: settled.next }
  const { code, detail, row } = settled.error
  const crash = code === 'host-crashed'
  if (crash && crashes >= 1) return { n, ms, to: 'end', outcome: 'failed', code: 'poison', attempt: true, crash }
  if (code === 'cancelled') return { n, ms, to: 'end', outcome: 'cancelled', code }
  if (row.retry === 'no')
    return { n, ms, to: 'end', outcome: contract.unreadable?.includes(code) ? 'unreadable' : 'failed', code, detail, attempt: true }
  if (row.retry === 'park') return { n, ms, to: 'again', code, attempt: false }
  if (attempt >= contract.attempts) return { n, ms, to: 'end', outcome: 'failed', code, detail, attempt: true, crash }
  return { n, ms, to: 'again', code, attempt: true, crash }
}
