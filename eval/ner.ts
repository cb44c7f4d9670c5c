/**
 * `npm run eval -- ner --dir DIR`: trains a tagger on DIR/train.char.bmes and scores it on DIR/dev.char.bmes by exact spans. The weights are thrown
 * away: the data states no licence, so what it teaches is not shipped; the figure says what the features and models can do.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Span, spansOf } from '../src/resume/tagger.ts'
import { type Sentence, trainTagger } from './ner/ensemble.ts'

const FLOOR = 0.935

type Counts = { right: number; found: number; gold: number }

/** Resolves to the exit code: 0, 1 where the F1 is under the floor, 2 for wrong arguments, 3 where the data is not there. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { dir: { type: 'string' } } })
  if (!values.dir) {
    console.error('usage: npm run eval -- ner --dir DIR')
    return 2
  }
  const [trainFile, devFile] = ['train.char.bmes', 'dev.char.bmes'].map((name) => join(values.dir!, name))
  if (!existsSync(trainFile!) || !existsSync(devFile!)) {
    console.log(`SKIP ner: ${values.dir} does not hold train.char.bmes and dev.char.bmes`)
    return 3
  }
  const began = performance.now()
  const tag = await trainTagger(read(trainFile!))
  const seconds = (performance.now() - began) / 1000
  const total: Counts = { right: 0, found: 0, gold: 0 }
  const kinds = new Map<string, Counts>()
  const dev = read(devFile!)
  for (const { text, labels } of dev) {
    const gold = spansOf(labels)
    const found = spansOf(tag(text))
    for (const kind of new Set([...gold, ...found].map((span) => span.kind))) {
      const of = (list: Span[]) => list.filter((span) => span.kind === kind)
      const right = of(found).filter((span) => gold.some((one) => one.kind === kind && one.from === span.from && one.to === span.to)).length
      for (const counts of [total, kinds.get(kind) ?? kinds.set(kind, { right: 0, found: 0, gold: 0 }).get(kind)!]) {
        counts.right += right
        counts.found += of(found).length
        counts.gold += of(gold).length
      }
    }
  }
  for (const [kind, counts] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${kind.padEnd(6)} F1 ${percent(counts)}  of ${counts.gold}`)
  const f1 = f1Of(total)
  console.log(
    JSON.stringify({
      eval: 'ner',
      sentences: dev.length,
      f1: Math.round(f1 * 10_000) / 10_000,
      floor: FLOOR,
      trainSeconds: Math.round(seconds),
    }),
  )
  return f1 < FLOOR ? 1 : 0
}

const f1Of = ({ right, found, gold }: Counts): number => (found + gold === 0 ? 0 : (2 * right) / (found + gold))
const percent = (counts: Counts): string => (f1Of(counts) * 100).toFixed(1).padStart(5)

/** One character and its label a line, an empty line between sentences. */
function read(file: string): Sentence[] {
  return readFileSync(file, 'utf8')
    .split(/\r?\n\s*\r?\n/)
    .map((block) => block.split(/\r?\n/).flatMap((line) => (line.includes(' ') ? [line.split(' ') as [string, string]] : [])))
    .filter((lines) => lines.length > 0)
    .map((lines) => ({ text: lines.map(([character]) => character), labels: lines.map(([, label]) => label) }))
}
