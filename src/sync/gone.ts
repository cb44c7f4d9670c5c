/** Deletes by absence: what a completed full scan did not show is gone from the source. */
import type { Cursor } from '../canonical/sync.ts'
import type { Doc, Documents, DocWrite } from '../stores/ports.ts'
import type { Stream } from './apply.ts'
import { recordPrefix } from './records.ts'

const PAGE = 1000
/** The end of a record's id is a hash already: 80 bits of it tell a million records apart. */
const TAIL = 16
const tail = (id: string): string => id.slice(-TAIL)

const prefixOf = ({ tenant, source, entity }: Stream): string => recordPrefix(tenant, source, entity)

/** What one page showed. Written before the cursor moves past the page, so that a run which is cut off still knows it. Each run writes over the last. */
export function seenWrite(stream: Stream, run: string, page: number, ids: string[]): DocWrite<'seen'> {
  const id = `${prefixOf(stream)}${String(page).padStart(8, '0')}`
  return { kind: 'seen', id, data: { run, tails: ids.map(tail) }, source: { by: 'sync' } }
}

/**
 * Records of the stream that none of the scan's pages showed, and how many it has. Left out are those written since the scan began: another run
 * read them while this one was at work, or lay still. The number of its fetch tells that where clocks differ, the version where it is a run that
 * has been overtaken. Answers nothing gone where it does not know every page.
 */
export async function missing(
  documents: Documents,
  stream: Stream,
  scan: Pick<NonNullable<Cursor['open']>, 'run' | 'fetch' | 'ver' | 'pages'>,
  signal: AbortSignal,
): Promise<{ gone: string[]; living: number }> {
  const seen = new Set<string>()
  let pages = 0
  for await (const { data } of range(documents, stream.tenant, 'seen', prefixOf(stream), signal)) {
    if (data.run !== scan.run) continue
    pages++
    for (const one of data.tails) seen.add(one)
  }
  const gone: string[] = []
  let living = 0
  for await (const doc of range(documents, stream.tenant, 'record', prefixOf(stream), signal)) {
    if (doc.data.gone) continue
    living++
    if (!seen.has(tail(doc.id)) && doc.data.fetch <= scan.fetch && doc.ver < scan.ver) gone.push(doc.id)
  }
  return { gone: pages === scan.pages ? gone : [], living }
}

/** Living documents whose ids begin with `prefix`, in order. */
export async function* range<K extends 'seen' | 'record' | 'reject'>(
  documents: Documents,
  tenant: string,
  kind: K,
  prefix: string,
  signal?: AbortSignal,
): AsyncIterable<Doc<K>> {
  for (let after = prefix; ; ) {
    signal?.throwIfAborted()
    const page = await documents.page(tenant, kind, { after, limit: PAGE })
    for (const doc of page) {
      if (!doc.id.startsWith(prefix)) return
      yield doc
    }
    if (page.length < PAGE) return
    after = page.at(-1)!.id
  }
}
