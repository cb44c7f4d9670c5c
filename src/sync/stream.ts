/** The lease and the position of a stream. Every change is a compare-and-set on its cursor, so of two runs one holds it and the other knows. */
import { derivedId } from '../canonical/ids.ts'
import type { Cursor, Run } from '../canonical/sync.ts'
import { AppError } from '../errors.ts'
import type { Documents, DocWrite } from '../stores/ports.ts'

/** A run that shows no sign of life for this long has lost its lease. Longer than a page takes. */
const LEASE_MS = 120_000

export type Hold = {
  cursor: Cursor
  /** Version of the cursor as it stands. */
  ver: number
  /** Saves what is stored so far, with documents that go with it, and prolongs the lease. Throws `sync-fenced` where another run took over. */
  save(change: Partial<Cursor>, beside?: DocWrite[]): Promise<void>
  release(change?: Partial<Cursor>): Promise<void>
}

const fresh = (source: string, entity: string): Cursor => ({
  source,
  entity,
  fetch: 0,
  lease: null,
  watermark: null,
  open: null,
  down: { failures: 0, until: 0 },
})

export const cursorId = (tenant: string, source: string, entity: string): string => derivedId('cur', tenant, source, entity)

/** Takes the stream for a run, with the next fetch number. Throws `sync-busy` while another run holds it. */
export async function hold(
  documents: Documents,
  tenant: string,
  source: string,
  entity: string,
  run: string,
  now: () => number,
): Promise<Hold> {
  const id = cursorId(tenant, source, entity)
  const doc = await documents.get(tenant, 'cursor', id)
  const was = doc && !doc.deleted ? doc.data : fresh(source, entity)
  const taken = was.lease && was.lease.run !== run && was.lease.until > now() ? was.lease.run : null
  if (taken && !(await hasEnded(documents, tenant, taken))) throw new AppError('sync-busy', undefined, { retryAfter: 5 })
  const write = async (next: Cursor, beside: DocWrite[], lost: AppError): Promise<void> => {
    // Before the cursor: what it says is stored must be stored.
    await documents.put(tenant, beside)
    const [result] = await documents.put(tenant, [{ kind: 'cursor', id, data: next, source: { by: 'sync' }, expect: held.ver }])
    if (result!.outcome === 'stale') throw lost
    held.ver = result!.ver
    held.cursor = next
  }
  const lease = () => ({ run, until: now() + LEASE_MS })
  const fenced = new AppError('sync-fenced')
  const held: Hold = {
    cursor: was,
    ver: doc?.ver ?? 0,
    save: (change, beside = []) => write({ ...held.cursor, ...change, lease: lease() }, beside, fenced),
    release: (change = {}) => write({ ...held.cursor, ...change, lease: null }, [], fenced),
  }
  await write({ ...was, fetch: was.fetch + 1, lease: lease() }, [], new AppError('sync-busy', undefined, { retryAfter: 5 }))
  return held
}

/** A run that was cut off, and whose next attempt then failed before it came to the stream, has left its lease behind. */
async function hasEnded(documents: Documents, tenant: string, run: string): Promise<boolean> {
  const doc = await documents.get(tenant, 'run', run)
  return !!doc && !doc.deleted && doc.data.status !== 'running' && doc.data.status !== 'waiting'
}

/** The run's report as it stands. Only the run itself writes it. */
export const runWrite = (id: string, data: Run): DocWrite<'run'> => ({ kind: 'run', id, data, source: { by: 'sync' } })
