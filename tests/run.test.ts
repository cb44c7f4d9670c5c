/** One run of one chunk against a real ledger: what is tried again, what ends, and who may end a run. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError, Cancel, type ErrorCode, Snooze } from '../src/errors.ts'
import type { Dispatch, NewItem } from '../src/ledger/ports.ts'
import { createLog } from '../src/log.ts'
import { backoffMs, exponential } from '../src/queues/define.ts'
import { jobs } from '../src/queues/index.ts'
import { openLedgerHere } from '../src/stores/ledger.sqlite.ts'
import type { Processor, Services } from '../src/workers/context.ts'
import { type RunDeps, runChunk, Stop, throttled } from '../src/workers/run.ts'

const TENANT = 'acme'
/** The processors below need no stores and no models. */
const NO_SERVICES = { now: Date.now } as Services

async function world(n: number, over: Partial<RunDeps> = {}) {
  const clock = { t: 1_000_000 }
  const ledger = openLedgerHere(':memory:', () => clock.t)
  const items = Array.from({ length: n }, (_, i): NewItem => ({ n: i, type: 'talent', key: `k${i}`, input: { i } }))
  await ledger.begin(TENANT, { id: 'b' })
  await ledger.append(TENANT, 'b', [{ stages: ['ingest'], barrier: null, items }])
  await ledger.open(TENANT, 'b')
  const sent: string[] = []
  const deps: RunDeps = {
    ledger,
    signals: { send: (signal) => void sent.push(signal.type), on: () => () => undefined, close: async () => undefined },
    services: NO_SERVICES,
    log: createLog('silent'),
    onFinished: () => void sent.push('finished'),
    active: new Map(),
    ...over,
  }
  /** What the queue would hand to a worker next, once its backoff is over. */
  const next = async (): Promise<Dispatch | undefined> => {
    const { nextInMs } = await ledger.feed({ perTenant: 0 })
    clock.t += nextInMs ?? 0
    return (await ledger.feed({ perTenant: 20 })).dispatches[0]
  }
  const payload = (d: Dispatch) => ({ tenant: d.tenant, batchId: d.batchId, chunk: d.chunk, dispatch: d.dispatch })
  const run = async (processor: Processor, more: Partial<RunDeps> = {}) => {
    const dispatch = await next()
    if (!dispatch) throw new Error('nothing is waiting')
    return runChunk(payload(dispatch), processor, { ...deps, ...more })
  }
  const state = async () => ({ batch: (await ledger.batch(TENANT, 'b'))!, items: await ledger.items(TENANT, 'b', { limit: 1000 }) })
  const lawHolds = async () => {
    const { counts } = (await state()).batch
    const { submitted, ...parts } = counts
    expect(Object.values(parts).reduce((x, y) => x + y)).toBe(submitted)
    expect(await ledger.audit(TENANT, 'b')).toEqual(counts)
    return counts
  }
  return { clock, ledger, deps, sent, next, payload, run, state, lawHolds }
}

const passAll: Processor = ({ items, settle }) => settle(items.map(({ n }) => ({ n, ms: 1 })))
const failAll =
  (code: ErrorCode): Processor =>
  ({ items, settle }) =>
    settle(items.map(({ n }) => ({ n, ms: 1, error: new AppError(code) })))
const untilStopped = async (signal: AbortSignal) => {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  throw signal.reason
}

describe('backoff', () => {
  it('doubles up to its limit, less a random share at most', () => {
    const backoff = fc.record({ delayMs: fc.integer({ min: 1, max: 60_000 }), jitter: fc.double({ min: 0, max: 1, noNaN: true }) })
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(backoff, fc.integer({ min: 1, max: 60 }), random, ({ delayMs, jitter }, attempt, r) => {
        const rule = exponential(delayMs, { jitter })
        const ms = backoffMs(rule, attempt, r)
        const full = Math.min(rule.maxMs, delayMs * 2 ** (attempt - 1))
        expect(Number.isSafeInteger(ms)).toBe(true)
        expect(ms).toBeLessThanOrEqual(full)
        expect(ms).toBeGreaterThanOrEqual(Math.floor(full * (1 - jitter)))
        expect(backoffMs(rule, attempt + 1, r)).toBeGreaterThanOrEqual(ms)
      }),
    )
  })

  it('is another one each time', () => {
    const rule = exponential(10_000, { jitter: 0.5 })
    expect(new Set(Array.from({ length: 50 }, () => backoffMs(rule, 3))).size).toBeGreaterThan(10)
  })

  it('is what the ledger waits', async () => {
    const { run, ledger } = await world(1)
    await run(failAll('internal'))
    const { nextInMs } = await ledger.feed({ perTenant: 20 })
    const { delayMs, jitter } = jobs.ingest.backoff
    expect(nextInMs).toBeGreaterThanOrEqual(delayMs * (1 - jitter))
    expect(nextInMs).toBeLessThanOrEqual(delayMs)
  })
})

describe('an item', () => {
  it('AC17: that fails again and again ends as failed, with a dead letter, and only that one', async () => {
    const { run, state, ledger, lawHolds } = await world(3)
    const oneFails: Processor = ({ items, settle }) =>
      settle(items.map(({ n }) => (n === 1 ? { n, ms: 1, error: new AppError('internal') } : { n, ms: 1 })))
    for (let attempt = 1; attempt < jobs.ingest.attempts; attempt++) {
      expect(await run(oneFails)).toMatchObject({ open: 1, ended: 0 })
      await lawHolds()
    }
    expect(await run(oneFails)).toEqual({ passed: 0, ended: 1, open: 0 })
    const { batch, items } = await state()
    expect(batch).toMatchObject({ state: 'closed', counts: { done: 2, failed: 1 } })
    expect(items[1]).toMatchObject({ outcome: 'failed', code: 'internal', attempts: jobs.ingest.attempts })
    expect(items[0]).toMatchObject({ outcome: 'done', attempts: 1 })
    expect(await ledger.deadLetters(TENANT, {}, { limit: 10 })).toMatchObject([{ n: 1, key: 'k1', code: 'internal', job: 'ingest' }])
    await lawHolds()
  })

  it('AC17: that fails twice and then goes through is done: its receipt tells how often it was tried, and no reason code', async () => {
    const { run, state, ledger, lawHolds } = await world(1)
    for (const _ of [1, 2]) expect(await run(failAll('internal'))).toMatchObject({ open: 1 })
    await run(passAll)
    const { batch, items } = await state()
    expect(batch.counts.done).toBe(1)
    expect(items[0]).toMatchObject({ outcome: 'done', attempts: 3 })
    expect(items[0]).not.toHaveProperty('code')
    expect(await ledger.deadLetters(TENANT, {}, { limit: 10 })).toEqual([])
    await lawHolds()
  })

  it('with a final error ends at once', async () => {
    const { run, state } = await world(1)
    expect(await run(failAll('subject-missing'))).toEqual({ passed: 0, ended: 1, open: 0 })
    expect((await state()).items[0]).toMatchObject({ outcome: 'failed', code: 'subject-missing', attempts: 1 })
  })

  it('spends no attempt while a store is down, however long', async () => {
    const { run, state } = await world(1)
    for (let i = 0; i < 3 * jobs.ingest.attempts; i++) expect(await run(failAll('store-down'))).toMatchObject({ open: 1 })
    expect((await state()).items[0]).toMatchObject({ code: 'store-down', attempts: 0 })
    await run(passAll)
    expect((await state()).items[0]).toMatchObject({ outcome: 'done' })
  })

  it('that its processor forgets is an error of ours, not a success', async () => {
    const { run, state } = await world(2)
    expect(await run(({ settle }) => settle([{ n: 0, ms: 1 }]))).toEqual({ passed: 1, ended: 0, open: 1 })
    expect((await state()).items).toMatchObject([{ outcome: 'done' }, { code: 'internal', attempts: 1 }])
  })

  it('is counted once, though its processor settles it twice or settles what is not its own', async () => {
    const { run, state, lawHolds } = await world(1)
    const twice: Processor = async ({ settle }) => {
      await settle([{ n: 0, ms: 1 }])
      await settle([{ n: 0, ms: 1, error: new AppError('internal') }])
      await settle([{ n: 7, ms: 1 }])
    }
    expect(await run(twice)).toEqual({ passed: 1, ended: 0, open: 0 })
    expect((await state()).items).toMatchObject([{ outcome: 'done' }])
    await lawHolds()
  })

  it('that ends its host twice is poison; the others are done', async () => {
    const { run, state, ledger, lawHolds } = await world(4)
    const killer: Processor = async ({ items, settle }) => {
      for (const { n } of items) await settle([n === 2 ? { n, ms: 1, error: new AppError('host-crashed') } : { n, ms: 1 }])
    }
    expect(await run(killer)).toEqual({ passed: 3, ended: 0, open: 1 })
    expect(await run(killer)).toEqual({ passed: 0, ended: 1, open: 0 })
    const { batch, items } = await state()
    expect(batch.counts).toMatchObject({ done: 3, failed: 1 })
    expect(items[2]).toMatchObject({ outcome: 'failed', code: 'poison', crashes: 2 })
    expect(await ledger.deadLetters(TENANT, {}, { limit: 10 })).toMatchObject([{ n: 2, code: 'poison' }])
    await lawHolds()
  })
})

describe('a processor that throws', () => {
  it('fails its open items, not what it settled', async () => {
    const { run, state } = await world(3)
    const half: Processor = async ({ settle }) => {
      await settle([{ n: 0, ms: 1 }])
      throw new TypeError('x is not a function of 张三')
    }
    expect(await run(half)).toEqual({ passed: 1, ended: 0, open: 2 })
    const { items } = await state()
    expect(items.map((item) => item.outcome ?? item.code)).toEqual(['done', 'internal', 'internal'])
    // What it said may hold anything; the ledger keeps the code.
    expect(JSON.stringify(items)).not.toContain('张三')
  })

  it('Snooze waits as long as it says and spends nothing', async () => {
    const { run, state, ledger } = await world(2)
    const snooze: Processor = () => Promise.reject(new Snooze(123_456, 'later'))
    for (let i = 0; i < 5; i++) expect(await run(snooze)).toEqual({ passed: 0, ended: 0, open: 2 })
    expect((await ledger.feed({ perTenant: 20 })).nextInMs).toBe(123_456)
    expect((await state()).items).toMatchObject([{ attempts: 0 }, { attempts: 0 }])
  })

  it('Cancel ends its items as cancelled', async () => {
    const { run, state } = await world(2)
    await run(() => Promise.reject(new Cancel('not wanted')))
    expect((await state()).batch).toMatchObject({ state: 'closed', counts: { cancelled: 2 } })
  })
})

describe('a run', () => {
  it('past its deadline counts an attempt for what is open', async () => {
    const { run, state } = await world(2)
    const slow: Processor = async ({ settle, signal }) => {
      await settle([{ n: 0, ms: 1 }])
      await untilStopped(signal)
    }
    const contract = { ...jobs.ingest, deadlineMs: 5 }
    expect(await run(slow, { contracts: { ...jobs, ingest: contract } })).toEqual({ passed: 1, ended: 0, open: 1 })
    expect((await state()).items).toMatchObject([{ outcome: 'done' }, { code: 'deadline-exceeded', attempts: 1 }])
  })

  it('past its deadline is left behind when its processor ignores the signal, and what that settles later is void', async () => {
    const { run, state, lawHolds } = await world(2)
    const late = Promise.withResolvers<void>()
    const settled = Promise.withResolvers<unknown>()
    const deaf: Processor = async ({ settle, items }) => {
      await late.promise
      await settle(items.map(({ n }) => ({ n, ms: 1 }))).then(settled.resolve, settled.resolve)
    }
    const contract = { ...jobs.ingest, deadlineMs: 5 }
    expect(await run(deaf, { contracts: { ...jobs, ingest: contract }, graceMs: 5 })).toEqual({ passed: 0, ended: 0, open: 2 })
    late.resolve()
    expect(await settled.promise).toMatchObject({ reason: 'deadline' })
    expect((await state()).items).toMatchObject(Array.from({ length: 2 }, () => ({ code: 'deadline-exceeded', attempts: 1 })))
    await lawHolds()
  })

  it('that another worker took over stops without a word in the ledger', async () => {
    const { ledger, next, payload, deps, state, lawHolds } = await world(2)
    const data = payload((await next())!)
    let settledAfter = false
    const first: Processor = async ({ settle }) => {
      await settle([{ n: 0, ms: 1 }])
      // The queue gave the job out again, as it does when a lock is lost.
      expect(await runChunk(data, passAll, deps)).toEqual({ passed: 1, ended: 0, open: 0 })
      await settle([{ n: 1, ms: 1, error: new AppError('subject-missing') }])
      settledAfter = true
    }
    await runChunk(data, first, deps)
    expect(settledAfter).toBe(false)
    expect((await state()).batch).toMatchObject({ state: 'closed', counts: { done: 2, failed: 0 } })
    expect((await ledger.deadLetters(TENANT, {}, { limit: 10 })).length).toBe(0)
    await lawHolds()
  })

  it.each(['an error', 'nothing'])('that was taken over and then ends with %s is no failed job', async (how) => {
    const { next, payload, deps, state } = await world(2)
    const data = payload((await next())!)
    const first: Processor = async () => {
      await runChunk(data, passAll, deps)
      if (how === 'an error') throw new Error('lost')
    }
    await expect(runChunk(data, first, deps)).resolves.toBeDefined()
    expect((await state()).batch.counts).toMatchObject({ done: 2 })
  })

  it('of a batch that is cancelled meanwhile keeps what was done and ends the rest', async () => {
    const { ledger, run, state, lawHolds, sent } = await world(3)
    let went = 0
    const stepwise: Processor = async ({ items, settle }) => {
      for (const { n } of items) {
        if (n === 1) await ledger.cancel(TENANT, 'b')
        await settle([{ n, ms: 1 }])
        went++
      }
    }
    await run(stepwise)
    expect(went).toBe(1)
    expect((await state()).batch).toMatchObject({ state: 'closed', counts: { done: 2, cancelled: 1 } })
    expect(sent.at(-2)).toBe('closed')
    await lawHolds()
  })

  it('that is told to hand its chunk back spends no attempt', async () => {
    const { run, deps, state, next } = await world(2)
    const drained: Processor = async ({ settle, signal }) => {
      await settle([{ n: 0, ms: 1 }])
      for (const { abort } of deps.active.values()) abort.abort(new Stop('drain'))
      await untilStopped(signal)
    }
    expect(await run(drained)).toEqual({ passed: 1, ended: 0, open: 1 })
    expect((await state()).items[1]).toMatchObject({ attempts: 0 })
    expect(deps.active.size).toBe(0)
    // At once, without a backoff.
    expect(await next()).toBeDefined()
  })

  it('of a chunk that is closed or was handed out anew does nothing', async () => {
    const { next, payload, deps } = await world(1)
    const data = payload((await next())!)
    await runChunk(data, passAll, deps)
    const never: Processor = () => Promise.reject(new Error('must not run'))
    const skipped = { passed: 0, ended: 0, open: 0, skipped: true }
    expect(await runChunk(data, never, deps)).toEqual(skipped)
    expect(await runChunk({ ...data, dispatch: 9 }, never, deps)).toEqual(skipped)
    expect(await runChunk({ ...data, tenant: 'rival' }, never, deps)).toEqual(skipped)
  })

  it.each([
    ['nothing', undefined],
    ['text', 'resume'],
    ['a path', { tenant: '../acme', batchId: 7, chunk: 0, dispatch: 1 }],
    ['more than ids', { tenant: TENANT, batchId: 'b', chunk: 0, dispatch: 1, url: 'http://127.0.0.1/' }],
    ['a negative chunk', { tenant: TENANT, batchId: 'b', chunk: -1, dispatch: 1 }],
    ['half a chunk', { tenant: TENANT, batchId: 'b', chunk: 0.5, dispatch: 1 }],
  ])('takes %s from nobody', async (_what, data) => {
    const { deps, state } = await world(1)
    let ran = false
    const processor: Processor = async () => {
      ran = true
    }
    await expect(runChunk(data, processor, deps)).rejects.toThrow()
    expect(ran).toBe(false)
    expect((await state()).batch.counts).toMatchObject({ waiting: 1 })
  })

  it('tells its progress after each settlement, and the queue hears of it at most once in a while', async () => {
    const seen: number[] = []
    const { run } = await world(5, { onProgress: ({ passed }) => void seen.push(passed) })
    await run(async ({ items, settle }) => {
      for (const { n } of items) await settle([{ n, ms: 1 }])
    })
    expect(seen).toEqual([1, 2, 3, 4, 5])

    const clock = { t: 50_000 }
    const told: number[] = []
    const tell = throttled(
      (value: number) => void told.push(value),
      1000,
      () => clock.t,
    )
    for (let i = 0; i < 100; i++) {
      tell(i)
      clock.t += 100
    }
    expect(told).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
  })
})
