/** Prometheus metrics of one process. Counters of the queue and the ledger are read when somebody asks. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Ledger } from './ledger/ports.ts'
import type { Engine } from './models/engine.ts'
import type { QueueClient } from './queues/client.ts'
import { jobNames } from './queues/index.ts'

export type Metrics = {
  text(): Promise<string>
  contentType: string
  observe(route: string, method: string, status: number, seconds: number): void
}

export type MetricsDeps = {
  ledger: Ledger
  client: QueueClient
  embedder: Engine
  workers: { activity(): { active: number; lastFinishedAt: number } } | null
  /** Schedules whose start is more than two minutes ago. Every role asks, so that it is also told where no scheduler runs. */
  overdue: () => Promise<number>
}

export function createMetrics({ ledger, client, embedder, workers, overdue }: MetricsDeps): Metrics {
  const registers = [new Registry()]
  const registry = registers[0]!
  collectDefaultMetrics({ register: registry, prefix: 'looma_' })
  const requests = new Histogram({
    name: 'looma_http_request_seconds',
    help: 'Time to answer a request.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.3, 1, 5, 30],
    registers,
  })
  const queued = new Gauge({ name: 'looma_queue_jobs', help: 'Jobs of a queue by state.', labelNames: ['queue', 'state'], registers })
  const paused = new Gauge({ name: 'looma_queue_paused', help: '1 when the queue is paused.', labelNames: ['queue'], registers })
  const backlog = new Gauge({
    name: 'looma_backlog_items',
    help: 'Items in the ledger that have no outcome yet.',
    labelNames: ['job'],
    registers,
  })
  const oldest = new Gauge({
    name: 'looma_backlog_oldest_seconds',
    help: 'Age of the longest waiting chunk of a job: the signal to scale workers by.',
    labelNames: ['job'],
    registers,
  })
  const late = new Gauge({
    name: 'looma_schedules_overdue',
    help: 'Schedules whose next start lies more than two minutes in the past: no scheduler runs, or it cannot.',
    registers,
  })
  const active = new Gauge({ name: 'looma_chunks_active', help: 'Chunks at work in this process.', registers })
  const model = new Gauge({ name: 'looma_model', help: 'Counters of the model hosts.', labelNames: ['counter'], registers })
  const failures = new Counter({
    name: 'looma_metrics_errors_total',
    help: 'Reads of queue, ledger or schedules for metrics that failed.',
    registers,
  })

  const read = async () => {
    for (const name of jobNames) {
      const counts = await client.counts(name)
      for (const state of ['waiting', 'active', 'delayed', 'failed'] as const) queued.set({ queue: name, state }, counts[state])
      paused.set({ queue: name }, counts.paused ? 1 : 0)
    }
    for (const { job, open, oldestMs } of await ledger.backlog()) {
      backlog.set({ job }, open)
      oldest.set({ job }, oldestMs / 1000)
    }
    late.set(await overdue())
  }
  return {
    contentType: registry.contentType,
    async text() {
      backlog.reset()
      oldest.reset()
      await read().catch(() => failures.inc())
      if (workers) active.set(workers.activity().active)
      for (const [counter, value] of Object.entries(embedder.stats())) if (typeof value === 'number') model.set({ counter }, value)
      return registry.metrics()
    },
    observe: (route, method, status, seconds) => requests.observe({ route, method, status: String(status) }, seconds),
  }
}
