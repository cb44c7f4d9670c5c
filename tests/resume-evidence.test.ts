/** Values are found again where they stand. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PEOPLE } from '../samples/make/people.ts'
import type { Reading } from '../src/canonical/reading.ts'
import { readText } from '../src/resume/formats/text.ts'
import { interpret, readResume } from '../src/resume/read.ts'

const plain = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
const linesOf = ({ fields, blocks }: Reading, path: string) =>
  fields.find((field) => field.path === path)?.blocks.map((at) => blocks[at]!.text)

describe.each(PEOPLE)('$file', ({ file }) => {
  test('every value but levels and dates stands in the lines it names', async () => {
    const { talent, reading } = await readResume(readFileSync(new URL(`../samples/resumes/${file}`, import.meta.url)))
    for (const { path, blocks, confidence } of reading.fields) {
      const value = path
        .split('/')
        .slice(1)
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], talent)
      const lines = blocks.map((at) => reading.blocks[at]!)
      expect(lines.length, path).toBeGreaterThan(0)
      expect(confidence, path).toBeGreaterThan(0)
      if (file.endsWith('.pdf'))
        expect(
          lines.every(({ page, x, y, w, h }) => [page, x, y, w, h].every((n) => n !== null)),
          path,
        ).toBe(true)
      if (!/\/(?:level|start|end|date)$/.test(path))
        expect(plain(lines.map((line) => line.text).join('')), path).toContain(plain(String(value)))
    }
    const found = new Set(reading.fields.map((field) => field.path))
    for (const path of [
      '/name',
      '/emails/0',
      '/phones/0',
      '/experience/0/company',
      '/experience/0/start',
      '/education/0/school',
      '/skills/0',
    ])
      expect(found).toContain(path)
  })
})

test('equal titles and dates of two jobs are each found in their own entry', () => {
  const { reading } = interpret(
    readText(
      '骆云舟\n工作经历\n2019.07-2020.06\t澄湖网络科技有限公司\t测试工程师\n2020.07-至今\t木星数据科技有限公司\t测试工程师\n教育背景\n2015.09-2019.07\t浙江大学\t软件工程\t本科',
    ),
  )
  expect(linesOf(reading, '/experience/1/title')).toEqual(['2020.07-至今\t木星数据科技有限公司\t测试工程师'])
  expect(linesOf(reading, '/experience/0/start')).toEqual(['2019.07-2020.06\t澄湖网络科技有限公司\t测试工程师'])
  expect(linesOf(reading, '/education/0/end')).toEqual(['2015.09-2019.07\t浙江大学\t软件工程\t本科'])
})

test('an employer over several roles is the evidence of each', () => {
  const { talent, reading } = interpret(
    readText('Ada Quill\nEXPERIENCE\nBrindle Works Ltd\nSenior Tester\nJan 2021 - Present\nTester\nJan 2019 - Dec 2020'),
  )
  expect(talent.experience.map(({ company }) => company)).toEqual(['Brindle Works Ltd', 'Brindle Works Ltd'])
  expect(linesOf(reading, '/experience/1/company')).toEqual(['Brindle Works Ltd'])
})

test('a value that was joined from wrapped lines names all of them', () => {
  const { reading } = interpret(
    readText('Ada Quill\nEXPERIENCE\n2019 - 2020\tBrindle Works Ltd\tTester\n• Led the team that\nwrote the tests\n• Second'),
  )
  expect(linesOf(reading, '/experience/0/bullets/0')).toEqual(['• Led the team that', 'wrote the tests'])
})
