import { canonicalJson, derivedId } from '../canonical/ids.ts'
import type { Kind, Position, Talent } from '../canonical/schema.ts'
import type { DocWrite } from '../stores/ports.ts'
import type { Context, WorkItem } from './context.ts'

const SLICE = 100

/** The id comes from the caller's own id, or from the content where there is none: the same record again updates or changes nothing. */
export default async function ingest(context: Context): Promise<void> {
  const { tenant, stores, signal } = context
  for (let i = 0; i < context.items.length; i += SLICE) {
    signal.throwIfAborted()
    const began = performance.now()
    const slice = context.items.slice(i, i + SLICE)
    const writes = slice.map((item) => toWrite(context, item))
    // The last one wins where a slice names the same record twice.
    await stores.documents.put(tenant, [...new Map(writes.map((write) => [write.id, write])).values()])
    const ms = (performance.now() - began) / slice.length
    await context.settle(slice.map(({ n }, at) => ({ n, ms, subject: { kind: writes[at]!.kind as Kind, id: writes[at]!.id } })))
  }
}

function toWrite({ tenant, batchId }: Context, item: WorkItem): DocWrite {
  const { id: externalId, ...data } = item.input as { id?: string } & (Talent | Position)
  const kind = item.type as Kind
  const id = derivedId(
    kind === 'talent' ? 't' : 'p',
    tenant,
    externalId === undefined ? 'content' : 'external',
    externalId ?? canonicalJson(data),
  )
  return { kind, id, data: data as Talent | Position, source: { by: 'api', batchId, ...(externalId !== undefined && { externalId }) } }
}
