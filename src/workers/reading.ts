/** What the jobs that read files have in common: each file once, several at a time, a talent for each. */
import { corrected } from '../canonical/correction.ts'
import { derivedId } from '../canonical/ids.ts'
import { AppError, toAppError } from '../errors.ts'
import type { JobName } from '../queues/index.ts'
import type { ReadOutcome } from '../resume/protocol.ts'
import { turnAway } from '../sync/erase.ts'
import type { Context, Settled, WorkItem } from './context.ts'

type Input = { blob: string; fileName: string | null }
/** What every item of one file gets. */
type Verdict = { error: AppError } | Pick<Settled & { error?: never }, 'subject' | 'next'>

/** Reads one file of the blob store. */
type Read = (path: string) => Promise<ReadOutcome>

/**
 * Files with the same content are read once and answer all their items. The talent's id comes from the content, so a repeat changes nothing.
 * `handOn` names the stage for a file that this one cannot read whole; without, what was read is kept.
 */
export async function readFiles(
  context: Context,
  read: Read,
  handOn: (outcome: ReadOutcome) => JobName | null = () => null,
): Promise<void> {
  const groups = [...Map.groupBy(context.items, (item) => (item.input as Input).blob)]
  const next = groups.values()
  // The readers have one process per core and queue by themselves; a few more in flight keep all of them busy.
  const lanes = Array.from({ length: Math.min(8, groups.length) }, async () => {
    for (const [blob, items] of next) {
      context.signal.throwIfAborted()
      const began = performance.now()
      const verdict = await readOne(context, blob, items, read, handOn)
      await context.settle(items.map(({ n }) => ({ n, ms: (performance.now() - began) / items.length, ...verdict })))
    }
  })
  const ended = await Promise.allSettled(lanes)
  const failed = ended.find((lane) => lane.status === 'rejected')
  if (failed) throw failed.reason
}

async function readOne(
  { tenant, batchId, stores, signal }: Context,
  blob: string,
  items: WorkItem[],
  read: Read,
  handOn: (outcome: ReadOutcome) => JobName | null,
): Promise<Verdict> {
  const id = derivedId('t', tenant, 'resume', blob)
  const found: Verdict = { subject: { kind: 'talent', id }, next: 'embed' }
  try {
    const { documents } = stores
    const refused = async (): Promise<Verdict | null> => {
      if ((await turnAway(documents, tenant, [id])).size === 0) return null
      await stores.blobs.remove(tenant, blob)
      return { error: new AppError('person-erased') }
    }
    const already = await refused()
    if (already) return already
    const known = await documents.get(tenant, 'talent', id)
    if (known && !known.deleted && known.source.batchId === batchId) return found
    const outcome = await read(await stores.blobs.file(tenant, blob))
    const next = handOn(outcome)
    if (next) return { next }
    if (outcome.status === 'unreadable') return { error: new AppError(outcome.code) }
    const fileName = (items[0]!.input as Input).fileName ?? undefined
    const { ocr, unread } = outcome
    const source = { by: 'resume' as const, blob, fileName, batchId, ...(ocr && { ocr }), ...(unread.length > 0 && { unread }) }
    const correction = await documents.get(tenant, 'correction', id)
    const talent = corrected(outcome.talent, correction && !correction.deleted ? correction.data : null)
    // The talent last: where it is there, its reading is there too.
    await documents.put(tenant, [
      { kind: 'reading', id, data: outcome.reading, source },
      { kind: 'talent', id, data: talent, source },
    ])
    // Again, for an order that came in between.
    return (await refused()) ?? found
  } catch (error) {
    signal.throwIfAborted()
    return { error: toAppError(error) }
  }
}
