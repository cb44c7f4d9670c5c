import type { ProcessInfo } from '../src/ledger/ports.ts'
import type { Session } from './session.ts'

export const html = (text: unknown): string => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/admin.css"></head><body>${body}</body></html>`

export const loginPage = (message = ''): string =>
  page(
    'Looma login',
    `<main class="login"><h1>Looma</h1>${message ? `<p role="alert">${html(message)}</p>` : ''}
<form method="post" action="/login"><label>User <select name="user"><option>operator</option><option>viewer</option></select></label>
<label>Password <input type="password" name="password" autocomplete="current-password" required autofocus></label><button>Log in</button></form>
<p class="hint">Passwords are in the data folder: operator-password and viewer-password.</p></main>`,
  )

export function homePage(session: Session, processes: ProcessInfo[]): string {
  const rows = processes.map(
    (p) =>
      `<tr><td>${html(p.role)}</td><td>${html(p.host)}</td><td>${p.pid}</td><td>${p.queues.map(html).join(', ') || '–'}</td><td>${p.models.map(html).join(', ')}</td></tr>`,
  )
  return page(
    'Looma admin',
    `<main><header><h1>Looma</h1><form method="post" action="/logout"><span>${html(session.user)}</span> <button>Log out</button></form></header>
<nav><a href="/board">Queues (Bull Board)</a><a href="/sync">Syncs</a><a href="/conflicts">Conflicts</a><a href="/audit">Audit log</a><a href="/readyz">Readiness</a><a href="/metrics">Metrics</a></nav>
<h2>Processes</h2><div class="wide"><table><thead><tr><th>Role</th><th>Host</th><th>Pid</th><th>Queues</th><th>Models</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></main>`,
  )
}

export function auditPage(entries: { at: string; actor: string; role: string; action: string; target: string; outcome: string }[]): string {
  const rows = entries.map(
    (e) =>
      `<tr>${[e.at.slice(0, 19).replace('T', ' '), e.actor, e.role, e.action, e.target, e.outcome].map((v) => `<td>${html(v)}</td>`).join('')}</tr>`,
  )
  return page(
    'Looma audit log',
    `<main><header><h1>Audit log</h1><a href="/">Back</a></header><div class="wide"><table><thead><tr><th>At (UTC)</th><th>Who</th><th>Role</th><th>Action</th><th>Target</th><th>Outcome</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div></main>`,
  )
}
