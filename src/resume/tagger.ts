/** A linear sequence tagger: the best path of labels over tokens that carry features (Viterbi over emission and transition weights). */

export type TaggerModel = {
  labels: string[]
  /** Row of a feature in `emissions`. */
  features: Map<string, number>
  /** Rows of `labels.length` weights. */
  emissions: Float32Array
  /** Weight of label b behind label a at a * labels.length + b; the last row is the start. */
  transitions: Float32Array
}

/** `tokens` holds the rows of the features of each token. Returns one label index per token. */
export function bestPath(model: Pick<TaggerModel, 'labels' | 'emissions' | 'transitions'>, tokens: number[][]): Int32Array {
  const n = model.labels.length
  const { emissions, transitions } = model
  const length = tokens.length
  const path = new Int32Array(length)
  if (length === 0) return path
  let scores = new Float64Array(n)
  let next = new Float64Array(n)
  const back = new Int32Array(length * n)
  for (let i = 0; i < length; i++) {
    for (let b = 0; b < n; b++) {
      let best = transitions[n * n + b]!
      let from = 0
      if (i > 0) {
        best = Number.NEGATIVE_INFINITY
        for (let a = 0; a < n; a++) {
          const score = scores[a]! + transitions[a * n + b]!
          if (score > best) [best, from] = [score, a]
        }
      }
      next[b] = best
      back[i * n + b] = from
    }
    for (const row of tokens[i]!) for (let b = 0; b < n; b++) next[b] = next[b]! + emissions[row * n + b]!
    ;[scores, next] = [next, scores]
  }
  let label = 0
  for (let b = 1; b < n; b++) if (scores[b]! > scores[label]!) label = b
  for (let i = length - 1; i >= 0; i--) {
    path[i] = label
    label = back[i * n + label]!
  }
  return path
}

export type Span = { kind: string; from: number; to: number }

/** Labels like B-ORG, M-ORG, E-ORG, S-ORG, O as spans of tokens [from, to). A span whose parts do not fit is closed where it breaks. */
export function spansOf(labels: string[]): Span[] {
  const spans: Span[] = []
  let open: Span | null = null
  labels.forEach((label, i) => {
    const [part, kind = ''] = label.split('-') as [string, string?]
    if (part === 'O') open = null
    else if (part === 'B' || part === 'S' || open === null || open.kind !== kind) {
      open = { kind, from: i, to: i + 1 }
      spans.push(open)
    } else open.to = i + 1
    if (part === 'E' || part === 'S') open = null
  })
  return spans
}

/** The spans a model finds; features it never saw count nothing. */
export function tag(model: TaggerModel, tokens: string[][]): Span[] {
  const rows = tokens.map((features) => features.flatMap((feature) => model.features.get(feature) ?? []))
  return spansOf(Array.from(bestPath(model, rows), (label) => model.labels[label]!))
}

type Weights = { labels: string[]; transitions: number[]; features: Record<string, number[]> }

/** A model from the file that models/reader/train.ts writes. */
export function toModel({ labels, transitions, features }: Weights): TaggerModel {
  const rows = Object.entries(features)
  return {
    labels,
    features: new Map(rows.map(([feature], i) => [feature, i])),
    emissions: Float32Array.from(rows.flatMap(([, weights]) => weights)),
    transitions: Float32Array.from(transitions),
  }
}
