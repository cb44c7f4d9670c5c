/** A route as data: what Express serves, what the permission table checks and what /openapi.json says all come from it. */
import type { Request, Response } from 'express'
import type { z } from 'zod'
import type { Config } from '../config.ts'
import { AppError, type ErrorCode, type Fault } from '../errors.ts'
import type { KeyHolder, Ledger } from '../ledger/ports.ts'
import type { Logger } from '../log.ts'
import type { Embedder } from '../models/ports.ts'
import type { PageDrawer } from '../pages/pages.ts'
import type { QueueClient } from '../queues/client.ts'
import type { Feeder } from '../queues/feeder.ts'
import type { Signals } from '../queues/signals.ts'
import type { Stores } from '../stores/ports.ts'
import type { Sources } from '../sync/sources.ts'
import type { Caller, Permission } from './auth.ts'
import type { Proofs } from './proof.ts'

export type ApiDeps = {
  config: Pick<Config, 'maxFileBytes' | 'maxUploadBytes' | 'maxWaiting'>
  ledger: Ledger
  stores: Stores
  client: QueueClient
  feeder: Feeder
  signals: Signals
  /** Id under which this process announces itself. */
  processId: string
  embedder: Embedder
  sources: Sources
  proofs: Proofs
  /** Draws pages of uploaded documents. */
  pages: PageDrawer
  log: Logger
  /** True once the process is asked to stop: no new work, streams end. */
  stopping: () => boolean
}

export type Call = {
  req: Request
  res: Response
  caller: Caller
  requestId: string
  deps: ApiDeps
  params: Record<string, string>
  query: Record<string, unknown>
  /** Set while a request with an Idempotency-Key is worked on. */
  idempotency?: { key: string; hash: () => string; holder: KeyHolder }
}

export type Answer = { status: number; body: unknown; location?: string; headers?: Record<string, string> }

export type Route = {
  method: 'get' | 'post' | 'patch' | 'delete'
  /** OpenAPI form: /v1/batches/{id} */
  path: string
  id: string
  summary: string
  description?: string
  tag: string
  permission: Permission
  query?: z.ZodObject
  /** Bodies by media type; the handler reads the stream itself. */
  body?: Record<string, z.ZodType | 'binary'>
  /** Schema of the successful answer; null for streams. */
  answers: Record<number, { description: string; schema?: z.ZodType; type?: string }>
  errors?: ErrorCode[]
  /** Answers, or has answered by itself and returns nothing. */
  handle: (call: Call) => Promise<Answer | undefined>
}

export const faultsOf = (error: z.ZodError, prefix = ''): Fault[] =>
  error.issues.slice(0, 20).map((issue) => ({ pointer: `${prefix}/${issue.path.join('/')}`, detail: issue.message }))

export function parseQuery(route: Route, query: unknown): Record<string, unknown> {
  return route.query ? valid(route.query, query) : {}
}

/** What a caller sent, as `schema` makes it. Throws `invalid-request` with a fault for each field that is wrong. */
export function valid<T>(schema: z.ZodType<T>, sent: unknown): T {
  const parsed = schema.safeParse(sent)
  if (!parsed.success) throw new AppError('invalid-request', undefined, { faults: faultsOf(parsed.error) })
  return parsed.data
}
