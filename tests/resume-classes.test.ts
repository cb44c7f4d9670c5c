/** Classes of résumés that were misread once; each with an invented one. */
import { describe, expect, test } from 'vitest'
import { docxEntries, writeZip } from '../samples/make/zip.ts'
import type { Block } from '../src/resume/block.ts'
import { plainBlock } from '../src/resume/block.ts'
import { inOrder, readingOrder } from '../src/resume/formats/columns.ts'
import { withoutDecoration } from '../src/resume/formats/decoration.ts'
import type { Glyphs } from '../src/resume/formats/lines.ts'
import { findTable } from '../src/resume/formats/tables.ts'
import { readText } from '../src/resume/formats/text.ts'
import { interpret, readResume } from '../src/resume/read.ts'

const read = (text: string) => interpret(readText(text)).talent
const jobs = (text: string) =>
  read(`Ada Quill\nEXPERIENCE\n${text}`).experience.map(({ company, title, start, end }) => [company, title, start, end])
const schools = (text: string) =>
  read(`Ada Quill\nEDUCATION\n${text}`).education.map(({ school, level, field, end }) => [school, level, field, end])

describe('education', () => {
  test('without dates the degree may stand over its school', () => {
    expect(
      schools('Master of Science in Physics\nUniversity of Leeds, Leeds, UK\nBachelor of Science in Chemistry\nQuarry State University'),
    ).toEqual([
      ['University of Leeds', 'master', 'Physics', null],
      ['Quarry State University', 'bachelor', 'Chemistry', null],
    ])
  })

  test('a programme is what was studied, not where', () => {
    expect(schools('Data Analytics Immersive (2021)\nBrightlane')).toEqual([['Brightlane', null, 'Data Analytics Immersive', '2021']])
  })

  test('a school without dates behind one with dates is a school of its own', () => {
    expect(
      schools('2012-2014\tLarkfield College (Leeds)\tHistory\nOakline University. Mechanical engineering').map(([school]) => school),
    ).toEqual(['Larkfield College', 'Oakline University'])
  })

  test('a degree behind its school without a border', () => {
    expect(schools('Sep 2007 - Jun 2011 Stonebrook College BSc in History')).toEqual([
      ['Stonebrook College', 'bachelor', 'History', '2011-06'],
    ])
  })

  test('names wrap behind a little word', () => {
    expect(schools('Quarry State University of Arts and\nSciences\tBSc in Music\t2019')[0]![0]).toBe(
      'Quarry State University of Arts and Sciences',
    )
  })

  test('the line with the graduation says more about the school above', () => {
    expect(schools('北辰理工大学\t2013 – 至今\n在读硕士研究生 通信工程, 预计 2016 年 3 月毕业')).toEqual([
      ['北辰理工大学', 'master', '通信工程', 'present'],
    ])
  })
})

describe('experience', () => {
  test('cities that nobody listed are no part of the employer', () => {
    expect(jobs('Tester\nBrindle Works Ltd, Maple Hollow, TX\nJan 2019 - Present')).toEqual([
      ['Brindle Works Ltd', 'Tester', '2019-01', 'present'],
    ])
  })

  test('teams in titles under one employer', () => {
    expect(
      jobs('Acme Corporation\nStaff Engineer, Platform\tAug 2024 - Present\nSenior Engineer, Payments\tJul 2022 - Aug 2024').map((job) =>
        job.slice(0, 2),
      ),
    ).toEqual([
      ['Acme Corporation', 'Staff Engineer, Platform'],
      ['Acme Corporation', 'Senior Engineer, Payments'],
    ])
  })

  test('the employer over its roles is no role', () => {
    expect(
      jobs('示例科技有限公司\t2018年 - 至今\n高级工程师\t2020年 - 至今\n- 负责平台\n工程师\t2018年 - 2020年\n- 负责测试').map((job) =>
        job.slice(0, 2),
      ),
    ).toEqual([
      ['示例科技有限公司', '高级工程师'],
      ['示例科技有限公司', '工程师'],
    ])
  })

  test('lengths of time in place of dates mark the heads', () => {
    expect(
      jobs(
        'PHP Developer (9 month)\nBrindle Works Ltd - Leeds\nWrote tests\nWEB Developer (5 month)\ncheapthings.example - Leeds\nDeveloper of services',
      ).map((job) => job.slice(0, 2)),
    ).toEqual([
      ['Brindle Works Ltd', 'PHP Developer'],
      ['cheapthings.example', 'WEB Developer'],
    ])
  })

  test('"Engineer / Senior Engineer" is one title, "Company / City" are two things', () => {
    expect(jobs('2018 - 2021\tQuarry Bank\tEngineer / Senior Engineer')[0]).toEqual([
      'Quarry Bank',
      'Engineer / Senior Engineer',
      '2018',
      '2021',
    ])
  })

  test('what narrow columns broke in two is one head', () => {
    expect(jobs('Brindle Works — Marketing\tNov. 2020 –\nAdministrator\tPresent\nQuarry Bank\tMar 2012 to Mar\nTeller\t2014')).toEqual([
      ['Brindle Works', 'Marketing Administrator', '2020-11', 'present'],
      ['Quarry Bank', 'Teller', '2012-03', '2014-03'],
    ])
    expect(jobs('Sep 2014 to\tBrindle Works\nPresent\tTester')).toEqual([['Brindle Works', 'Tester', '2014-09', 'present']])
  })

  test('lines that tell what was done are no part of the head, though their bullets are not written', () => {
    expect(jobs('Jan 2019 - Present\nTester, Marrow\nDrew up the budget of the department\nKept it')[0]).toEqual([
      'Marrow',
      'Tester',
      '2019-01',
      'present',
    ])
    expect(jobs('Jan 2019 - Present\nUnited Parcel Works of Leeds\nTester')[0]![0]).toBe('United Parcel Works of Leeds')
  })

  test('who works on their own has that for an employer', () => {
    expect(jobs('Freelance\nEnglish Tutor\tMar 2023 - Dec 2024')[0]!.slice(0, 2)).toEqual(['Freelance', 'English Tutor'])
  })

  test('studies and projects under a heading for several things', () => {
    const talent = read(
      '骆云舟\n实习/项目经历\n2019.07-至今\t澄湖网络科技有限公司\t测试工程师\n2015.09-2019.06\t北辰理工大学(本科)\t软件工程\n2018.03-2018.06\t校园二手交易平台\n个人项目\n',
    )
    expect(talent.experience.map(({ title }) => title)).toEqual(['测试工程师'])
    expect(talent.education).toMatchObject([{ school: '北辰理工大学', level: 'bachelor', field: '软件工程' }])
    expect(talent.projects).toMatchObject([{ name: '校园二手交易平台' }])
  })
})

test('jobs and schools without any heading are found by their dated heads', () => {
  const talent = read(
    '骆云舟\n154-0000-0101\n2019.07-至今\t澄湖网络科技有限公司\t测试工程师\n负责支付系统的自动化测试\n2015.09-2019.06\t北辰理工大学\t软件工程\t本科',
  )
  expect(talent.experience).toMatchObject([{ company: '澄湖网络科技有限公司', title: '测试工程师' }])
  expect(talent.education).toMatchObject([{ school: '北辰理工大学', level: 'bachelor', field: '软件工程' }])
})

test('sections under headings that nobody foresaw are known by what they hold', () => {
  const look = (text: string, heading = false) =>
    plainBlock(text, { heading, bold: heading, size: heading ? 14 : 10, font: heading ? 'b' : 'a' })
  const { talent } = interpret([
    look('Ada Quill'),
    look('ada@example.com'),
    look('Summary', true),
    look('Tests things.'),
    look('Where I have been', true),
    look('Brindle Works Ltd\tTester\tJan 2019 - Present'),
    look('Quarry Bank\tAnalyst\tJan 2015 - Dec 2018'),
    look('Where I learnt it', true),
    look('Leeds University\tBSc in Physics\t2011 - 2014'),
    look('Languages', true),
    look('English'),
  ])
  expect(talent.experience.map(({ company }) => company)).toEqual(['Brindle Works Ltd', 'Quarry Bank'])
  expect(talent.education.map(({ school }) => school)).toEqual(['Leeds University'])
})

test('a letter tells in sentences', () => {
  const talent = read(
    '自荐书\n尊敬的领导:\n您好!我叫骆云舟,2021年6月毕业于青禾师范大学汉语言文学专业,获文学学士学位。\n2021年8月起在澄湖市育新小学担任语文教师,至今已有三年。联系电话:154 0000 0101。',
  )
  expect(talent.education).toMatchObject([{ school: '青禾师范大学', level: 'bachelor', field: '汉语言文学', end: '2021-06' }])
  expect(talent.experience).toMatchObject([{ company: '澄湖市育新小学', title: '语文教师', end: 'present' }])
})

test('what a bilingual résumé says twice counts once', () => {
  const talent = read(
    '骆云舟\n工作经历\n2019.07-至今\t澄湖网络科技有限公司\t测试工程师\nEXPERIENCE\nJul 2019 - Present\tClear Lake Networks Ltd\tTest Engineer',
  )
  expect(talent.experience.map(({ company }) => company)).toEqual(['澄湖网络科技有限公司'])
})

test('links behind words count as links of the person, those of projects do not', async () => {
  const rels =
    '<Relationships><Relationship Id="a" TargetMode="External" Target="https://github.com/adaquill"/><Relationship Id="b" TargetMode="External" Target="https://example.com/tool"/></Relationships>'
  const text = (words: string) => `<w:r><w:t>${words}</w:t></w:r>`
  const body = `<w:p>${text('Ada Quill')}</w:p><w:p><w:hyperlink r:id="a">${text('GitHub')}</w:hyperlink>${text(' ada@example.com')}</w:p><w:p>${text('Projects')}</w:p><w:p><w:hyperlink r:id="b">${text('Tool')}</w:hyperlink></w:p>`
  const { talent } = await readResume(writeZip([...docxEntries(body), { name: 'word/_rels/document.xml.rels', data: rels }]))
  expect(talent.links).toEqual(['https://github.com/adaquill'])
})

describe('pages', () => {
  const glyphs = (text: string, x: number, y: number, size = 10): Glyphs => ({
    text,
    x,
    y,
    w: text.length * (/\p{Script=Han}/u.test(text) ? size : size * 0.5),
    size,
    font: 'a',
  })
  const texts = (blocks: Block[]) => blocks.map((block) => block.text)

  const MORE = ['one more', 'two more', 'three more', 'four more', 'five more']

  test('a job that goes on overleaf is not cut by the column beside it', () => {
    const page = (lines: string[], side: string[]) =>
      readingOrder(
        [...lines.map((line, i) => glyphs(line, 40, 100 + i * 14)), ...side.map((line, i) => glyphs(line, 260, 100 + i * 14))],
        1,
      )
    const first = page(
      ['Experience', 'Tester, Brindle Works Ltd, a long line', 'Jan 2019 - Present', 'wrote tests', 'kept tests', 'ran tests', ...MORE],
      ['Skills', 'SQL', 'Go', 'Rust', 'Java', 'C and other languages of old', ...MORE],
    )
    const second = readingOrder(
      ['more tests', 'Education', 'Leeds'].map((line, i) => glyphs(line, 40, 100 + i * 14)),
      2,
    )
    expect(texts(inOrder([first, second]))).toEqual([
      'Experience',
      'Tester, Brindle Works Ltd, a long line',
      'Jan 2019 - Present',
      'wrote tests',
      'kept tests',
      'ran tests',
      ...MORE,
      'more tests',
      'Education',
      'Leeds',
      'Skills',
      'SQL',
      'Go',
      'Rust',
      'Java',
      'C and other languages of old',
      ...MORE,
    ])
  })

  test('dates set flush right do not hide the column beside them', () => {
    const rows = Array.from({ length: 12 }, (_, i) => 100 + i * 14)
    const main = ['工作经历', ...Array.from({ length: 11 }, (_, i) => `澄湖网络科技有限公司${i}`)].map((text, i) =>
      glyphs(text, 40, rows[i]!),
    )
    const dates = [1, 4, 7].map((i) => glyphs('2019.07-至今', 230, rows[i]!))
    const side = ['专业技能', ...Array.from({ length: 11 }, (_, i) => `第${i}项技能以及其他种种`)].map((text, i) =>
      glyphs(text, 330, rows[i]!),
    )
    const { main: read, side: beside } = readingOrder([...main, ...dates, ...side], 1)
    expect(texts(read)[1]).toBe('澄湖网络科技有限公司0\t2019.07-至今')
    expect(texts(beside)[0]).toBe('专业技能')
  })

  test('page numbers, footers and repeated heads are no content', () => {
    const page = (n: number, ...lines: string[]) =>
      ['Ada Quill, CV', ...lines, `Ada Quill · Résumé ${n}`, `${n}`].map((text, i, all) =>
        plainBlock(text, { page: n, y: i < all.length - 2 ? 50 + i * 14 : 780 + (i - all.length) * 14 }),
      )
    expect(withoutDecoration([page(1, 'Experience', 'x'), page(2, 'Education', 'y', 'z')]).map(texts)).toEqual([
      ['Ada Quill, CV', 'Experience', 'x'],
      ['Education', 'y', 'z'],
    ])
  })

  test('cells of a ruled table keep wrapped values together and the name of a section down the side in front', () => {
    const columns = [40, 80, 180, 300, 420]
    const rows = [100, 130, 160, 190, 220]
    const ruling = {
      across: rows.map((at) => ({ at, from: at === 100 || at === 220 ? 40 : 80, to: 420 })),
      down: columns.map((at) => ({ at, from: 100, to: 220 })),
    }
    const side = [...'教育'].map((c, i) => glyphs(c, 50, 140 + i * 12))
    const cells = [
      ['起止时间', '毕业院校', '专业'],
      ['2010-2014', '集美大学', '食品'],
      ['2007-2010', '第三中学', '-'],
      ['2004-2007', '第一中学', '-'],
    ].flatMap((row, r) => row.map((text, c) => glyphs(text, columns[c + 1]! + 5, rows[r]! + 14)))
    const wrapped = [glyphs('食品科学与工程及其自动', 305, 144), glyphs('化', 305, 156)]
    const all = [...side, ...cells.filter((item) => item.text !== '食品'), ...wrapped]
    expect(findTable(all, ruling, 1)?.blocks.map((block) => block.text)).toEqual([
      '教育',
      '起止时间\t毕业院校\t专业',
      '2010-2014\t集美大学\t食品科学与工程及其自动化',
      '2007-2010\t第三中学\t-',
      '2004-2007\t第一中学\t-',
    ])
  })

  test('letter-spaced words stay apart', () => {
    const { main } = readingOrder([glyphs('J O R D A N', 40, 70, 22), glyphs('R E Y E S', 240, 70, 22)], 1)
    expect(texts(main)[0]).toMatch(/^JORDAN\s+REYES$/)
  })
})
