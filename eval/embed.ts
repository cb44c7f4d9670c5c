import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bm25, characterCosine } from './embed/lexical.ts'
import { byModel, openModel } from './embed/model.ts'
import { type Ranker, type Score, score } from './embed/rank.ts'
import { tasks } from './embed/sets.ts'

type Row = { set: string; queries: number; pool: number; scores: Record<string, Score> }

const percent = (share: number): string => (share * 100).toFixed(0).padStart(3)

const cell = ({ recall1, recall5, mrr, beatsRivals }: Score): string =>
  `${percent(recall1)}/${percent(recall5)}  ${mrr.toFixed(3)}${beatsRivals === undefined ? '      ' : ` (${percent(beatsRivals)})`}`

function print(rows: Row[], systems: string[]): void {
  console.log('recall@1/recall@5 in %, MRR; in ( ): the right title stands above both hard negatives, chance 33')
  console.log(`${'set'.padEnd(12)} ${'size'.padStart(8)}  ${systems.map((name) => name.padEnd(20)).join('  ')}`)
  for (const { set, queries, pool, scores } of rows) {
    console.log(
      `${set.padEnd(12)} ${`${queries}/${pool}`.padStart(8)}  ${systems.map((name) => cell(scores[name]!).padEnd(20)).join('  ')}`,
    )
  }
}

/**
 * Evaluates the embedding model against two lexical baselines on the hand-written sets, prints a table and, as the last line, one JSON object.
 * Options: `--model FOLDER` (default models/default), `--skip WORD` leaves out the sets whose name starts with it.
 * Returns the exit code: 1 when the model is missing or its MRR is below BM25's on any set.
 */
export async function run(args: string[]): Promise<number> {
  const standard = fileURLToPath(new URL('../models/default', import.meta.url))
  const { values } = parseArgs({ args, options: { model: { type: 'string', default: standard }, skip: { type: 'string' } } })
  if (!existsSync(join(values.model, 'manifest.json'))) {
    console.error('No model to evaluate: its folder has no manifest.json. models/build.sh makes one.')
    return 1
  }
  const model = await openModel(values.model)
  const systems: Record<string, Ranker> = { model: byModel(model), bm25, characters: characterCosine }
  const rows: Row[] = []
  try {
    for (const task of tasks().filter(({ name }) => !values.skip || !name.startsWith(values.skip))) {
      const scores: Record<string, Score> = {}
      for (const [name, rank] of Object.entries(systems)) scores[name] = await score(task, rank)
      rows.push({ set: task.name, queries: task.queries.length, pool: task.pool.length, scores })
    }
  } finally {
    await model.close()
  }
  const { name, version, dim, files } = model.manifest
  const worse = rows.filter(({ scores }) => scores.model!.mrr < scores.bm25!.mrr).map(({ set }) => set)
  print(rows, Object.keys(systems))
  if (worse.length) console.log(`worse than BM25 on: ${worse.join(', ')}`)
  console.log(
    JSON.stringify({
      eval: 'embed',
      model: `${name}@${version}`,
      dim,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      worse,
      sets: rows,
    }),
  )
  return worse.length ? 1 : 0
}
