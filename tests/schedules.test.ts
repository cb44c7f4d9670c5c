/** Schedules: their times, what becomes of each due time, and that no number of schedulers and crashes loses or doubles a run. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cronFault, isZone, nextAfter, timesAfter } from '../src/canonical/cron.ts'
import {
  dueOf,
  type Occurrence,
  occurrenceId,
  occurrencesOf,
  type Schedule,
  ScheduleInput,
  scheduleId,
  startsAt,
} from '../src/canonical/schedule.ts'
import type { Ledger } from '../src/ledger/ports.ts'
import { createLog } from '../src/log.ts'
import { overdueSchedules, warnOverdue } from '../src/schedulers/overdue.ts'
import { runSchedules } from '../src/schedulers/schedules.ts'
import { runByHand, type ScheduleDeps } from '../src/schedulers/start.ts'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import { openLedgerHere } from '../src/stores/ledger.sqlite.ts'
import type { Doc, Documents } from '../src/stores/ports.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const T0 = Date.parse('2026-06-01T00:00:00Z')
const iso = (ms: number) => new Date(ms).toISOString()

describe('times', () => {
  it.each([
    ['a field too few', '0 0 * *'],
    ['a year', '0 0 0 1 1 * 2027'],
    ['a date', '2027-01-01T00:00:00'],
    ['an hour that is none', '0 25 * * *'],
    ['a day that never comes', '0 0 30 2 *'],
    ['nothing', ''],
    ['an event', '@reboot'],
    ['words', 'every day at noon please'],
  ])('refuses %s', (_what, cron) => expect(cronFault(cron)).toBeTruthy())

  it.each(['30 2 * * MON-FRI', '*/5 * * * *', '15 30 2 * * *', '@daily', '@hourly', '0 0 29 2 *', '0 9 * * MON#1'])('takes %s', (cron) =>
    expect(cronFault(cron)).toBeNull(),
  )

  it('takes names of zones and nothing else', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'Asia/Shanghai'])
      expect(isZone(zone), zone).toBe(true)
    for (const zone of ['', '+02:00', 'Mars/Olympus', 'Europe/Berlin; DROP', '../etc']) expect(isZone(zone), zone).toBe(false)
  })

  /** Wall clock of a zone, as Intl tells it: nothing of the library under test is in it. */
  const wall = (zone: string) => {
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
    return (ms: number) => format.format(ms)
  }

  it.each([
    ['Europe/Berlin', '2026-03-29', '2026-10-25'],
    ['America/New_York', '2026-03-08', '2026-11-01'],
    // Its clock jumps at midnight.
    ['America/Santiago', null, null],
    ['Australia/Lord_Howe', null, null],
    ['Asia/Shanghai', null, null],
  ])('%s: a daily job runs once on each of 731 days, at its hour wherever there is one', (zone, gap, repeat) => {
    const at = wall(zone)
    for (const hour of [0, 1, 2, 3, 12]) {
      const days: string[] = []
      let time = Date.parse('2026-01-01T12:00:00Z')
      for (let i = 0; i < 731; i++) {
        const next = nextAfter(`30 ${hour} * * *`, zone, time)!
        expect(next - time).toBeGreaterThan(0)
        if (i > 0) expect(Math.abs(next - time - DAY)).toBeLessThanOrEqual(90 * MINUTE)
        time = next
        const [day, clock] = at(time).split(' ') as [string, string]
        days.push(day)
        if (clock === `${String(hour).padStart(2, '0')}:30`) continue
        // The hour did not exist: the minute before the run the clock jumped.
        expect(at(time - 1) < `${day} ${String(hour).padStart(2, '0')}:30`, `${zone} ${day} ${clock}`).toBe(true)
        expect(gap === null || !day.startsWith('2026') || day === gap, `${zone} ${day} ${clock}`).toBe(true)
      }
      expect(new Set(days).size).toBe(731)
      const span = (Date.parse(days.at(-1)!) - Date.parse(days[0]!)) / DAY
      expect(span).toBe(730)
      if (repeat) expect(days.filter((day) => day === repeat)).toHaveLength(1)
    }
  })

  it.each(['Europe/Berlin', 'America/New_York'])(
    '%s: a job of every 15 minutes follows the hours that there are, without a pause or a double',
    (zone) => {
      let time = Date.parse('2026-01-01T00:00:00Z')
      for (let i = 0; i < 4 * 24 * 731; i += 500) {
        const times = timesAfter('*/15 * * * *', zone, time, 500)
        expect(times.filter((next, n) => next - (times[n - 1] ?? time) !== 15 * MINUTE)).toEqual([])
        time = times.at(-1)!
      }
    },
  )

  it('the times do not depend on how one asks', () => {
    const times = timesAfter('0,30 1-3 * * *', 'Europe/Berlin', Date.parse('2026-03-27T00:00:00Z'), 40)
    let time = Date.parse('2026-03-27T00:00:00Z')
    for (const expected of times) {
      time = nextAfter('0,30 1-3 * * *', 'Europe/Berlin', time)!
      expect(iso(time)).toBe(iso(expected))
    }
  })

  it('jitter is the same for all, spread, and stays before the next due time', () => {
    const schedule = { cron: '* * * * *', zone: 'UTC', jitterSeconds: 3600 }
    const starts = Array.from({ length: 200 }, (_, i) => startsAt('s_1', schedule, T0 + i * MINUTE))
    expect(starts).toEqual(Array.from({ length: 200 }, (_, i) => startsAt('s_1', schedule, T0 + i * MINUTE)))
    for (const [i, start] of starts.entries()) {
      expect(start).toBeGreaterThanOrEqual(T0 + i * MINUTE)
      expect(start).toBeLessThan(T0 + (i + 1) * MINUTE)
    }
    const offsets = starts.map((start) => (start - T0) % MINUTE)
    expect(Math.min(...offsets)).toBeLessThan(5 * SECOND)
    expect(Math.max(...offsets)).toBeGreaterThan(55 * SECOND)
    expect(startsAt('s_2', schedule, T0)).not.toBe(starts[0])
    expect(startsAt('s_1', { ...schedule, jitterSeconds: 0 }, T0)).toBe(T0)
  })
})

const TENANT = 'acme'
const ITEMS = [
  { type: 'match', talentId: 't_1' },
  { type: 'embed', talentId: 't_1' },
]

/** Real stores in memory, and a clock that is told. */
function world() {
  const documents = openDocuments(':memory:')
  const ledger = openLedgerHere(':memory:')
  const cancelled: string[] = []
  const deps: ScheduleDeps = {
    documents,
    ledger,
    signals: { send: (signal) => void (signal.type === 'cancel' && cancelled.push(signal.batchId)) },
    feeder: { feed: async () => undefined },
    log: createLog('silent'),
  }
  const id = scheduleId(TENANT, 'nightly')
  return {
    deps,
    cancelled,
    id,
    async add(given: Partial<ScheduleInput> & { cron: string }, now: number, tenant = TENANT) {
      const input = ScheduleInput.parse({ name: 'nightly', items: ITEMS, ...given })
      const data: Schedule = { ...input, next: nextAfter(input.cron, input.zone, now), running: [], buffered: null, claims: [] }
      await documents.put(tenant, [{ kind: 'schedule', id: scheduleId(tenant, input.name), data, source: { by: 'api' } }])
    },
    schedule: async () => (await documents.get(TENANT, 'schedule', id))!,
    async change(more: Partial<Schedule>) {
      const doc = (await documents.get(TENANT, 'schedule', id))!
      await documents.put(TENANT, [{ kind: 'schedule', id, data: { ...doc.data, ...more }, source: { by: 'api' } }])
    },
    /** Oldest first. */
    async occurrences(): Promise<(Occurrence & { id: string })[]> {
      const docs = await documents.page(TENANT, 'occurrence', { limit: 100_000 })
      return docs.map((doc) => ({ id: doc.id, ...doc.data }))
    },
    batches: () => ledger.batches(TENANT, { limit: 100_000 }),
    async end(batchId: string) {
      await ledger.cancel(TENANT, batchId)
    },
    async close() {
      documents.close()
      await ledger.close()
    },
  }
}
const told = (list: Occurrence[]) => list.map(({ due, status, reason }) => [due.slice(5, 16), status, reason])

describe('a schedule', () => {
  let w: ReturnType<typeof world>
  beforeEach(() => {
    w = world()
  })
  afterEach(() => w.close())

  it('starts a batch of its items when it is due, once, and not before', async () => {
    await w.add({ cron: '0 * * * *' }, T0)
    await runSchedules(w.deps, T0 + HOUR - 1)
    expect(await w.occurrences()).toEqual([])
    for (let i = 0; i < 5; i++) await runSchedules(w.deps, T0 + HOUR + i * SECOND)
    const [one, ...others] = await w.occurrences()
    expect(others).toEqual([])
    expect(one).toMatchObject({ due: iso(T0 + HOUR), status: 'started', reason: null, by: 'cron', startedAt: iso(T0 + HOUR) })
    const [batch, ...more] = await w.batches()
    expect(more).toEqual([])
    expect(batch).toMatchObject({ id: one!.batchId, label: 'schedule nightly', requestId: one!.id, counts: { submitted: 2, waiting: 2 } })
    expect((await w.deps.ledger.items(TENANT, batch!.id, { limit: 9 })).map(({ n, type }) => [n, type])).toEqual([
      [0, 'match'],
      [1, 'embed'],
    ])
    expect((await w.schedule()).data).toMatchObject({ next: T0 + 2 * HOUR, running: [one!.batchId], buffered: null })
  })

  it('costs no other when its items no longer fit', async () => {
    await w.add({ cron: '0 * * * *', items: [{ type: 'gone' }] }, T0)
    await w.add({ name: 'other', cron: '0 * * * *' }, T0)
    await w.add({ cron: '0 * * * *' }, T0, 'rival')
    await runSchedules(w.deps, T0 + HOUR)
    expect((await w.occurrences()).map(({ status, reason }) => `${status} ${reason}`).sort()).toEqual([
      'failed items-invalid',
      'started null',
    ])
    expect(await w.batches()).toHaveLength(1)
    expect(await w.deps.ledger.batches('rival', { limit: 9 })).toHaveLength(1)
  })

  it('waits for its jitter', async () => {
    await w.add({ cron: '0 * * * *', jitterSeconds: 600 }, T0)
    const start = startsAt(w.id, (await w.schedule()).data, T0 + HOUR)
    expect(start).toBeGreaterThan(T0 + HOUR)
    await runSchedules(w.deps, start - 1)
    expect(await w.occurrences()).toEqual([])
    await runSchedules(w.deps, start)
    expect(await w.occurrences()).toMatchObject([{ due: iso(T0 + HOUR), status: 'started' }])
  })

  describe('after nobody was there for five hours', () => {
    const back = T0 + 5 * HOUR + 30 * MINUTE
    it.each([
      ['skip', {}, ['missed not-made-up', 'missed not-made-up', 'missed not-made-up', 'missed not-made-up', 'missed not-made-up']],
      ['one', {}, ['missed superseded', 'missed superseded', 'missed superseded', 'missed superseded', 'started null']],
      ['one', { windowMinutes: 20 }, ['missed too-old', 'missed too-old', 'missed too-old', 'missed too-old', 'missed too-old']],
      ['all', { windowMinutes: 150 }, ['missed too-old', 'missed too-old', 'started null', 'started null', 'started null']],
    ] as const)('%s %j', async (missed, more, expected) => {
      // Runs end at once, so that nothing overlaps.
      const { ledger } = w.deps
      const submit: Ledger['submit'] = async (tenant, batch, ...rest) => {
        const stored = await ledger.submit(tenant, batch, ...rest)
        await ledger.cancel(tenant, batch.id)
        return stored
      }
      w.deps.ledger = { ...ledger, submit }
      await w.add({ cron: '0 * * * *', missed, ...more }, T0)
      await runSchedules(w.deps, back)
      expect((await w.occurrences()).map(({ status, reason }) => `${status} ${reason}`)).toEqual(expected)
      expect(await w.batches()).toHaveLength(expected.filter((one) => one.startsWith('started')).length)
      expect((await w.schedule()).data.next).toBe(T0 + 6 * HOUR)
    })

    it('is on time within a minute of grace', async () => {
      await w.add({ cron: '0 * * * *', missed: 'skip' }, T0)
      await runSchedules(w.deps, T0 + HOUR + MINUTE)
      await runSchedules(w.deps, T0 + 2 * HOUR + MINUTE + 1)
      expect(told(await w.occurrences())).toEqual([
        ['06-01T01:00', 'started', null],
        ['06-01T02:00', 'missed', 'not-made-up'],
      ])
    })

    it('records each of thousands of missed times', async () => {
      await w.add({ cron: '* * * * *', missed: 'one' }, T0)
      await runSchedules(w.deps, T0 + 7 * DAY + 30 * SECOND)
      await runSchedules(w.deps, T0 + 7 * DAY + 31 * SECOND)
      const all = await w.occurrences()
      expect(all.map(({ due }) => Date.parse(due))).toEqual(Array.from({ length: 7 * 24 * 60 }, (_, i) => T0 + (i + 1) * MINUTE))
      expect(all.filter(({ status }) => status === 'started').map(({ due }) => due)).toEqual([iso(T0 + 7 * DAY)])
    })
  })

  describe('while the run before is open', () => {
    it('skip leaves the next out', async () => {
      await w.add({ cron: '0 * * * *', overlap: 'skip' }, T0)
      for (const n of [1, 2, 3]) await runSchedules(w.deps, T0 + n * HOUR)
      await w.end((await w.batches())[0]!.id)
      await runSchedules(w.deps, T0 + 4 * HOUR)
      expect((await w.occurrences()).map(({ status, reason }) => `${status} ${reason}`)).toEqual([
        'started null',
        'skipped still-running',
        'skipped still-running',
        'started null',
      ])
    })

    it('buffer lets one wait for its end', async () => {
      await w.add({ cron: '0 * * * *', overlap: 'buffer' }, T0)
      for (const n of [1, 2, 3]) await runSchedules(w.deps, T0 + n * HOUR)
      expect((await w.occurrences()).map(({ status, reason }) => `${status} ${reason}`)).toEqual([
        'started null',
        'buffered still-running',
        'skipped another-waits',
      ])
      await w.end((await w.batches())[0]!.id)
      await runSchedules(w.deps, T0 + 3 * HOUR + 10 * MINUTE)
      expect((await w.occurrences())[1]).toMatchObject({ status: 'started', startedAt: iso(T0 + 3 * HOUR + 10 * MINUTE) })
      expect(await w.batches()).toHaveLength(2)
      expect((await w.schedule()).data.buffered).toBeNull()
      await runSchedules(w.deps, T0 + 4 * HOUR)
      expect((await w.occurrences())[3]).toMatchObject({ status: 'buffered' })
    })

    it('cancel ends it and starts', async () => {
      await w.add({ cron: '0 * * * *', overlap: 'cancel' }, T0)
      for (const n of [1, 2]) await runSchedules(w.deps, T0 + n * HOUR)
      const [first, second] = await w.occurrences()
      expect(second).toMatchObject({ status: 'started', reason: 'cancelled-the-running' })
      expect(w.cancelled).toEqual([first!.batchId])
      expect(await w.deps.ledger.batch(TENANT, first!.batchId!)).toMatchObject({ state: 'closed', counts: { cancelled: 2 } })
      expect(await w.deps.ledger.batch(TENANT, second!.batchId!)).toMatchObject({ state: 'open', cancelRequestedAt: null })
    })

    it('a run by hand is one before the next', async () => {
      await w.add({ cron: '0 * * * *' }, T0)
      const now = T0 + MINUTE
      const [first, second] = [await runByHand(w.deps, await w.schedule(), now), await runByHand(w.deps, await w.schedule(), now)]
      expect(first.data).toMatchObject({ by: 'hand', status: 'started' })
      expect(second.id).not.toBe(first.id)
      expect(await w.batches()).toHaveLength(2)
      await runSchedules(w.deps, T0 + HOUR)
      expect((await w.occurrences()).at(-1)).toMatchObject({ by: 'cron', status: 'skipped' })
    })
  })

  it('paused: nothing is run and nothing is missed', async () => {
    await w.add({ cron: '0 * * * *', missed: 'all' }, T0)
    await w.change({ paused: true, next: null })
    await runSchedules(w.deps, T0 + 5 * HOUR)
    await w.change({ paused: false, next: nextAfter('0 * * * *', 'UTC', T0 + 5 * HOUR) })
    await runSchedules(w.deps, T0 + 6 * HOUR)
    expect(told(await w.occurrences())).toEqual([['06-01T06:00', 'started', null]])
  })

  it('takes up a claim that lost its scheduler, also while it is paused, and only then', async () => {
    await w.add({ cron: '0 * * * *' }, T0)
    const { ledger } = w.deps
    const dead: ScheduleDeps = { ...w.deps, ledger: { ...ledger, submit: () => Promise.reject(new Error('crashed')) } }
    await runSchedules(dead, T0 + HOUR)
    // As the API pauses it.
    await w.change({ paused: true, next: null, claims: [occurrenceId(w.id, T0 + HOUR)] })
    expect(await w.occurrences()).toMatchObject([{ status: 'claimed' }])
    await runSchedules(w.deps, T0 + HOUR + 29 * SECOND)
    expect(await w.batches()).toEqual([])
    await runSchedules(w.deps, T0 + HOUR + 30 * SECOND)
    await runSchedules(w.deps, T0 + HOUR + 60 * SECOND)
    const [one] = await w.occurrences()
    expect(one).toMatchObject({ status: 'started' })
    expect((await w.batches()).map(({ id }) => id)).toEqual([one!.batchId])
    expect((await w.schedule()).data).toMatchObject({ running: [one!.batchId], claims: [] })
  })

  it('a run by hand that could not be stored is told as failed, and nobody carries it on', async () => {
    await w.add({ cron: '0 * * * *' }, T0)
    const dead: ScheduleDeps = { ...w.deps, ledger: { ...w.deps.ledger, submit: () => Promise.reject(new Error('down')) } }
    await expect(runByHand(dead, await w.schedule(), T0)).rejects.toThrow('down')
    await runSchedules(w.deps, T0 + 50 * MINUTE)
    expect((await w.schedule()).data.claims).toEqual([])
    expect(await w.occurrences()).toMatchObject([{ status: 'failed', reason: 'not-submitted' }])
    expect(await w.batches()).toEqual([])
  })

  it('whose start is more than two minutes ago is overdue, unless it is paused', async () => {
    await w.add({ cron: '0 * * * *' }, T0)
    await w.add({ name: 'late by its jitter', cron: '0 * * * *', jitterSeconds: 3600 }, T0)
    const spread = startsAt(scheduleId(TENANT, 'late by its jitter'), { cron: '0 * * * *', zone: 'UTC', jitterSeconds: 3600 }, T0 + HOUR)
    const names = async (now: number) => (await overdueSchedules(w.deps.documents, now)).map(({ name }) => name)
    expect(await names(T0 + HOUR + 2 * MINUTE)).toEqual([])
    expect(await names(T0 + HOUR + 2 * MINUTE + 1)).toEqual(['nightly'])
    expect(await names(spread + 2 * MINUTE + 1)).toHaveLength(2)
    const lines: unknown[] = []
    const log = { ...w.deps.log, warn: (...line: unknown[]) => void lines.push(line) } as unknown as ScheduleDeps['log']
    await warnOverdue(w.deps.documents, log, T0 + HOUR + 3 * MINUTE)
    expect(lines).toEqual([[{ tenant: TENANT, schedule: w.id, name: 'nightly', lateMs: 3 * MINUTE }, 'a schedule is overdue']])
    await w.change({ paused: true })
    expect(await names(T0 + HOUR + 3 * MINUTE)).toEqual([])
  })
})

/** The same stores, for one scheduler that dies at its n-th call into them, before or after it took effect. */
function mortal(deps: ScheduleDeps, dies: { at: number; after: boolean } | null): ScheduleDeps {
  let calls = 0
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, name) {
        const method = Reflect.get(of, name) as unknown
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          const n = calls++
          // Whatever this scheduler still wants to do, it is dead.
          if (dies && (n > dies.at || (n === dies.at && !dies.after))) throw new Error('dead')
          // Another may come in between.
          await new Promise(setImmediate)
          const result = await (method as (...all: unknown[]) => unknown).apply(of, args)
          if (dies && n === dies.at) throw new Error('dead')
          return result
        }
      },
    })
  return { ...deps, documents: wrap<Documents>(deps.documents), ledger: wrap<Ledger>(deps.ledger) }
}

const death = fc.option(fc.record({ at: fc.nat(12), after: fc.boolean() }), { nil: null })
const round = fc.record({
  gapMs: fc.oneof(fc.integer({ min: 1, max: 90 * SECOND }), fc.integer({ min: 1, max: 30 * MINUTE })),
  schedulers: fc.array(death, { minLength: 1, maxLength: 3 }),
  ends: fc.boolean(),
  hand: fc.option(death, { nil: undefined, freq: 6 }),
})

it('whatever schedulers do, die and miss: each due time has one occurrence, each that started one batch, and no other batch is there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(round, { minLength: 1, maxLength: 12 }),
      fc.constantFrom('skip', 'one', 'all'),
      fc.constantFrom('skip', 'buffer', 'cancel'),
      fc.constantFrom(0, 40),
      fc.constantFrom('* * * * *', '*/7 * * * *', '*/20 * * * * *'),
      async (rounds, missed, overlap, jitterSeconds, cron) => {
        const w = world()
        try {
          await w.add({ cron, missed, overlap, jitterSeconds, windowMinutes: 10 }, T0)
          let now = T0
          for (const { gapMs, schedulers, ends, hand } of rounds) {
            now += gapMs
            if (ends) for (const { id } of await w.batches()) await w.end(id)
            const work: Promise<unknown>[] = schedulers.map((dies) => runSchedules(mortal(w.deps, dies), now).catch(() => undefined))
            if (hand !== undefined) work.push(runByHand(mortal(w.deps, hand), await w.schedule(), now).catch(() => undefined))
            await Promise.all(work)
          }
          // In the end one is there that lives, and every run ends, also the one that waits for the last.
          for (let i = 0; i < 6; i++) {
            if (i < 4) now += MINUTE
            for (const { id } of await w.batches()) await w.end(id)
            await runSchedules(w.deps, now)
          }
          const all = await w.occurrences()
          const byCron = all.filter(({ by }) => by === 'cron')
          const { next } = (await w.schedule()).data
          const expected = timesAfter(cron, 'UTC', T0, byCron.length + 1).map(iso)
          expect(byCron.map(({ due }) => due)).toEqual(expected.slice(0, -1))
          expect(iso(next!)).toBe(expected.at(-1))
          expect(startsAt(w.id, (await w.schedule()).data, next!)).toBeGreaterThan(now)
          for (const one of all) {
            expect(one.id.startsWith(occurrencesOf(w.id))).toBe(true)
            expect(['started', 'skipped', 'missed', ...(one.by === 'hand' ? ['failed'] : [])]).toContain(one.status)
          }
          for (const claim of (await w.schedule()).data.claims) expect(now - dueOf(claim)).toBeLessThan(10 * MINUTE)
          const started = all.filter(({ status }) => status === 'started')
          const batches = await w.batches()
          expect(batches.map(({ id }) => id).sort()).toEqual(started.map(({ batchId }) => batchId).sort())
          for (const batch of batches) {
            expect(batch.counts.submitted).toBe(ITEMS.length)
            expect(batch.requestId).toBe(started.find(({ batchId }) => batchId === batch.id)!.id)
          }
        } finally {
          await w.close()
        }
      },
    ),
    { numRuns: 100 },
  )
})

it('occurrences of a schedule are listed newest first, and no other schedule gets in between', async () => {
  const w = world()
  try {
    await w.add({ cron: '* * * * *' }, T0)
    await w.add({ name: 'other', cron: '* * * * *' }, T0)
    for (let n = 1; n <= 5; n++) await runSchedules(w.deps, T0 + n * MINUTE)
    const start = occurrencesOf(w.id)
    const docs: Doc<'occurrence'>[] = await w.deps.documents.page(TENANT, 'occurrence', { newest: true, after: `${start}~`, limit: 5 })
    expect(docs.map(({ id, data }) => [id.startsWith(start), data.due])).toEqual([5, 4, 3, 2, 1].map((n) => [true, iso(T0 + n * MINUTE)]))
  } finally {
    await w.close()
  }
})
