/** The list of jobs. Adding one: its contract here, its processor under the same file name in workers/. */
import type { z } from 'zod'
import type { JobContract } from './define.ts'
import { embed } from './embed.ts'
import { ingest } from './ingest.ts'
import { match } from './match.ts'
import { ocr } from './ocr.ts'
import { resumeParse } from './resume-parse.ts'
import { sync } from './sync.ts'

const list = [resumeParse, ocr, ingest, embed, match, sync] as const

export type JobName = (typeof list)[number]['name']
export const jobs = Object.fromEntries(list.map((job) => [job.name, job])) as unknown as Record<JobName, JobContract>
export const jobNames = list.map((job) => job.name) as JobName[]

export type ItemType = { type: string; schema: z.ZodType; stages: JobName[]; barrier: number | null; chunk: number; example: unknown }

/** Every item type that a batch line may have, with the stages its items go through. */
export const itemTypes: ReadonlyMap<string, ItemType> = new Map(
  list.flatMap((job: JobContract) =>
    Object.entries(job.takes).map(([type, schema]) => {
      const stages = [job.name, ...job.next] as JobName[]
      const barrier = stages.findIndex((name) => jobs[name].waitsForBatch)
      return [type, { type, schema, stages, barrier: barrier <= 0 ? null : barrier, chunk: job.chunk, example: job.example[type] }]
    }),
  ),
)
