/** Takes a canonical record and all that documents hold of it away, so that no later sync brings it back. */
import { EMPTY } from '../canonical/empty.ts'
import type { CanonicalKind } from '../canonical/sync.ts'
import { AppError } from '../errors.ts'
import type { Doc, Documents } from '../stores/ports.ts'

export type Forgotten = {
  /** Its tombstone, to be projected. */
  gone: Doc<CanonicalKind>
  /** sha256 of the uploaded file it was read from. */
  blob: string | null
  /** Documents that were removed, by kind. */
  removed: Record<string, number>
}

/** What stands beside a record under its id. */
const ROUNDS = 50
const BESIDE = ['match', 'reading', 'correction', 'conflict'] as const

/**
 * Source records go first: their tombstones are what keeps a sync from bringing the person back (records.ts). Only then the canonical record,
 * which nothing can make any more. One that is not there leaves a tombstone too: whoever is about to write it for the first time loses. May be
 * repeated after a crash: what is gone stays gone.
 */
export async function forget(documents: Documents, tenant: string, kind: CanonicalKind, id: string): Promise<Forgotten> {
  const removed: Record<string, number> = {}
  const remove = async (what: Parameters<Documents['remove']>[1], one: string, expect?: number) => {
    const did = await documents.remove(tenant, what, one, expect)
    if (did) removed[what] = (removed[what] ?? 0) + 1
    return did
  }
  let made: number | null = null
  for (let round = 0; round < ROUNDS; round++) {
    const doc = await documents.get(tenant, kind, id)
    if (!doc) {
      const [put] = await documents.put(tenant, [{ kind, id, data: EMPTY[kind], source: { by: 'api' }, expect: 0 }])
      if (put!.outcome === 'created') made = put!.ver
      continue
    }
    for (const record of doc.source.records ?? []) {
      await remove('record', record)
      await remove('reject', record)
    }
    for (const beside of BESIDE) await remove(beside, id)
    if (doc.deleted) return { gone: doc, blob: null, removed }
    // A sync may have found another record of the same person meanwhile: then that one has to go too.
    if (!(await remove(kind, id, doc.ver))) continue
    if (doc.ver === made) delete removed[kind]
    return { gone: (await documents.get(tenant, kind, id))!, blob: doc.source.blob ?? null, removed }
  }
  throw new AppError('store-down', 'too many writers at the same record')
}
