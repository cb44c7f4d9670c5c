import { z } from 'zod'
import { defineJob, exponential } from './define.ts'

const SourceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and hyphens')
  .meta({ description: 'Name of the source in the sources file.' })

export const SyncInput = z
  .strictObject({
    source: SourceName,
    mode: z
      .enum(['incremental', 'full', 'record'])
      .default('incremental')
      .meta({ description: 'What changed since the last run; everything, which also finds deletes; or one record.' }),
    entity: z.string().min(1).max(60).optional().meta({ description: 'One entity of the source, such as users. All where it is absent.' }),
    id: z.string().min(1).max(200).optional().meta({ description: "Mode record: the source's own id." }),
    dryRun: z.boolean().default(false).meta({ description: 'Reports what would change and changes nothing.' }),
    confirmDeletes: z.boolean().default(false).meta({ description: 'Carries out deletes that a run before held back for confirmation.' }),
  })
  .refine(({ mode, entity, id }) => mode !== 'record' || (entity !== undefined && id !== undefined), 'mode record needs entity and id')
  .meta({ id: 'SyncInput' })
export type SyncInput = z.infer<typeof SyncInput>

export const sync = defineJob({
  name: 'sync',
  about: 'Reads a source system and brings talents, positions, companies and their relations up to date.',
  takes: { sync: SyncInput },
  next: [],
  // One run is one item: it takes as long as its source, and goes on from its last page wherever it was cut off.
  chunk: 1,
  attempts: 5,
  backoff: exponential(10_000, { jitter: 0.5 }),
  deadlineMs: 10 * 60_000,
  concurrency: 2,
  example: { sync: { source: 'zervigo', mode: 'incremental' } },
})
