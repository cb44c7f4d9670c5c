import type { LedgerFile } from './ledger.front.ts'
import { type Core, changeChunk, mend, statesOf } from './ledger.mongo.core.ts'
import { removeBatch } from './ledger.mongo.submit.ts'
import { dispatchOf, putBackRow } from './ledger.rows.ts'

type Part = Pick<LedgerFile, 'idle' | 'recover' | 'recoverAll'>

const IDLE_LIMIT = 200

export function recoverPart(core: Core): Part {
  const { col, calls, now } = core
  const inQueue = { $in: ['queued' as const, 'running' as const] }

  const putBack = (ref: { tenant: string; batchId: string; chunk: number }, dispatch: number, maxLost: number) =>
    changeChunk(core, ref, (row) => {
      if (row.dispatch !== dispatch || (row.state !== 'queued' && row.state !== 'running')) return null
      const { changes, items } = putBackRow(row, () => statesOf(row), maxLost, now())
      return { ...(items && { items }), changes, answer: null }
    })

  return {
    async idle(olderThanMs) {
      const rows = await calls('chunks.idle', () =>
        col.chunks
          .find(
            { state: inQueue, touched_at: { $lt: now() - olderThanMs } },
            { projection: { tenant: 1, batch_id: 1, chunk: 1, job: 1, dispatch: 1, tag: 1 } },
          )
          .limit(IDLE_LIMIT)
          .toArray(),
      )
      return rows.map(dispatchOf)
    },

    async recover(dispatch, { maxLost }) {
      await putBack(dispatch, dispatch.dispatch, maxLost)
    },

    async recoverAll({ maxLost }) {
      const receiving = await calls('batches.receiving', () =>
        col.batches.find({ state: 'receiving' }, { projection: { _id: 1 } }).toArray(),
      )
      for (const { _id } of receiving) await removeBatch(core, _id)
      // First what was opened answers its key. Requests that were being answered when the process died have none: their keys are free again.
      await mend(core, true)
      await calls('idempotency.free', () => col.idempotency.deleteMany({ status: null as never }))
      const rows = await calls('chunks.in-queue', () =>
        col.chunks.find({ state: inQueue }, { projection: { tenant: 1, batch_id: 1, chunk: 1, dispatch: 1 } }).toArray(),
      )
      for (const { tenant, batch_id, chunk, dispatch } of rows) await putBack({ tenant, batchId: batch_id, chunk }, dispatch, maxLost)
      return { chunks: rows.length, discarded: receiving.length }
    },
  }
}
