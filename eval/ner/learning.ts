/** What the trainers of the named-entity evaluation share. */
import { type Chain, type Gradient, gradientOf } from './crf.ts'

/** A sentence to learn from: the rows of each token's features, and the index of its label. */
export type Lesson = { rows: Int32Array[]; gold: Int32Array }

/** What was learnt: scores of `labels` values per token for the rows of a sentence, and the transitions of its chain. */
export type Learnt = { transitions: Float32Array; score(rows: Int32Array[]): Float64Array }

/**
 * AdaGrad (Duchi, Hazan and Singer 2011): a weight's steps shrink with its own past gradients, so rare features learn as fast as common ones.
 * `ease` keeps the first steps small.
 */
export type AdaGrad = { weights: Float32Array; squares: Float32Array; rate: number; ease: number }

export const adaGrad = (weights: Float32Array, rate: number, ease: number): AdaGrad => ({
  weights,
  squares: new Float32Array(weights.length),
  rate,
  ease,
})

export function descend({ weights, squares, rate, ease }: AdaGrad, at: number, gradient: number): void {
  const square = squares[at]! + gradient * gradient
  squares[at] = square
  weights[at] = weights[at]! - (rate * gradient) / Math.sqrt(square + ease)
}

/** The gradient of one sentence; the transitions of the chain take their step. */
export function learnChain(chain: Chain, transitions: AdaGrad, scores: Float64Array, gold: Int32Array): Gradient {
  const gradient = gradientOf(chain, scores, gold)
  gradient.transitions.forEach((value, at) => {
    if (value !== 0) descend(transitions, at, value)
  })
  return gradient
}

/** Each row stays with the probability 1 - `share`: no feature can rest on another one being there. */
export const dropRows = (rows: Int32Array[], share: number, random: () => number): Int32Array[] =>
  rows.map((token) => token.filter(() => random() >= share))

type Weights = Float32Array | Float64Array

/** Means of weights over the moments at which `add` was called (Polyak and Juditsky 1992): steadier than where the last step ended. */
export function averageOf(weights: Weights[]) {
  const sums = weights.map((values) => new Float64Array(values.length))
  let count = 0
  return {
    add(): void {
      count++
      weights.forEach((values, which) => {
        const sum = sums[which]!
        for (let at = 0; at < values.length; at++) sum[at] = sum[at]! + values[at]!
      })
    },
    /** Puts the means in the weights' place. */
    settle(): void {
      weights.forEach((values, which) => {
        const sum = sums[which]!
        for (let at = 0; at < values.length; at++) values[at] = sum[at]! / count
      })
    },
  }
}
