/** A conditional random field over sparse features, by stochastic gradients with feature dropout. */
import { generator, shuffled } from '../../models/reader/perceptron.ts'
import { chainOf } from './crf.ts'
import { adaGrad, averageOf, descend, dropRows, type Learnt, type Lesson, learnChain } from './learning.ts'

const EPOCHS = 20
/** From this epoch on weights are averaged. */
const SETTLED = 10
const RATE = 0.07
const EASE = 0.01
/** Words and neighbours tell the same in many ways; with 40 % of them hidden, all of them are learnt. */
const DROPPED = 0.4
/** Gradients under this are left out: most labels are all but certain after two epochs. */
const CERTAIN = 1e-4

/** `features` is the number of rows, `n` of labels. Deterministic. */
export function trainLinear(lessons: Lesson[], features: number, n: number, seed: number): Learnt {
  const random = generator(seed)
  const chain = chainOf(
    lessons.map(({ gold }) => gold),
    n,
  )
  const emissions = adaGrad(new Float32Array(features * n), RATE, EASE)
  const transitions = adaGrad(chain.transitions, RATE, EASE)
  const average = averageOf([emissions.weights, transitions.weights])
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (const { rows, gold } of shuffled(lessons, random)) {
      const kept = dropRows(rows, DROPPED, random)
      const scores = scoresOf(emissions.weights, n, kept)
      for (let at = 0; at < scores.length; at++) scores[at] = scores[at]! / (1 - DROPPED)
      const gradient = learnChain(chain, transitions, scores, gold).scores
      kept.forEach((token, i) => {
        for (let b = 0; b < n; b++) {
          const value = gradient[i * n + b]!
          if (value > -CERTAIN && value < CERTAIN) continue
          for (const row of token) descend(emissions, row * n + b, value)
        }
      })
    }
    if (epoch >= SETTLED) average.add()
  }
  average.settle()
  return { transitions: chain.transitions, score: (rows) => scoresOf(emissions.weights, n, rows) }
}

function scoresOf(emissions: Float32Array, n: number, rows: Int32Array[]): Float64Array {
  const scores = new Float64Array(rows.length * n)
  rows.forEach((token, i) => {
    for (const row of token) for (let b = 0; b < n; b++) scores[i * n + b] = scores[i * n + b]! + emissions[row * n + b]!
  })
  return scores
}
