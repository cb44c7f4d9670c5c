/** Features of the characters of Chinese text, in families, so that models can be given different ones. */
import { readFileSync } from 'node:fs'

export type Family = 'characters' | 'windows' | 'words' | 'neighbours' | 'farther' | 'pieces' | 'lexicon'

/** The words of a text in order: `from` and `to` count characters. */
type Part = { word: string; from: number; to: number }

const kindOf = (c: string): string =>
  c === ''
    ? '^'
    : /\d/.test(c)
      ? '9'
      : /[A-Za-z]/.test(c)
        ? 'a'
        : /\p{Script=Han}/u.test(c)
          ? '汉'
          : /\s/.test(c)
            ? ' '
            : /[·•]/.test(c)
              ? '·'
              : ','

const TOKENIZER = new URL('../../models/default/tokenizer.json', import.meta.url)
/** The shipped model's vocabulary with natural logarithms of probabilities. */
const PIECES = new Map<string, number>(JSON.parse(readFileSync(TOKENIZER, 'utf8')).model.vocab)
const LONGEST_PIECE = 8
/** Under the rarest piece: any known piece is better than single characters nobody knows. */
const UNKNOWN = -18
/** Longer words of the vocabulary say nothing that their parts do not. */
const LONGEST_WORD = 6
const HAN = /^\p{Script=Han}+$/u
const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' })

/** One list per character and family. */
export function featuresOf(text: string[]): Record<Family, string[][]> {
  const words = dictionaryWords(text)
  const pieces = likeliestPieces(text)
  const inside = insideFeatures(text, pieces, 'u')
  const beside = besideFeatures(text, pieces, 'u')
  return {
    ...characterFeatures(text),
    words: insideFeatures(text, words, 's'),
    neighbours: besideFeatures(text, words, 's'),
    farther: fartherFeatures(text, words),
    pieces: inside.map((list, i) => [...list, ...beside[i]!]),
    lexicon: lexiconFeatures(text),
  }
}

/** The character or the word that a feature of the families `characters` and `words` names as its own, or null. */
export const namedBy = (feature: string): string | null => /^(?:0|sw[BMES])(.+)$/su.exec(feature)?.[1] ?? null

/** The features which name the words and characters of the vocabulary. */
export function vocabularyFeatures(): string[] {
  const han = [...PIECES.keys()].filter((piece) => HAN.test(piece))
  return han.flatMap((piece) => (Array.from(piece).length === 1 ? [`0${piece}`] : [...'BME'].map((place) => `sw${place}${piece}`)))
}

/** The characters around, alone and joined, and their kinds. */
function characterFeatures(text: string[]): Record<'characters' | 'windows', string[][]> {
  const at = (i: number): string => (i < 0 ? '<' : (text[i] ?? '>'))
  return {
    characters: text.map((c, i) => {
      const [b, d] = [at(i - 1), at(i + 1)]
      return [`0${c}`, `a${b}${c}`, `b${c}${d}`, `k${kindOf(b)}${kindOf(c)}${kindOf(d)}`]
    }),
    windows: text.map((c, i) => {
      const [a, b, d, e] = [at(i - 2), at(i - 1), at(i + 1), at(i + 2)]
      return [
        `-1${b}`,
        `-2${a}`,
        `+1${d}`,
        `+2${e}`,
        `c${a}${b}`,
        `d${d}${e}`,
        `e${b}${d}`,
        `f${a}${b}${c}`,
        `g${b}${c}${d}`,
        `h${c}${d}${e}`,
      ]
    }),
  }
}

function dictionaryWords(text: string[]): Part[] {
  let to = 0
  return Array.from(SEGMENTER.segment(text.join('')), ({ segment }) => {
    const from = to
    to += Array.from(segment).length
    return { word: segment, from, to }
  })
}

/** The cut of the text into pieces whose probabilities have the largest product (Kudo 2018, unigram language model). */
export function likeliestPieces(text: string[]): Part[] {
  const best = new Float64Array(text.length + 1).fill(Number.NEGATIVE_INFINITY)
  const start = new Int32Array(text.length + 1)
  best[0] = 0
  for (let from = 0; from < text.length; from++)
    for (let to = from + 1; to <= Math.min(text.length, from + LONGEST_PIECE); to++) {
      const known = PIECES.get(text.slice(from, to).join('')) ?? (to === from + 1 ? UNKNOWN : Number.NEGATIVE_INFINITY)
      if (best[from]! + known > best[to]!) [best[to], start[to]] = [best[from]! + known, from]
    }
  const parts: Part[] = []
  for (let to = text.length; to > 0; to = start[to]!) parts.push({ word: text.slice(start[to]!, to).join(''), from: start[to]!, to })
  return parts.reverse()
}

/** B, M, E or S: first, middle, last or only character. */
const placeIn = (from: number, to: number, i: number): string => (to - from === 1 ? 'S' : i === from ? 'B' : i === to - 1 ? 'E' : 'M')

/** One list per character, made from its place in its word and the words around that. */
function eachPlace(text: string[], parts: Part[], list: (place: string, word: (offset: number) => string) => string[]): string[][] {
  const out: string[][] = text.map(() => [])
  parts.forEach(({ from, to }, at) => {
    const word = (offset: number) => parts[at + offset]?.word ?? (offset < 0 ? '<' : '>')
    for (let i = from; i < to; i++) out[i] = list(placeIn(from, to, i), word)
  })
  return out
}

const insideFeatures = (text: string[], parts: Part[], name: string) =>
  eachPlace(text, parts, (place, word) => [`${name}${place}`, `${name}w${place}${word(0)}`])

const besideFeatures = (text: string[], parts: Part[], name: string) =>
  eachPlace(text, parts, (place, word) => [
    `${name}p${place}${word(-1)}`,
    `${name}q${place}${word(1)}`,
    `${name}pw${place}${word(-1)} ${word(0)}`,
    `${name}wq${place}${word(0)} ${word(1)}`,
  ])

const fartherFeatures = (text: string[], parts: Part[]) =>
  eachPlace(text, parts, (place, word) => [
    `sP${place}${word(-2)}`,
    `sQ${place}${word(2)}`,
    `sPp${place}${word(-2)} ${word(-1)}`,
    `sqQ${place}${word(1)} ${word(2)}`,
    `spq${place}${word(-1)} ${word(1)}`,
  ])

/** All words of the vocabulary that begin, go on or end at a character, and the lengths of the longest ones (after SoftLexicon, Ma et al. 2020). */
function lexiconFeatures(text: string[]): string[][] {
  const out: string[][] = text.map(() => [])
  const longest = text.map(() => ({ B: 0, M: 0, E: 0 }) as Record<string, number>)
  for (let from = 0; from < text.length; from++)
    for (let to = from + 2; to <= Math.min(text.length, from + LONGEST_WORD); to++) {
      const word = text.slice(from, to).join('')
      if (!PIECES.has(word) || !HAN.test(word)) continue
      for (let i = from; i < to; i++) {
        const place = placeIn(from, to, i)
        longest[i]![place] = Math.max(longest[i]![place]!, to - from)
        out[i]!.push(`V${place}${word}`)
      }
    }
  longest.forEach(({ B, M, E }, i) => {
    out[i]!.push(`Vb${B}`, `Ve${E}`, `Vm${M}`, `V${B}${M}${E}`)
  })
  return out
}
