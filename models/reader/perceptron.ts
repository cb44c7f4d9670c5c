/** Trains a linear sequence tagger as an averaged perceptron (Collins 2002). */
import { bestPath, type TaggerModel } from '../../src/resume/tagger.ts'

export type Example = { features: string[][]; labels: string[] }
export type TrainOptions = {
  epochs: number
  /** Features seen less often in the training data are left out. */
  minCount: number
}

/** Deterministic: the same examples in the same order give the same model. */
export function train(examples: Example[], { epochs, minCount }: TrainOptions): TaggerModel {
  const labels = [...new Set(examples.flatMap((example) => example.labels))].sort()
  const labelIndex = new Map(labels.map((label, i) => [label, i]))
  const features = indexFeatures(examples, minCount)
  const data = examples.map((example) => ({
    rows: example.features.map((token) => token.flatMap((feature) => features.get(feature) ?? [])),
    gold: example.labels.map((label) => labelIndex.get(label)!),
  }))
  return { labels, features, ...learn(data, labels, features.size, epochs, generator(7)) }
}

type Indexed = { rows: number[][]; gold: number[] }

function learn(data: Indexed[], labels: string[], features: number, epochs: number, random: () => number) {
  const n = labels.length
  const emissions = averaged(features * n)
  const transitions = averaged((n + 1) * n)
  let step = 0
  for (let epoch = 1; epoch <= epochs; epoch++)
    for (const { rows, gold } of shuffled(data, random)) {
      step++
      const guess = bestPath({ labels, emissions: emissions.now, transitions: transitions.now }, rows)
      for (let i = 0; i < gold.length; i++) {
        const [want, got] = [gold[i]!, guess[i]!]
        if (want !== got)
          for (const row of rows[i]!) {
            emissions.add(row * n + want, 1, step)
            emissions.add(row * n + got, -1, step)
          }
        const [before, beforeGuess] = i === 0 ? [n, n] : [gold[i - 1]!, guess[i - 1]!]
        if (want !== got || before !== beforeGuess) {
          transitions.add(before * n + want, 1, step)
          transitions.add(beforeGuess * n + got, -1, step)
        }
      }
    }
  return { emissions: emissions.mean(step), transitions: transitions.mean(step) }
}

function indexFeatures(examples: Example[], minCount: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { features } of examples)
    for (const token of features) for (const feature of token) counts.set(feature, (counts.get(feature) ?? 0) + 1)
  return new Map([...counts].filter(([, count]) => count >= minCount).map(([feature], i) => [feature, i]))
}

/** Weights with their mean over all steps, kept lazily: a weight is summed up when it changes. */
function averaged(size: number) {
  const now = new Float32Array(size)
  const sum = new Float64Array(size)
  const since = new Int32Array(size)
  return {
    now,
    add(at: number, change: number, step: number) {
      sum[at] = sum[at]! + now[at]! * (step - since[at]!)
      since[at] = step
      now[at] = now[at]! + change
    },
    mean(step: number): Float32Array {
      return now.map((weight, at) => (sum[at]! + weight * (step + 1 - since[at]!)) / (step + 1))
    },
  }
}

/** Mulberry32. */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A copy in a random order (Fisher and Yates). */
export function shuffled<T>(list: T[], random: () => number): T[] {
  const out = [...list]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}
