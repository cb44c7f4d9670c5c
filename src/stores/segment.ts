/**
 * Text to index tokens, the same way for documents and queries. FTS5 cannot split Chinese, and Intl.Segmenter alone cuts domain words
 * differently in a query than in a sentence; so Han runs give their words and all bigrams (reference stores.md B.6).
 */
import { toSimplified } from './hanfold.ts'

const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' })
/** Particles that are in every sentence and would only make the index longer. */
const PARTICLES = new Set([...'的了和与及在是等对为并有也就都而或被把将以'])
/** FTS5 reads letters and digits only, so names that live from their signs are spelled out. */
const SIGNED: [RegExp, string][] = [
  [/(?<![\p{L}\p{N}])(\p{L})\+\+(?![\p{L}\p{N}])/gu, '$1plusplus'],
  [/(?<![\p{L}\p{N}])(\p{L})#(?![\p{L}\p{N}])/gu, '$1sharp'],
  [/(?<![\p{L}\p{N}])\.net(?![\p{L}\p{N}])/gu, 'dotnet'],
]
const HAN = /^\p{Script=Han}+$/u
const HAN_RUNS = /\p{Script=Han}+/gu
const WORDS = /[\p{L}\p{N}\p{M}]+(?:[.\-'’_&][\p{L}\p{N}\p{M}]+)*/gu

/** Half-width, lower case, simplified. */
export const fold = (text: string): string => toSimplified(text.normalize('NFKC').toLowerCase())

/** Tokens of letters and digits, may repeat: first the words in reading order, then what the Han runs give. */
export function tokens(text: string): string[] {
  let folded = fold(text)
  for (const [pattern, name] of SIGNED) folded = folded.replace(pattern, name)
  const out: string[] = []
  for (const [word] of folded.replace(HAN_RUNS, ' ').matchAll(WORDS)) wordTokens(word, out)
  const runs = folded.match(HAN_RUNS)
  if (runs) hanTokens(runs, out)
  return out
}

function hanTokens(runs: string[], out: string[]): void {
  for (const run of runs) {
    const characters = [...run]
    for (let i = 0; i + 1 < characters.length; i++) out.push(characters[i]! + characters[i + 1]!)
  }
  // One call for all runs: a call has a cost of its own, and hundreds of short ones took four times as long.
  for (const { segment } of SEGMENTER.segment(runs.join(' '))) {
    const length = [...segment].length
    // Words of two characters are among the bigrams already; a single character counts where it stands as a word.
    if (segment !== ' ' && (length > 2 || (length === 1 && !PARTICLES.has(segment)))) out.push(segment)
  }
}

/** `node.js` gives node, js and nodejs, so that all spellings meet. */
function wordTokens(word: string, out: string[]): void {
  const parts = word.split(/[^\p{L}\p{N}\p{M}]+/u)
  out.push(...parts)
  if (parts.length > 1) out.push(parts.join(''))
}

/** Characters of a body that are indexed: splitting this many takes about 20 ms of the thread; a long résumé has half of it. */
export const MAX_BODY = 30_000

/** Most distinct tokens of one query: a pasted job description stays a bounded query. */
const MAX_QUERY_TOKENS = 48

/** The distinct tokens of a query; none where the text has no word. `prefix`: it asks for every token that starts with it. */
export function queryTokens(text: string): { token: string; prefix: boolean }[] {
  const distinct = [...new Set(tokens(text.slice(0, 4000)))].slice(0, MAX_QUERY_TOKENS)
  // A single Han character asks for every word that starts with it.
  return distinct.map((token) => ({ token, prefix: HAN.test(token) && [...token].length === 1 }))
}

/** The same, each as an FTS5 phrase. No character of the text reaches FTS5 unquoted. */
export function queryTerms(text: string): string[] {
  return queryTokens(text).map(({ token, prefix }) => (prefix ? `"${token}" *` : `"${token}"`))
}
