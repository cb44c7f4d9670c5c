/**
 * A tagger of several models whose scores are averaged: linear ones that see the text cut into words in different ways, and networks. The linear ones
 * are better alone; averaged with networks, which err elsewhere, they gain most.
 */
import { generator } from '../../models/reader/perceptron.ts'
import { bestPath } from '../../src/resume/tagger.ts'
import { type Family, featuresOf, namedBy, vocabularyFeatures } from './features.ts'
import type { Learnt, Lesson } from './learning.ts'
import { trainLinear } from './linear.ts'
import { trainNetwork } from './network.ts'
import { projected, vectorsOf } from './pretrained.ts'

/** One label per character. */
export type Sentence = { text: string[]; labels: string[] }

const LINEAR: Family[][] = [
  ['characters', 'windows', 'lexicon', 'words', 'neighbours', 'farther'],
  ['characters', 'windows', 'lexicon', 'pieces'],
  ['characters', 'windows', 'lexicon', 'words', 'neighbours', 'pieces'],
]
const NETWORK: Family[] = ['characters', 'words', 'lexicon']
const NETWORKS = 3
const NETWORK_SIZE = { epochs: 6, inputs: 32, units: 48 }

type Features = ReturnType<typeof featuresOf>
type Model = { transitions: Float32Array; score(features: Features): Float64Array }

/** Deterministic. Resolves to what labels the characters of a text. */
export async function trainTagger(sentences: Sentence[]): Promise<(text: string[]) => string[]> {
  const labels = [...new Set(sentences.flatMap((sentence) => sentence.labels))].sort()
  const golds = sentences.map((sentence) => Int32Array.from(sentence.labels, (label) => labels.indexOf(label)))
  const features = sentences.map(({ text }) => featuresOf(text))
  const lessons = (encode: Encode): Lesson[] => features.map((one, i) => ({ rows: encode(one), gold: golds[i]! }))
  const models: Model[] = LINEAR.map((families, i) => {
    const rows = indexOf(features, families, 1)
    const encode = encoder(families, rows)
    return modelOf(encode, trainLinear(lessons(encode), rows.size, labels.length, 7 + i))
  })
  const rows = indexOf(features, NETWORK, 2, vocabularyFeatures())
  const encode = encoder(NETWORK, rows)
  const vectors = await vectorsOf([...new Set([...rows.keys()].flatMap((feature) => namedBy(feature) ?? []))])
  for (let seed = 21; seed < 21 + NETWORKS; seed++) {
    const start = byRow(rows, projected(vectors, NETWORK_SIZE.inputs, generator(seed)))
    models.push(modelOf(encode, trainNetwork(lessons(encode), rows.size, labels.length, { ...NETWORK_SIZE, seed, start })))
  }
  const transitions = mean(models.map((model) => model.transitions))
  return (text) => {
    const one = featuresOf(text)
    const emissions = mean(models.map((model) => model.score(one)))
    // Each token has one feature, itself, whose row of weights is the token's scores.
    const path = bestPath(
      { labels, emissions, transitions },
      text.map((_, i) => [i]),
    )
    return Array.from(path, (label) => labels[label]!)
  }
}

type Encode = (features: Features) => Int32Array[]

const joined = (features: Features, families: Family[]): string[][] =>
  features.characters.map((_, i) => families.flatMap((family) => features[family][i]!))

/** Features never seen count nothing. */
const encoder =
  (families: Family[], rows: Map<string, number>): Encode =>
  (features) =>
    joined(features, families).map((token) => Int32Array.from(token.flatMap((feature) => rows.get(feature) ?? [])))

const modelOf = (encode: Encode, { transitions, score }: Learnt): Model => ({ transitions, score: (features) => score(encode(features)) })

/** Rows of the features that are seen `atLeast` so often, and of `more`. */
function indexOf(sentences: Features[], families: Family[], atLeast: number, more: string[] = []): Map<string, number> {
  const counts = new Map<string, number>()
  for (const sentence of sentences)
    for (const token of joined(sentence, families)) for (const feature of token) counts.set(feature, (counts.get(feature) ?? 0) + 1)
  const seen = [...counts].filter(([, count]) => count >= atLeast).map(([feature]) => feature)
  return new Map([...new Set([...seen, ...more])].map((feature, row) => [feature, row]))
}

/** By row, for the features that name a word or character known to `vectors`. */
const byRow = (rows: Map<string, number>, vectors: Map<string, Float32Array>): Map<number, Float32Array> =>
  new Map(
    [...rows].flatMap(([feature, row]) => {
      const vector = vectors.get(namedBy(feature) ?? '')
      return vector ? [[row, vector] as const] : []
    }),
  )

const mean = (lists: (Float32Array | Float64Array)[]): Float32Array =>
  Float32Array.from(lists[0]!, (_, at) => lists.reduce((sum, list) => sum + list[at]!, 0) / lists.length)
