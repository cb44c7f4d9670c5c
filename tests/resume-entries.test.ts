/** The shapes that heads of jobs and schools take; one case for each rule. */
import { describe, expect, test } from 'vitest'
import { docxEntries, paragraph, table, writeZip } from '../samples/make/zip.ts'
import { readEducation } from '../src/resume/education.ts'
import { readExperience } from '../src/resume/experience.ts'
import { readText } from '../src/resume/formats/text.ts'
import { interpret, readBlocks, readResume } from '../src/resume/read.ts'

const jobsIn = (lines: string[]) => readExperience(lines).jobs

const talentOf = (blocks: Parameters<typeof interpret>[0]) => interpret(blocks).talent

const jobsOf = (lines: string[]) => jobsIn(lines).map(({ company, title, start, end }) => [company, title, start, end])
const docx = (body: string) => readResume(writeZip(docxEntries(body)))

describe('jobs', () => {
  test('title, employer and dates on three lines, again and again', () => {
    const lines = [
      'Software Engineer',
      'Brindle Works',
      'Jan 2019 - Present',
      '• Built things',
      'Data Analyst',
      'Quarry Bank',
      '2016 - 2018',
      '• Counted things',
    ]
    expect(jobsOf(lines)).toEqual([
      ['Brindle Works', 'Software Engineer', '2019-01', 'present'],
      ['Quarry Bank', 'Data Analyst', '2016', '2018'],
    ])
  })

  test('one employer over several roles', () => {
    const lines = [
      'Gannet Ltd',
      'Product Manager',
      'January 2022 - Present',
      'Owns scheduling; leads three people.',
      'Business Analyst',
      'April 2019 - January 2022',
      'Wrote reports.',
    ]
    expect(jobsOf(lines)).toEqual([
      ['Gannet Ltd', 'Product Manager', '2022-01', 'present'],
      ['Gannet Ltd', 'Business Analyst', '2019-04', '2022-01'],
    ])
  })

  test.each([
    ['Chair & CTO · Copperleaf Labs, Denver, CO\t03/2022 - Present', 'Copperleaf Labs', 'Chair & CTO'],
    ['Shop manager, Larkfield Video\t2019 - 2020', 'Larkfield Video', 'Shop manager'],
    ['Boston Dynasts\tRobotics Engineer\t2019 - 2020', 'Boston Dynasts', 'Robotics Engineer'],
    ['2019 – 2020: Amberline (Haifa) – Java Developer', 'Amberline', 'Java Developer'],
    ['2019年3月——今\t洛阳汇丰仓储有限公司\t仓储组长', '洛阳汇丰仓储有限公司', '仓储组长'],
    ['2018/04 -- 至今 安和器械(绵阳)有限公司 | 市场部 | 大区经理 (3年1个月)', '安和器械(绵阳)有限公司', '大区经理'],
    ['北辰工业 ORBITA\t2022年1月至2022年4月: 质量助理', '北辰工业 ORBITA', '质量助理'],
  ])('%s', (line, company, title) => {
    expect(jobsIn([line])[0]).toMatchObject({ company, title })
  })

  test('a label form', () => {
    expect(jobsOf(['职位名称:测试实习生', '公司名称:某某科技有限公司', '在职时间:2025-06——2025-09', '1.写用例;'])).toEqual([
      ['某某科技有限公司', '测试实习生', '2025-06', '2025-09'],
    ])
  })

  test('a timeline with the start over the end', () => {
    expect(jobsOf(['2021.06\t设计总监', '至今\t山月文化传媒有限公司 / 北京', '负责品牌升级。'])).toEqual([
      ['山月文化传媒有限公司', '设计总监', '2021-06', 'present'],
    ])
  })

  test('jobs without dates', () => {
    expect(
      jobsOf(['Stage Intern', 'Harbour Opera Company', '• Set the stage', 'Sales Associate', 'Viola Music Store LLC', '• Sold strings']),
    ).toEqual([
      ['Harbour Opera Company', 'Stage Intern', null, null],
      ['Viola Music Store LLC', 'Sales Associate', null, null],
    ])
  })

  test('content behind the dates is no head', () => {
    const [job] = jobsIn(['杭州澄湖网络科技有限公司\t2020.04 - 至今', '后端工程师', '负责订单与结算服务', '日均订单 300 万'])
    expect(job).toMatchObject({
      company: '杭州澄湖网络科技有限公司',
      title: '后端工程师',
      bullets: ['负责订单与结算服务', '日均订单 300 万'],
    })
  })
})

describe('schools', () => {
  test.each([
    ['BSc in Physics — University of Leeds\t2012 - 2015', 'University of Leeds', 'bachelor', 'Physics'],
    ['University of California, Berkeley\tB.A., Linguistics\t2012 - 2016', 'University of California, Berkeley', 'bachelor', 'Linguistics'],
    ['2012.09-2016.06 海岸大学 食品工程 本科', '海岸大学', 'bachelor', '食品工程'],
    ['滨江大学\t经济学(本科)\t2023.07 – 至今', '滨江大学', 'bachelor', '经济学'],
    ['东湖师范大学\t管理学学士 · 档案管理\t2017.09 - 2021.06', '东湖师范大学', 'bachelor', '档案管理'],
    [
      'Ohlone Institute of Technology (OIT)\tM.S. in Computer Science\t2015',
      'Ohlone Institute of Technology (OIT)',
      'master',
      'Computer Science',
    ],
    ['云岭市机电技工学校 中专 数控技术 2003-2006', '云岭市机电技工学校', 'highschool', '数控技术'],
  ])('%s', (line, school, level, field) => {
    expect(readEducation([line])[0]).toMatchObject({ school, level, field })
  })
})

describe('forms', () => {
  test('labels down the side and column heads are not values', async () => {
    const form = table([
      ['姓名', '苗采薇', '手机号码', '15400000120'],
      ['教\n育\n经\n历', '起止时间', '毕业院校', '专业', '学历'],
      ['', '2010.9—2014.7', '海岸大学', '食品工程', '本科'],
      ['工\n作\n经\n历', '起止时间', '工作单位', '职务', '离职原因'],
      ['', '2019.5—2024.3', '漳州甘泉食品有限公司', '质量主管', '搬家'],
    ])
    const { talent } = await docx(form)
    expect(talent).toMatchObject({ name: '苗采薇', phones: ['15400000120'] })
    expect(talent.education).toMatchObject([{ school: '海岸大学', level: 'bachelor', field: '食品工程', start: '2010-09', end: '2014-07' }])
    expect(talent.experience).toMatchObject([{ company: '漳州甘泉食品有限公司', title: '质量主管', start: '2019-05', end: '2024-03' }])
  })

  test.each([
    ['Mira Holt\nmira@example.com | 555 0100 12', ['555 0100 12']],
    ['苗采薇\n邮箱:miao@example.com | 1993.05.12', []],
    ['苗采薇\nmiao@example.com | 12/05/1993', []],
    ['Mira Holt\nmira@example.com | 1990-01-01 ', []],
    ['Mira Holt\nmira@example.com | 15000-20000 | 94110-1234 | 192.168.1.10 | 19900101 | 12345678', []],
    ['Mira Holt\nmira@example.com | 555 0100 12\nTel: 154-0000-0101', ['154-0000-0101']],
    ['苗采薇\n电话:61234', ['61234']],
    ['苗采薇\n工号 61234', []],
  ])('numbers in a row of contacts and numbers called phones: %j', (head, phones) => {
    expect(talentOf(readText(head)).phones).toEqual(phones)
  })

  test('phones and addresses of other people are left out', () => {
    const { phones, emails } = talentOf(
      readText(
        '骆云舟\n手机：154-0000-0101\n紧急联系人：骆父 154-0000-0999\n证明人：王经理 wang@example.com\nReferences\nDr Ada Quill, ada@example.org, +1 (512) 555-0199',
      ),
    )
    expect({ phones, emails }).toEqual({ phones: ['154-0000-0101'], emails: [] })
  })

  test('"Tools:" under a job does not end the job', () => {
    const talent = talentOf(
      readText(
        'Ada Quill\nEXPERIENCE\n2019 - 2020\tBrindle Works Ltd\tTester\nTools: Jira, Git\n2016 - 2018\tQuarry Bank\tAnalyst\nEDUCATION\nUniversity of Leeds\tBSc in Physics\t2012 - 2015',
      ),
    )
    expect(talent.experience).toHaveLength(2)
    expect(talent.skills).toEqual(['Jira', 'Git'])
  })
})

test('tags in neighbouring spans are apart, hidden elements are not there', async () => {
  const { blocks } = await readBlocks(
    Buffer.from(
      '<html><body><p><span>伤口护理</span><span>急救</span></p><p hidden>不可见</p><table><tr><td><p>城市</p></td><td>长沙</td></tr></table></body></html>',
    ),
  )
  expect(blocks.map((block) => block.text)).toEqual(['伤口护理\t急救', '城市\t长沙'])
})

test('tab stops of a DOCX are cell borders', async () => {
  const { blocks } = await readBlocks(writeZip(docxEntries(paragraph('Liffey Digital Ltd\tFrontend Developer\t2019'))))
  expect(blocks[0]?.text).toBe('Liffey Digital Ltd\tFrontend Developer\t2019')
})
