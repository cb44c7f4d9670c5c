/** Why is it waiting: what stands before a batch's items, and when they are expected to be through. */
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Route } from './route.ts'

/** A process announces itself every few seconds; after this long without it counts as gone. */
export const SEEN_MS = 15_000

const Reason = z.object({
  job: z.string(),
  reasons: z.array(z.enum(['paused', 'no-worker', 'queue-down', 'behind-own-tenant', 'behind-other-tenants', 'running'])),
  items: z.number().meta({ description: 'Items of this batch that are in this stage.' }),
  aheadOfTenant: z.number().meta({ description: 'Items of the same tenant that came before.' }),
  otherTenants: z.number().meta({ description: 'Items of other tenants; they share the workers in turn, so not all of them go first.' }),
  workers: z.number(),
  etaSeconds: z.object({ low: z.number(), expected: z.number(), high: z.number() }).nullable(),
})
const Waiting = z.object({ batchId: z.string(), stages: z.array(Reason) }).meta({ id: 'Waiting' })

export const waitingRoute: Route = {
  method: 'get',
  path: '/v1/batches/{id}/waiting',
  id: 'whyWaiting',
  tag: 'Batches',
  summary: 'Why is it waiting, and for how long',
  permission: 'batches:read',
  answers: { 200: { description: 'The reasons by stage; empty when the batch has ended', schema: Waiting } },
  errors: ['not-found'],
  async handle({ deps, caller, params }) {
    const id = params.id ?? ''
    if (!(await deps.ledger.batch(caller.tenant, id))) throw new AppError('not-found')
    const [ahead, processes] = await Promise.all([deps.ledger.ahead(caller.tenant, id), deps.ledger.processes(SEEN_MS)])
    const stages = await Promise.all(
      ahead.map(async (stage): Promise<z.infer<typeof Reason>> => {
        const workers = processes.filter((p) => p.queues.includes(stage.job)).length
        const paused = await deps.client.paused(stage.job).catch(() => null)
        const reasons: z.infer<typeof Reason>['reasons'] = []
        if (paused === null) reasons.push('queue-down')
        if (paused) reasons.push('paused')
        if (workers === 0) reasons.push('no-worker')
        if (stage.sameTenant > 0) reasons.push('behind-own-tenant')
        if (stage.otherTenants > 0) reasons.push('behind-other-tenants')
        if (reasons.length === 0) reasons.push('running')
        return {
          job: stage.job,
          reasons,
          items: stage.own,
          aheadOfTenant: stage.sameTenant,
          otherTenants: stage.otherTenants,
          workers,
          etaSeconds: paused || workers === 0 || stage.msPerItem === null ? null : eta(stage, workers),
        }
      }),
    )
    return { status: 200, body: { batchId: id, stages } }
  },
}

/**
 * Low: only this batch. Expected: after the tenant's own items, with as many of other tenants as fair turns let through (no more than we
 * have ourselves). High: after everything. Each side is widened by 20 %, the more so while few chunks were measured.
 */
function eta(stage: { own: number; sameTenant: number; otherTenants: number; msPerItem: number | null; samples: number }, workers: number) {
  const seconds = (items: number) => (items * (stage.msPerItem ?? 0)) / 1000 / workers
  const mine = stage.own + stage.sameTenant
  const margin = 0.2 + 1 / Math.max(1, stage.samples)
  const round = (x: number) => Math.round(x * 10) / 10
  return {
    low: round(seconds(stage.own) / (1 + margin)),
    expected: round(seconds(mine + Math.min(mine, stage.otherTenants))),
    high: round(seconds(mine + stage.otherTenants) * (1 + margin)),
  }
}
