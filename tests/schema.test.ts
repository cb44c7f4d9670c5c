/** Migrations of server stores, on a journal in memory: what is applied, refused and run again. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Journal, type JournalEntry, migrate, type Schema, schemaState } from '../src/stores/schema.ts'

function journal(entries: JournalEntry[] = []) {
  const locks: string[] = []
  let holder: string | null = null
  const self: Journal & { entries: JournalEntry[]; locks: string[]; hold(owner: string): void } = {
    entries,
    locks,
    hold: (owner) => {
      holder = owner
    },
    read: async () => [...entries].sort((a, b) => a.n - b.n),
    write: async (entry) => {
      entries[entry.n] = entry
    },
    lock: async (owner) => {
      locks.push(owner)
      if (holder !== null && holder !== owner) return false
      holder = owner
      return true
    },
    unlock: async (owner) => {
      if (holder === owner) holder = null
    },
  }
  return self
}

function schema(own: Journal, steps: { name: string; sum?: string; apply?: () => Promise<void> }[]) {
  const applied: string[] = []
  const made: Schema = {
    journal: own,
    steps: steps.map(({ name, sum = name, apply }) => ({
      name,
      sum,
      apply: async () => {
        await apply?.()
        applied.push(name)
      },
    })),
  }
  return { ...made, applied }
}

afterEach(() => void vi.useRealTimers())

describe('a schema', () => {
  it('goes forward in order, once, and takes later steps up where it is', async () => {
    const own = journal()
    const first = schema(own, [{ name: 'a' }, { name: 'b' }])
    expect(await schemaState(first)).toEqual({ pending: ['a', 'b'], fault: expect.stringContaining('looma migrate'), hopeless: false })
    expect(await migrate(first, 'me')).toEqual(['a', 'b'])
    expect(await migrate(first, 'me')).toEqual([])
    const second = schema(own, [{ name: 'a' }, { name: 'b' }, { name: 'c' }])
    expect((await schemaState(second)).pending).toEqual(['c'])
    expect(await migrate(second, 'me')).toEqual(['c'])
    expect([...first.applied, ...second.applied]).toEqual(['a', 'b', 'c'])
    expect(await schemaState(second)).toEqual({ pending: [], fault: null, hopeless: false })
  })

  it('runs a step again that did not end, and is not to be used until then', async () => {
    const own = journal()
    const fails = schema(own, [{ name: 'a' }, { name: 'b', apply: () => Promise.reject(new Error('cut off')) }])
    await expect(migrate(fails, 'me')).rejects.toThrow('cut off')
    const again = schema(own, [{ name: 'a' }, { name: 'b' }])
    expect(await schemaState(again)).toEqual({ pending: ['b'], fault: expect.stringContaining('did not end'), hopeless: false })
    expect(await migrate(again, 'another')).toEqual(['b'])
  })

  it('refuses what a newer version wrote, and a step that was changed', async () => {
    const own = journal()
    await migrate(schema(own, [{ name: 'a' }, { name: 'b' }]), 'me')
    const older = schema(own, [{ name: 'a' }])
    expect(await schemaState(older)).toEqual({ pending: [], fault: expect.stringContaining('newer version'), hopeless: true })
    await expect(migrate(older, 'me')).rejects.toMatchObject({ code: 'store-down', detail: expect.stringContaining('newer version') })
    const changed = schema(own, [{ name: 'a', sum: 'other' }, { name: 'b' }, { name: 'c' }])
    await expect(migrate(changed, 'me')).rejects.toMatchObject({ detail: expect.stringContaining('a was changed') })
    expect(changed.applied).toEqual([])
  })

  it('does nothing while another process migrates, and keeps its own lock through a step that takes long', async () => {
    vi.useFakeTimers()
    const own = journal()
    own.hold('another')
    await expect(migrate(schema(own, [{ name: 'a' }]), 'me')).rejects.toMatchObject({ detail: expect.stringContaining('another process') })
    await own.unlock('another')
    const before = own.locks.length
    await migrate(schema(own, [{ name: 'a', apply: async () => void (await vi.advanceTimersByTimeAsync(600_000)) }]), 'me')
    expect(own.locks.length - before).toBeGreaterThan(10)
    expect(vi.getTimerCount()).toBe(0)
    expect(await own.lock('another', 1)).toBe(true)
  })
})
