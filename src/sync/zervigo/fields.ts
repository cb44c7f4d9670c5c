/** Values of source fields as text, numbers, lists and dates. What a source holds is not trusted: tags are taken out, lengths are cut. */
import { Parser } from 'htmlparser2'

/** Longest text that is looked at; the canonical fields hold less. */
const MAX_TEXT = 40_000

/** The first of several names that has a value: sources call one thing by many names. */
export function first(row: Record<string, unknown>, ...names: string[]): unknown {
  for (const name of names) if (row[name] !== undefined && row[name] !== null && row[name] !== '') return row[name]
  return undefined
}

/** One line of text, or null. */
export function text(value: unknown): string | null {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return null
  const line = stripped(value.slice(0, MAX_TEXT)).replace(/\s+/gu, ' ').trim()
  return line === '' ? null : line.slice(0, 300)
}

/** Paragraphs of a longer text. */
export function plain(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(plain)
  if (typeof value !== 'string') return []
  return stripped(value.slice(0, MAX_TEXT))
    .split(/\r?\n/u)
    .map((line) => line.replace(/\s+/gu, ' ').trim().slice(0, 2000))
    .filter((line) => line !== '')
    .slice(0, 100)
}

const BLOCKS = new Set(['p', 'br', 'div', 'li', 'ul', 'ol', 'tr', 'h1', 'h2', 'h3', 'h4'])
function stripped(html: string): string {
  if (!/<[a-z!/]/i.test(html) && !html.includes('&')) return html
  const parts: string[] = []
  let hidden = 0
  const parser = new Parser({
    onopentag(name) {
      if (name === 'script' || name === 'style') hidden++
      if (BLOCKS.has(name)) parts.push('\n')
    },
    ontext(part) {
      if (hidden === 0) parts.push(part)
    },
    onclosetag(name) {
      if (name === 'script' || name === 'style') hidden--
    },
  })
  parser.end(html)
  return parts.join('')
}

export const arrayOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((one): one is Record<string, unknown> => one !== null && typeof one === 'object') : []

/** A list of names: an array, JSON in a text, or a text with commas. Sorted, without repeats: Zervigo saves the same tags in another order each time. */
export function list(value: unknown): string[] {
  const items = Array.isArray(value) ? value : typeof value === 'string' ? fromText(value) : []
  return [...new Set(items.flatMap((one) => text(one) ?? []).map((one) => one.slice(0, 120)))].sort().slice(0, 100)
}
function fromText(value: string): unknown[] {
  if (value.trimStart().startsWith('['))
    try {
      const parsed: unknown = JSON.parse(value)
      if (Array.isArray(parsed)) return parsed
    } catch {
      // Not JSON after all.
    }
  return value.split(/[,，、;；]/u)
}

export function numberOf(value: unknown): number | null {
  const number = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
  return Number.isFinite(number) ? number : null
}

/** `YYYY-MM` of a date column. */
export function date(value: unknown): string | null {
  const found = typeof value === 'string' ? /^(\d{4})-(0[1-9]|1[0-2])/.exec(value) : null
  return found ? `${found[1]}-${found[2]}` : null
}
