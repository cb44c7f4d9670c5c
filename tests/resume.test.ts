/** The committed samples, read whole: what stands in them comes out, and nothing else. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PEOPLE } from '../samples/make/people.ts'
import { Position } from '../src/canonical/schema.ts'
import { readResume } from '../src/resume/read.ts'
import { canonicalSkill, isKnownSkill } from '../src/skills/match.ts'

const read = (file: string) => readResume(readFileSync(new URL(`../samples/resumes/${file}`, import.meta.url)))
const digits = (phone: string) => phone.replace(/\D/g, '')

describe.each(PEOPLE)('$file', (person) => {
  test('name, contacts, place and title', async () => {
    const { talent, language, type } = await read(person.file)
    expect(talent).toMatchObject({ name: person.name, emails: [person.email], location: person.city, title: person.title })
    expect(talent.phones.map(digits)).toEqual([digits(person.phone)])
    expect(language).toBe(person.zh ? 'zh' : 'en')
    expect(person.file.endsWith(`.${type}`)).toBe(true)
  })

  test('jobs, schools, skills', async () => {
    const { talent } = await read(person.file)
    expect(talent.experience.map(({ company, title }) => ({ company, title }))).toEqual(
      person.jobs.map(({ company, title }) => ({ company, title })),
    )
    expect(talent.education.map(({ school, field }) => ({ school, field }))).toEqual(
      person.schools.map(({ school, field }) => ({ school, field })),
    )
    expect(talent.skills).toEqual(person.skills)
    expect(talent.experience[0]?.end).toBe('present')
  })
})

test('one profile, every field', async () => {
  const { talent, pages } = await read('zh-02-data.pdf')
  expect(pages).toBe(1)
  expect(talent).toEqual({
    name: '欧阳静远',
    emails: ['ouyang.jy@example.com'],
    phones: ['154 0000 0102'],
    links: [],
    location: '北京',
    title: '数据分析师',
    summary: '五年互联网数据分析经验，擅长指标体系与实验评估。',
    years: null,
    status: null,
    education: [
      { school: '中国人民大学', degree: '硕士', level: 'master', field: '应用统计', start: '2017-09', end: '2019-06' },
      { school: '南开大学', degree: '本科', level: 'bachelor', field: '统计学', start: '2013-09', end: '2017-06' },
    ],
    experience: [
      {
        company: '北京木星数据科技有限公司',
        title: '数据分析师',
        location: null,
        start: '2021-03',
        end: 'present',
        bullets: ['搭建增长指标体系与看板', '设计并评估 A/B 测试 60 余次'],
      },
      {
        company: '天津海河零售集团',
        title: '初级数据分析师',
        location: null,
        start: '2019-07',
        end: '2021-02',
        bullets: ['门店销售预测，误差降低 12%', '每周经营分析报告'],
      },
    ],
    skills: ['SQL', 'Python', 'Tableau', 'Excel', 'A/B测试', '统计分析'],
    languages: ['英语'],
    projects: [],
    certificates: [],
    intention: null,
  })
})

test('a profile holds nothing that the document does not say', async () => {
  const { talent } = await readResume(
    Buffer.from('Notes of the garden club, spring 2019. The roses did well and the beans did not. Meeting at the pond, bring a chair.'),
  )
  expect(talent).toMatchObject({ name: null, emails: [], phones: [], location: null, title: null, education: [], experience: [] })
})

test('an empty form stays empty', async () => {
  const { talent } = await readResume(
    Buffer.from('个人简历\n填表日期 2024\n姓名：\n性别：\n手机：\n邮箱：\n毕业院校：\n学历：\n专业：\n教育经历\n工作经历\n专业技能\n'),
  )
  expect(talent).toMatchObject({ name: null, emails: [], phones: [], education: [], experience: [], skills: [] })
})

test('the sample positions fit their schema and name skills of the list', () => {
  const lines = readFileSync(new URL('../samples/positions.ndjson', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  expect(lines).toHaveLength(12)
  for (const line of lines) {
    const { type, id, ...position } = JSON.parse(line)
    expect([type, typeof id]).toEqual(['position', 'string'])
    const { mustSkills, niceSkills } = Position.parse(position)
    for (const skill of [...mustSkills, ...niceSkills]) expect(isKnownSkill(skill) || isKnownSkill(canonicalSkill(skill))).toBe(true)
  }
})
