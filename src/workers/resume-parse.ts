import { corrected } from '../canonical/correction.ts'
import { derivedId } from '../canonical/ids.ts'
import { AppError, toAppError } from '../errors.ts'
import type { Context, Settled, WorkItem } from './context.ts'

type Input = { blob: string; fileName: string | null }

/** Files with the same content are read once and answer all their items. The talent's id comes from the content, so a repeat changes nothing. */
export default async function resumeParse(context: Context): Promise<void> {
  const groups = [...Map.groupBy(context.items, (item) => (item.input as Input).blob)]
  const next = groups.values()
  // The reader has one process per core and queues by itself; a few more in flight keep all of them busy.
  const lanes = Array.from({ length: Math.min(8, groups.length) }, async () => {
    for (const [blob, items] of next) {
      context.signal.throwIfAborted()
      await context.settle(await readOne(context, blob, items))
    }
  })
  const ended = await Promise.allSettled(lanes)
  const failed = ended.find((lane) => lane.status === 'rejected')
  if (failed) throw failed.reason
}

async function readOne(context: Context, blob: string, items: WorkItem[]): Promise<Settled[]> {
  const { tenant, batchId, stores, reader, signal } = context
  const id = derivedId('t', tenant, 'resume', blob)
  const began = performance.now()
  const settle = (extra: { error: AppError } | { subject: { kind: 'talent'; id: string } }): Settled[] =>
    items.map(({ n }) => ({ n, ms: (performance.now() - began) / items.length, ...extra }))
  try {
    const known = await stores.documents.get(tenant, 'talent', id)
    if (known && !known.deleted && known.source.batchId === batchId) return settle({ subject: { kind: 'talent', id } })
    const outcome = await reader.read(await stores.blobs.file(tenant, blob), { signal })
    if (outcome.status === 'unreadable') return settle({ error: new AppError(outcome.code) })
    const fileName = (items[0]!.input as Input).fileName ?? undefined
    const correction = await stores.documents.get(tenant, 'correction', id)
    const talent = corrected(outcome.talent, correction && !correction.deleted ? correction.data : null)
    const source = { by: 'resume' as const, blob, fileName, batchId }
    // The talent last: where it is there, its reading is there too.
    await stores.documents.put(tenant, [
      { kind: 'reading', id, data: outcome.reading, source },
      { kind: 'talent', id, data: talent, source },
    ])
    return settle({ subject: { kind: 'talent', id } })
  } catch (error) {
    signal.throwIfAborted()
    return settle({ error: toAppError(error) })
  }
}
