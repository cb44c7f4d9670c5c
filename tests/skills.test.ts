/** The taxonomy's own rules, the automaton against a plain search, and what the matcher makes of ambiguous words. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { goldPieces, halfOf } from '../eval/skills/gold.ts'
import { buildAutomaton } from '../src/skills/automaton.ts'
import { foldName, foldText } from '../src/skills/fold.ts'
import { canonicalSkill, findSkillMentions, findSkills } from '../src/skills/match.ts'
import { conceptFiles, foldAlias, KINDS, taxonomy } from '../src/skills/taxonomy.ts'
import { foldTitle, titlesOf } from '../src/skills/titles.ts'

describe('the taxonomy', () => {
  const { concepts, byId, byAlias } = taxonomy()

  test('about 3,000 concepts or more, with ids, kinds and names of their own', () => {
    expect(concepts.length).toBeGreaterThan(3000)
    expect(byId.size).toBe(concepts.length)
    expect(concepts.filter(({ id }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))).toEqual([])
    expect(concepts.filter(({ kind }) => !KINDS.includes(kind))).toEqual([])
    expect(concepts.filter(({ name }) => name === '')).toEqual([])
    expect(concepts.filter(({ zh }) => zh !== null).length).toBeGreaterThan(1500)
  })

  test('parents exist and form no circle', () => {
    for (const { id } of concepts) {
      const seen = new Set<string>()
      for (let at: string | null = id; at !== null; at = byId.get(at)!.parent) {
        expect(byId.has(at), `${id}: parent ${at}`).toBe(true)
        expect(seen.has(at), `${id}: circle`).toBe(false)
        seen.add(at)
      }
    }
  })

  test('no spelling is claimed twice, and all are folded as the matcher folds texts', () => {
    const claimed = new Map<string, string>()
    const wrong: string[] = []
    for (const { id, aliases } of concepts)
      for (const { text } of aliases) {
        const key = foldAlias(text)
        if (key !== foldName(text) || key !== foldText(text).folded) wrong.push(`${id}: "${text}" is not folded`)
        if (claimed.has(key)) wrong.push(`${id}: "${text}" belongs to ${claimed.get(key)}`)
        claimed.set(key, id)
      }
    expect(wrong).toEqual([])
    expect(byAlias.size).toBe(claimed.size)
  })

  test('its files have six columns and a heading', () => {
    for (const file of conceptFiles()) {
      const lines = readFileSync(new URL(`../src/skills/taxonomy/${file}`, import.meta.url), 'utf8')
        .trimEnd()
        .split('\n')
      expect(lines[0], file).toBe('id\tkind\ten\tzh\taliases\tparent')
      expect(lines.filter((line) => line.split('\t').length !== 6)).toEqual([])
    }
  })

  test('a name is its own canonical name', () => {
    for (const { name } of concepts) expect(canonicalSkill(name)).toBe(name)
  })
})

describe('the automaton', () => {
  const letters = fc.constantFrom('a', 'b', 'c', '中')
  const word = fc.string({ unit: letters, minLength: 1, maxLength: 4 })

  test('finds what a plain search finds', () => {
    fc.assert(
      fc.property(fc.uniqueArray(word, { maxLength: 12 }), fc.string({ unit: letters, maxLength: 40 }), (words, text) => {
        const found: string[] = []
        buildAutomaton(words).scan(text, (index, end) => found.push(`${index} ${end}`))
        const expected: string[] = []
        for (let end = 1; end <= text.length; end++)
          for (const [index, one] of words.entries()) if (text.slice(0, end).endsWith(one)) expected.push(`${index} ${end}`)
        expect(found.sort()).toEqual(expected.sort())
      }),
    )
  })
})

describe('mentions', () => {
  test('words that are also skills need to stand where a skill would', () => {
    expect(findSkills('熟悉C++、C、Go和k8s，会用Excel表')).toEqual(['C++', 'C', 'Go', 'Kubernetes', 'Microsoft Excel'])
    expect(findSkills('C-level sponsor, R&D budget, go to market, the rest of the express shipping')).toEqual([])
    expect(findSkills('JavaScript, React Native, C#')).toEqual(['JavaScript', 'React Native', 'C#'])
    expect(findSkills('We react to change, excel at service, and joined in Spring 2020')).toEqual([])
    expect(findSkills('Knowledge of Rust or Go is a plus')).toEqual(['Rust', 'Go'])
    expect(findSkills('written in R; 采购：负责采购、销售')).toEqual(['R', 'Procurement', 'Sales'])
  })

  test.each([
    ['招聘网络安全工程师一名', []],
    ['Hiring a Security Analyst', []],
    ['a Java developer', ['Java']],
    ['2018年至今 用友网络科技股份有限公司', []],
    ['Oracle Corp, Austin', []],
    ['客户包括SAP、Salesforce', []],
    ['B.Sc. degree in Biostatistics', []],
    ['统计学专业本科', []],
    ['熟悉统计学专业知识', ['Statistics']],
    ['无需会Java，但须熟悉Python', ['Python']],
    ['不仅会Java', ['Java']],
    ['No Java experience required; you will learn Kotlin', ['Kotlin']],
    ['not only Java', ['Java']],
    ['GitHub: https://example.com/golang http://oracle.com', []],
  ])('titles, employers, majors and negations: %s', (text, skills) => {
    expect(findSkills(text)).toEqual(skills)
  })

  test('the longest spelling wins, versions and plurals belong to it', () => {
    expect(findSkills('Spring Boot, SQL Server; Vue3、unit tests')).toEqual(['Spring Boot', 'SQL Server', 'Vue.js', 'Unit Testing'])
  })

  test('positions are those of the text, whatever folding does to it', () => {
    for (const text of ['熟悉Ｊａｖａ和MySQL', 'ﬁrst ㎡ İ: Java, MySQL', 'e\u0301 real‑time Java']) {
      const mentions = findSkillMentions(text)
      expect(mentions.map(({ skill }) => skill)).toContain('Java')
      for (const { text: written, from, to, skill } of mentions) {
        expect(text.slice(from, to)).toBe(written)
        expect(canonicalSkill(written)).toBe(skill)
      }
    }
  })

  test('mentions are in order and do not overlap', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('Java', 'Go', '数据', '分析', '师', ' ', ',', 'SQL Server', '，', 'C', '++', 'ﬁ'), { maxLength: 20 }),
        (parts) => {
          let reached = 0
          for (const { from, to } of findSkillMentions(parts.join(''))) {
            expect(from).toBeGreaterThanOrEqual(reached)
            expect(to).toBeGreaterThan(from)
            reached = to
          }
        },
      ),
    )
  })
})

test('canonical names', () => {
  expect(['golang', 'C 语言', 'k8s', '机器学习', 'Vue', 'Unlisted  Thing.', 'Power-BI', '软技能'].map(canonicalSkill)).toEqual([
    'Go',
    'C',
    'Kubernetes',
    'Machine Learning',
    'Vue.js',
    'Unlisted Thing',
    'Power BI',
    'Soft Skills',
  ])
})

test.each([
  ['Senior Data Analyst', 'Data Analysis', true],
  ['高级数据分析师（电商）', 'Data Analysis', true],
  ['Data Analyst - Retail', 'Data Analysis', true],
  ['Front-End Developer II', 'Frontend Development', true],
  ['Web前端开发工程师', 'Frontend Development', true],
  ['销售总监', 'Sales', true],
  ['Sales Assistant', 'Sales', false],
  ['销售会计', 'Sales', false],
  ['software engineer', 'Java', false],
])('titles: %s says %s: %s', (title, skill, says) => {
  expect(titlesOf(skill)?.test(foldTitle(title)) ?? false).toBe(says)
})

test('names with a level, a version, brackets or a kind of thing around them', () => {
  const raw = [
    '熟练使用Excel软件',
    'MySQL数据库',
    'Java 17',
    'Vue 3.x',
    'Python编程语言',
    'Amazon Web Services (AWS)',
    'Kafka (Streams)',
    'Bread baking skills',
  ]
  expect(raw.map(canonicalSkill)).toEqual(['Microsoft Excel', 'MySQL', 'Java', 'Vue.js', 'Python', 'AWS', 'Kafka', 'Bread baking skills'])
})

test('the gold set: spans are where they say, in order, and both halves have both languages', () => {
  const pieces = goldPieces()
  expect(pieces.length).toBe(300)
  for (const { id, text, mentions } of pieces) {
    let reached = 0
    for (const mention of mentions) {
      expect(text.slice(mention.from, mention.from + mention.text.length), id).toBe(mention.text)
      expect(mention.from, id).toBeGreaterThanOrEqual(reached)
      reached = mention.from + mention.text.length
    }
  }
  expect(new Set(pieces.map(({ id, lang }) => `${lang} ${halfOf(id)}`)).size).toBe(4)
})
