/** Reading, searching and deleting talents and positions: one shape for both. */
import { z } from 'zod'
import type { Kind } from '../canonical/schema.ts'
import { AppError } from '../errors.ts'
import { project } from '../matching/project.ts'
import { canonicalCity } from '../skills/cities.ts'
import { canonicalSkill } from '../skills/match.ts'
import type { Doc, Hit } from '../stores/ports.ts'
import { forget } from '../sync/forget.ts'
import type { Answer, Call, Route } from './route.ts'
import { Cursor, docView, Limit, MatchView, matchView, OneTalentView, oneTalentView, PositionView, TalentView } from './views.ts'

const Search = z.object({
  q: z
    .string()
    .trim()
    .max(500)
    .optional()
    .meta({ description: 'A name, or words in Chinese or English: titles, skills or a sentence. Who is called so comes first.' }),
  skill: z.string().trim().max(120).optional(),
  city: z.string().trim().max(120).optional(),
  cursor: Cursor.meta({ description: 'Only without q: search answers the best `limit` at once.' }),
  limit: Limit,
})

/** Constant of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009). */
const RRF = 60
const CANDIDATES = 200

/** Filters under the names that the index holds, so that `golang` finds Go and 上海 finds Shanghai. */
function filterOf({ skill, city }: { skill?: string; city?: string }): { skill?: string; city?: string } {
  return { skill: skill && canonicalSkill(skill), city: city && (canonicalCity(city) ?? city) }
}

/**
 * Who is called so comes first. Then words and meaning together: BM25 and cosine ranks are fused, so that what is said in other words or in the
 * other language is found too.
 */
async function search(call: Call, kind: Kind): Promise<Hit[]> {
  const { deps, caller, query } = call
  const q = query.q as string
  const filter = filterOf(query)
  const [vector] = await deps.embedder.embed([q], { lane: 'interactive', side: 'query' })
  const lists = [await deps.stores.search.text(caller.tenant, kind, q, { limit: CANDIDATES, ...filter })]
  // Vectors know no filters: with one, meaning only reorders what the words and the filter found.
  if (vector instanceof Float32Array && vector.some((x) => x !== 0)) {
    const allowed = filter.skill || filter.city ? new Set(lists[0]?.map((hit) => hit.id)) : null
    for (const field of ['title', 'text'] as const) {
      const hits = await deps.stores.search.nearest(caller.tenant, kind, field, deps.embedder.space, vector, { limit: CANDIDATES })
      lists.push(hits.filter((hit) => hit.score > 0 && (!allowed || allowed.has(hit.id))))
    }
  }
  const scores = new Map<string, number>()
  for (const list of lists) for (const [rank, hit] of list.entries()) scores.set(hit.id, (scores.get(hit.id) ?? 0) + 1 / (RRF + rank + 1))
  // A fused score stays under 1.
  for (const { id, score } of await deps.stores.search.named(caller.tenant, kind, q, { limit: CANDIDATES, ...filter }))
    scores.set(id, (scores.get(id) ?? 0) + score)
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
}

function routesOf(kind: Kind, view: typeof TalentView | typeof PositionView): Route[] {
  const one = kind === 'talent' ? 'Talent' : 'Position'
  const many = `${kind}s`
  const tag = `${one}s`
  const find = async ({ deps, caller, params }: Call): Promise<Doc<Kind>> => {
    const doc = await deps.stores.documents.get(caller.tenant, kind, params.id ?? '')
    if (!doc || doc.deleted) throw new AppError('not-found')
    return doc
  }
  const Found = z.object({ data: z.array(view.extend({ score: z.number().optional() })), next: z.string().nullable() })

  return [
    {
      method: 'get',
      path: `/v1/${many}`,
      id: `list${one}s`,
      tag,
      summary: `List or search ${many}`,
      permission: `${many}:read` as 'talents:read',
      query: Search,
      answers: { 200: { description: 'A page, or the best hits first with q', schema: Found } },
      async handle(call): Promise<Answer> {
        const { deps, caller, query } = call
        const limit = query.limit as number
        if (query.q || query.skill || query.city) {
          const filter = filterOf(query)
          const hits = query.q ? await search(call, kind) : await deps.stores.search.text(caller.tenant, kind, '', { limit, ...filter })
          const best = hits.slice(0, limit)
          const docs = new Map(
            (
              await deps.stores.documents.many(
                caller.tenant,
                kind,
                best.map((hit) => hit.id),
              )
            ).map((doc) => [doc.id, doc]),
          )
          const data = best.flatMap((hit) => (docs.has(hit.id) ? [{ score: hit.score, ...docView(docs.get(hit.id)!) }] : []))
          return { status: 200, body: { data, next: null } }
        }
        const docs = await deps.stores.documents.page(caller.tenant, kind, { after: query.cursor as string | undefined, limit })
        return { status: 200, body: { data: docs.map(docView), next: docs.length === limit ? (docs.at(-1)?.id ?? null) : null } }
      },
    },
    {
      method: 'get',
      path: `/v1/${many}/{id}`,
      id: `read${one}`,
      tag,
      summary: `Read a ${kind}`,
      permission: `${many}:read` as 'talents:read',
      answers: { 200: { description: `The ${kind}`, schema: kind === 'talent' ? OneTalentView : view } },
      errors: ['not-found'],
      async handle(call) {
        const doc = await find(call)
        return { status: 200, body: kind === 'talent' ? oneTalentView(doc as Doc<'talent'>) : docView(doc) }
      },
    },
    {
      method: 'get',
      path: `/v1/${many}/{id}/matches`,
      id: `read${one}Matches`,
      tag,
      summary: kind === 'talent' ? 'Best positions for a talent, with reasons' : 'Best talents for a position, with reasons',
      description:
        'The stored result of the last match, with the versions of model and scorer. 404 until there is one; ask for it with POST /v1/matches.',
      permission: `${many}:read` as 'talents:read',
      query: z.object({ limit: z.coerce.number().int().min(1).max(20).default(10) }),
      answers: { 200: { description: 'The matches', schema: MatchView } },
      errors: ['not-found'],
      async handle(call) {
        const doc = await find(call)
        const match = await call.deps.stores.documents.get(call.caller.tenant, 'match', doc.id)
        if (!match || match.deleted) throw new AppError('not-found', 'no match was made yet; POST /v1/matches')
        return { status: 200, body: matchView(match.data, call.query.limit as number) }
      },
    },
    {
      method: 'delete',
      path: `/v1/${many}/{id}`,
      id: `delete${one}`,
      tag,
      summary: `Delete a ${kind}`,
      description:
        'Removes the record, its index entries, vectors, edges, matches, what sources said of it and, for a résumé, the file. The sources that named it do not bring it back, another one may. For all that is known of a person: POST /v1/talents/{id}/erasure.',
      permission: `${many}:delete` as 'talents:delete',
      answers: { 204: { description: 'Deleted' } },
      errors: ['not-found'],
      async handle(call) {
        const { deps, caller } = call
        const doc = await find(call)
        const { gone } = await forget(deps.stores.documents, caller.tenant, kind, doc.id)
        if (doc.source.blob) await deps.stores.blobs.remove(caller.tenant, doc.source.blob)
        // At once for the caller's next search; should it fail, the dirty mark makes the sweeper do it.
        await project(deps.stores, deps.embedder, [gone], { lane: 'interactive' })
        return { status: 204, body: null }
      },
    },
  ]
}

export const recordRoutes: Route[] = [...routesOf('talent', TalentView), ...routesOf('position', PositionView)]
