/** Months, last use and level of each skill. */
import { expect, it } from 'vitest'
import { skillExperience } from '../src/matching/skill-experience.ts'
import { talent } from './contracts/suite.ts'

const NOW = new Date('2026-06-15T00:00:00Z')
const job = (start: string | null, end: string | null, title: string, ...bullets: string[]) => ({
  start,
  end,
  title,
  bullets,
  company: null,
  location: null,
})
const rows = (given: Parameters<typeof talent>[0]) => new Map(skillExperience(talent(given), NOW).map((row) => [row.skill, row]))

it('counts the months of the entries that mention a skill, overlaps once', () => {
  const found = rows({
    skills: ['golang', 'Kafka', 'Juggling'],
    experience: [
      job('2025-01', 'present', 'Go developer', 'Go services on Kafka'),
      job('2024-01', '2025-06', '后端工程师', '使用Go和MySQL开发'),
      job('2019-01', '2019-12', 'Java developer'),
      job('2010-01', null, 'COBOL developer'),
    ],
  })
  expect(found.get('Go')).toEqual({ skill: 'Go', months: 30, lastUsed: 'present', level: null, mentions: 4 })
  expect(found.get('Kafka')).toMatchObject({ months: 18, lastUsed: 'present', mentions: 2 })
  expect(found.get('MySQL')).toMatchObject({ months: 18, lastUsed: '2025-06' })
  expect(found.get('Java')).toMatchObject({ months: 12, lastUsed: '2019-12' })
  expect(found.get('COBOL')).toMatchObject({ months: 0, lastUsed: null })
  expect(found.get('Juggling')).toMatchObject({ months: 0, lastUsed: null, mentions: 1 })
  expect([...found.keys()].slice(0, 3)).toEqual(['Go', 'Kafka', 'Juggling'])
})

it('takes the level from the words beside a mention, the highest where several are claimed', () => {
  const zh = rows({ summary: '精通Java、Spring Boot，熟练掌握MySQL；熟悉Docker，了解Kubernetes。负责Kafka。Redis：熟练' })
  expect(Object.fromEntries([...zh].map(([skill, { level }]) => [skill, level]))).toEqual({
    Java: 'expert',
    'Spring Boot': 'expert',
    MySQL: 'proficient',
    Docker: 'familiar',
    Kubernetes: 'basic',
    Kafka: null,
    Redis: 'proficient',
  })
  const en = rows({
    summary: 'Expert in Python and SQL. Wrote Terraform. Excel (advanced), familiar with Tableau',
    experience: [job('2020-01', '2021-01', 'Analyst', 'Basic knowledge of Python; proficient in Tableau')],
  })
  expect(['Python', 'SQL', 'Terraform', 'Microsoft Excel', 'Tableau'].map((skill) => en.get(skill)?.level)).toEqual([
    'expert',
    'expert',
    null,
    'proficient',
    'proficient',
  ])
})

it('is empty for an empty profile', () => {
  expect(skillExperience(talent({}), NOW)).toEqual([])
})
