/** What the syncs of all tenants are doing: sources, the last runs, schedules. Numbers and names of sources only, nothing about people. */
import { Router } from 'express'
import { runView } from '../src/api/sync-views.ts'
import type { Documents } from '../src/stores/ports.ts'
import type { Sources } from '../src/sync/sources.ts'
import { html, page } from './pages.ts'

const RUNS = 20
const SCHEDULES = 50

export function createSyncPage({ documents, sources }: { documents: Documents; sources: Sources }): Router {
  const router = Router()
  router.get('/', async (_req, res) => {
    const parts = await Promise.all(sources.tenants().map(async (tenant) => tenantPart(documents, sources, tenant)))
    const body = parts.length === 0 ? '<p class="hint">No sources are configured (SOURCES_FILE).</p>' : parts.join('')
    res.type('html').send(page('Looma syncs', `<main class="broad"><header><h1>Syncs</h1><a href="/">Back</a></header>${body}</main>`))
  })
  return router
}

async function tenantPart(documents: Documents, sources: Sources, tenant: string): Promise<string> {
  const [runs, schedules, rejects] = await Promise.all([
    documents.page(tenant, 'run', { newest: true, limit: RUNS }),
    documents.page(tenant, 'schedule', { limit: SCHEDULES }),
    documents.count(tenant, 'reject'),
  ])
  const names = sources.list(tenant).map(({ name, kind }) => `${html(name)} <small>${html(kind)}</small>`)
  const shownRuns = runs.map(({ id, data }) => {
    const { counts, ...run } = runView(id, data)
    const what = run.code ?? (run.heldDeletes > 0 ? `${run.heldDeletes} deletes held` : '')
    const cells = [
      run.startedAt.slice(0, 19).replace('T', ' '),
      run.source,
      run.dryRun ? `${run.mode}, dry` : run.mode,
      `${run.status}${what ? `: ${what}` : ''}`,
      counts.read,
      counts.inserted,
      counts.updated,
      counts.unchanged + counts.stale,
      counts.deleted,
      counts.rejected,
      run.conflicts.open,
      run.recordsPerSecond ?? '',
    ]
    return `<tr>${cells.map((cell) => `<td>${html(cell)}</td>`).join('')}</tr>`
  })
  const due = schedules.map(({ data }) => {
    const next = data.paused ? 'paused' : data.next === null ? 'never' : new Date(data.next).toISOString().slice(0, 16).replace('T', ' ')
    return `<tr>${[data.name, data.cron, data.zone, next, data.running.length].map((cell) => `<td>${html(cell)}</td>`).join('')}</tr>`
  })
  const table = (heads: string[], rows: string[]) =>
    `<div class="wide"><table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
  return `<section><h2>${html(tenant)}</h2><p>Sources: ${names.join(', ')}. Records set aside: ${rejects}. <a href="/conflicts?tenant=${encodeURIComponent(tenant)}">Conflicts</a></p>
${runs.length === 0 ? '<p class="hint">No run yet.</p>' : table(['Started (UTC)', 'Source', 'Mode', 'Status', 'Read', 'New', 'Changed', 'Same', 'Deleted', 'Set aside', 'Open conflicts', 'Records/s'], shownRuns)}
${due.length === 0 ? '' : `<h3>Schedules</h3>${table(['Name', 'Cron', 'Zone', 'Next (UTC)', 'Running'], due)}`}</section>`
}
