import { AppError } from '../errors.ts'
import { matchMany } from '../matching/match.ts'
import type { Context } from './context.ts'
import { subjectOf } from './embed.ts'

const SLICE = 50
/** Results kept for each talent or position. */
const BEST = 20

export default async function match(context: Context): Promise<void> {
  const { tenant, stores, embedder, signal, now } = context
  for (let i = 0; i < context.items.length; i += SLICE) {
    signal.throwIfAborted()
    const began = performance.now()
    const slice = context.items.slice(i, i + SLICE).map((item) => ({ n: item.n, subject: subjectOf(item) }))
    const matches = await matchMany(
      stores,
      embedder,
      tenant,
      slice.map((item) => item.subject),
      { limit: BEST, now: new Date(now()), signal },
    )
    const writes = new Map(matches.flatMap((found) => (found ? [[found.subject.id, found] as const] : [])))
    await stores.documents.put(
      tenant,
      [...writes].map(([id, data]) => ({ kind: 'match' as const, id, data, source: { by: 'api' as const, batchId: context.batchId } })),
    )
    const ms = (performance.now() - began) / slice.length
    await context.settle(
      slice.map(({ n, subject }) => (writes.has(subject.id) ? { n, ms, subject } : { n, ms, error: new AppError('subject-missing') })),
    )
  }
}
