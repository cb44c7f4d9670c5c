/** What talents have and positions do not: how they were read, what people correct, what can be said about them. */
import { z } from 'zod'
import { analyse } from '../analysis/analyse.ts'
import { Analysis } from '../analysis/views.ts'
import { noteCorrection, patched, TalentPatch } from '../canonical/correction.ts'
import { toJsonResume } from '../canonical/json-resume.ts'
import { Reading } from '../canonical/reading.ts'
import { AppError } from '../errors.ts'
import { project } from '../matching/project.ts'
import type { Doc } from '../stores/ports.ts'
import { readJson } from './lines.ts'
import type { Call, Route } from './route.ts'
import { docView, TalentView } from './views.ts'

const MAX_BYTES = 1024 * 1024
/** So many positions of a role are looked at for what the role asks. */
const ROLE_POSITIONS = 50
/** Cosine of title and skills from which a position counts as one of the role. */
const ROLE_LIKENESS = 0.5

async function find({ deps, caller, params }: Call): Promise<Doc<'talent'>> {
  const doc = await deps.stores.documents.get(caller.tenant, 'talent', params.id ?? '')
  if (!doc || doc.deleted) throw new AppError('not-found')
  return doc
}

async function beside<K extends 'reading' | 'correction'>({ deps, caller }: Call, kind: K, id: string): Promise<Doc<K> | null> {
  const doc = await deps.stores.documents.get(caller.tenant, kind, id)
  return doc && !doc.deleted ? doc : null
}

const read: Pick<Route, 'method' | 'tag' | 'permission' | 'errors'> = {
  method: 'get',
  tag: 'Talents',
  permission: 'talents:read',
  errors: ['not-found'],
}

/** Each round one of the rivals gets through. */
const ROUNDS = 50

/** One try. False where a sync or another person wrote the talent, or corrected it, since it was read here: what they wrote must stay. */
async function correct(call: Call, patch: Record<string, unknown>): Promise<boolean> {
  const { documents } = call.deps.stores
  const { tenant, subject } = call.caller
  const doc = await find(call)
  const talent = patched(doc.data, patch)
  const known = await documents.get(tenant, 'correction', doc.id)
  const data = noteCorrection(known && !known.deleted ? known.data : null, doc.data, talent, patch, subject, new Date().toISOString())
  // The correction first: should the rest fail, the next reading of the file, or the next settling of the records, applies it.
  const correction = { kind: 'correction', id: doc.id, data, source: { by: 'api' }, expect: known?.ver ?? 0 } as const
  const writes = [correction, { kind: 'talent', id: doc.id, data: talent, source: doc.source, expect: doc.ver }] as const
  for (const write of writes) if ((await documents.put(tenant, [write]))[0]!.outcome === 'stale') return false
  return true
}

export const talentRoutes: Route[] = [
  {
    method: 'patch',
    path: '/v1/talents/{id}',
    id: 'correctTalent',
    tag: 'Talents',
    summary: 'Correct a talent',
    description:
      'JSON Merge Patch (RFC 7396) on the top level: a list is replaced whole, null empties a field. A correction wins over later readings of the same file and is kept as feedback on the reader.',
    permission: 'talents:write',
    body: { 'application/merge-patch+json': TalentPatch },
    answers: { 200: { description: 'The talent as it is now', schema: TalentView } },
    errors: ['not-found', 'invalid-request', 'malformed-json'],
    async handle(call) {
      const { deps, caller } = call
      const id = (await find(call)).id
      const patch = await readJson(call.req, MAX_BYTES)
      for (let round = 0; !(await correct(call, patch)); round++)
        if (round === ROUNDS) throw new AppError('store-down', 'too many writers at the same record')
      const now = (await deps.stores.documents.get(caller.tenant, 'talent', id))!
      // At once for the caller's next search; should it fail, the dirty mark makes the sweeper do it.
      await project(deps.stores, deps.embedder, [now], { lane: 'interactive' })
      return { status: 200, body: docView(now) }
    },
  },
  {
    ...read,
    path: '/v1/talents/{id}/reading',
    id: 'readTalentReading',
    summary: 'Where each value of a talent stands in its document, and how sure it is',
    description: 'Values that people corrected or sent have no place in a document and are not listed.',
    answers: { 200: { description: 'Fields with the lines they were read from', schema: Reading } },
    async handle(call) {
      const doc = await find(call)
      const [reading, correction] = [await beside(call, 'reading', doc.id), await beside(call, 'correction', doc.id)]
      const said = new Set(Object.keys(correction?.data.fields ?? {}))
      const fields = (reading?.data.fields ?? []).filter((field) => !said.has(field.path.split('/')[1]!))
      return { status: 200, body: { fields, blocks: reading?.data.blocks ?? [] } }
    },
  },
  {
    ...read,
    path: '/v1/talents/{id}/pages/{page}',
    id: 'drawTalentPage',
    summary: 'A page of the document a talent was read from, as an image',
    description: 'Documents without pages (DOCX, HTML, text) and talents that were sent have none: 404. Pages count from 1.',
    query: z.object({
      field: z
        .string()
        .max(200)
        .optional()
        .meta({ description: 'JSON pointer as in the reading, such as /experience/0/company: its lines are marked.' }),
      dpi: z.coerce.number().int().min(36).max(200).default(110),
    }),
    answers: { 200: { description: 'The page', type: 'image/webp' } },
    errors: ['not-found', 'invalid-request'],
    async handle(call) {
      const { deps, caller, params, query, req, res } = call
      const doc = await find(call)
      const number = /^[1-9]\d{0,3}$/.test(params.page ?? '') ? Number(params.page) : 0
      if (!doc.source.blob || number === 0) throw new AppError('not-found')
      const reading = query.field === undefined ? null : await beside(call, 'reading', doc.id)
      const field = reading?.data.fields.find((one) => one.path === query.field)
      const marks = (field?.blocks ?? []).flatMap((at) => {
        const { page, x, y, w, h } = reading!.data.blocks[at]!
        return page !== null && x !== null && y !== null && w !== null && h !== null ? [{ page, x, y, w, h }] : []
      })
      const gone = new AbortController()
      req.on('close', () => gone.abort())
      const path = await deps.stores.blobs.file(caller.tenant, doc.source.blob)
      const [page] = await deps.pages
        .draw(path, { from: number, to: number, dpi: query.dpi as number, marks }, gone.signal)
        .catch((error) => {
          throw error instanceof AppError && error.code === 'unsupported-type'
            ? new AppError('not-found', 'this document has no pages')
            : error
        })
      if (!page) throw new AppError('not-found', 'the document has fewer pages')
      res.status(200).type('image/webp').send(Buffer.from(page.image, 'base64'))
      return undefined
    },
  },
  {
    ...read,
    path: '/v1/talents/{id}/json-resume',
    id: 'readTalentAsJsonResume',
    summary: 'A talent in the form of JSON Resume',
    answers: { 200: { description: 'JSON Resume 1.0.0', schema: z.record(z.string(), z.unknown()) } },
    handle: async (call) => ({ status: 200, body: toJsonResume((await find(call)).data) }),
  },
  {
    ...read,
    path: '/v1/talents/{id}/analysis',
    id: 'analyseTalent',
    summary: 'Experience, gaps, data quality, and what is missing for a position or a role',
    query: z.object({
      positionId: z.string().max(64).optional().meta({ description: 'Recommendations for this position.' }),
      role: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .optional()
        .meta({ description: 'Recommendations for what the positions of this title ask for.' }),
    }),
    answers: { 200: { description: 'What can be said, each with its evidence', schema: Analysis } },
    async handle(call) {
      const { query } = call
      const doc = await find(call)
      const reading = await beside(call, 'reading', doc.id)
      const positions = (await wantedPositions(call, query.positionId as string | undefined, query.role as string | undefined)).map(
        (one) => one.data,
      )
      const analysis = analyse(doc.data, {
        reading: reading?.data ?? null,
        unread: doc.source.unread ?? [],
        positions,
        now: new Date(),
        updatedAt: new Date(doc.updatedAt),
      })
      return { status: 200, body: analysis }
    },
  },
]

async function wantedPositions(
  { deps, caller }: Call,
  positionId: string | undefined,
  role: string | undefined,
): Promise<Doc<'position'>[]> {
  const { documents, search } = deps.stores
  if (positionId !== undefined) {
    const doc = await documents.get(caller.tenant, 'position', positionId)
    if (!doc || doc.deleted) throw new AppError('not-found', 'there is no such position')
    return [doc]
  }
  if (role === undefined) return []
  const [vector] = await deps.embedder.embed([role], { lane: 'interactive', side: 'query' })
  if (!(vector instanceof Float32Array)) return []
  const hits = await search.nearest(caller.tenant, 'position', 'title', deps.embedder.space, vector, { limit: ROLE_POSITIONS })
  return documents.many(
    caller.tenant,
    'position',
    hits.filter((hit) => hit.score >= ROLE_LIKENESS).map((hit) => hit.id),
  )
}
