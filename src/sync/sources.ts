/** The sources file: which systems are read, for which tenant, and whom to believe where they disagree. Sources are opened once per process. */
import { z } from 'zod'
import { POLICIES } from '../canonical/sync.ts'
import { AppError } from '../errors.ts'
import { NO_RULES, type Rules, SCHEMAS } from './merge.ts'
import { openSource, SourceSettings } from './open.ts'
import type { Source } from './source.ts'

const FieldRule = z.strictObject({ policy: z.enum(POLICIES), priority: z.array(z.string()).optional() })
const fieldsOf = (kind: keyof typeof SCHEMAS) =>
  z
    .record(z.string(), FieldRule)
    .refine((fields) => Object.keys(fields).every((field) => field in SCHEMAS[kind].shape), `names a field that a ${kind} does not have`)
    .optional()

const MergeRules = z.strictObject({
  priority: z.array(z.string()).default([]),
  fields: z
    .strictObject({
      talent: fieldsOf('talent'),
      position: fieldsOf('position'),
      company: fieldsOf('company'),
      relation: fieldsOf('relation'),
    })
    .default({}),
})

const Common = z.object({
  tenant: z.string().min(1).max(64),
  /** How far before the watermark an incremental run reads again. */
  lagMinutes: z.number().min(0).max(1440).default(10),
  /** Records that a page asks for. */
  pageSize: z.number().int().min(1).max(1000).default(500),
})

export const SourcesFile = z.strictObject({
  sources: z.record(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'a source is named by lower-case letters, digits and hyphens'),
    z.intersection(Common, SourceSettings),
  ),
  /** By tenant. */
  merge: z.record(z.string(), MergeRules).default({}),
})
export type SourcesFile = z.infer<typeof SourcesFile>
export const NO_SOURCES: SourcesFile = { sources: {}, merge: {} }

export type OpenSource = { source: Source; rules: Rules; lagMs: number; pageSize: number }
export type Sources = {
  /** Tenants that have a source, by name. */
  tenants(): string[]
  /** Names and kinds of a tenant's sources, by name. */
  list(tenant: string): { name: string; kind: string }[]
  /** Throws `source-unknown`, also for a source of another tenant. */
  open(tenant: string, name: string): OpenSource
  rules(tenant: string): Rules
  close(): Promise<void>
}

export function createSources({ sources, merge }: SourcesFile): Sources {
  const opened = new Map<string, Source>()
  const rules = (tenant: string): Rules => merge[tenant] ?? NO_RULES
  return {
    tenants: () => [...new Set(Object.values(sources).map(({ tenant }) => tenant))].sort(),
    list: (tenant) =>
      Object.entries(sources)
        .filter(([, settings]) => settings.tenant === tenant)
        .map(([name, { kind }]) => ({ name, kind }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    open(tenant, name) {
      const settings = Object.hasOwn(sources, name) ? sources[name]! : null
      if (settings?.tenant !== tenant) throw new AppError('source-unknown', name)
      // One for all runs: a login is shared, and the source sees one client.
      const source = opened.get(name) ?? openSource(settings)
      opened.set(name, source)
      return { source, rules: rules(tenant), lagMs: settings.lagMinutes * 60_000, pageSize: settings.pageSize }
    },
    rules,
    async close() {
      await Promise.allSettled(Array.from(opened.values(), (source) => source.close()))
    },
  }
}
