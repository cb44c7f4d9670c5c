/** The list of what sources and people disagree about, with the two buttons. For operators only: it shows personal data. */
import express, { type Request, type Response, Router } from 'express'
import type { FieldConflict } from '../src/canonical/sync.ts'
import { AppError, toAppError } from '../src/errors.ts'
import type { Doc, Documents } from '../src/stores/ports.ts'
import { type Decision, decideConflict, listConflicts } from '../src/sync/conflicts.ts'
import type { Sources } from '../src/sync/sources.ts'
import { html, page } from './pages.ts'
import type { Session } from './session.ts'

const PAGE = 50
const STATUS = ['open', 'auto', 'decided'] as const
type Status = (typeof STATUS)[number]

export function createConflictPages({ documents, sources }: { documents: Documents; sources: Sources }): Router {
  const router = Router()
  router.use((_req, res, next) => {
    if ((res.locals.session as Session).role === 'operator') next()
    else
      res
        .status(403)
        .type('html')
        .send(page('Looma conflicts', '<main><h1>Conflicts</h1><p>Only operators may see personal data.</p></main>'))
  })
  router.get('/', async (req, res) => {
    const tenants = sources.tenants()
    const asked = String(req.query.tenant ?? tenants[0] ?? '')
    // Tenants come from the sources file, not from the address.
    const tenant = tenants.includes(asked) ? asked : null
    const status = STATUS.find((one) => one === req.query.status) ?? 'open'
    const after = typeof req.query.after === 'string' && req.query.after !== '' ? req.query.after : undefined
    const found = tenant === null ? { conflicts: [], next: null } : await listConflicts(documents, tenant, { status, after, limit: PAGE })
    res.type('html').send(listPage({ tenants, tenant, status, ...found }))
  })
  router.post('/:tenant/:id', express.urlencoded({ extended: false, limit: '8kb' }), async (req: Request, res: Response) => {
    const { tenant, id } = req.params as { tenant: string; id: string }
    const { path, decision, source, reason, version } = req.body as Record<string, string | undefined>
    if (!sources.tenants().includes(tenant) || !path || !['approve', 'reject', 'undo'].includes(decision ?? ''))
      return void res.status(400).type('text').send('The form is not complete.')
    try {
      await decideConflict(
        documents,
        tenant,
        id,
        {
          path,
          decision: decision as Decision['decision'],
          ...(source && { source }),
          ...(reason?.trim() && { reason: reason.trim().slice(0, 500) }),
          ...(version && { version: Number(version) }),
        },
        { subject: (res.locals.session as Session).user, at: new Date().toISOString() },
        sources.rules(tenant),
      )
      res.redirect(303, `/conflicts?tenant=${encodeURIComponent(tenant)}`)
    } catch (thrown) {
      const error = toAppError(thrown)
      if (!(thrown instanceof AppError)) throw thrown
      res
        .status(error.row.status)
        .type('html')
        .send(
          page(
            'Looma conflicts',
            `<main><h1>Not decided</h1><p role="alert">${html(error.detail ?? error.code)}</p><a href="/conflicts">Back</a></main>`,
          ),
        )
    }
  })
  return router
}

type List = { tenants: string[]; tenant: string | null; status: Status; conflicts: Doc<'conflict'>[]; next: string | null }

function listPage({ tenants, tenant, status, conflicts, next }: List): string {
  const option = (value: string, chosen: boolean) => `<option${chosen ? ' selected' : ''}>${html(value)}</option>`
  const rows = conflicts.flatMap((doc) =>
    Object.entries(doc.data.fields)
      .filter(([, field]) => field.status === status)
      .map(([path, field]) => row(tenant!, doc, path, field)),
  )
  const more = next
    ? `<p><a href="/conflicts?${html(new URLSearchParams({ tenant: tenant!, status, after: next }))}">Next page</a></p>`
    : ''
  return page(
    'Looma conflicts',
    `<main class="broad"><header><h1>Conflicts</h1><a href="/">Back</a></header>
<form class="filter"><label>Tenant <select name="tenant">${tenants.map((one) => option(one, one === tenant)).join('')}</select></label>
<label>Status <select name="status">${STATUS.map((one) => option(one, one === status)).join('')}</select></label><button>Show</button></form>
${rows.length === 0 ? `<p class="hint">${tenants.length === 0 ? 'No sources are configured (SOURCES_FILE).' : 'Nothing here.'}</p>` : `<div class="wide"><table><thead><tr><th>Record</th><th>Field</th><th>Stands</th><th>What is said</th><th>Decide</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`}
${more}</main>`,
  )
}

function row(tenant: string, { id, ver, data }: Doc<'conflict'>, path: string, field: FieldConflict): string {
  const said = field.values.map(
    ({ source, value, at }) =>
      `<li><b>${html(source)}</b> ${shown(value)}${at === null ? '' : ` <small>${new Date(at).toISOString().slice(0, 10)}</small>`}</li>`,
  )
  const hidden = (entries: Record<string, string>) =>
    Object.entries(entries)
      .map(([name, value]) => `<input type="hidden" name="${name}" value="${html(value)}">`)
      .join('')
  const form = (decision: string, label: string, inside = '') =>
    `<form method="post" action="/conflicts/${encodeURIComponent(tenant)}/${encodeURIComponent(id)}">${hidden({ path, decision, version: String(ver) })}${inside}<button>${label}</button></form>`
  const choices = [...new Set(field.values.map(({ source }) => source))].map((source) => `<option>${html(source)}</option>`).join('')
  const { decision } = field
  return `<tr><td>${html(data.subject.kind)}<br><small>${html(id)}</small></td><td>${html(path)}<br><small>${html(field.policy)}</small></td>
<td>${shown(field.value)}<br><small>${html(field.chosen ?? 'all')}${decision ? `, ${html(decision.verdict)} by ${html(decision.by)}${decision.reason ? `: ${html(decision.reason)}` : ''}` : ''}</small></td>
<td><ul>${said.join('')}</ul></td><td class="decide">${form('approve', 'Take', `<select name="source" aria-label="Source">${choices}</select>`)}
${form('reject', 'Keep', '<input name="reason" aria-label="Reason" placeholder="Reason" maxlength="500">')}${decision ? form('undo', 'Undo') : ''}</td></tr>`
}

const shown = (value: unknown): string =>
  value === null || value === '' ? '<i>empty</i>' : html(typeof value === 'string' ? value : JSON.stringify(value))
