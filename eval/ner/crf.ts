/** A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001): how likely the right path of labels is, and its gradient. */

export type Chain = {
  /** Number of labels. */
  n: number
  /** Weight of label b behind label a at a * n + b; the last row is the start. -Infinity where the training data never has the pair. */
  transitions: Float32Array
  /** For each label the labels that may stand before it. */
  before: Int32Array[]
}

/** A chain whose pairs of labels are those of `golds`, all of weight 0. */
export function chainOf(golds: Int32Array[], n: number): Chain {
  const transitions = new Float32Array((n + 1) * n).fill(Number.NEGATIVE_INFINITY)
  for (const gold of golds)
    gold.forEach((label, i) => {
      transitions[(i === 0 ? n : gold[i - 1]!) * n + label] = 0
    })
  const all = Array.from({ length: n }, (_, label) => label)
  const before = all.map((b) => Int32Array.from(all.filter((a) => transitions[a * n + b] === 0)))
  return { n, transitions, before }
}

export type Gradient = {
  /** -log p(gold), natural logarithm. */
  loss: number
  /** Of the loss by `scores` and by `transitions`, in their shapes. */
  scores: Float64Array
  transitions: Float64Array
}

/**
 * Forward-backward (Rabiner 1989, with scaled sums instead of logarithms). `scores` has `n` values for each of `gold.length` tokens. The gradient by a
 * score is p(label at token) less 1 where the label is right, by a transition the expected number of its uses less the number in `gold`.
 */
export function gradientOf({ n, transitions, before }: Chain, scores: Float64Array, gold: Int32Array): Gradient {
  const length = gold.length
  const weights = Float64Array.from(transitions, Math.exp)
  const potentials = new Float64Array(length * n)
  const forward = new Float64Array(length * n)
  const backward = new Float64Array(length * n)
  const scales = new Float64Array(length)
  let logSum = 0
  for (let i = 0; i < length; i++) {
    const at = i * n
    let highest = Number.NEGATIVE_INFINITY
    for (let b = 0; b < n; b++) highest = Math.max(highest, scores[at + b]!)
    let scale = 0
    for (let b = 0; b < n; b++) {
      let sum = 0
      if (i === 0) sum = weights[n * n + b]!
      else for (const a of before[b]!) sum += forward[at - n + a]! * weights[a * n + b]!
      potentials[at + b] = Math.exp(scores[at + b]! - highest)
      forward[at + b] = sum * potentials[at + b]!
      scale += forward[at + b]!
    }
    for (let b = 0; b < n; b++) forward[at + b] = forward[at + b]! / scale
    scales[i] = scale
    logSum += Math.log(scale) + highest
  }
  const uses = new Float64Array((n + 1) * n)
  backward.fill(1, (length - 1) * n)
  for (let i = length - 1; i > 0; i--) {
    const at = i * n
    for (let b = 0; b < n; b++) {
      const rest = (potentials[at + b]! * backward[at + b]!) / scales[i]!
      for (const a of before[b]!) {
        const share = weights[a * n + b]! * rest
        backward[at - n + a] = backward[at - n + a]! + share
        uses[a * n + b] = uses[a * n + b]! + forward[at - n + a]! * share
      }
    }
  }
  const expected = forward.map((value, at) => value * backward[at]!)
  for (let b = 0; b < n; b++) uses[n * n + b] = expected[b]!
  let goldScore = 0
  gold.forEach((label, i) => {
    const pair = (i === 0 ? n : gold[i - 1]!) * n + label
    goldScore += scores[i * n + label]! + transitions[pair]!
    expected[i * n + label] = expected[i * n + label]! - 1
    uses[pair] = uses[pair]! - 1
  })
  return { loss: logSum - goldScore, scores: expected, transitions: uses }
}
