/**
 * What several sources and people say about one record, made into one: a pure function of the last state of each, so that order, repeats and
 * crashes cannot matter. Per field the merge is three-way where people changed something: a source that still says what it said before the
 * correction is silent, one that says the same agrees, any other disagrees.
 */
import type { z } from 'zod'
import type { Correction } from '../canonical/correction.ts'
import { canonicalJson } from '../canonical/ids.ts'
import { Company, Relation } from '../canonical/incoming.ts'
import { Position, Talent } from '../canonical/schema.ts'
import type { CanonicalData, CanonicalKind, FieldConflict, Policy } from '../canonical/sync.ts'
import { canonicalCity } from '../skills/cities.ts'
import { foldName } from '../skills/fold.ts'

export const SCHEMAS = { talent: Talent, position: Position, company: Company, relation: Relation } as const

/** `priority`: names of sources, the most trusted first; those not named follow by name. `fields`: policies that differ from the default. */
export type Rules = { priority: string[]; fields: Partial<Record<CanonicalKind, Record<string, FieldRule>>> }
export type FieldRule = { policy: Policy; priority?: string[] }
export const NO_RULES: Rules = { priority: [], fields: {} }

const DEFAULTS: Partial<Record<CanonicalKind, Record<string, Policy>>> = {
  talent: { skills: 'union', languages: 'union', links: 'union', certificates: 'union', location: 'most-specific', years: 'max' },
}

/** One source record that still exists. `says` and `at` as in SourceRecord. */
export type Contribution = { source: string; at: number | null; says: Record<string, unknown>; gone: boolean }

export type Merged = {
  data: CanonicalData
  conflicts: Record<string, FieldConflict>
}

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b)
const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)

/** `said` has at least one element. Throws a ZodError where what is left is not a record of this kind. */
export function merge(kind: CanonicalKind, said: Contribution[], correction: Correction | null, rules: Rules = NO_RULES): Merged {
  const alive = said.filter(({ gone }) => !gone)
  const voices = alive.length > 0 ? alive : said
  const merged: Record<string, unknown> = {}
  const conflicts: Merged['conflicts'] = {}
  for (const [path, field] of Object.entries<z.ZodType>(SCHEMAS[kind].shape)) {
    const fits = (value: unknown) => value === null || field.safeParse(value).success
    const rule = ruleOf(kind, path, rules)
    const values = ranked(voices, path, rule.priority)
    let sources = settle(values, rule.policy)
    // A union may grow past what the field holds.
    if (sources.value !== undefined && !fits(sources.value)) sources = settle(values.slice(0, 1), rule.policy)
    const edit = correction?.fields[path] && fits(correction.fields[path].value ?? null) ? correction.fields[path] : undefined
    const stands = edit ? (edit.value ?? null) : sources.value
    if (stands !== undefined) merged[path] = stands
    const conflict = edit ? againstPeople(edit, sources.value, values) : amongSources(values, sources, rule.policy)
    if (conflict) conflicts[path] = conflict
  }
  // Nothing is taken from its absence but that it is absent: a person's career stays readable.
  if (alive.length === 0 && !correction?.fields.status) merged.status = kind === 'position' ? 'closed' : 'archived'
  // A correction may empty a field: its default stands then.
  for (const [path, value] of Object.entries(merged)) if (value === null) delete merged[path]
  return { data: SCHEMAS[kind].parse(merged), conflicts }
}

function ruleOf(kind: CanonicalKind, path: string, rules: Rules): Required<FieldRule> {
  const own = rules.fields[kind]?.[path]
  return { policy: own?.policy ?? DEFAULTS[kind]?.[path] ?? 'source-priority', priority: own?.priority ?? rules.priority }
}

type Voice = { source: string; value: unknown; at: number | null }

/** What is said about a field, the most trusted first. A source that says it is empty yields to one that has something. */
function ranked(said: Contribution[], path: string, priority: string[]): Voice[] {
  const rank = ({ source }: Voice) => (priority.includes(source) ? priority.indexOf(source) : priority.length)
  const all = said.flatMap(({ source, at, says }) => (says[path] === undefined ? [] : [{ source, value: says[path], at }]))
  const full = all.filter(({ value }) => !isEmpty(value))
  return (full.length > 0 ? full : all).sort(
    (a, b) => rank(a) - rank(b) || compare(a.source, b.source) || compare(canonicalJson(a.value), canonicalJson(b.value)),
  )
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function settle(values: Voice[], policy: Policy): { value: unknown; chosen: string | null } {
  const first = values[0]
  if (!first) return { value: undefined, chosen: null }
  if (policy === 'union') {
    const all = new Map<string, unknown>()
    for (const item of values.flatMap(({ value }) => value)) {
      const key = typeof item === 'string' ? foldName(item) : canonicalJson(item)
      if (!all.has(key)) all.set(key, item)
    }
    return { value: [...all.values()], chosen: values.length > 1 ? null : first.source }
  }
  const best = values.reduce((a, b) => (beats(b, a, policy) ? b : a))
  return { value: best.value, chosen: best.source }
}

/** Does `b`, which is less trusted, win over `a`? */
function beats(b: Voice, a: Voice, policy: Policy): boolean {
  if (policy === 'last-writer') return (b.at ?? Number.NEGATIVE_INFINITY) > (a.at ?? Number.NEGATIVE_INFINITY)
  if (policy === 'max') return (b.value as number | string) > (a.value as number | string)
  if (policy === 'most-specific') return specificity(b.value) > specificity(a.value)
  return false
}
/** A city says more than a country or province. */
const specificity = (value: unknown): number => (typeof value === 'string' && canonicalCity(value) ? 1 : 0)

function amongSources(values: Voice[], { value, chosen }: { value: unknown; chosen: string | null }, policy: Policy): FieldConflict | null {
  if (values.every((voice) => same(voice.value, values[0]!.value))) return null
  const others = values.filter((voice) => !same(voice.value, value))
  const newest = others.reduce<Voice | null>((a, b) => (a && (b.at ?? 0) <= (a.at ?? 0) ? a : b), null)
  return {
    policy,
    status: policy === 'manual' ? 'open' : 'auto',
    values,
    chosen,
    value: value ?? null,
    proposed: newest?.value ?? null,
    decision: null,
  }
}

function againstPeople(edit: Correction['fields'][string], now: unknown, values: Voice[]): FieldConflict | null {
  const value = edit.value ?? null
  if (values.every((voice) => same(voice.value, value))) return null
  // The sources have moved on since: a person should look, until then the correction stands.
  const settled = same(now ?? null, edit.read ?? null) || same(now ?? null, value)
  return {
    policy: 'human-wins',
    status: settled ? 'decided' : 'open',
    values,
    chosen: 'people',
    value,
    proposed: now ?? null,
    decision: { by: edit.by, at: edit.at, verdict: edit.verdict ?? 'edited', reason: edit.reason ?? null },
  }
}
