/** Dates, headings, labels, skills and cities on their own. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanText, joinSpaced } from '../src/resume/block.ts'
import { findDate, findRange } from '../src/resume/dates.ts'
import { readText } from '../src/resume/formats/text.ts'
import { headingOf } from '../src/resume/headings.ts'
import { pairsOf } from '../src/resume/labels.ts'
import { interpret } from '../src/resume/read.ts'
import { canonicalCity } from '../src/skills/cities.ts'

describe('date ranges', () => {
  test.each([
    ['2019.07-至今', '2019-07', 'present'],
    ['2018/3-2020/8', '2018-03', '2020-08'],
    ['2019年7月—今', '2019-07', 'present'],
    ['2014年3月至今', '2014-03', 'present'],
    ['2013年5月-7月', '2013-05', '2013-07'],
    ['2014.06-10', '2014-06', '2014-10'],
    ['2020年3月 ~ 仍在職', '2020-03', 'present'],
    ['2000年9月至2005年6月', '2000-09', '2005-06'],
    ['Jan 2020 – Present', '2020-01', 'present'],
    ['Sept. 2016 to February 2020', '2016-09', '2020-02'],
    ['2013-2017', '2013', '2017'],
    ['03/2018 – to date', '2018-03', 'present'],
    ['15/02/2011–31/08/2016', '2011-02', '2016-08'],
    ['2021-02 - 2023-11', '2021-02', '2023-11'],
    ["Jan '19 - Mar '21", '2019-01', '2021-03'],
  ])('%s', (text, start, end) => {
    expect(findRange(cleanText(text))).toMatchObject({ start, end })
  })

  test.each(['154 0000 2019', '2020-2015', 'version 2019.3.1', 'ISO 9001-2015', '500-1000 people'])('%s is none', (text) => {
    expect(findRange(text)).toBeNull()
  })

  test('a graduation date is an end', () => {
    expect(findDate('Expected Graduation: May 2027')).toMatchObject({ start: null, end: '2027-05' })
  })

  test('months are real and ranges run forward, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789-/.年月至今 –JanMay') }), (text) => {
        const range = findRange(text)
        for (const date of [range?.start, range?.end]) if (date && date !== 'present') expect(date).toMatch(/^\d{4}(-(0[1-9]|1[0-2]))?$/)
      }),
    )
  })
})

describe('headings', () => {
  test.each([
    ['【工作经历】', 'experience'],
    ['工 作 经 历', 'experience'],
    ['E D U C A T I O N', 'education'],
    ['教育背景 Education', 'education'],
    ['三、工作经历', 'experience'],
    ['实习/项目经历', 'experience'],
    ['Relevant Clinical Experience', 'experience'],
    ['HONORS/AWARDS', 'awards'],
    ['SKILLS & TOOLS', 'skills'],
  ])('%s', (text, kind) => {
    expect(headingOf(joinSpaced(cleanText(text)))?.kind).toBe(kind)
  })

  test.each(['负责项目经历了三次改版，上线稳定。', 'I have experience with education software', '姓名：骆云舟', '2019.07-至今'])(
    '%s is none',
    (text) => {
      expect(headingOf(cleanText(text))).toBeNull()
    },
  )
})

test('labels: several pairs in a line and in cells', () => {
  expect(pairsOf(cleanText('姓 名：骆云舟  性别：男  手机/微信：154-0000-0101'))).toEqual([
    { key: 'name', value: '骆云舟' },
    { key: 'ignored', value: '男' },
    { key: 'phone', value: '154-0000-0101' },
  ])
  expect(pairsOf('邮箱\ta@example.com\t学历\t本科')).toEqual([
    { key: 'email', value: 'a@example.com' },
    { key: 'level', value: '本科' },
  ])
})

test('cities have one name in both languages', () => {
  expect(
    ['北京', 'Peking', '北京市朝阳区', '上海-闵行区', 'Austin, TX', 'Greater Seattle Area', '臺北', 'Atlantis'].map(canonicalCity),
  ).toEqual(['Beijing', 'Beijing', 'Beijing', 'Shanghai', 'Austin', 'Seattle', 'Taipei', null])
})

test('any text gives a valid profile and never throws', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '工作经历',
      'Education',
      '2019.07-至今',
      '姓名：',
      '某某有限公司 工程师',
      'BSc in Physics',
      '\t',
      '•',
      'a@b.example',
      '至今',
      '+86 154 0000 0101',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (lines) => {
      interpret(readText(lines.join('\n')))
    }),
  )
})
