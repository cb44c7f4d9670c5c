import { AppError } from '../errors.ts'
import type { Subject } from '../ledger/ports.ts'
import { project } from '../matching/project.ts'
import type { Context, WorkItem } from './context.ts'

const SLICE = 64

export const subjectOf = (item: WorkItem): Subject => {
  const input = item.input as { talentId?: string; positionId?: string }
  return (
    item.subject ??
    (input.talentId !== undefined ? { kind: 'talent', id: input.talentId } : { kind: 'position', id: input.positionId ?? '' })
  )
}

/** Brings vectors, search index and graph up to the documents' versions. */
export default async function embed(context: Context): Promise<void> {
  const { tenant, stores, embedder, signal } = context
  for (let i = 0; i < context.items.length; i += SLICE) {
    signal.throwIfAborted()
    const began = performance.now()
    const slice = context.items.slice(i, i + SLICE).map((item) => ({ n: item.n, subject: subjectOf(item) }))
    const ids = (kind: Subject['kind']) => slice.filter((item) => item.subject.kind === kind).map((item) => item.subject.id)
    const docs = [
      ...(await stores.documents.many(tenant, 'talent', ids('talent'))),
      ...(await stores.documents.many(tenant, 'position', ids('position'))),
    ]
    const found = new Set(docs.map((doc) => `${doc.kind} ${doc.id}`))
    const { unembedded } = await project(stores, embedder, [...new Map(docs.map((doc) => [`${doc.kind} ${doc.id}`, doc])).values()], {
      signal,
      lane: 'bulk',
    })
    const failed = new Map(unembedded.map(({ kind, id, code }) => [`${kind} ${id}`, code]))
    const ms = (performance.now() - began) / slice.length
    await context.settle(
      slice.map(({ n, subject }) => {
        const key = `${subject.kind} ${subject.id}`
        const code = found.has(key) ? failed.get(key) : 'subject-missing'
        return code ? { n, ms, error: new AppError(code) } : { n, ms, subject }
      }),
    )
  }
}
