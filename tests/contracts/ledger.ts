/** The contract of the ledger: what was asked, and what became of each item, under any order of claims, losses, retries and cancels. */
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Claim, ItemResult, KeyHolder, Ledger, NewChunk, NewItem, ProcessInfo } from '../../src/ledger/ports.ts'

const items = (n: number, from = 0): NewItem[] =>
  Array.from({ length: n }, (_, i) => ({ n: from + i, type: 'talent', key: `k${from + i}`, input: { i } }))
export const chunk = (n: number, from = 0, over: Partial<NewChunk> = {}): NewChunk => ({
  stages: ['ingest', 'embed', 'match'],
  barrier: 2,
  items: items(n, from),
  ...over,
})

/** Requests that hold an idempotency key: two of a process, one of another. */
const [p1, again, p2] = ['p1 a', 'p1 b', 'p2 a'].map((name) => {
  const [processId = '', request = ''] = name.split(' ')
  return { processId, request }
}) as [KeyHolder, KeyHolder, KeyHolder]

export { p1, p2 }

const alive = (id: string, seenAt: number): ProcessInfo => ({ id, role: 'api', pid: 1, host: 'h', queues: [], models: [], seenAt })

const pass = (claim: Claim): ItemResult[] => claim.items.map(({ n }) => ({ n, ms: 1, to: 'pass' }))

/** Runs whatever the ledger gives out until it gives nothing; answers the order of tenants. */
export async function work(ledger: Ledger, results: (claim: Claim) => ItemResult[] = pass, rounds = 1000): Promise<string[]> {
  const order: string[] = []
  for (let i = 0; i < rounds; i++) {
    const { dispatches } = await ledger.feed({ perTenant: 20 })
    if (dispatches.length === 0) break
    for (const dispatch of dispatches.sort((a, b) => a.priority - b.priority)) {
      const claim = await ledger.claim(dispatch)
      if (!claim) continue
      order.push(claim.tenant)
      await ledger.record(claim, results(claim))
      await ledger.finish(claim, { retryInMs: 0, attempted: false })
    }
  }
  return order
}

export async function lawHolds(ledger: Ledger, tenant: string, id: string) {
  const { counts } = (await ledger.batch(tenant, id))!
  const { submitted, ...parts } = counts
  expect(Object.values(parts).reduce((a, b) => a + b)).toBe(submitted)
  expect(await ledger.audit(tenant, id)).toEqual(counts)
  return counts
}

/** `open` gives an empty ledger whose clock is `now`, in milliseconds. `runs`: how many random histories are tried. */
export function ledgerContract(name: string, open: (now: () => number) => Promise<Ledger>, runs = 60): void {
  async function world() {
    const clock = { t: 1_000_000 }
    const ledger = await open(() => clock.t)
    onTestFinished(() => ledger.close())
    const submit = async (tenant: string, id: string, chunks: NewChunk[]) => {
      await ledger.begin(tenant, { id })
      await ledger.append(tenant, id, chunks)
      return ledger.open(tenant, id)
    }
    return { clock, ledger, submit }
  }

  describe(name, () => {
    describe('a batch', () => {
      it('goes through its stages and closes', async () => {
        const { ledger, submit } = await world()
        await submit('acme', 'b1', [chunk(3), chunk(2, 3)])
        await work(ledger)
        const batch = (await ledger.batch('acme', 'b1'))!
        expect(batch.state).toBe('closed')
        expect(batch.counts).toMatchObject({ submitted: 5, done: 5, waiting: 0, running: 0 })
        expect(batch.stages.map(({ job, passed }) => [job, passed])).toEqual([
          ['ingest', 5],
          ['embed', 5],
          ['match', 5],
        ])
        await lawHolds(ledger, 'acme', 'b1')
        const events = await ledger.events('acme', 'b1', 0, 100)
        expect(events[0]?.type).toBe('opened')
        expect(events.at(-1)?.type).toBe('closed')
      })

      describe('with a stage that only some items go through', () => {
        const stages: NewChunk['stages'] = ['resume-parse', 'ocr', 'embed', 'match']
        const counted = async (ledger: Ledger) =>
          (await ledger.batch('acme', 'b1'))!.stages.map(({ job, total, passed, ended, runs }) => [job, total, passed, ended, runs])

        it('hands the others on past it, and counts only those that went in', async () => {
          const { ledger, submit } = await world()
          await submit('acme', 'b1', [chunk(3, 0, { stages, barrier: 3 })])
          const seen: [string, number[]][] = []
          await work(ledger, (claim) => {
            seen.push([claim.job, claim.items.map(({ n }) => n)])
            return claim.items.map(({ n }) => {
              if (claim.job === 'resume-parse' && n !== 1) return { n, ms: 1, to: 'pass', next: 'embed' }
              return claim.job === 'ocr'
                ? { n, ms: 1, to: 'end', outcome: 'unreadable', code: 'unrecognized-text' }
                : { n, ms: 1, to: 'pass' }
            })
          })
          expect(seen).toEqual([
            ['resume-parse', [0, 1, 2]],
            ['ocr', [1]],
            ['embed', [0, 2]],
            ['match', [0, 2]],
          ])
          expect(await counted(ledger)).toEqual([
            ['resume-parse', 3, 3, 0, 1],
            ['ocr', 1, 0, 1, 1],
            ['embed', 2, 2, 0, 1],
            ['match', 2, 2, 0, 1],
          ])
          expect(await lawHolds(ledger, 'acme', 'b1')).toMatchObject({ done: 2, unreadable: 1 })
        })

        it('gives it no run where every item goes past, and waits at the barrier all the same', async () => {
          const { ledger, submit } = await world()
          await submit('acme', 'b1', [chunk(2, 0, { stages, barrier: 2 }), chunk(1, 2, { stages, barrier: 2 })])
          const past = (claim: Claim): ItemResult[] => claim.items.map(({ n }) => ({ n, ms: 1, to: 'pass', next: 'embed' }))
          const [first, second] = (await ledger.feed({ perTenant: 2 })).dispatches
          const claim = (await ledger.claim(first!))!
          await ledger.finish(claim, { results: past(claim), retryInMs: 0, attempted: false })
          expect((await ledger.feed({ perTenant: 2 })).dispatches).toEqual([])
          const last = (await ledger.claim(second!))!
          await ledger.finish(last, { results: past(last), retryInMs: 0, attempted: false })
          await work(ledger)
          expect((await counted(ledger))[1]).toEqual(['ocr', 0, 0, 0, 0])
          expect(await lawHolds(ledger, 'acme', 'b1')).toMatchObject({ done: 3 })
        })

        it('takes a stage that lies behind or is unknown for the one that follows', async () => {
          const { ledger, submit } = await world()
          await submit('acme', 'b1', [chunk(1, 0, { stages, barrier: 3 })])
          const jobs: string[] = []
          await work(ledger, (claim) => {
            jobs.push(claim.job)
            return [{ n: 0, ms: 1, to: 'pass', next: claim.job === 'embed' ? 'resume-parse' : 'ingest' }]
          })
          expect(jobs).toEqual(stages)
        })
      })

      it('waits at the barrier until every chunk has arrived, also when the last one fails', async () => {
        const { ledger, submit } = await world()
        await submit('acme', 'b1', [chunk(1), chunk(1, 1)])
        const seen: string[] = []
        await work(ledger, (claim) => {
          seen.push(`${claim.job}${claim.chunk}`)
          return claim.chunk === 1 && claim.job === 'embed'
            ? [{ n: 1, ms: 1, to: 'end', outcome: 'failed', code: 'internal', attempt: true }]
            : pass(claim)
        })
        expect(seen.indexOf('match0')).toBeGreaterThan(seen.indexOf('embed1'))
        expect(seen).not.toContain('match1')
        expect((await ledger.batch('acme', 'b1'))!.counts).toMatchObject({ done: 1, failed: 1 })
      })

      it('is invisible to other tenants in every read', async () => {
        const { ledger, submit } = await world()
        await submit('acme', 'b1', [chunk(2)])
        await work(ledger, (claim) =>
          claim.items.map(({ n }) => ({ n, ms: 1, to: 'end', outcome: 'failed', code: 'internal', attempt: true })),
        )
        expect(await ledger.batch('evil', 'b1')).toBeNull()
        expect(await ledger.batches('evil', { limit: 10 })).toEqual([])
        expect(await ledger.items('evil', 'b1', { limit: 10 })).toEqual([])
        expect(await ledger.events('evil', 'b1', 0, 10)).toEqual([])
        expect(await ledger.failedInputs('evil', 'b1')).toEqual([])
        expect(await ledger.deadLetters('evil', {}, { limit: 10 })).toEqual([])
        const [letter] = await ledger.deadLetters('acme', {}, { limit: 10 })
        expect(await ledger.deadLetterInputs('evil', [letter!.id])).toEqual([])
        expect(await ledger.cancel('evil', 'b1')).toBe(false)
      })

      it('empties what it holds of a person, of one tenant, once they have ended', async () => {
        const { ledger, submit } = await world()
        const person = { subject: 't_1', blob: 'b10b', externalId: 'ada' }
        const about = [
          { n: 0, type: 'talent', key: 'ada', input: { id: 'ada', name: 'Ada' } },
          { n: 1, type: 'resume', key: 'ada.pdf', input: { blob: 'b10b', fileName: 'ada.pdf' } },
          { n: 2, type: 'match', key: 't_1', input: { talentId: 't_1' } },
          { n: 3, type: 'talent', key: 'found later', input: { name: 'Ada' } },
          { n: 4, type: 'talent', key: 'omar', input: { id: 'omar', name: 'Omar' } },
        ]
        for (const tenant of ['acme', 'evil'])
          await submit(tenant, `b-${tenant}`, [chunk(0, 0, { stages: ['ingest'], barrier: null, items: about })])
        expect(await ledger.erase('acme', person, { after: null, limit: 10 })).toEqual({ items: 0, open: 3, next: null })
        await work(ledger, (claim) =>
          claim.items.map(({ n }) =>
            n === 3
              ? { n, ms: 1, to: 'pass', subject: { kind: 'talent', id: 't_1' } }
              : { n, ms: 1, to: 'end', outcome: 'failed', code: 'internal', detail: 'of Ada', attempt: true },
          ),
        )
        expect(await ledger.erase('acme', person, { after: null, limit: 1 })).toMatchObject({ items: 4, open: 0 })
        expect(await ledger.erase('acme', person, { after: null, limit: 10 })).toEqual({ items: 0, open: 0, next: null })
        const shown = async (tenant: string) => [
          (await ledger.items(tenant, `b-${tenant}`, { limit: 10 })).map(({ key, detail }) => [key, detail]),
          (await ledger.deadLetters(tenant, {}, { limit: 10 })).map(({ key }) => key),
          (await ledger.failedInputs(tenant, `b-${tenant}`)).map(({ input }) => input),
          (await ledger.events(tenant, `b-${tenant}`, 0, 100)).flatMap(({ data }) =>
            ((data as { items?: { key: string | null }[] }).items ?? []).map(({ key }) => key),
          ),
        ]
        const gone = [null, undefined]
        expect(await shown('acme')).toEqual([
          [gone, gone, gone, gone, ['omar', 'of Ada']],
          [null, null, null, 'omar'],
          [{ id: 'omar', name: 'Omar' }],
          [null, null, null, null, 'omar'],
        ])
        expect(JSON.stringify(await shown('evil'))).toContain('ada.pdf')
        expect(await lawHolds(ledger, 'acme', 'b-acme')).toMatchObject({ done: 1, failed: 4 })
      })

      it('keeps nothing of an item whose person was erased, and all of its neighbours', async () => {
        const { ledger, submit } = await world()
        const input = (id: string) => ({ id, name: id })
        await submit('acme', 'b1', [
          chunk(0, 0, {
            stages: ['ingest'],
            barrier: null,
            items: ['ada', 'omar', 'ida'].map((id, n) => ({ n, type: 'talent', key: id, input: input(id) })),
          }),
        ])
        await work(ledger, (claim) =>
          claim.items.map(({ n }) => ({
            ...{ n, ms: 1, to: 'end', outcome: 'failed', detail: 'of somebody', attempt: true },
            code: n === 1 ? 'internal' : 'person-erased',
          })),
        )
        const items = await ledger.items('acme', 'b1', { limit: 10 })
        expect(items.map(({ key, code, detail }) => [key, code, detail])).toEqual([
          [null, 'person-erased', undefined],
          ['omar', 'internal', 'of somebody'],
          [null, 'person-erased', undefined],
        ])
        const letters = await ledger.deadLetters('acme', {}, { limit: 10 })
        expect(letters.map(({ key }) => key).sort()).toEqual([null, null, 'omar'])
        expect((await ledger.failedInputs('acme', 'b1')).map((one) => one.input)).toEqual([input('omar')])
        expect(JSON.stringify(await ledger.events('acme', 'b1', 0, 100))).not.toMatch(/ada|ida/)
        expect(await lawHolds(ledger, 'acme', 'b1')).toMatchObject({ failed: 3 })
      })

      it('keeps rejected lines as failed items and closes when there is nothing else', async () => {
        const { ledger, submit } = await world()
        const batch = await submit('acme', 'b1', [
          chunk(0, 0, { items: [{ n: 0, type: 'unknown', key: null, input: null, rejected: 'malformed-line', detail: 'line 1' }] }),
        ])
        expect(batch.state).toBe('closed')
        expect(batch.counts).toMatchObject({ submitted: 1, failed: 1 })
        expect(await ledger.failedInputs('acme', 'b1')).toEqual([])
      })

      it('leaves nothing when it is discarded', async () => {
        const { ledger } = await world()
        await ledger.begin('acme', { id: 'b1' })
        await ledger.append('acme', 'b1', [chunk(2)])
        expect((await ledger.feed({ perTenant: 20 })).dispatches).toEqual([])
        expect(await ledger.batches('acme', { limit: 10 })).toEqual([])
        await ledger.discard('acme', 'b1')
        expect(await ledger.batch('acme', 'b1')).toBeNull()
        await expect(ledger.open('acme', 'b1')).rejects.toMatchObject({ code: 'not-found' })
      })

      it('pages its items in order over chunks that interleave', async () => {
        const { ledger, submit } = await world()
        const odd = items(10).filter((item) => item.n % 2)
        const even = items(10).filter((item) => item.n % 2 === 0)
        await submit('acme', 'b1', [chunk(0, 0, { items: odd }), chunk(0, 0, { items: even })])
        const seen: number[] = []
        for (let after: number | undefined; ; ) {
          const page = await ledger.items('acme', 'b1', { after, limit: 3 })
          if (page.length === 0) break
          seen.push(...page.map((item) => item.n))
          after = seen.at(-1)
        }
        expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      })
    })

    describe('delivery at least once, effect exactly once', () => {
      it('fences a slow run off once another claims the chunk', async () => {
        const { ledger, submit } = await world()
        await submit('acme', 'b1', [chunk(2)])
        const [dispatch] = (await ledger.feed({ perTenant: 20 })).dispatches
        const slow = (await ledger.claim(dispatch!))!
        const fast = (await ledger.claim(dispatch!))!
        expect((await ledger.record(slow, pass(slow))).ok).toBe(false)
        expect(await ledger.touch(slow)).toBe(false)
        expect((await ledger.finish(slow, { retryInMs: 0, attempted: true })).ok).toBe(false)
        expect((await ledger.record(fast, pass(fast))).ok).toBe(true)
        expect((await ledger.record(fast, pass(fast))).ok).toBe(true)
        expect((await ledger.items('acme', 'b1', { limit: 10 })).map((item) => item.passed)).toEqual([1, 1])
      })

      it('has nothing to do for a job that was given out before a newer dispatch', async () => {
        const { ledger, submit } = await world()
        await submit('acme', 'b1', [chunk(1)])
        const [old] = (await ledger.feed({ perTenant: 20 })).dispatches
        await ledger.recover(old!, { maxLost: 5 })
        const [now] = (await ledger.feed({ perTenant: 20 })).dispatches
        expect(await ledger.claim(old!)).toBeNull()
        expect(await ledger.claim(now!)).not.toBeNull()
      })

      it('gives only open items to the next run, with their inputs', async () => {
        const { ledger, submit, clock } = await world()
        await submit('acme', 'b1', [chunk(3)])
        const [dispatch] = (await ledger.feed({ perTenant: 20 })).dispatches
        const claim = (await ledger.claim(dispatch!))!
        await ledger.record(claim, [
          { n: 0, ms: 1, to: 'pass' },
          { n: 1, ms: 1, to: 'again', code: 'store-down', attempt: false },
        ])
        await ledger.finish(claim, { retryInMs: 5000, attempted: false })
        const early = await ledger.feed({ perTenant: 20 })
        expect(early.dispatches).toEqual([])
        expect(early.nextInMs).toBe(5000)
        clock.t += 5000
        const [again] = (await ledger.feed({ perTenant: 20 })).dispatches
        const second = (await ledger.claim(again!))!
        expect(second.items.map(({ n, input }) => [n, input])).toEqual([
          [1, { i: 1 }],
          [2, { i: 2 }],
        ])
        expect(second.attempt).toBe(1)
      })

      it('says of an item that is done nothing of what it had to be tried again for', async () => {
        const { ledger, submit } = await world()
        await submit('acme', 'b1', [chunk(1, 0, { stages: ['ingest'], barrier: null })])
        const [dispatch] = (await ledger.feed({ perTenant: 20 })).dispatches
        const claim = (await ledger.claim(dispatch!))!
        await ledger.record(claim, [{ n: 0, ms: 1, to: 'again', code: 'store-down', attempt: false }])
        expect(await ledger.items('acme', 'b1', { limit: 10 })).toMatchObject([{ code: 'store-down', attempts: 0 }])
        await ledger.finish(claim, { retryInMs: 0, attempted: false })
        await work(ledger)
        const [item] = await ledger.items('acme', 'b1', { limit: 10 })
        expect(item).toMatchObject({ outcome: 'done', attempts: 1 })
        expect(item!.code).toBeUndefined()
      })

      it('fails the items of a chunk whose workers are lost again and again, and forgets losses once something was recorded', async () => {
        const { ledger, submit } = await world()
        await submit('acme', 'b1', [chunk(2)])
        const lose = async (recordFirst: boolean) => {
          const [dispatch] = (await ledger.feed({ perTenant: 20 })).dispatches
          const claim = (await ledger.claim(dispatch!))!
          if (recordFirst) await ledger.record(claim, [{ n: claim.items[0]!.n, ms: 1, to: 'pass' }])
          await ledger.recoverAll({ maxLost: 2 })
        }
        await lose(false)
        await lose(false)
        await lose(true)
        expect((await ledger.batch('acme', 'b1'))!.state).toBe('open')
        await lose(false)
        await lose(false)
        const counts = await lawHolds(ledger, 'acme', 'b1')
        expect(counts.failed).toBe(2)
        expect((await ledger.deadLetters('acme', { code: 'worker-lost' }, { limit: 10 })).length).toBe(2)
      })

      it('holds the conservation law under any order of claims, losses, retries, cancels and repeats', async () => {
        const step = fc.record({
          op: fc.constantFrom('run', 'skip', 'lose', 'retry', 'fail', 'repeat', 'cancel', 'half'),
          pick: fc.nat(50),
        })
        await fc.assert(
          fc.asyncProperty(
            fc.array(step, { minLength: 1, maxLength: 40 }),
            fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
            async (steps, sizes) => {
              const { ledger, submit, clock } = await world()
              let from = 0
              await submit(
                't',
                'b',
                sizes.map((size) => {
                  from += size
                  return chunk(size, from - size, { stages: ['resume-parse', 'ocr', 'embed', 'match'], barrier: 3 })
                }),
              )
              const old: Claim[] = []
              for (const { op, pick } of steps) {
                clock.t += 10_000
                await ledger.feed({ perTenant: 2 })
                clock.t += 10_000
                const open = await ledger.idle(1)
                if (op === 'cancel' && pick === 0) await ledger.cancel('t', 'b')
                const target = open[pick % Math.max(1, open.length)]
                if (!target) continue
                if (op === 'lose') await ledger.recover(target, { maxLost: 2 })
                else if (op === 'repeat' && old.length > 0) await ledger.record(old[pick % old.length]!, pass(old[pick % old.length]!))
                else {
                  const claim = await ledger.claim(target)
                  if (!claim) continue
                  old.push(claim)
                  const results: ItemResult[] = claim.items.map(({ n }) =>
                    op === 'fail'
                      ? { n, ms: 1, to: 'end', outcome: 'failed', code: 'internal', attempt: true }
                      : op === 'retry'
                        ? { n, ms: 1, to: 'again', code: 'internal', attempt: true }
                        : { n, ms: 1, to: 'pass', ...(op === 'skip' && n % 2 === pick % 2 && { next: 'embed' as const }) },
                  )
                  await ledger.record(claim, op === 'half' ? results.slice(0, 1) : results)
                  await ledger.finish(claim, { retryInMs: 0, attempted: op === 'retry' })
                }
                await lawHolds(ledger, 't', 'b')
              }
              await work(ledger)
              clock.t += 60_000
              for (const lost of await ledger.idle(1)) await ledger.recover(lost, { maxLost: 99 })
              await work(ledger)
              const counts = await lawHolds(ledger, 't', 'b')
              expect(counts.waiting + counts.running).toBe(0)
              expect((await ledger.batch('t', 'b'))!.state).toBe('closed')
            },
          ),
          { numRuns: runs },
        )
      })
    })

    describe('cancel', () => {
      it('ends waiting chunks at once and running ones at their next record', async () => {
        const { ledger, submit } = await world()
        await submit('acme', 'b1', [chunk(2), chunk(2, 2)])
        const [first] = (await ledger.feed({ perTenant: 1 })).dispatches
        const claim = (await ledger.claim(first!))!
        expect(await ledger.cancel('acme', 'b1')).toBe(true)
        expect(await ledger.cancel('acme', 'b1')).toBe(false)
        expect((await ledger.batch('acme', 'b1'))!.counts).toMatchObject({ cancelled: 2, running: 2 })
        expect(await ledger.cancelRequested([claim])).toHaveLength(1)
        expect((await ledger.record(claim, [{ n: 0, ms: 1, to: 'pass' }])).cancelled).toBe(true)
        const ended = await ledger.finish(claim, { retryInMs: 0, attempted: false })
        expect(ended.batchClosed).toBe(true)
        expect(await lawHolds(ledger, 'acme', 'b1')).toMatchObject({ cancelled: 4, done: 0 })
      })
    })

    describe('fairness', () => {
      it('lets 50 items of one tenant through before the 5,000 that another had waiting', async () => {
        const { ledger, submit } = await world()
        await submit(
          'big',
          'b1',
          Array.from({ length: 100 }, (_, i) => chunk(50, i * 50, { stages: ['ingest'], barrier: null })),
        )
        // Big's first chunk is at work already when small comes.
        const { dispatches } = await ledger.feed({ perTenant: 20 })
        const first = (await ledger.claim(dispatches[0]!))!
        await submit('small', 'b2', [chunk(50, 0, { stages: ['ingest'], barrier: null })])
        const more = await ledger.feed({ perTenant: 20 })
        const small = more.dispatches.find((d) => d.tenant === 'small')!
        const ahead = dispatches.slice(1).filter((d) => d.priority < small.priority)
        expect(dispatches).toHaveLength(20)
        expect(ahead).toEqual([])
        await ledger.finish(first, { retryInMs: 0, attempted: false })
      })

      it('takes turns between two tenants of the same weight', async () => {
        const { ledger, submit } = await world()
        for (const tenant of ['a', 'b'])
          await submit(
            tenant,
            `b-${tenant}`,
            Array.from({ length: 10 }, (_, i) => chunk(10, i * 10, { stages: ['ingest'], barrier: null })),
          )
        const order = await work(ledger)
        const firstHalf = order.slice(0, 10)
        expect(firstHalf.filter((tenant) => tenant === 'a')).toHaveLength(5)
      })

      it('keeps at most the given number of chunks of a tenant in the queue', async () => {
        const { ledger, submit } = await world()
        await submit(
          'big',
          'b1',
          Array.from({ length: 30 }, (_, i) => chunk(1, i, { stages: ['ingest'], barrier: null })),
        )
        expect((await ledger.feed({ perTenant: 20 })).dispatches).toHaveLength(20)
        expect((await ledger.feed({ perTenant: 20 })).dispatches).toHaveLength(0)
      })
    })

    describe('submitting in one step', () => {
      it('stores and answers what begin, append and open would', async () => {
        const { ledger, submit } = await world()
        const chunks = [
          chunk(3),
          chunk(0, 3, { items: [{ n: 3, type: 'talent', key: 'k3', input: null, rejected: 'invalid-item', detail: 'line 4' }] }),
        ]
        const parts = await submit('acme', 'b1', chunks)
        const whole = await ledger.submit('acme', { id: 'b2' }, chunks)
        expect(whole).toEqual(await ledger.batch('acme', 'b2'))
        expect({ ...whole, id: 'b1' }).toEqual(parts)
        expect(await ledger.items('acme', 'b2', { limit: 10 })).toEqual(await ledger.items('acme', 'b1', { limit: 10 }))
        const told = async (id: string) => (await ledger.events('acme', id, 0, 10)).map(({ type, data }) => ({ type, data }))
        expect(await told('b2')).toEqual(await told('b1'))
        await work(ledger)
        expect((await ledger.batch('acme', 'b2'))!.state).toBe('closed')
        await lawHolds(ledger, 'acme', 'b2')
      })

      it('closes a batch at once that has rejected items only', async () => {
        const { ledger } = await world()
        const rejected = chunk(0, 0, { stages: [], items: [{ n: 0, type: 'unknown', key: null, input: null, rejected: 'malformed-line' }] })
        const batch = await ledger.submit('acme', { id: 'b1' }, [rejected])
        expect(batch).toMatchObject({ state: 'closed', counts: { submitted: 1, failed: 1 } })
        expect(batch).toEqual(await ledger.batch('acme', 'b1'))
      })

      it('answers the idempotency key in the same step, and not when it fails', async () => {
        const { ledger } = await world()
        await ledger.submit('acme', { id: 'taken' }, [chunk(1)])
        await ledger.idempotencyStart('acme', 'k', p1)
        await expect(ledger.submit('acme', { id: 'taken' }, [chunk(1)], { key: 'k', hash: 'h', holder: p1 })).rejects.toThrow()
        expect(await ledger.idempotencyStart('acme', 'k', again)).toEqual({ state: 'new' })
        await ledger.submit('acme', { id: 'b1' }, [chunk(1)], { key: 'k', hash: 'h', holder: again })
        expect(await ledger.idempotencyStart('acme', 'k', p1)).toMatchObject({ state: 'done', hash: 'h', location: '/v1/batches/b1' })
      })

      it('takes submissions that come together; one that is refused leaves nothing and costs no other', async () => {
        const { ledger } = await world()
        await ledger.submit('acme', { id: 'b2' }, [chunk(1)])
        const answers = await Promise.allSettled([
          ledger.submit('acme', { id: 'b1' }, [chunk(2)]),
          ledger.submit('evil', { id: 'b2' }, [chunk(5)]),
          ledger.submit('acme', { id: 'b3' }, [chunk(3)]),
        ])
        expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
        expect((await ledger.batches('acme', { limit: 10 })).map(({ id, counts }) => [id, counts.submitted])).toEqual([
          ['b3', 3],
          ['b2', 1],
          ['b1', 2],
        ])
        expect(await ledger.batches('evil', { limit: 10 })).toEqual([])
        expect(await ledger.events('evil', 'b2', 0, 10)).toEqual([])
        const { dispatches } = await ledger.feed({ perTenant: 20 })
        expect(dispatches.map(({ tenant, batchId }) => `${tenant} ${batchId}`).sort()).toEqual(['acme b1', 'acme b2', 'acme b3'])
      })

      it('counts what was submitted into the load at once', async () => {
        const { ledger, clock } = await world()
        expect(await ledger.load('acme')).toMatchObject({ open: 0 })
        await ledger.submit('acme', { id: 'b1' }, [chunk(3)])
        expect(await ledger.load('acme')).toMatchObject({ open: 3 })
        await work(ledger)
        clock.t += 1000
        expect(await ledger.load('acme')).toMatchObject({ open: 0, endedLastMinute: 3 })
      })
    })

    describe('idempotency keys', () => {
      it('are new, then in flight, then done; and free again after a failure', async () => {
        const { ledger, clock } = await world()
        await ledger.beat(alive('p1', clock.t))
        expect(await ledger.idempotencyStart('acme', 'k', p1)).toEqual({ state: 'new' })
        expect(await ledger.idempotencyStart('acme', 'k', p2)).toEqual({ state: 'in-flight' })
        expect(await ledger.idempotencyStart('other', 'k', p1)).toEqual({ state: 'new' })
        await ledger.idempotencyEnd('acme', 'k', p1, null)
        expect(await ledger.idempotencyStart('acme', 'k', p2)).toEqual({ state: 'new' })
        await ledger.idempotencyEnd('acme', 'k', p2, { hash: 'h', status: 202, body: '{}', location: '/x' })
        expect(await ledger.idempotencyStart('acme', 'k', p1)).toEqual({
          state: 'done',
          hash: 'h',
          status: 202,
          body: '{}',
          location: '/x',
        })
      })

      it('pass to another process when their owner is gone, and to none while it lives', async () => {
        const { ledger, clock } = await world()
        await ledger.beat(alive('p1', clock.t))
        await ledger.idempotencyStart('acme', 'k', p1)
        expect(await ledger.idempotencyStart('acme', 'k', p2)).toEqual({ state: 'in-flight' })
        clock.t += 20_000
        expect(await ledger.idempotencyStart('acme', 'k', p2)).toEqual({ state: 'new' })
      })

      it('pass to the next request of a process that could not end the one before', async () => {
        const { ledger, clock } = await world()
        await ledger.beat(alive('p1', clock.t))
        await ledger.idempotencyStart('acme', 'k', p1)
        expect(await ledger.idempotencyStart('acme', 'k', again)).toEqual({ state: 'new' })
      })

      it.each(['begun', 'whole'])(
        'of one who was slow and lost it: a batch that was %s opens no more, and neither answers nor frees',
        async (how) => {
          const { ledger, clock } = await world()
          await ledger.idempotencyStart('acme', 'k', p1)
          if (how === 'begun') {
            await ledger.begin('acme', { id: 'slow' })
            await ledger.append('acme', 'slow', [chunk(2)])
          }
          clock.t += 20_000
          expect(await ledger.idempotencyStart('acme', 'k', p2)).toEqual({ state: 'new' })
          const key = { key: 'k', hash: 'h', holder: p1 }
          const late = how === 'begun' ? ledger.open('acme', 'slow', key) : ledger.submit('acme', { id: 'slow' }, [chunk(2)], key)
          await expect(late).rejects.toMatchObject({ code: 'idempotency-in-flight' })
          await ledger.idempotencyEnd('acme', 'k', p1, null)
          await ledger.idempotencyEnd('acme', 'k', p1, { hash: 'h', status: 202, body: '{}', location: '/slow' })
          await ledger.submit('acme', { id: 'b1' }, [chunk(1)], { ...key, holder: p2 })
          expect((await ledger.batches('acme', { limit: 10 })).map(({ id }) => id)).toEqual(['b1'])
          expect(await ledger.idempotencyStart('acme', 'k', again)).toMatchObject({ state: 'done', location: '/v1/batches/b1' })
          // One that is lost after it was opened has no other answer either.
          await ledger.idempotencyEnd('acme', 'k', p1, null)
          expect(await ledger.idempotencyStart('acme', 'k', p1)).toMatchObject({ state: 'done', location: '/v1/batches/b1' })
        },
      )

      it('are answered by the batch in the step that opens it', async () => {
        const { ledger } = await world()
        await ledger.idempotencyStart('acme', 'k', p1)
        await ledger.begin('acme', { id: 'b1' })
        await ledger.append('acme', 'b1', [chunk(1)])
        await ledger.open('acme', 'b1', { key: 'k', hash: 'h', holder: p1 })
        expect(await ledger.idempotencyStart('acme', 'k', p2)).toMatchObject({
          state: 'done',
          hash: 'h',
          status: 202,
          body: null,
          location: '/v1/batches/b1',
        })
      })
    })
  })
}
