/** A source in memory with coarse clocks, for tests of the sync itself: what is read is what a careful connector would give. */

import { AppError } from '../../src/errors.ts'
import type { Mapped, Page, Raw, ReadOptions, Source } from '../../src/sync/source.ts'

export type Row = { id: string; at: number | null; deleted?: boolean; value: Record<string, unknown> }
export type MemorySource = Source & {
  rows: Map<string, Row>
  set(id: string, at: number | null, value: Record<string, unknown>): void
  /** Pages that were asked for. */
  reads: number
  fail: (() => Error | null) | null
}

const KNOWN = ['name', 'emails', 'phones', 'skills', 'title', 'status', 'location', 'years', 'summary']

export function memorySource(options: { system?: string; entity?: string; incremental?: boolean } = {}): MemorySource {
  const { system = 'crm', entity = 'users', incremental = true } = options
  const rows = new Map<string, Row>()
  const raw = ({ id, at, deleted, value }: Row): Raw => ({ entity, id, at, ...(deleted && { deleted }), value: structuredClone(value) })
  const order = (a: Row, b: Row) => (a.at ?? 0) - (b.at ?? 0) || (a.id < b.id ? -1 : 1)
  const source: MemorySource = {
    system,
    entities: [{ name: entity, incremental }],
    rows,
    reads: 0,
    fail: null,
    set: (id, at, value) => void rows.set(id, { id, at, value }),
    check: async () => undefined,
    async *scan(_entity: string, { from, limit, signal }: ReadOptions): AsyncIterable<Page> {
      for (let after = (from as string | null) ?? ''; ; ) {
        signal.throwIfAborted()
        source.reads++
        const failure = source.fail?.()
        if (failure) throw failure
        const some = [...rows.values()]
          .filter(({ id }) => id > after)
          .sort((a, b) => (a.id < b.id ? -1 : 1))
          .slice(0, limit)
        if (some.length > 0) yield { records: some.map(raw), checkpoint: some.at(-1)!.id, total: rows.size }
        if (some.length < limit) return
        after = some.at(-1)!.id
      }
    },
    async *changes(_entity: string, { from, limit, since, signal }: ReadOptions & { since: number }): AsyncIterable<Page> {
      for (let last = from as [number, string] | null; ; ) {
        signal.throwIfAborted()
        source.reads++
        const failure = source.fail?.()
        if (failure) throw failure
        const some = [...rows.values()]
          .filter(({ id, at }) => (last ? (at ?? 0) > last[0] || (at === last[0] && id > last[1]) : (at ?? 0) >= since))
          .sort(order)
          .slice(0, limit)
        if (some.length > 0) yield { records: some.map(raw), checkpoint: [some.at(-1)!.at, some.at(-1)!.id], total: null }
        if (some.length < limit) return
        last = [some.at(-1)!.at!, some.at(-1)!.id]
      }
    },
    one: async (_entity, id) => (rows.has(id) ? raw(rows.get(id)!) : null),
    map({ id, value }): Mapped {
      if (value.broken) throw new AppError('record-rejected', undefined, { faults: [{ pointer: '/broken', detail: 'is broken' }] })
      const data = Object.fromEntries(Object.entries(value).filter(([field]) => KNOWN.includes(field)))
      return {
        kind: 'talent',
        key: { system, entity, id },
        data,
        unknown: Object.keys(value).filter((field) => !KNOWN.includes(field)),
        faults: [],
      }
    },
    close: async () => undefined,
  }
  return source
}
