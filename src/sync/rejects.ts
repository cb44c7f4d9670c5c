/** Records that could not be used are tried again in every run: the mapping may have learnt, or the source may have been put right. */
import type { Documents } from '../stores/ports.ts'
import { type Applied, applyPage, noCounts, type Stream } from './apply.ts'
import { range } from './gone.ts'
import { incoming, recordPrefix } from './records.ts'
import type { Raw } from './source.ts'

/** Applies those that can be used now and forgets those that a good record has replaced. */
export async function retryRejects(documents: Documents, stream: Stream, fetch: number, now: number): Promise<Applied> {
  const { tenant, source, entity, map } = stream
  const usable: Raw[] = []
  const replaced: string[] = []
  for await (const { id, data } of range(documents, tenant, 'reject', recordPrefix(tenant, source, entity))) {
    const raw = data.raw as Raw
    const record = await documents.get(tenant, 'record', id)
    if (record && (record.deleted || (record.data.at ?? 0) >= (raw.at ?? 0))) replaced.push(id)
    else if (fits(() => incoming(tenant, source, raw, map))) usable.push(raw)
  }
  const applied = await applyPage(documents, stream, usable, fetch, now)
  for (const id of replaced) await documents.remove(tenant, 'reject', id)
  // They were read, and counted as rejected, by an earlier run.
  return { ...applied, counts: usable.length === 0 ? noCounts() : applied.counts }
}

function fits(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}
