/** What is said about a talent: months, gaps, seniority, quality, and what is missing for a position. */
import { describe, expect, test } from 'vitest'
import { analyse } from '../src/analysis/analyse.ts'
import { Position, Talent } from '../src/canonical/schema.ts'

const NOW = new Date('2026-06-15T00:00:00Z')
const talent = (fields: Record<string, unknown>) => Talent.parse(fields)
const job = (company: string, title: string, start: string | null, end: string | null) => ({ company, title, start, end })
const look = (fields: Record<string, unknown>, positions: unknown[] = [], reading = null) =>
  analyse(talent(fields), { reading, unread: [], positions: positions.map((one) => Position.parse(one)), now: NOW, updatedAt: NOW })

describe('career', () => {
  test('months of jobs at the same time count once, internships are kept apart', () => {
    const { career } = look({
      experience: [
        job('Acme', 'Engineer', '2020-01', '2021-12'),
        job('Brindle', 'Engineer', '2021-07', '2022-06'),
        job('Acme', 'Intern', '2019-06', '2019-08'),
        job('某某公司', '测试实习生', '2018-07', '2018-08'),
      ],
    })
    expect(career).toMatchObject({ months: 30, internshipMonths: 5, jobChanges: 1, averageMonthsPerEmployer: 15, current: null })
  })

  test('gaps of three months and more, only between dates with months', () => {
    const months = look({ experience: [job('B', 'x', '2022-01', 'present'), job('A', 'x', '2019-01', '2021-06')] }).career
    expect(months.gaps).toEqual([{ from: '2021-07', to: '2021-12', months: 6, evidence: ['/experience/1/end', '/experience/0/start'] }])
    expect(look({ experience: [job('B', 'x', '2022', 'present'), job('A', 'x', '2019', '2021')] }).career.gaps).toEqual([])
    expect(look({ experience: [job('B', 'x', '2021-08', 'present'), job('A', 'x', '2019-01', '2021-06')] }).career.gaps).toEqual([])
  })

  test('a job inside of a longer one leaves no gap behind it', () => {
    const { career } = look({
      experience: [job('A', 'x', '2015-01', '2022-12'), job('B', 'x', '2016-01', '2016-06'), job('C', 'x', '2023-01', 'present')],
    })
    expect(career.gaps).toEqual([])
  })

  test.each([
    ['Senior Vice President', 'executive'],
    ['总经理助理', 'junior'],
    ['高级软件工程师', 'senior'],
    ['销售总监', 'lead'],
    ['Engineering Manager', 'lead'],
    ['Software Engineering Intern', 'intern'],
  ])('%s: %s by its words', (title, seniority) => {
    const { career } = look({ experience: [job('A', title, '2020-01', '2020-12')] })
    expect(career).toMatchObject({ seniority, seniorityEvidence: ['/experience/0/title'] })
  })

  test.each([
    ['2025-06', 'junior'],
    ['2023-01', 'mid'],
    ['2016-01', 'senior'],
  ])('without such words by months: since %s %s', (start, seniority) => {
    expect(look({ experience: [job('A', 'Engineer', start, 'present')] }).career).toMatchObject({
      seniority,
      seniorityEvidence: ['/experience/0'],
    })
  })

  test('nothing is said where nothing is known', () => {
    const { career } = look({ experience: [job('A', 'Engineer', null, null)] })
    expect(career).toMatchObject({ months: null, seniority: null, averageMonthsPerEmployer: null, gaps: [] })
  })
})

test('schools carry the programmes they belonged to, as facts', () => {
  const { schooling } = look({
    education: [
      { school: '浙江大学(玉泉校区)', level: 'master' },
      { school: '苏州大学', level: 'bachelor' },
      { school: '杭州澄湖学院', level: null },
    ],
  })
  expect(schooling.level).toBe('master')
  expect(schooling.schools.map(({ projects }) => projects)).toEqual([['985', '211'], ['211'], []])
})

describe('quality', () => {
  const whole = {
    name: '骆云舟',
    emails: ['luo@example.com'],
    location: '杭州',
    title: '测试工程师',
    experience: [job('澄湖网络', '测试工程师', '2019-07', 'present')],
    education: [{ school: '浙江大学', level: 'bachelor' }],
    skills: ['SQL', 'Python', 'Jira'],
  }

  test('a whole record has all, without a reason', () => {
    expect(look(whole).quality).toEqual({ score: 1, completeness: 1, consistency: 1, freshness: 1, reasons: [] })
  })

  test('what is missing costs by weight and is named', () => {
    const { quality } = look({ ...whole, name: null, skills: [] })
    expect(quality.completeness).toBeCloseTo(9 / 12)
    expect(quality.reasons.map(({ code }) => code)).toEqual(['no-name', 'few-skills'])
  })

  test('dates that cannot be right cost consistency', () => {
    const { quality, recommendations } = look({
      ...whole,
      experience: [
        job('A', 'x', '2020-05', '2019-01'),
        job('B', 'x', '2027-01', null),
        job('C', 'x', '2015-01', '2018-12'),
        job('D', 'x', '2016-01', '2018-06'),
      ],
    })
    expect(quality.consistency).toBe(0.25)
    expect(quality.reasons.map(({ code }) => code)).toEqual(['incomplete-experience', 'date-order', 'future-date', 'overlap', 'stale'])
    expect(recommendations.filter(({ code }) => code === 'date-order')).toHaveLength(3)
  })

  test('the last date of a document makes it as old as that', () => {
    const { quality } = look({ ...whole, experience: [job('A', 'x', '2018-01', '2022-06')] })
    expect(quality.freshness).toBe(0)
    expect(quality.reasons).toMatchObject([{ code: 'stale', text: { en: 'Nothing in it is newer than 48 months.' } }])
  })
})

describe('recommendations', () => {
  const analyst = { title: 'Data analyst', mustSkills: ['SQL', 'Tableau'], niceSkills: ['Python'], minYears: 5, minLevel: 'master' }
  const about = {
    name: 'Ada Quill',
    emails: ['ada@example.com'],
    skills: ['sql'],
    experience: [job('A', 'Analyst', '2024-06', 'present')],
    education: [{ school: 'Leeds', level: 'bachelor' }],
  }

  test('for a position: skills, years and degree that it asks for', () => {
    const { recommendations } = look(about, [analyst])
    expect(recommendations.map(({ code, text }) => `${code}: ${text.en}`)).toEqual([
      'add-skill: Tableau is asked for by the position and is not named.',
      'add-skill: Python is asked for by the position and is not named.',
      'gain-years: 5 years of experience are asked for; 2.1 are named.',
      'raise-degree: The degree asked for is master; the highest named is bachelor.',
    ])
  })

  test('for a role: what a fair share of its positions asks for, most asked first', () => {
    const positions = [
      analyst,
      { title: 'BI analyst', mustSkills: ['Power BI', 'SQL'] },
      { title: 'Analyst', mustSkills: ['Power BI'] },
      { title: 'Analyst' },
    ]
    const skills = look(about, positions).recommendations.filter(({ code }) => code === 'add-skill')
    expect(skills.map(({ text }) => text.en)).toEqual(['Power BI is asked for by 2 of 4 positions and is not named.'])
  })

  test('without a position only what is unclear in the document', () => {
    const reading = {
      fields: [
        { path: '/experience/0/company', confidence: 0.41, blocks: [0] },
        { path: '/name', confidence: 0.98, blocks: [0] },
      ],
      blocks: [],
    }
    const { recommendations } = analyse(talent({ ...about, experience: [job('A', 'x', null, null)] }), {
      reading,
      unread: [2],
      positions: [],
      now: NOW,
      updatedAt: NOW,
    })
    expect(recommendations.map(({ code, evidence }) => [code, ...evidence])).toEqual([
      ['read-page'],
      ['name-dates', '/experience/0'],
      ['check-field', '/experience/0/company'],
    ])
  })
})
