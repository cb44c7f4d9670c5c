/** The browsable API page (Swagger UI from the package, no CDN) and the list of error codes that problem `type`s point to. */
import type { ErrorRow } from '../errors.ts'

const head = (title: string) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<link rel="icon" href="/docs/page/icon.svg">`

export const docsPage = (): string => `${head('Looma API')}
<link rel="stylesheet" href="/docs/ui/swagger-ui.css"></head>
<body><div id="ui"></div>
<script src="/docs/ui/swagger-ui-bundle.js"></script><script src="/docs/page/docs.js"></script></body></html>`

export function errorsPage(errors: Record<string, ErrorRow>): string {
  const rows = Object.entries(errors).map(
    ([code, row]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${row.status}</td><td>${row.en}<br>${row.zh}</td><td>${row.retry}</td></tr>`,
  )
  return `${head('Looma error codes')}<link rel="stylesheet" href="/docs/page/errors.css"></head>
<body><h1>Error codes</h1><p>Every problem carries one of these codes in <code>code</code>; receipts and dead letters use the same.</p>
<div class="wide"><table><thead><tr><th>Code</th><th>HTTP</th><th>Meaning</th><th>Jobs retry</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div></body></html>`
}
