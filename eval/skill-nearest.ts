/**
 * `npm run eval -- skill-nearest [--model FOLDER]`: could the embedding model name the concept of a spelling that the taxonomy does not hold? Spellings
 * of the gold set's dev half are taken out of the taxonomy one by one, in two ways: the spelling alone, where its concept should still be found, and the
 * whole concept, where any answer is wrong.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { foldName } from '../src/skills/fold.ts'
import { skillConcept } from '../src/skills/match.ts'
import { type Concept, taxonomy } from '../src/skills/taxonomy.ts'
import { openModel } from './embed/model.ts'
import { goldPieces, halfOf } from './skills/gold.ts'

const COSINES = [0.8, 0.85, 0.9, 0.95]
/** Least distance to the nearest spelling of another concept. */
const MARGINS = [0, 0.05, 0.1]

type Spelling = { key: string; concept: Concept; vector: Float32Array }
type Answer = { concept: Concept | null; cosine: number; margin: number }
type Trial = { right: Concept | null; phrase: boolean; answer: Answer }

function nearest(vector: Float32Array, spellings: Spelling[], without: (spelling: Spelling) => boolean): Answer {
  const best = new Map<Concept, number>()
  for (const spelling of spellings) {
    if (without(spelling)) continue
    let dot = 0
    for (let i = 0; i < vector.length; i++) dot += vector[i]! * spelling.vector[i]!
    if (dot > (best.get(spelling.concept) ?? -1)) best.set(spelling.concept, dot)
  }
  const [first, second] = [...best].sort((a, b) => b[1] - a[1])
  return { concept: first?.[0] ?? null, cosine: first?.[1] ?? 0, margin: (first?.[1] ?? 0) - (second?.[1] ?? 0) }
}

/** Four Chinese characters or two English words, no digits: short names and product names carry no meaning that a model could know. */
const isPhrase = (key: string): boolean => /^\p{Script=Han}{4,}$/u.test(key) || (/^[a-z]+(?: [a-z]+)+$/.test(key) && key.length >= 9)

/** Prints a row for each threshold and one JSON line. Resolves to the exit code. */
export async function run(args: string[]): Promise<number> {
  const standard = fileURLToPath(new URL('../models/default', import.meta.url))
  const { values } = parseArgs({ args, options: { model: { type: 'string', default: standard } } })
  if (!existsSync(join(values.model, 'manifest.json'))) {
    console.error('No model to evaluate: its folder has no manifest.json.')
    return 1
  }
  const model = await openModel(values.model)
  try {
    const keys = [...taxonomy().byAlias].filter(([, { kind }]) => kind !== 'group')
    const spellings: Spelling[] = []
    for (let i = 0; i < keys.length; i += 512) {
      const slice = keys.slice(i, i + 512)
      const vectors = await model.encode(slice.map(([key]) => key))
      spellings.push(...slice.map(([key, concept], n) => ({ key, concept, vector: vectors[n]! })))
    }
    const byKey = new Map(spellings.map((spelling) => [spelling.key, spelling]))
    const mentions = goldPieces().filter(({ id }) => halfOf(id) === 'dev')
    const asked = new Set(mentions.flatMap((piece) => piece.mentions.map(({ text }) => foldName(text))))
    const trials: Trial[] = []
    for (const key of asked) {
      const own = byKey.get(key)
      if (!own || skillConcept(key) !== own.concept || !own.vector.some((x) => x !== 0)) continue
      const phrase = isPhrase(key)
      if (own.concept.aliases.length > 1)
        trials.push({ right: own.concept, phrase, answer: nearest(own.vector, spellings, (one) => one === own) })
      trials.push({ right: null, phrase, answer: nearest(own.vector, spellings, (one) => one.concept === own.concept) })
    }
    const rows = [false, true].flatMap((phrases) =>
      MARGINS.flatMap((margin) => COSINES.map((cosine) => rowOf(trials, phrases, margin, cosine))),
    )
    console.table(rows)
    console.log(JSON.stringify({ eval: 'skill-nearest', spellings: spellings.length, rows }))
    return 0
  } finally {
    await model.close()
  }
}

function rowOf(trials: Trial[], phrases: boolean, margin: number, cosine: number) {
  const own = trials.filter(({ phrase }) => !phrases || phrase)
  const known = own.filter(({ right }) => right !== null)
  const accepted = own.filter(({ answer }) => answer.cosine >= cosine && answer.margin >= margin)
  const right = accepted.filter((trial) => trial.right !== null && trial.right === trial.answer.concept).length
  const strange = accepted.filter((trial) => trial.right === null).length
  return {
    of: phrases ? 'phrases' : 'all',
    margin,
    cosine,
    'found of known': `${right}/${known.length}`,
    'wrong of known': accepted.length - strange - right,
    'wrong of unknown': `${strange}/${own.length - known.length}`,
  }
}
