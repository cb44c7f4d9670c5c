import type { Dispatch, Ledger, Ref } from '../ledger/ports.ts'
import type { Group } from './group.ts'
import { dispatchOf, putBackRow } from './ledger.rows.ts'
import { itemsOf, logChanges, readChunk, removeBatch, type StoredRow, settleBatch, writeItems, writeRow } from './ledger.sqlite.rows.ts'
import type { Sqlite } from './sqlite.ts'

type Part = Pick<Ledger, 'idle' | 'recover' | 'recoverAll'>

export function recoverPart(db: Sqlite, group: Group, now: () => number): Part {
  const { sql } = db

  const putBack = (row: StoredRow, maxLost: number, at: number): void => {
    const { changes, items } = putBackRow(row, () => itemsOf(db, row), maxLost, at)
    writeRow(db, row)
    if (items) {
      writeItems(db, row, items)
      logChanges(db, row, items, changes, at)
    }
    settleBatch(db, row.tenant, row.batch_id, at)
  }

  return {
    async idle(olderThanMs) {
      const rows = sql("select * from chunks where state in ('queued', 'running') and touched_at < ? limit 200").all(
        now() - olderThanMs,
      ) as StoredRow[]
      return rows.map(dispatchOf)
    },

    async recover(dispatch: Dispatch & Ref, { maxLost }) {
      await group(() => {
        const row = readChunk(db, dispatch)
        if (row && row.dispatch === dispatch.dispatch && (row.state === 'queued' || row.state === 'running')) putBack(row, maxLost, now())
      })
    },

    async recoverAll({ maxLost }) {
      const at = now()
      return group(() => {
        const receiving = sql("select id from batches where state = 'receiving'").all() as { id: string }[]
        for (const { id } of receiving) removeBatch(db, id)
        // Requests that were being answered when the process died never stored an answer: their keys are free again.
        sql('delete from idempotency where status is null').run()
        const rows = sql("select * from chunks where state in ('queued', 'running')").all() as StoredRow[]
        for (const row of rows) putBack(row, maxLost, at)
        return { chunks: rows.length, discarded: receiving.length }
      })
    },
  }
}
