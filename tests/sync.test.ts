import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Position } from '../src/canonical/schema.ts'
import type { Run, RunEntity, SourceRecord } from '../src/canonical/sync.ts'
import { AppError } from '../src/errors.ts'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import type { Documents } from '../src/stores/ports.ts'
import { applyPage, type Stream } from '../src/sync/apply.ts'
import { NO_RULES } from '../src/sync/merge.ts'
import { canonicalId } from '../src/sync/records.ts'
import { type RunDeps, type RunInput, runSync } from '../src/sync/run.ts'
import { settleDirty } from '../src/sync/settle.ts'
import { type MemorySource, memorySource } from './sync/source.ts'

const T0 = Date.parse('2026-03-01T00:00:00Z')
const MINUTE = 60_000
let documents: Documents & { close(): void }
let source: MemorySource
let now: number
let runs: number

beforeEach(() => {
  documents = openDocuments(':memory:')
  source = memorySource()
  now = T0
  runs = 0
})
afterEach(() => documents.close())

const deps = (more: Partial<RunDeps> = {}): RunDeps => ({
  documents,
  source,
  name: 'crm',
  tenant: 'a',
  rules: NO_RULES,
  lagMs: 5 * MINUTE,
  pageSize: 10,
  now: () => now,
  signal: new AbortController().signal,
  ...more,
})
const sync = (input: Partial<RunInput> = {}, more: Partial<RunDeps> = {}): Promise<Run> =>
  runSync(deps(more), { mode: 'incremental', ...input }, `run_${String(++runs).padStart(4, '0')}`)
const talent = (id: string) => documents.get('a', 'talent', canonicalId('a', 'talent', { system: 'crm', entity: 'users', id }))
const balance = ({ read, inserted, updated, unchanged, stale, rejected, deleted }: RunEntity) =>
  read - (inserted + updated + unchanged + stale + rejected + deleted)
const fill = (n: number, at = T0 - MINUTE) => {
  for (let i = 0; i < n; i++) source.set(String(i).padStart(4, '0'), at, { name: `人才 ${i}`, skills: ['Java'] })
}

describe('a run', () => {
  it('reads everything, then writes nothing', async () => {
    fill(35)
    const first = await sync()
    expect(first).toMatchObject({ status: 'done', written: 35, entities: { users: { read: 35, inserted: 35, pages: 4, total: 35 } } })
    expect((await talent('0007'))?.data).toMatchObject({ name: '人才 7', skills: ['Java'] })
    const before = await documents.page('a', 'talent', { limit: 100 })
    const records = await documents.page('a', 'record', { limit: 100 })
    for (const mode of ['full', 'incremental'] as const) {
      const again = await sync({ mode })
      expect(again).toMatchObject({ status: 'done', written: 0, entities: { users: { read: 35, unchanged: 35 } } })
      expect(balance(again.entities.users!)).toBe(0)
    }
    expect(await documents.page('a', 'talent', { limit: 100 })).toEqual(before)
    expect(await documents.page('a', 'record', { limit: 100 })).toEqual(records)
    expect(await documents.dirty('canonical', { limit: 9 })).toEqual([])
  })

  it('takes what changed since, and each change once', async () => {
    fill(20)
    await sync()
    now += 60 * MINUTE
    source.set('0003', now - MINUTE, { name: '改名', skills: ['Go'], status: 'inactive', phones: ['138 0000 0000'] })
    source.set('0099', now - MINUTE, { name: 'New' })
    const run = await sync()
    expect(run.entities.users).toMatchObject({ inserted: 1, updated: 1 })
    expect((await talent('0003'))?.data).toMatchObject({ name: '改名', skills: ['Go'], status: 'inactive', phones: ['138 0000 0000'] })
    expect((await sync()).written).toBe(0)
  })

  it('reads again from before the watermark, for what was committed late', async () => {
    fill(3)
    await sync()
    // A transaction that began before the others and became visible after them.
    source.set('late', T0 - 3 * MINUTE, { name: 'Late' })
    expect((await sync()).entities.users).toMatchObject({ inserted: 1 })
  })

  it('archives what a full scan no longer shows, and brings it back under the same id', async () => {
    fill(30)
    await sync()
    const kept = source.rows.get('0005')!
    source.rows.delete('0005')
    expect((await sync()).entities.users!.deleted).toBe(0)
    const run = await sync({ mode: 'full' })
    expect(run.entities.users).toMatchObject({ deleted: 1 })
    expect(balance(run.entities.users!)).toBe(0)
    const archived = await talent('0005')
    expect(archived).toMatchObject({ deleted: false, data: { name: '人才 5', status: 'archived' } })
    source.rows.set('0005', kept)
    await sync({ mode: 'full' })
    expect((await talent('0005'))!.data.status).toBeNull()
    expect((await talent('0005'))!.ver).toBeGreaterThan(archived!.ver)
  })

  it('holds too many deletes back until somebody confirms', async () => {
    fill(200)
    await sync()
    for (let i = 0; i < 60; i++) source.rows.delete(String(i).padStart(4, '0'))
    const held = await sync({ mode: 'full' })
    expect(held).toMatchObject({ status: 'parked', code: 'too-many-deletes', heldDeletes: 60, entities: { users: { deleted: 0 } } })
    expect((await talent('0001'))!.data.status).toBeNull()
    expect(await sync({ mode: 'full', confirmDeletes: true })).toMatchObject({ status: 'done', entities: { users: { deleted: 60 } } })
    expect((await talent('0001'))!.data.status).toBe('archived')
  })

  it('holds back the delete of all there is, however few', async () => {
    fill(5)
    await sync()
    source.rows.clear()
    expect(await sync({ mode: 'full' })).toMatchObject({ status: 'parked', heldDeletes: 5 })
  })

  it('sets aside what it cannot use, takes the rest, and tries again in each run', async () => {
    fill(20)
    source.set('0004', T0 - MINUTE, { name: 'Broken', broken: true })
    const run = await sync()
    expect(run).toMatchObject({ status: 'done', entities: { users: { read: 20, inserted: 19, rejected: 1 } } })
    const [reject] = await documents.page('a', 'reject', { limit: 9 })
    expect(reject?.data).toMatchObject({ source: 'crm', entity: 'users', code: 'record-rejected', faults: [{ pointer: '/broken' }] })
    now += 60 * MINUTE
    expect((await sync()).entities.users!.inserted).toBe(0)
    expect(await documents.count('a', 'reject')).toBe(1)
    const map = source.map.bind(source)
    source.map = (raw) => map({ ...raw, value: { ...raw.value, broken: undefined } })
    expect((await sync()).entities.users).toMatchObject({ inserted: 1 })
    expect(await documents.count('a', 'reject')).toBe(0)
    expect((await talent('0004'))?.data.name).toBe('Broken')
  })

  it('finds the record that the store cannot take by halving', async () => {
    fill(20)
    const put = documents.put.bind(documents)
    const picky: Documents = {
      ...documents,
      put: (tenant, writes) => {
        if (writes.some(({ kind, data }) => kind === 'record' && (data as { says: { name?: string } }).says.name === '人才 13'))
          throw new AppError('too-large')
        return put(tenant, writes)
      },
    }
    const run = await sync({}, { documents: picky })
    expect(run.entities.users).toMatchObject({ read: 20, inserted: 19, rejected: 1 })
    expect((await documents.page('a', 'reject', { limit: 9 })).map(({ data }) => data.code)).toEqual(['too-large'])
  })

  it('goes on from its last page when it was cut off, and still knows what it has seen', async () => {
    fill(100)
    await sync()
    source.rows.delete('0042')
    let left = 4
    source.fail = () => (left-- > 0 ? null : new AppError('source-down'))
    const input = { mode: 'full' as const }
    await expect(runSync(deps(), input, 'run_x')).rejects.toMatchObject({ code: 'source-down' })
    expect((await documents.get('a', 'run', 'run_x'))?.data).toMatchObject({ status: 'running', code: 'source-down' })
    source.fail = null
    source.reads = 0
    const run = await runSync(deps(), input, 'run_x')
    expect(source.reads).toBeLessThan(10)
    expect(run).toMatchObject({ status: 'done', entities: { users: { deleted: 1 } } })
    expect(balance(run.entities.users!)).toBe(0)
    expect(await runSync(deps(), input, 'run_x')).toEqual(run)
  })

  it('does not take for gone what another run brought while it was cut off', async () => {
    fill(30)
    source.fail = () => (source.reads === 3 ? new AppError('source-down') : null)
    await expect(runSync(deps(), { mode: 'full' }, 'cut')).rejects.toMatchObject({ code: 'source-down' })
    source.fail = null
    // Sorts into a page that the scan has left behind.
    source.set('0000a', now, { name: 'New' })
    await sync({ mode: 'record', entity: 'users', id: '0000a' })
    const run = await runSync(deps(), { mode: 'full' }, 'cut')
    expect(run.entities.users).toMatchObject({ read: 30, deleted: 0 })
    expect((await talent('0000a'))!.data.status).toBeNull()
  })

  it('lets one run at a time at a stream; the other is told to come back', async () => {
    fill(30)
    let entered: () => void = () => undefined
    const inside = new Promise<void>((resolve) => {
      entered = resolve
    })
    let leave: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      leave = resolve
    })
    const project = () => {
      entered()
      return gate
    }
    const first = sync({}, { project })
    await inside
    await expect(sync()).rejects.toMatchObject({ code: 'sync-busy' })
    leave()
    expect((await first).status).toBe('done')
    expect((await sync()).status).toBe('done')
  })

  it('does not wait for the lease of a run that was cut off and whose next attempt failed', async () => {
    fill(30)
    let dead = false
    const mortal = new Proxy(documents, {
      get: (target, key) =>
        dead ? () => Promise.reject(new Error('dead')) : (Reflect.get(target, key) as (...args: unknown[]) => unknown).bind(target),
    })
    const die = () => {
      dead = true
    }
    await expect(runSync(deps({ documents: mortal, onProgress: die }), { mode: 'full' }, 'cut')).rejects.toThrow('dead')
    await expect(sync()).rejects.toMatchObject({ code: 'sync-busy' })
    source.check = () => Promise.reject(new AppError('source-changed'))
    await expect(runSync(deps(), { mode: 'full' }, 'cut')).rejects.toMatchObject({ code: 'source-changed' })
    source.check = async () => undefined
    expect((await sync()).status).toBe('done')
  })

  it('leaves a source alone that was down too often', async () => {
    fill(3)
    source.fail = () => new AppError('source-down')
    for (let i = 0; i < 5; i++) await expect(sync()).rejects.toMatchObject({ code: 'source-down' })
    source.reads = 0
    source.fail = null
    await expect(sync()).rejects.toMatchObject({ code: 'source-down', retryAfter: 60 })
    expect(source.reads).toBe(0)
    now += 61_000
    expect((await sync()).status).toBe('done')
  })

  it('takes times from the future for a wrong time zone, one of them for a slip', async () => {
    fill(20)
    source.set('0003', T0 + 8 * 60 * MINUTE, { name: 'Ahead' })
    const run = await sync()
    expect(run.entities.users).toMatchObject({ inserted: 20 })
    expect((await documents.page('a', 'record', { limit: 99 })).find(({ data }) => data.key.id === '0003')?.data).toMatchObject({ at: T0 })
    fill(20, T0 + 8 * 60 * MINUTE)
    await expect(sync()).rejects.toMatchObject({ code: 'clock-zone' })
    expect((await documents.page('a', 'run', { newest: true, limit: 1 }))[0]?.data).toMatchObject({ status: 'failed', code: 'clock-zone' })
  })

  it('brings one record', async () => {
    fill(3)
    const project = async () => undefined
    const run = await sync({ mode: 'record', entity: 'users', id: '0001' }, { project })
    expect(run).toMatchObject({ written: 1, projected: 1, entities: { users: { read: 1, inserted: 1 } } })
    expect(await documents.count('a', 'talent')).toBe(1)
    source.rows.delete('0001')
    expect((await sync({ mode: 'record', entity: 'users', id: '0001' })).entities.users).toMatchObject({ deleted: 1 })
    expect((await talent('0001'))?.data.status).toBe('archived')
    expect((await sync({ mode: 'record', entity: 'users', id: 'none' })).entities.users).toMatchObject({ read: 0 })
  })

  it('tells what it would change and changes nothing', async () => {
    fill(3)
    await sync()
    source.set('0001', T0, { name: 'Other', skills: ['Java'] })
    source.set('0009', T0, { name: 'New' })
    const before = await documents.page('a', 'talent', { limit: 9 })
    const run = await sync({ dryRun: true, mode: 'full' })
    expect(run).toMatchObject({
      dryRun: true,
      status: 'done',
      written: 0,
      entities: { users: { read: 4, inserted: 1, updated: 1, unchanged: 2 } },
    })
    expect(run.diff).toEqual([
      { subject: { kind: 'talent', id: (await talent('0001'))!.id }, change: 'update', fields: { name: { from: '人才 1', to: 'Other' } } },
      { subject: expect.objectContaining({ kind: 'talent' }), change: 'create', fields: { name: { from: null, to: 'New' } } },
    ])
    expect(await documents.page('a', 'talent', { limit: 9 })).toEqual(before)
    expect((await documents.page('a', 'cursor', { limit: 9 }))[0]?.data.fetch).toBe(1)
  })

  it('counts fields that no rule knows and keeps them', async () => {
    source.set('1', T0, { name: 'A', nickname: '小王', x: 1 })
    source.set('2', T0, { name: 'B', nickname: '小李' })
    expect((await sync()).drift).toEqual({ nickname: 2, x: 1 })
    expect((await documents.page('a', 'record', { limit: 9 })).map(({ data }) => data.extra)).toContainEqual({ nickname: '小王', x: 1 })
  })

  it('writes nothing for a later time alone, and lets no older state back in behind it', async () => {
    source.set('1', T0 - 10 * MINUTE, { name: 'A' })
    await sync()
    const before = await talent('1')
    source.set('1', T0, { name: 'A' })
    expect((await sync({ mode: 'full' })).written).toBe(0)
    expect(await talent('1')).toEqual(before)
    source.set('1', T0 - 5 * MINUTE, { name: 'Older' })
    expect((await sync({ mode: 'full' })).entities.users).toMatchObject({ stale: 1 })
    expect((await talent('1'))?.data.name).toBe('A')
  })

  it('decides by the source time what is newer, by the order of the fetches where that is equal', async () => {
    const stream: Stream = { tenant: 'a', source: 'crm', entity: 'users', map: (raw) => source.map(raw), rules: NO_RULES }
    const apply = (name: string, at: number, fetch: number) =>
      applyPage(documents, stream, [{ entity: 'users', id: '1', at, value: { name } }], fetch, T0)
    const name = async () => (await talent('1'))?.data.name
    await apply('B', T0 - MINUTE, 1)
    // A later fetch of a replica that lags.
    expect((await apply('A', T0 - 2 * MINUTE, 2)).counts).toMatchObject({ stale: 1 })
    expect(await name()).toBe('B')
    await apply('C', T0 - MINUTE, 4)
    // Read before that, written after it, changed in between within one tick of the source's clock.
    expect((await apply('B', T0 - MINUTE, 3)).counts).toMatchObject({ stale: 1 })
    expect(await name()).toBe('C')
  })

  it('a writer that read old records loses, also when the data since is what it was before', async () => {
    source.set('1', T0 - 5 * MINUTE, { name: 'A' })
    await sync()
    source.set('1', T0 - 4 * MINUTE, { name: 'B' })
    let between = async () => {
      between = async () => undefined
      source.set('1', T0 - 3 * MINUTE, { name: 'A' })
      await sync()
    }
    // Between what this one read and what it writes.
    const slow: Documents = {
      ...documents,
      async many(tenant, kind, ids, options) {
        const docs = await documents.many(tenant, kind, ids, options)
        if (kind === 'correction') await between()
        return docs
      },
    }
    const stream: Stream = { tenant: 'a', source: 'crm', entity: 'users', map: (raw) => source.map(raw), rules: NO_RULES }
    await applyPage(slow, stream, [{ entity: 'users', id: '1', at: T0 - 4 * MINUTE, value: { name: 'B' } }], 2, T0)
    expect((await talent('1'))?.data.name).toBe('A')
  })
})

describe('what a crash left behind', () => {
  const source = { by: 'sync' as const }
  const record = (id: string, subject: SourceRecord['subject'], more: Partial<SourceRecord>) => ({
    kind: 'record' as const,
    id,
    data: {
      source: 'crm',
      key: { system: 'crm', entity: 'x', id },
      subject,
      at: T0,
      fetch: 1,
      rev: 1,
      says: {},
      extra: {},
      faults: [],
      gone: false,
      ...more,
    },
    source,
  })

  it('is settled, though a record says nothing of a position that was deleted', async () => {
    await documents.put('a', [{ kind: 'position', id: 'p_1', data: Position.parse({ title: 'Baker' }), source }])
    await documents.remove('a', 'position', 'p_1')
    await documents.put('a', [record('r_1', { kind: 'position', id: 'p_1' }, { gone: true, unseen: true })])
    await settleDirty(documents, () => NO_RULES, { limit: 10 })
    expect((await documents.dirty('canonical', { limit: 10 })).length).toBe(0)
    expect(await documents.count('a', 'position')).toBe(0)
  })

  it('is settled for all others where one cannot be', async () => {
    await documents.put('a', [
      record('r_1', { kind: 'position', id: 'p_1' }, {}),
      record('r_2', { kind: 'talent', id: 't_2' }, { says: { name: 'Bo' } }),
    ])
    await documents.put('b', [record('r_3', { kind: 'talent', id: 't_3' }, { says: { name: 'Cy' } })])
    await expect(settleDirty(documents, () => NO_RULES, { limit: 10 })).rejects.toThrow()
    expect([await documents.count('a', 'talent'), await documents.count('b', 'talent')]).toEqual([1, 1])
  })
})
