import { canonicalJson, derivedId } from '../canonical/ids.ts'
import type { Kind, Position, Talent } from '../canonical/schema.ts'
import { AppError } from '../errors.ts'
import type { DocWrite } from '../stores/ports.ts'
import { turnAway } from '../sync/erase.ts'
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
    const ids = writes.filter(({ kind }) => kind === 'talent').map(({ id }) => id)
    const erased = await turnAway(stores.documents, tenant, ids)
    const wanted = writes.filter(({ id }) => !erased.has(id))
    await stores.documents.put(tenant, [...new Map(wanted.map((write) => [write.id, write])).values()])
    // Again, for an order that came in between.
    for (const id of await turnAway(stores.documents, tenant, ids)) erased.add(id)
    const ms = (performance.now() - began) / slice.length
    await context.settle(
      slice.map(({ n }, at) => {
        const { kind, id } = writes[at]!
        return { n, ms, ...(erased.has(id) ? { error: new AppError('person-erased') } : { subject: { kind: kind as Kind, id } }) }
      }),
    )
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
