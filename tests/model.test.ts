import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dot, type Model, openModel } from '../eval/embed/model.ts'

const folder = fileURLToPath(new URL('../models/default', import.meta.url))
const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
const golden: { text: string; vector: number[] }[] = JSON.parse(readFileSync(join(folder, manifest.golden), 'utf8'))
const isZero = (vector: Float32Array): boolean => vector.every((value) => value === 0)

let model: Model
beforeAll(async () => {
  model = await openModel(folder)
})
afterAll(() => model.close())

describe('the manifest of the default model', () => {
  it.each(manifest.files as { path: string; sha256: string; bytes: number }[])(
    'holds the digest and size of $path',
    ({ path, sha256, bytes }) => {
      const content = readFileSync(join(folder, path))
      expect(content.length).toBe(bytes)
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256)
    },
  )

  it('derives the space and the version from all that changes vectors', () => {
    const digest = (name: string): string => manifest.files.find(({ path }: { path: string }) => path === name).sha256
    const parts = [
      digest('model.onnx'),
      digest('tokenizer.json'),
      manifest.pooling,
      '{"passage": "", "query": ""}',
      String(manifest.maxTokens),
    ]
    expect(manifest.prefixes).toEqual({ query: '', passage: '' })
    expect(manifest.space).toBe(createHash('sha256').update(parts.join('\n')).digest('hex'))
    expect(manifest.version).toBe(manifest.space.slice(0, 12))
  })

  it('keeps model and tokenizer within 10 MB and 128 to 256 dimensions', () => {
    const sizes = manifest.files.filter(({ path }: { path: string }) => path !== manifest.golden)
    expect(sizes.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0)).toBeLessThanOrEqual(10_000_000)
    expect(manifest.dim).toBeGreaterThanOrEqual(128)
    expect(manifest.dim).toBeLessThanOrEqual(256)
  })
})

describe('the default model', () => {
  it('gives the golden vectors again, in one batch and one by one', async () => {
    expect(golden).toHaveLength(24)
    const together = await model.encode(golden.map(({ text }) => text))
    for (const [index, { text, vector }] of golden.entries()) {
      const [alone] = await model.encode([text])
      for (const found of [together[index]!, alone!]) {
        expect(found).toHaveLength(manifest.dim)
        const expected = Float32Array.from(vector)
        if (isZero(expected)) expect(isZero(found), text).toBe(true)
        else expect(dot(found, expected) / Math.sqrt(dot(found, found) * dot(expected, expected)), text).toBeGreaterThanOrEqual(0.999)
      }
    }
  })

  it('gives unit vectors, and the zero vector for text without a known word', async () => {
    const [known, ...unknown] = await model.encode(['会计 accountant', '', '   ', '🙂', '……'])
    expect(Math.sqrt(dot(known!, known!))).toBeCloseTo(1, 4)
    for (const vector of unknown) expect(isZero(vector)).toBe(true)
    const [alone] = await model.encode([''])
    expect(isZero(alone!)).toBe(true)
  })

  it.each([
    ['后端开发工程师', 'backend developer', ['nurse', 'accountant', 'chef', 'truck driver']],
    ['注册护士', 'registered nurse', ['software engineer', 'sales manager', 'welder', 'lawyer']],
    ['财务会计', 'financial accountant', ['teacher', 'mechanical engineer', 'receptionist', 'surgeon']],
    ['机械工程师', 'mechanical engineer', ['copywriter', 'pharmacist', 'recruiter', 'translator']],
    ['招聘经理', 'recruitment manager', ['electrician', 'backend developer', 'dentist', 'photographer']],
    ['英语翻译', 'English translator', ['warehouse manager', 'welder', 'data engineer', 'cook']],
  ])('puts %s nearer to %s than to other work', async (chinese, english, others) => {
    const [query, right, ...wrong] = await model.encode([chinese, english, ...others])
    const nearest = Math.max(...wrong.map((vector) => dot(query!, vector)))
    expect(dot(query!, right!)).toBeGreaterThan(nearest)
  })

  it('reads traditional characters and Taiwanese wording as their simplified forms', async () => {
    const [simplified, traditional, taiwanese, other] = await model.encode(['软件工程师', '軟件工程師', '軟體工程師', '護理師'])
    expect(dot(simplified!, traditional!)).toBeGreaterThan(0.95)
    expect(dot(simplified!, taiwanese!)).toBeGreaterThan(0.95)
    expect(dot(simplified!, other!)).toBeLessThan(0.7)
  })

  it('takes full-width letters and capitals as the same words', async () => {
    const [wide, narrow] = await model.encode(['Ｊａｖａ　开发', 'java 开发'])
    expect(dot(wide!, narrow!)).toBeCloseTo(1, 5)
  })
})
