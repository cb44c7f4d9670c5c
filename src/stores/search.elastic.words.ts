/**
 * Tokens as Elasticsearch gets them. Its `whitespace` analyzer, which is in the server's core, only splits at the blanks we put: everything
 * else is done here, so that no plug-in is needed and the same things are found as on SQLite, whose tokenizer drops diacritics and stems (Porter).
 */
import { stemmer } from 'stemmer'
import { sha256 } from '../canonical/ids.ts'
import { fold, MAX_BODY, queryTokens, tokens } from './segment.ts'

/** The analyzer cuts a longer token in pieces. */
const MAX_TOKEN = 255
/** Lucene takes no term of more than 32,766 bytes. */
const MAX_KEYWORD = 1000

const LATIN = /\p{Script=Latin}/u
const ASCII = /^[\0-\x7f]+$/
const LATIN_MARKS = /(\p{Script=Latin})[\u0300-\u036f]+/gu
const STEMMED = /^(?=.*[a-z])[\p{Script=Latin}\p{N}]{3,63}$/u

/** Terms of the tokens seen last: the same few thousand words are in most texts, and a stem costs as much as splitting a sentence. */
const seen = new Map<string, string>()
const MAX_SEEN = 20_000

export type Term = { term: string; prefix: boolean }

export function termOf(token: string): string {
  const known = seen.get(token)
  if (known !== undefined) return known
  const term = stemOf(token)
  if (seen.size === MAX_SEEN) seen.clear()
  if (token.length <= MAX_TOKEN) seen.set(token, term)
  return term
}

function stemOf(token: string): string {
  if (!LATIN.test(token)) return shortened(token)
  const plain = ASCII.test(token) ? token : token.normalize('NFD').replace(LATIN_MARKS, '$1').normalize('NFC')
  return shortened(STEMMED.test(plain) ? stemmer(plain) : plain)
}
const shortened = (token: string): string => (token.length > MAX_TOKEN ? token.slice(0, MAX_TOKEN).toWellFormed() : token)

const join = (text: string): string => tokens(text).map(termOf).join(' ')
export const bodyOf = (text: string): string => join(text.slice(0, MAX_BODY))
export { join as wordsOf }

/** The distinct terms of a query. */
export function termsOf(query: string): Term[] {
  const terms = new Map(queryTokens(query).map(({ token, prefix }) => [termOf(token), prefix]))
  return Array.from(terms, ([term, prefix]) => ({ term, prefix }))
}

/** A skill or city for exact comparison without case and width. */
export function keywordOf(name: string): string {
  const folded = fold(name).toWellFormed()
  return folded.length > MAX_KEYWORD ? `sha256:${sha256(folded)}` : folded
}
