/** The receipt: one line per item with what became of it, as NDJSON or CSV, streamed. */
import { once } from 'node:events'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { languageOf } from './problem.ts'
import type { Route } from './route.ts'
import { itemView } from './views.ts'

const COLUMNS = ['n', 'type', 'key', 'outcome', 'code', 'title', 'detail', 'attempts', 'ms', 'subject'] as const
const PAGE = 1000

export const receiptRoute: Route = {
  method: 'get',
  path: '/v1/batches/{id}/receipt',
  id: 'readReceipt',
  tag: 'Batches',
  summary: 'What became of every item, as NDJSON or CSV',
  description: 'CSV with `format=csv` or `Accept: text/csv`. `title` says what the code means, by Accept-Language.',
  permission: 'batches:read',
  query: z.object({ format: z.enum(['ndjson', 'csv']).optional() }),
  answers: { 200: { description: 'One line per item', type: 'application/x-ndjson' } },
  errors: ['not-found'],
  async handle({ deps, caller, params, query, req, res }) {
    const id = params.id ?? ''
    const batch = await deps.ledger.batch(caller.tenant, id)
    if (!batch) throw new AppError('not-found')
    const language = languageOf(req.get('accept-language'))
    const csv = query.format === 'csv' || (query.format === undefined && /text\/csv/.test(req.get('accept') ?? ''))
    res.type(csv ? 'text/csv; charset=utf-8' : 'application/x-ndjson')
    res.setHeader('content-disposition', `attachment; filename="receipt-${id}.${csv ? 'csv' : 'ndjson'}"`)
    // A byte order mark: without it Excel reads Chinese file names as another encoding.
    if (csv) res.write(`\uFEFF${COLUMNS.join(',')}\r\n`)
    let after = -1
    for (;;) {
      const items = (await deps.ledger.items(caller.tenant, id, { after, limit: PAGE })).map((item) => itemView(item, language))
      if (items.length === 0) break
      const text = items
        .map((item) => {
          const flat: Record<string, unknown> = { ...item, subject: item.subject ? `${item.subject.kind}:${item.subject.id}` : null }
          return csv ? `${COLUMNS.map((c) => csvCell(flat[c])).join(',')}\r\n` : `${JSON.stringify(item)}\n`
        })
        .join('')
      if (!res.write(text)) await Promise.race([once(res, 'drain'), once(res, 'close')])
      if (res.destroyed || items.length < PAGE) break
      after = items.at(-1)!.n
    }
    res.end()
    return undefined
  },
}

/** RFC 4180, and a quote before = + - @ and tab, so that a spreadsheet does not run a file name as a formula. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = String(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
