/** What the API shows: schemas of answers and the functions that make them from what the ledger and the stores hold. */
import { z } from 'zod'
import { Company, Relation } from '../canonical/incoming.ts'
import { Position, Talent } from '../canonical/schema.ts'
import type { CanonicalKind } from '../canonical/sync.ts'
import type { Batch, ItemState } from '../ledger/ports.ts'
import { SkillExperience, skillExperience } from '../matching/skill-experience.ts'
import type { Doc, Match } from '../stores/ports.ts'
import { type Language, titleOf } from './problem.ts'
import { Rejection } from './submission.ts'

const time = z.string().nullable()
export const BatchView = z
  .object({
    id: z.string(),
    label: z.string().nullable(),
    state: z.enum(['receiving', 'open', 'closed']),
    cancelRequested: z.boolean(),
    createdAt: z.string(),
    closedAt: time,
    rerunOf: z.string().nullable(),
    counts: z.object({
      submitted: z.number(),
      done: z.number(),
      failed: z.number(),
      unreadable: z.number(),
      cancelled: z.number(),
      waiting: z.number(),
      running: z.number(),
    }),
    stages: z.array(
      z.object({
        job: z.string(),
        total: z.number(),
        passed: z.number(),
        ended: z.number(),
        running: z.number(),
        waitMs: z.number(),
        runMs: z.number(),
        runs: z.number(),
      }),
    ),
    itemsPerSecond: z.number().nullable().meta({ description: 'Items ended per second since the batch was opened.' }),
    etaSeconds: z.number().nullable().meta({ description: 'Seconds until the batch ends at that rate; null when nothing ended yet.' }),
    links: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Batch' })
export type BatchView = z.infer<typeof BatchView>

export function batchView(batch: Batch, now = Date.now()): BatchView {
  const { counts } = batch
  const ended = counts.done + counts.failed + counts.unreadable + counts.cancelled
  const from = Date.parse(batch.openedAt ?? batch.createdAt)
  const seconds = ((batch.closedAt ? Date.parse(batch.closedAt) : now) - from) / 1000
  const rate = ended > 0 && seconds > 0 ? ended / seconds : null
  const url = `/v1/batches/${batch.id}`
  return {
    id: batch.id,
    label: batch.label,
    state: batch.state,
    cancelRequested: batch.cancelRequestedAt !== null,
    createdAt: batch.createdAt,
    closedAt: batch.closedAt,
    rerunOf: batch.rerunOf,
    counts,
    stages: batch.stages,
    itemsPerSecond: rate === null ? null : round(rate),
    etaSeconds: batch.state === 'closed' ? 0 : rate === null ? null : round((counts.waiting + counts.running) / rate),
    links: { self: url, items: `${url}/items`, receipt: `${url}/receipt`, events: `${url}/events`, waiting: `${url}/waiting` },
  }
}

const round = (x: number): number => Math.round(x * 100) / 100

export const Submitted = BatchView.extend({
  rejected: z.array(Rejection).meta({ description: 'The first 100 items that were refused; the receipt has all.' }),
}).meta({
  id: 'SubmittedBatch',
})

export const ItemView = z
  .object({
    n: z.number(),
    type: z.string(),
    key: z.string().nullable(),
    outcome: z.string().nullable(),
    code: z.string().nullable(),
    title: z.string().nullable().meta({ description: 'What the code means, in English or Chinese by Accept-Language.' }),
    detail: z.string().nullable(),
    attempts: z.number(),
    ms: z.number(),
    subject: z.object({ kind: z.string(), id: z.string() }).nullable(),
  })
  .meta({ id: 'Item' })

/** An item without an outcome may carry the code of its last failed attempt. */
export const itemView = (item: ItemState, language: Language): z.infer<typeof ItemView> => ({
  n: item.n,
  type: item.type,
  key: item.key,
  outcome: item.outcome ?? null,
  code: item.code ?? null,
  title: titleOf(item.code, language),
  detail: item.detail ?? null,
  attempts: item.attempts,
  ms: item.ms,
  subject: item.subject ?? null,
})

const SourceView = z.object({
  by: z.enum(['resume', 'api', 'sync']),
  fileName: z.string().optional(),
  externalId: z.string().optional().meta({ description: 'Your own id; system:entity:id where a sync brought it.' }),
  batchId: z.string().optional(),
  ocr: z
    .object({
      pages: z.number().meta({ description: 'Pages read.' }),
      of: z.number().meta({ description: 'Pages of the file without a text of their own.' }),
      confidence: z.number().meta({ description: 'Mean over the characters, 0–1.' }),
    })
    .optional()
    .meta({ description: 'There where pages of the file were read by character recognition.' }),
  unread: z
    .array(z.number())
    .optional()
    .meta({ description: 'Pages of the file, from 1, that could not be read: what they say is missing here.' }),
})
const about = { id: z.string(), version: z.number(), source: SourceView, createdAt: z.string(), updatedAt: z.string() }
export const TalentView = z.object({ ...about, talent: Talent }).meta({ id: 'StoredTalent' })
export const PositionView = z.object({ ...about, position: Position }).meta({ id: 'StoredPosition' })
export const CompanyView = z.object({ ...about, company: Company }).meta({ id: 'StoredCompany' })
export const RelationView = z.object({ ...about, relation: Relation }).meta({ id: 'StoredRelation' })

/** The file's hash is left out: whoever has it could name the file in a batch of their own. */
export function docView(doc: Doc<CanonicalKind>): Record<string, unknown> {
  const { blob: _blob, records: _records, ...source } = doc.source
  return { id: doc.id, version: doc.ver, source, createdAt: doc.createdAt, updatedAt: doc.updatedAt, [doc.kind]: doc.data }
}

/** One talent: with what the résumé says of each skill, worked out when it is read, because months go on. */
export const OneTalentView = TalentView.extend({ skillExperience: z.array(SkillExperience) }).meta({ id: 'OneTalent' })

export const oneTalentView = (doc: Doc<'talent'>, now = new Date()): Record<string, unknown> => ({
  ...docView(doc),
  skillExperience: skillExperience(doc.data, now),
})

export const MatchView = z
  .object({
    subject: z.object({ kind: z.enum(['talent', 'position']), id: z.string() }),
    results: z.array(
      z.object({
        id: z.string(),
        score: z.number(),
        confidence: z.number(),
        reasons: z.array(
          z.object({ feature: z.string(), value: z.number(), weight: z.number(), text: z.object({ en: z.string(), zh: z.string() }) }),
        ),
      }),
    ),
    model: z.string(),
    scorer: z.string(),
    pool: z.number().meta({ description: 'Candidates that were scored.' }),
    at: z.string(),
  })
  .meta({ id: 'Match' })

export const matchView = (match: Match, limit: number): Match => ({ ...match, results: match.results.slice(0, limit) })

export const paged = <T extends z.ZodType>(item: T) => z.object({ data: z.array(item), next: z.string().nullable() })
export const Limit = z.coerce.number().int().min(1).max(1000).default(100)
export const Cursor = z.string().max(200).optional()
