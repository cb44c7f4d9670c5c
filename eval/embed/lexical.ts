import type { Ranker } from './rank.ts'

const segmenter = new Intl.Segmenter('zh', { granularity: 'word' })

/** Lower-cased words; Chinese is cut by the dictionary of Intl.Segmenter, which cuts English at spaces and punctuation as well. */
const words = (text: string): string[] =>
  Array.from(segmenter.segment(text.normalize('NFKC').toLowerCase()))
    .filter((part) => part.isWordLike)
    .map((part) => part.segment)

function characterGrams(text: string): string[] {
  const characters = Array.from(` ${text.normalize('NFKC').toLowerCase()} `)
  return [1, 2, 3].flatMap((size) =>
    characters.slice(0, characters.length - size + 1).map((_, at) => characters.slice(at, at + size).join('')),
  )
}

function count(terms: string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}

/** Okapi BM25 over words, k1 = 1.2, b = 0.75, idf = ln(1 + (N - n + 0.5) / (n + 0.5)) as in Lucene. */
export const bm25: Ranker = async (queries, pool) => {
  const documents = pool.map((text) => count(words(text)))
  const lengths = documents.map((document) => [...document.values()].reduce((sum, value) => sum + value, 0))
  const average = lengths.reduce((sum, value) => sum + value, 0) / lengths.length
  const holding = count(documents.flatMap((document) => [...document.keys()]))
  const idf = (term: string): number => {
    const n = holding.get(term) ?? 0
    return Math.log(1 + (pool.length - n + 0.5) / (n + 0.5))
  }
  return queries.map((query) =>
    documents.map((document, index) =>
      words(query).reduce((sum, term) => {
        const frequency = document.get(term) ?? 0
        return sum + (idf(term) * frequency * 2.2) / (frequency + 1.2 * (0.25 + (0.75 * lengths[index]!) / average))
      }, 0),
    ),
  )
}

/** Cosine of the counts of character 1-, 2- and 3-grams. */
export const characterCosine: Ranker = async (queries, pool) => {
  const unit = (text: string): Map<string, number> => {
    const counts = count(characterGrams(text))
    const norm = Math.hypot(...counts.values())
    return new Map([...counts].map(([gram, value]) => [gram, value / norm]))
  }
  const documents = pool.map(unit)
  return queries.map((text) => {
    const query = [...unit(text)]
    return documents.map((document) => query.reduce((sum, [gram, value]) => sum + value * (document.get(gram) ?? 0), 0))
  })
}
