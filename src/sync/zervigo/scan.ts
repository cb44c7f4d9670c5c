/**
 * Reading a list by page numbers while it moves. Zervigo's lists have no order: an updated row goes to the end, everything behind its place moves
 * up, and the row at the edge of a page is never shown. So a pass counts only if nothing moved while it ran: no row came twice and the total
 * stayed. Otherwise the list is read again, until a pass shows nothing that is new.
 */
import { sha256 } from '../../canonical/ids.ts'
import { AppError } from '../../errors.ts'

export type ListPage = { items: Record<string, unknown>[]; total: number | null; pages: number | null }
export type ReadPage = (page: number) => Promise<ListPage>

const MAX_PASSES = 6

/** Pages of items, each item at least once, again where it changed between passes. Throws `source-down` where the list never holds still. */
export async function* scanList(
  read: ReadPage,
  size: number,
  idOf: (item: Record<string, unknown>) => string,
): AsyncIterable<{ items: Record<string, unknown>[]; total: number | null }> {
  const seen = new Map<string, number>()
  for (let pass = 1; pass <= MAX_PASSES; pass++) {
    let moved = false
    let fresh = 0
    const shown = new Set<string>()
    let total: number | null = null
    for (let page = 1, pages = 1; page <= pages; page++) {
      const found = await read(page)
      // A and B count only on the first page.
      if (page === 1) {
        total = found.total
        pages = found.pages ?? Math.ceil((found.total ?? 0) / size)
      } else if (found.pages !== null) {
        moved ||= found.total !== total
        total = found.total
        pages = found.pages
      }
      const news: Record<string, unknown>[] = []
      for (const item of found.items) {
        const id = idOf(item)
        moved ||= shown.has(id)
        shown.add(id)
        const sum = checksum(item)
        if (!seen.has(id)) fresh++
        if (seen.get(id) === sum) continue
        seen.set(id, sum)
        news.push(item)
      }
      if (news.length > 0) yield { items: news, total }
    }
    const whole = total === null || shown.size >= total || seen.size >= total
    if (whole && (pass === 1 ? !moved : fresh === 0)) return
  }
  throw new AppError('source-down', `the list changed in each of ${MAX_PASSES} readings; try at a quieter time`)
}

/** 48 bits of the sha256: one number a row instead of a long text. That two states of one row share it is one chance in 3 * 10^14. */
const checksum = (item: Record<string, unknown>): number => Number.parseInt(sha256(JSON.stringify(item)).slice(0, 12), 16)
