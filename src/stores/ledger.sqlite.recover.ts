import { endOpen } from '../ledger/chunk.ts'
import type { Dispatch, Ledger, Ref } from '../ledger/ports.ts'
import type { Group } from './group.ts'
import { type ChunkRow, dispatchOf, itemsOf, logChanges, readChunk, removeBatch, settleBatch, writeItems } from './ledger.sqlite.rows.ts'
import type { Sqlite } from './sqlite.ts'

type Part = Pick<Ledger, 'idle' | 'recover' | 'recoverAll'>

export function recoverPart(db: Sqlite, group: Group, now: () => number): Part {
  const { sql } = db

  /** Back to waiting under a new fence, so that a run that is only slow cannot write any more. */
  const putBack = (row: ChunkRow, maxLost: number, at: number): void => {
    const lost = row.state === 'running' ? row.lost + 1 : row.lost
    if (lost > maxLost) {
      const items = itemsOf(db, row)
      const changes = endOpen(items, row.stage, 'failed', 'worker-lost')
      writeItems(db, row, items, at)
      logChanges(db, row, items, changes, at)
    }
    sql(
      'update chunks set state = ?, fence = fence + 1, lost = ?, tag = null, ready_at = ?, touched_at = ? where batch_id = ? and chunk = ?',
    ).run(row.open === 0 ? 'closed' : 'waiting', lost, at, at, row.batch_id, row.chunk)
    settleBatch(db, row.tenant, row.batch_id, at)
  }

  return {
    async idle(olderThanMs) {
      const rows = sql("select * from chunks where state in ('queued', 'running') and touched_at < ? limit 200").all(
        now() - olderThanMs,
      ) as ChunkRow[]
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
        const rows = sql("select * from chunks where state in ('queued', 'running')").all() as ChunkRow[]
        for (const row of rows) putBack(row, maxLost, at)
        return { chunks: rows.length, discarded: receiving.length }
      })
    },
  }
}
