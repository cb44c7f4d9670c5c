/**
 * A conditional random field over a bidirectional LSTM (Huang, Xu and Yu 2015; Lample et al. 2016). A token's input is the sum of the vectors of its
 * features. It sees further than the features of the linear model and errs elsewhere.
 */
import { generator, shuffled } from '../../models/reader/perceptron.ts'
import { chainOf } from './crf.ts'
import { adaGrad, averageOf, descend, dropRows, type Learnt, type Lesson, learnChain } from './learning.ts'
import { backward, forward, type Lstm, newLstm } from './lstm.ts'

export type NetworkOptions = {
  epochs: number
  /** Values of a feature's vector. */
  inputs: number
  /** Of each of the two LSTMs. */
  units: number
  seed: number
  /** Vectors by row that are not to start from noise. */
  start?: Map<number, Float32Array>
}

/** Shares of features and of LSTM outputs that are hidden while learning. */
const DROPPED_FEATURES = 0.25
const DROPPED_OUTPUTS = 0.4
/** From this share of the epochs on weights are averaged. */
const SETTLED = 0.6
/** Step of Adam at the start; it falls to 0 in a straight line. */
const RATE = 0.002
const VECTOR_RATE = 0.05
const VECTOR_EASE = 1e-4
const VECTOR_START = 0.3
const TRANSITION_RATE = 0.07
const TRANSITION_EASE = 0.01
/** A sentence's gradient is cut to this length. */
const LONGEST_GRADIENT = 5

/** Forwards and backwards, then `out`: 2 * units rows of one weight per label. */
type Layers = { lstms: [Lstm, Lstm]; out: Float64Array }

/** `features` is the number of rows, `n` of labels. Deterministic. */
export function trainNetwork(lessons: Lesson[], features: number, n: number, options: NetworkOptions): Learnt {
  const { epochs, inputs, units } = options
  const random = generator(options.seed)
  const chain = chainOf(
    lessons.map(({ gold }) => gold),
    n,
  )
  const transitions = adaGrad(chain.transitions, TRANSITION_RATE, TRANSITION_EASE)
  const vectors = adaGrad(new Float32Array(features * inputs), VECTOR_RATE, VECTOR_EASE)
  scatter(vectors.weights, VECTOR_START, random)
  options.start?.forEach((vector, row) => {
    vectors.weights.set(vector, row * inputs)
  })
  const layers = newLayers(inputs, units, n)
  for (const { input, recurrent, bias } of layers.lstms) {
    scatter(input, Math.sqrt(3 / inputs), random)
    scatter(recurrent, 0.7 * Math.sqrt(3 / units), random)
    for (let j = 0; j < units; j++) bias[j * 4 + 1] = 1 // what a cell holds is kept until it is learnt what to forget (Jozefowicz et al. 2015)
  }
  scatter(layers.out, 0.5 * Math.sqrt(3 / (2 * units)), random)
  const slopes = newLayers(inputs, units, n)
  const adam = newAdam(weightsOf(layers), weightsOf(slopes), epochs * lessons.length)
  const average = averageOf([vectors.weights, transitions.weights, ...weightsOf(layers)])
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { rows, gold } of shuffled(lessons, random)) {
      const kept = dropRows(rows, DROPPED_FEATURES, random)
      const grown = 1 / (1 - DROPPED_FEATURES)
      const x = inputOf(vectors.weights, inputs, kept, grown)
      const masks = layers.lstms.map(() =>
        Float64Array.from({ length: gold.length * units }, () => (random() < DROPPED_OUTPUTS ? 0 : 1 / (1 - DROPPED_OUTPUTS))),
      )
      const pass = scoresOf(layers, x, gold.length, n, masks)
      const { scores } = learnChain(chain, transitions, pass.scores, gold)
      for (const values of weightsOf(slopes)) values.fill(0)
      const intoX = new Float64Array(x.length)
      layers.lstms.forEach((lstm, side) => {
        const into = outGradient(layers.out, slopes.out, scores, pass.outputs[side]!, masks[side]!, side * units, units, n)
        backward(lstm, pass.traces[side]!, x, into, side === 1, slopes.lstms[side]!, intoX)
      })
      const cut = adam()
      kept.forEach((token, i) => {
        for (const row of token) for (let k = 0; k < inputs; k++) descend(vectors, row * inputs + k, intoX[i * inputs + k]! * grown * cut)
      })
    }
    if (epoch >= Math.floor(epochs * SETTLED)) average.add()
  }
  average.settle()
  return {
    transitions: chain.transitions,
    score: (rows) => scoresOf(layers, inputOf(vectors.weights, inputs, rows, 1), rows.length, n).scores,
  }
}

const newLayers = (inputs: number, units: number, n: number): Layers => ({
  lstms: [newLstm(inputs, units), newLstm(inputs, units)],
  out: new Float64Array(2 * units * n),
})

const weightsOf = ({ lstms, out }: Layers): Float64Array[] => [
  out,
  ...lstms.flatMap(({ input, recurrent, bias }) => [input, recurrent, bias]),
]

function scatter(values: Float32Array | Float64Array, width: number, random: () => number): void {
  for (let at = 0; at < values.length; at++) values[at] = (random() * 2 - 1) * width
}

/** `inputs` values per token: the sum of the vectors of its features times `grown`. */
function inputOf(vectors: Float32Array, inputs: number, rows: Int32Array[], grown: number): Float64Array {
  const x = new Float64Array(rows.length * inputs)
  rows.forEach((token, i) => {
    for (const row of token) for (let k = 0; k < inputs; k++) x[i * inputs + k] = x[i * inputs + k]! + vectors[row * inputs + k]! * grown
  })
  return x
}

function scoresOf({ lstms, out }: Layers, x: Float64Array, length: number, n: number, masks?: Float64Array[]) {
  const scores = new Float64Array(length * n)
  const traces = lstms.map((lstm, side) => forward(lstm, x, length, side === 1))
  const outputs = traces.map((trace, side) => (masks ? trace.outputs.map((value, at) => value * masks[side]![at]!) : trace.outputs))
  outputs.forEach((values, side) => {
    const units = lstms[side]!.units
    values.forEach((value, at) => {
      if (value === 0) return
      const token = Math.floor(at / units) * n
      const row = (side * units + (at % units)) * n
      for (let b = 0; b < n; b++) scores[token + b] = scores[token + b]! + value * out[row + b]!
    })
  })
  return { scores, traces, outputs }
}

/** The loss's gradient by the outputs of one LSTM; that by its rows of `out`, from `first` on, is added to `slope`. */
function outGradient(
  out: Float64Array,
  slope: Float64Array,
  scores: Float64Array,
  outputs: Float64Array,
  mask: Float64Array,
  first: number,
  units: number,
  n: number,
): Float64Array {
  return outputs.map((value, at) => {
    if (mask[at] === 0) return 0
    const token = Math.floor(at / units) * n
    const row = (first + (at % units)) * n
    let sum = 0
    for (let b = 0; b < n; b++) {
      slope[row + b] = slope[row + b]! + scores[token + b]! * value
      sum += scores[token + b]! * out[row + b]!
    }
    return sum * mask[at]!
  })
}

/** Adam (Kingma and Ba 2015) over `steps` steps. Each call takes one with the present slopes and returns by how much they were cut. */
function newAdam(weights: Float64Array[], slopes: Float64Array[], steps: number): () => number {
  const [KEPT, KEPT_SQUARES] = [0.9, 0.999]
  const means = weights.map((values) => new Float64Array(values.length))
  const squares = weights.map((values) => new Float64Array(values.length))
  let step = 0
  return () => {
    step++
    const rate = (RATE * (1 - (step - 1) / steps) * Math.sqrt(1 - KEPT_SQUARES ** step)) / (1 - KEPT ** step)
    let length = 0
    for (const values of slopes) for (const value of values) length += value * value
    const cut = Math.min(1, LONGEST_GRADIENT / Math.sqrt(length + 1e-12))
    weights.forEach((values, which) => {
      const [slope, mean, square] = [slopes[which]!, means[which]!, squares[which]!]
      for (let at = 0; at < values.length; at++) {
        const value = slope[at]! * cut
        mean[at] = KEPT * mean[at]! + (1 - KEPT) * value
        square[at] = KEPT_SQUARES * square[at]! + (1 - KEPT_SQUARES) * value * value
        values[at] = values[at]! - (rate * mean[at]!) / (Math.sqrt(square[at]!) + 1e-8)
      }
    })
    return cut
  }
}
