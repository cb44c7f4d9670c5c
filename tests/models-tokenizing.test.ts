import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { expect, test } from 'vitest'
import { createEmbedder } from '../src/models/engine.ts'
import { GoldenRows } from '../src/models/manifest.ts'
import { createTokenizer } from '../src/models/tokenizing.ts'
import { cosine, tempFolder } from './fixtures/embedder.ts'
import { writeTinyModel } from './fixtures/tiny-model.ts'

const DEFAULT = join(import.meta.dirname, '..', 'models', 'default')
const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'))

test('cutting keeps the closing token, and unknown texts have no ids', async () => {
  const dir = await tempFolder()
  await writeTinyModel(dir)
  const { encode, padId } = createTokenizer(await read(join(dir, 'tokenizer.json')), { maxTokens: 4, lowercase: true })
  expect([encode('W1'), encode('w1 w2'), encode('w1 w2 w3 w4')]).toEqual([
    [2, 6, 3],
    [2, 6, 7, 3],
    [2, 6, 7, 3],
  ])
  expect([encode(''), encode('zzz yyy'), encode('zzz w1')]).toEqual([[], [], [2, 1, 6, 3]])
  expect(padId).toBe(0)
})

test('words that were seen before are cut like the first time', async () => {
  const json = await read(join(DEFAULT, 'tokenizer.json'))
  const { encode } = createTokenizer(json, { maxTokens: 512, lowercase: false })
  const plain = new Tokenizer(json as object, {})
  for (const text of [
    'backend engineer backend',
    '后端开发 Java后端 后端开发',
    'C++/C# qzxvkj qzxvkj 后端开发',
    'constructor __proto__ 🙂 ＡＢＣ',
  ])
    for (let round = 0; round < 2; round++) expect(encode(text)).toEqual(plain.encode(text, { add_special_tokens: false }).ids)
})

test('the model that ships gives its golden vectors and speaks both languages', async () => {
  const golden = GoldenRows.parse(await read(join(DEFAULT, 'golden.json')))
  const embedder = await createEmbedder({ modelDir: DEFAULT, hosts: 1 })
  const vectors = await embedder.embed(golden.map(({ text }) => text))
  for (const [i, { vector }] of golden.entries())
    if (Math.hypot(...vector) === 0) expect(Math.hypot(...vectors[i]!)).toBe(0)
    else expect(cosine(vectors[i]!, vector)).toBeGreaterThan(0.9999)
  const [zh, en, other] = await embedder.embed(['后端开发', 'backend development', 'head nurse'])
  expect(cosine(zh!, en!)).toBeGreaterThan(cosine(zh!, other!) + 0.3)
  await embedder.close()
})
