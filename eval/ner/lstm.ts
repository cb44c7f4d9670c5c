/** One direction of a long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000), and its gradient. */

/** Weights of the gates input, forget, output and candidate of a unit stand side by side: unit j's of input k at (j * inputs + k) * 4. */
export type Lstm = { inputs: number; units: number; input: Float64Array; recurrent: Float64Array; bias: Float64Array }

/** What a pass remembers for the gradient: `length` x `units` values, for `gates` four times as many. */
export type Trace = { gates: Float64Array; cells: Float64Array; outputs: Float64Array }

export const newLstm = (inputs: number, units: number): Lstm => ({
  inputs,
  units,
  input: new Float64Array(units * inputs * 4),
  recurrent: new Float64Array(units * units * 4),
  bias: new Float64Array(units * 4),
})

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/** `x` has `inputs` values for each of `length` tokens; `reversed` reads from the end. Outputs stand at their tokens in either direction. */
export function forward(lstm: Lstm, x: Float64Array, length: number, reversed: boolean): Trace {
  const { inputs, units, input, recurrent, bias } = lstm
  const gates = new Float64Array(length * units * 4)
  const cells = new Float64Array(length * units)
  const outputs = new Float64Array(length * units)
  for (let step = 0; step < length; step++) {
    const here = reversed ? length - 1 - step : step
    const last = reversed ? here + 1 : here - 1
    for (let j = 0; j < units; j++) {
      let a = bias[j * 4]!
      let b = bias[j * 4 + 1]!
      let c = bias[j * 4 + 2]!
      let d = bias[j * 4 + 3]!
      for (let k = 0, w = j * inputs * 4; k < inputs; k++, w += 4) {
        const value = x[here * inputs + k]!
        a += input[w]! * value
        b += input[w + 1]! * value
        c += input[w + 2]! * value
        d += input[w + 3]! * value
      }
      if (step > 0)
        for (let k = 0, w = j * units * 4; k < units; k++, w += 4) {
          const value = outputs[last * units + k]!
          a += recurrent[w]! * value
          b += recurrent[w + 1]! * value
          c += recurrent[w + 2]! * value
          d += recurrent[w + 3]! * value
        }
      const unit = here * units + j
      gates[unit * 4] = sigmoid(a)
      gates[unit * 4 + 1] = sigmoid(b)
      gates[unit * 4 + 2] = sigmoid(c)
      gates[unit * 4 + 3] = Math.tanh(d)
      const kept = step > 0 ? gates[unit * 4 + 1]! * cells[last * units + j]! : 0
      cells[unit] = gates[unit * 4]! * gates[unit * 4 + 3]! + kept
      outputs[unit] = gates[unit * 4 + 2]! * Math.tanh(cells[unit]!)
    }
  }
  return { gates, cells, outputs }
}

/**
 * Back through the tokens (Werbos 1990). `gradient` is the loss's by the outputs and is used up; what falls on the weights is added to `into`, what
 * falls on `x` to `intoX`.
 */
export function backward(
  lstm: Lstm,
  { gates, cells, outputs }: Trace,
  x: Float64Array,
  gradient: Float64Array,
  reversed: boolean,
  into: Lstm,
  intoX: Float64Array,
): void {
  const { inputs, units } = lstm
  const length = cells.length / units
  const later = new Float64Array(units)
  for (let step = length - 1; step >= 0; step--) {
    const here = reversed ? length - 1 - step : step
    const last = reversed ? here + 1 : here - 1
    for (let j = 0; j < units; j++) {
      const unit = here * units + j
      const i = gates[unit * 4]!
      const f = gates[unit * 4 + 1]!
      const o = gates[unit * 4 + 2]!
      const g = gates[unit * 4 + 3]!
      const squashed = Math.tanh(cells[unit]!)
      const out = gradient[unit]!
      const cell = later[j]! + out * o * (1 - squashed * squashed)
      later[j] = cell * f
      const a = cell * g * i * (1 - i)
      const b = step > 0 ? cell * cells[last * units + j]! * f * (1 - f) : 0
      const c = out * squashed * o * (1 - o)
      const d = cell * i * (1 - g * g)
      into.bias[j * 4] = into.bias[j * 4]! + a
      into.bias[j * 4 + 1] = into.bias[j * 4 + 1]! + b
      into.bias[j * 4 + 2] = into.bias[j * 4 + 2]! + c
      into.bias[j * 4 + 3] = into.bias[j * 4 + 3]! + d
      throughRow(lstm.input, into.input, j * inputs * 4, x, intoX, here * inputs, inputs, a, b, c, d)
      if (step > 0) throughRow(lstm.recurrent, into.recurrent, j * units * 4, outputs, gradient, last * units, units, a, b, c, d)
    }
  }
}

/** The gradient through one unit's four rows of weights at `w`, whose inputs are `width` values at `at`. */
function throughRow(
  weights: Float64Array,
  into: Float64Array,
  w: number,
  values: Float64Array,
  intoValues: Float64Array,
  at: number,
  width: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  for (let k = 0; k < width; k++, w += 4) {
    const value = values[at + k]!
    into[w] = into[w]! + a * value
    into[w + 1] = into[w + 1]! + b * value
    into[w + 2] = into[w + 2]! + c * value
    into[w + 3] = into[w + 3]! + d * value
    intoValues[at + k] = intoValues[at + k]! + a * weights[w]! + b * weights[w + 1]! + c * weights[w + 2]! + d * weights[w + 3]!
  }
}
