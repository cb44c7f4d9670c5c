import { describe, expect, it } from 'vitest'
import { chainOf, gradientOf } from '../eval/ner/crf.ts'
import { featuresOf, likeliestPieces } from '../eval/ner/features.ts'
import type { Lesson } from '../eval/ner/learning.ts'
import { trainLinear } from '../eval/ner/linear.ts'
import { backward, forward, newLstm } from '../eval/ner/lstm.ts'
import { trainNetwork } from '../eval/ner/network.ts'
import { generator } from '../models/reader/perceptron.ts'
import { bestPath } from '../src/resume/tagger.ts'

const random = generator(1)
const noise = (length: number): Float64Array => Float64Array.from({ length }, () => random() - 0.5)

/** Expects `gradient` to be what `loss` changes by as each of `values` does. */
function expectGradient(loss: () => number, values: Float64Array | Float32Array, gradient: Float64Array, step: number): void {
  values.forEach((value, at) => {
    if (!Number.isFinite(value)) return
    values[at] = value + step
    const [above, high] = [loss(), values[at]!]
    values[at] = value - step
    const [below, low] = [loss(), values[at]!]
    values[at] = value
    expect(gradient[at]).toBeCloseTo((above - below) / (high - low), 4)
  })
}

describe('the conditional random field', () => {
  const gold = Int32Array.from([0, 1, 2, 1])
  const chain = chainOf([gold, Int32Array.from([0, 0, 2])], 3)
  const scores = noise(12)

  it('has the gradient that differences show', () => {
    chain.transitions.forEach((value, at) => {
      chain.transitions[at] = value + random() - 0.5
    })
    const loss = () => gradientOf(chain, scores, gold).loss
    const gradient = gradientOf(chain, scores, gold)
    expectGradient(loss, scores, gradient.scores, 1e-5)
    expectGradient(loss, chain.transitions, gradient.transitions, 1e-3)
  })

  it('gives the paths that the training data allows all of the probability', () => {
    const one = Int32Array.from([0, 2])
    const other = [
      [0, 0],
      [0, 1],
    ].map((path) => Int32Array.from(path))
    const total = [one, ...other].reduce((sum, path) => sum + Math.exp(-gradientOf(chain, scores.slice(0, 6), path).loss), 0)
    expect(total).toBeCloseTo(1, 6)
  })
})

describe('the LSTM', () => {
  it.each([false, true])('has the gradient that differences show (reversed: %s)', (reversed) => {
    const lstm = newLstm(2, 3)
    for (const values of [lstm.input, lstm.recurrent, lstm.bias]) values.set(noise(values.length))
    const x = noise(8)
    const weights = noise(12)
    const loss = () => forward(lstm, x, 4, reversed).outputs.reduce((sum, value, at) => sum + value * weights[at]!, 0)
    const into = newLstm(2, 3)
    const intoX = new Float64Array(8)
    backward(lstm, forward(lstm, x, 4, reversed), x, weights.slice(), reversed, into, intoX)
    expectGradient(loss, x, intoX, 1e-5)
    for (const name of ['input', 'recurrent', 'bias'] as const) expectGradient(loss, lstm[name], into[name], 1e-5)
  })
})

describe('the trainers', () => {
  /** Tokens 0 to 3; from a 3 on the label is 1, from a 0 on it is 0. */
  const lessons: Lesson[] = Array.from({ length: 300 }, () => {
    const tokens = Array.from({ length: 5 }, () => Math.floor(random() * 4))
    let label = 0
    const gold = Int32Array.from(tokens, (token) => {
      if (token % 3 === 0) label = token / 3
      return label
    })
    return { rows: tokens.map((token) => Int32Array.of(token)), gold }
  })

  it.each([
    ['linear', () => trainLinear(lessons, 4, 2, 1)],
    ['network', () => trainNetwork(lessons, 4, 2, { epochs: 12, inputs: 4, units: 6, seed: 1 })],
  ])('learn what an earlier token decides, the same way each time (%s)', (_, train) => {
    const { transitions, score } = train()
    const again = train()
    let right = 0
    for (const { rows, gold } of lessons) {
      const emissions = Float32Array.from(score(rows))
      const tokens = rows.map((__, i) => [i])
      bestPath({ labels: ['O', 'S-X'], emissions, transitions }, tokens).forEach((label, i) => {
        if (label === gold[i]) right++
      })
      expect(again.score(rows)).toEqual(score(rows))
    }
    expect(right / (lessons.length * 5)).toBeGreaterThan(0.95)
  })
})

describe('the features of Chinese text', () => {
  it('know the words at and around a character', () => {
    const { words, neighbours, lexicon } = featuresOf([...'担任总经理'])
    expect(words[2]).toContain('swB总经理')
    expect(neighbours[2]).toContain('spB担任')
    expect(lexicon[4]).toEqual(expect.arrayContaining(['VE经理', 'VE总经理']))
  })

  it('cut a text into pieces without loss, characters outside the vocabulary too', () => {
    const text = [...'董事会秘书𠮷A']
    expect(likeliestPieces(text).map(({ word }) => word)).toEqual(['董事会', '秘书', '𠮷', 'A'])
    expect(likeliestPieces([])).toEqual([])
    expect(featuresOf(text).pieces).toHaveLength(text.length)
  })
})
