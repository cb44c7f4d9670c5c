/** Finds the best positions for talents and the best talents for positions. */
import type { Kind, Position, Talent } from '../canonical/schema.ts'
import type { Embedder } from '../models/ports.ts'
import { createPacer } from '../stores/pacing.ts'
import type { Doc, Match, Stores } from '../stores/ports.ts'
import { candidateIds } from './candidates.ts'
import { explain } from './explain.ts'
import { type PositionFacts, positionFacts, type TalentFacts, talentFacts, type Vectors } from './facts.ts'
import { featuresOf } from './features.ts'
import { createRanking } from './ranking.ts'
import { SCORER, score } from './score.ts'

export type Subject = { kind: Kind; id: string }
export type Space = Pick<Embedder, 'space' | 'model'>
/** `limit`: results per subject. `fullPool`: largest opposite kind that is scored whole; above it, candidates are retrieved first. */
export type MatchOptions = { limit: number; now: Date; signal?: AbortSignal; fullPool?: number }

/** 50,000 pairs take about 0.2 s (reference stores.md D), and scoring all of them never misses one. */
const FULL_POOL = 50_000
/** Documents of one page of the pool. */
const PAGE = 500

type Facts = { kind: 'talent'; facts: TalentFacts } | { kind: 'position'; facts: PositionFacts }
type Contest = { subject: Facts; ranking: ReturnType<typeof createRanking<Facts>>; pool: number }

/** Null when the subject does not exist or was removed. */
export async function matchOne(
  stores: Stores,
  space: Space,
  tenant: string,
  subject: Subject,
  options: MatchOptions,
): Promise<Match | null> {
  return (await matchMany(stores, space, tenant, [subject], options))[0] ?? null
}

/**
 * Results in the order of `subjects`. The opposite kind is read once, page by page, however many subjects there are, and only the best
 * `limit` of each subject are kept: memory does not grow with the pool. Equal scores are ordered by id. Throws the signal's reason.
 */
export async function matchMany(
  stores: Stores,
  space: Space,
  tenant: string,
  subjects: Subject[],
  options: MatchOptions,
): Promise<(Match | null)[]> {
  const found = new Map<string, Match>()
  for (const kind of ['talent', 'position'] as const) {
    const ids = [...new Set(subjects.filter((subject) => subject.kind === kind).map(({ id }) => id))]
    if (ids.length === 0) continue
    const docs = await stores.documents.many(tenant, kind, ids)
    const contests = (await toFacts(stores, space, tenant, kind, docs, options.now)).map(
      (subject): Contest => ({ subject, ranking: createRanking<Facts>(options.limit), pool: 0 }),
    )
    const opposite: Kind = kind === 'talent' ? 'position' : 'talent'
    if ((await stores.documents.count(tenant, opposite)) <= (options.fullPool ?? FULL_POOL))
      await againstAll(stores, space, tenant, opposite, contests, options)
    else await againstCandidates(stores, space, tenant, opposite, contests, docs as Doc<Kind>[], options)
    for (const contest of contests) found.set(`${kind} ${contest.subject.facts.id}`, toMatch(contest, space, options.now))
  }
  return subjects.map(({ kind, id }) => found.get(`${kind} ${id}`) ?? null)
}

async function againstAll(
  stores: Stores,
  space: Space,
  tenant: string,
  kind: Kind,
  contests: Contest[],
  { now, signal }: MatchOptions,
): Promise<void> {
  for (let after: string | undefined = ''; after !== undefined && contests.length > 0; ) {
    signal?.throwIfAborted()
    const docs: Doc<Kind>[] = await stores.documents.page(tenant, kind, { after, limit: PAGE })
    const pool = await toFacts(stores, space, tenant, kind, docs, now)
    const pace = createPacer()
    for (const contest of contests) {
      enter(contest, pool)
      await pace()
    }
    after = docs.length < PAGE ? undefined : docs.at(-1)?.id
  }
}

async function againstCandidates(
  stores: Stores,
  space: Space,
  tenant: string,
  kind: Kind,
  contests: Contest[],
  docs: Doc<Kind>[],
  { now, signal }: MatchOptions,
): Promise<void> {
  const byId = new Map(docs.map((doc) => [doc.id, doc]))
  for (const contest of contests) {
    signal?.throwIfAborted()
    const doc = byId.get(contest.subject.facts.id)!
    const ids = await candidateIds(stores, space.space, tenant, doc, contest.subject.facts.vectors, kind)
    enter(contest, await toFacts(stores, space, tenant, kind, await stores.documents.many(tenant, kind, ids), now))
  }
}

function enter(contest: Contest, pool: Facts[]): void {
  for (const candidate of pool)
    contest.ranking.add(candidate.facts.id, score(featuresOf(...sides(contest.subject, candidate))).score, candidate)
  contest.pool += pool.length
}

/** The pair as (talent, position), whichever of them asked. */
function sides(a: Facts, b: Facts): [TalentFacts, PositionFacts] {
  return a.kind === 'talent' ? [a.facts, b.facts as PositionFacts] : [b.facts as TalentFacts, a.facts]
}

async function toFacts(stores: Stores, { space }: Space, tenant: string, kind: Kind, docs: Doc<Kind>[], now: Date): Promise<Facts[]> {
  const ids = docs.map(({ id }) => id)
  const vectors = await stores.search.vectors(tenant, kind, space, ids)
  const pace = createPacer()
  const facts: Facts[] = []
  for (const { id, data } of docs) {
    const own: Vectors = vectors.get(id) ?? {}
    if (kind === 'talent') facts.push({ kind, facts: talentFacts(id, data as Talent, own, now) })
    else facts.push({ kind, facts: positionFacts(id, data as Position, own) })
    await pace()
  }
  return facts
}

function toMatch({ subject, ranking, pool }: Contest, { model }: Space, now: Date): Match {
  const results = ranking.best().map(({ id, item }) => {
    const [talent, position] = sides(subject, item)
    const features = featuresOf(talent, position)
    return { id, ...score(features), reasons: explain(talent, position, features) }
  })
  return { subject: { kind: subject.kind, id: subject.facts.id }, results, model, scorer: SCORER, pool, at: now.toISOString() }
}
