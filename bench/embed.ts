/** `npm run bench -- embed [--model FOLDER]`: texts per second of the engine against a plain loop over the same model, in the same run. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Tokenizer } from '@huggingface/tokenizers'
import { createEmbedder } from '../src/models/engine.ts'
import { loadManifest } from '../src/models/manifest.ts'

type Embed = (texts: string[]) => Promise<unknown>
type System = { name: string; embed: Embed; close: () => Promise<void> }

/** Texts per measurement, so that one takes about a second on the static model that ships. */
const SETS = [
  { name: 'short', words: 3, texts: 12_000 },
  { name: 'about 130 tokens', words: 105, texts: 800 },
]
const ROUNDS = 3

/**
 * The floor is what one writes first: this process, one session, one text after the other. The cache is off and no text occurs twice. Every round
 * measures all systems one after the other and compares within the round, because other work on the machine moves all of them; the median
 * round counts. Prints a table and one JSON line; `ratio` is the lower of the two sets at two hosts. Returns the exit code.
 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { model: { type: 'string' }, divide: { type: 'string', default: '1' } } })
  const modelDir = values.model ?? join(import.meta.dirname, '..', 'models', 'default')
  const floor = await plainLoop(modelDir)
  const engines = await Promise.all([1, 2].map((hosts) => engine(modelDir, hosts)))
  const systems = [floor, ...engines]
  const vocabulary = await words(modelDir)
  const rows = []
  for (const set of SETS) {
    const rates: number[][] = []
    for (let round = 0; round <= ROUNDS; round++) {
      const texts = Array.from({ length: Math.ceil(set.texts / Number(values.divide)) }, (_, i) =>
        sentence(vocabulary, set.words, round * set.texts + i),
      )
      const rate: number[] = []
      for (const { embed } of systems) {
        const began = performance.now()
        await embed(texts)
        rate.push((texts.length / (performance.now() - began)) * 1000)
      }
      // The first round warms caches and compilers up.
      if (round > 0) rates.push(rate)
    }
    for (const [i, { name }] of systems.entries())
      rows.push({
        set: set.name,
        system: name,
        'texts/s': Math.round(median(rates.map((r) => r[i]!))),
        ratio: median(rates.map((r) => r[i]! / r[0]!)),
      })
  }
  await Promise.all(systems.map(({ close }) => close()))
  console.table(rows.map((row) => ({ ...row, ratio: Number(row.ratio.toFixed(2)) })))
  const ratios = rows.filter(({ system }) => system === engines[1]!.name).map(({ ratio }) => ratio)
  console.log(JSON.stringify({ bench: 'embed', ratio: Number(Math.min(...ratios).toFixed(3)), rows }))
  return 0
}

async function plainLoop(modelDir: string): Promise<System> {
  const { manifest } = await loadManifest(modelDir)
  // Before the library loads, which would report home otherwise; model hosts get it from host.ts.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const { openSession } = await import('../src/models/session.ts')
  const tokenizer = new Tokenizer(JSON.parse(await readFile(join(modelDir, 'tokenizer.json'), 'utf8')), {})
  const infer = await openSession(join(modelDir, 'model.onnx'), manifest, 0)
  const embed = async (texts: string[]) => {
    for (const text of texts) {
      const { ids } = tokenizer.encode(manifest.lowercase ? text.toLowerCase() : text)
      await infer([ids.slice(0, manifest.maxTokens)])
    }
  }
  return { name: 'plain loop', embed, close: async () => {} }
}

async function engine(modelDir: string, hosts: number): Promise<System> {
  const { embed, close } = await createEmbedder({ modelDir, hosts, cacheEntries: 0, maxQueued: 100_000 })
  return { name: `engine, ${hosts} ${hosts === 1 ? 'host' : 'hosts'}`, embed, close }
}

/** The model's own words: English ones, and Chinese ones where it has them. */
async function words(modelDir: string): Promise<{ en: string[]; zh: string[] }> {
  const tokenizer = new Tokenizer(JSON.parse(await readFile(join(modelDir, 'tokenizer.json'), 'utf8')), {})
  const known = [...tokenizer.get_vocab().keys()]
  const en = known.filter((word) => /^[a-z]{3,}$/.test(word))
  const zh = known.filter((word) => /^\p{Script=Han}{2,4}$/u.test(word))
  return { en, zh: zh.length > 1000 ? zh : en }
}

/** Every second text is Chinese, written without blanks in clauses of six words. Words follow Zipf's law (rank = size^u), as in real text. */
function sentence({ en, zh }: { en: string[]; zh: string[] }, length: number, seed: number): string {
  const [list, gap, clause] = seed % 2 === 0 || zh === en ? [en, ' ', ', '] : [zh, '', '，']
  let state = (seed + 1) * 2654435761
  let text = ''
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0
    text += `${i === 0 ? '' : i % 6 === 0 ? clause : gap}${list[Math.floor(list.length ** (state / 2 ** 32)) - 1] ?? list[0]}`
  }
  // A number makes it unique.
  return `${text} ${seed}`
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
