/**
 * `node models/reader/train.ts`: trains the reader's heading classifier and head tagger on invented résumés (documents.ts) and writes their weights to
 * src/resume/weights. Takes under a minute on one core and gives the same files every time.
 */
import { writeFileSync } from 'node:fs'
import { headFeatures, signOf } from '../../src/resume/head-features.ts'
import { lineFeatures } from '../../src/resume/line-features.ts'
import { type TaggerModel, tag } from '../../src/resume/tagger.ts'
import { inventDocument, type LabelledDocument } from './documents.ts'
import { type Example, generator, train } from './perceptron.ts'

const DOCUMENTS = 3000
const HELD_APART = 500

const random = generator(2026)
const documents = Array.from({ length: DOCUMENTS + HELD_APART }, () => inventDocument(random))

const linesOf = ({ lines }: LabelledDocument): Example => ({
  features: lineFeatures(lines.map(({ block }) => block)),
  labels: lines.map(({ heading }) => (heading ? 'S-HEADING' : 'O')),
})
/**
 * Real employers and titles are on no list as often as not, and their words were never seen: some signs and most words are hidden, so that order and
 * neighbours are learnt too.
 */
const HIDDEN_SIGNS = 0.25
const HIDDEN_WORDS = 0.7
const headsOf = ({ heads }: LabelledDocument): Example[] =>
  heads.map(({ pieces }) => {
    const signs = pieces.map(({ text }) => (random() < HIDDEN_SIGNS ? '-' : signOf(text)))
    const features = headFeatures(pieces, signs).map((list) =>
      random() < HIDDEN_WORDS ? list.filter((one) => !/^(?:first|last) /.test(one)) : list,
    )
    return { features, labels: pieces.map(({ label }) => `S-${label}`) }
  })

build('headings', documents.map(linesOf))
build('heads', documents.flatMap(headsOf))

function build(name: string, examples: Example[]): void {
  const cut = Math.round((examples.length * DOCUMENTS) / documents.length)
  const model = train(examples.slice(0, cut), { epochs: 8, minCount: 3 })
  const file = new URL(`../../src/resume/weights/${name}.json`, import.meta.url)
  writeFileSync(file, toJson(model))
  console.log(
    `${name}: ${model.features.size} features, ${share(model, examples.slice(cut)).toFixed(4)} of the tokens held apart are right`,
  )
}

function share(model: TaggerModel, examples: Example[]): number {
  let right = 0
  let all = 0
  for (const { features, labels } of examples) {
    const kinds = new Map(tag(model, features).map((span) => [span.from, span.kind]))
    labels.forEach((label, i) => {
      all++
      if ((kinds.get(i) ?? '') === (label === 'O' ? '' : label.slice(2))) right++
    })
  }
  return right / all
}

/** Weights to three digits, one feature a line, so that a change can be looked at. */
function toJson({ labels, features, emissions, transitions }: TaggerModel): string {
  const n = labels.length
  const digits = (values: Float32Array) => Array.from(values, (value) => Math.round(value * 1000) / 1000)
  const rows = [...features].map(
    ([feature, row]) => `  ${JSON.stringify(feature)}: ${JSON.stringify(digits(emissions.slice(row * n, (row + 1) * n)))}`,
  )
  return `{\n"labels": ${JSON.stringify(labels)},\n"transitions": ${JSON.stringify(digits(transitions))},\n"features": {\n${rows.sort().join(',\n')}\n}\n}\n`
}
