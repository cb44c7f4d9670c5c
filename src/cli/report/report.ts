/** One self-contained page: each document beside the fields read from it. No script, font or image comes from elsewhere. */
import { readFileSync } from 'node:fs'
import type { Reading } from '../../canonical/reading.ts'
import type { Talent } from '../../canonical/schema.ts'
import { ERRORS } from '../../errors.ts'
import type { Page } from '../../pages/protocol.ts'
import { valueAt } from '../fields.ts'
import type { ParsedFile } from '../parse.ts'

const part = (name: string): string => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')
const html = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

const GROUPS: [string, string][] = [
  ['', 'Person'],
  ['intention', 'Looks for'],
  ['experience', 'Experience'],
  ['education', 'Education'],
  ['projects', 'Projects'],
  ['skills', 'Skills'],
  ['languages', 'Languages'],
  ['certificates', 'Certificates'],
]
const LABELS: Record<string, string> = { emails: 'e-mail', phones: 'phone', links: 'link', bullets: 'did' }

export function reportPage(files: ParsedFile[]): string {
  const read = files.filter((file) => file.status === 'read').length
  const items = files.map(
    (file, i) => `<li><a href="#d${i}">${html(file.file)}</a>${file.status === 'read' ? '' : ` <em>${file.code}</em>`}</li>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${html(files.length === 1 ? files[0]!.file : `${files.length} résumés`)}</title>
<style>${part('report.css')}</style>
</head>
<body>
${files.length > 1 ? `<nav><h1>${files.length} documents, ${read} read</h1><ol>${items.join('')}</ol></nav>` : ''}
<main>${files.map(documentOf).join('')}</main>
<script>${part('report.js')}</script>
</body>
</html>
`
}

function documentOf(file: ParsedFile, n: number): string {
  const title = `<h2>${html(file.file)}</h2>`
  if (file.status === 'unreadable')
    return `<section class="document" id="d${n}">${title}<p class="unreadable"><b>${file.code}</b> ${html(ERRORS[file.code].en)}</p></section>`
  return `<section class="document" id="d${n}">${title}
<div class="sides"><div class="pages">${file.images ? file.images.map((page) => pageOf(page, file.reading, n)).join('') : paper(file.reading, n)}</div><div class="fields">${fieldsOf(file.talent, file.reading, n)}</div></div></section>`
}

/** The page as it looks, with an invisible box over each line; lengths in shares of the page, so that it may have any size. */
function pageOf(page: Page, { blocks }: Reading, n: number): string {
  const share = (length: number, of: number) => `${Math.round((length / of) * 10_000) / 100}%`
  const boxes = blocks.map(({ page: number, x, y, w, h }, i) => {
    if (number !== page.number || x === null || y === null || w === null || h === null) return ''
    // The baseline is told, not the top: letters reach 0.85 of their size above it and 0.25 below.
    const place = `left:${share(x - 2, page.width)};top:${share(y - 0.85 * h, page.height)};width:${share(w + 4, page.width)};height:${share(1.1 * h, page.height)}`
    return `<i id="d${n}b${i}" style="${place}"></i>`
  })
  return `<div class="page"><img alt="page ${page.number}" src="data:image/webp;base64,${page.image}">${boxes.join('')}</div>`
}

/** Formats without pages: their lines as they follow each other. */
function paper({ blocks }: Reading, n: number): string {
  const lines = blocks.map((block, i) => {
    const cells = block.text.split('\t').map((cell) => `<span>${html(cell)}</span>`)
    return `<p id="d${n}b${i}"${block.heading ? ' class="heading"' : ''}>${cells.join('')}</p>`
  })
  return `<article class="paper">${lines.join('')}</article>`
}

function fieldsOf(talent: Talent, { fields }: Reading, n: number): string {
  return GROUPS.map(([list, title]) => {
    const own = fields.filter(({ path }) => groupOf(path) === list)
    if (own.length === 0) return ''
    const entries = Map.groupBy(own, ({ path }) => entryOf(path))
    const blocks = [...entries.values()].map((some) => `<div class="entry">${some.map((field) => button(talent, field, n)).join('')}</div>`)
    return `<h3>${title}</h3>${blocks.join('')}`
  }).join('')
}

const groupOf = (path: string): string => GROUPS.find(([list]) => list !== '' && path.startsWith(`/${list}/`))?.[0] ?? ''
/** Fields of one job, school or project stand together; so do all of a plain list. */
const entryOf = (path: string): string => {
  const [, list, index, field] = path.split('/')
  return field === undefined || list === 'intention' ? (list ?? '') && groupOf(path) : `${list}/${index}`
}

function button(talent: Talent, { path, confidence, blocks }: Reading['fields'][number], n: number): string {
  const keys = path
    .split('/')
    .slice(1)
    .filter((key) => !/^\d+$/.test(key))
  const name = keys.length > 1 ? keys[1]! : keys[0]!
  const label = LABELS[name] ?? (['skills', 'languages'].includes(name) ? '' : name)
  const sure = confidence >= 0.9 ? 'high' : confidence >= 0.7 ? 'middle' : 'low'
  return `<button type="button" data-at="${blocks.map((at) => `d${n}b${at}`).join(' ')}" title="${html(path)}, confidence ${confidence.toFixed(2)}"><span class="label">${html(label)}</span><span class="value">${html(valueAt(talent, path))}</span><span class="sure ${sure}">${Math.round(confidence * 100)} %</span></button>`
}
