/** "label：value" pairs of forms and job-board résumés, several to a line, in cells, or with the value on the next line. */

export type LabelKey =
  | 'name'
  | 'phone'
  | 'email'
  | 'location'
  | 'link'
  | 'school'
  | 'level'
  | 'field'
  | 'title'
  | 'wanted'
  | 'company'
  | 'dates'
  | 'graduation'
  | 'languages'
  | 'wantedCity'
  | 'salary'
  | 'ignored'

const LABELS: Record<LabelKey, string> = {
  name: '姓名|名字|候选人|name|full name|candidate',
  phone:
    '手机号码|手机号|手机|联系电话|联系方式|电话号码|电话|移动电话|聯絡電話|手機|行動電話|手机/微信|联系手机|phone|mobile|tel|telephone|cell|phone number',
  email: '电子邮箱|电子邮件|邮箱|邮件|邮箱地址|电邮|電子郵件|信箱|e-mail|email|mail',
  location:
    '现居住地|现居住城市|现住地址|现居地|现所在地|目前所在地|现居住|现居|居住地|居住地址|所在城市|所在地|现住址|住址|现住|通讯地址|通訊地址|联系地址|家庭住址|地址|城市|居住城市|location|address|current location|city|based in|residence',
  link: '个人网站|个人主页|主页|网站|博客|github|linkedin|website|portfolio|blog|homepage',
  school: '毕业院校|毕业学校|学校名称|院校名称|就读院校|学校|院校|畢業院校|學校|school|university|institution|college',
  level: '最高学历/学位|最高学历|学历/学位|学历学位|学历|学位|文化程度|教育程度|學歷|degree|qualification|highest degree',
  field: '所学专业|主修专业|专业名称|专业|科系|主修|major|field of study|field',
  title: '职位名称|岗位名称|担任职位|担任职务|任职岗位|所任职务|职位|职务|岗位|职称|職稱|職位|title|job title|position|role|designation',
  wanted:
    '求职意向|求职目标|期望职位|应聘岗位|应聘职位|意向岗位|意向职位|目标职位|期望职业|希望職稱|应聘|职能/职位|desired position|objective|target role',
  company:
    '公司名称|单位名称|企业名称|工作单位|任职公司|任职单位|所在公司|就职公司|公司|单位|雇主|company|employer|organization|organisation|company name|client',
  dates: '在职时间|工作时间|任职时间|起止时间|在校时间|就读时间|时间|日期|duration|period|dates|date|from|years',
  graduation: '毕业时间|毕业年份|毕业日期|graduation date|graduated|graduation',
  languages: '语言能力|外语水平|外语|语言',
  wantedCity:
    '期望地点|期望城市|意向城市|意向地点|目标城市|期望工作地点|期望工作地区|期望工作城市|希望工作地|希望地點|工作地区|工作地點|preferred location|desired location|target location',
  salary:
    '期望薪资|期望薪水|期望月薪|期望年薪|期望工资|期望待遇|薪资要求|薪资期望|希望待遇|希望薪資|expected salary|salary expectation|desired salary',
  ignored:
    '性别|年龄|出生年月|出生日期|生日|籍贯|户籍|户口|户口所在地|民族|政治面貌|婚姻状况|婚否|身高|体重|健康状况|工作年限|工作经验|期望行业|到岗时间|所属行业|行业|公司性质|企业性质|公司规模|规模|下属人数|汇报对象|所在部门|所属部门|部门|工作地点|工作描述|工作内容|职责|工作职责|岗位职责|主要职责|业绩|工作业绩|离职原因|微信|微信号|qq|目前状况|职业状态|是否统招|工作性质|身份证号|紧急联系人|证明人|英文姓名|驾驶证|駕駛執照|月薪|薪资|主修课程|核心课程|gpa|specialization|specialisation|research focus|research interests|sex|gender|date of birth|nationality|driving licence|wechat',
}

const KEY_OF = new Map<string, LabelKey>()
for (const [key, words] of Object.entries(LABELS) as [LabelKey, string][])
  for (const word of words.split('|')) if (!KEY_OF.has(word)) KEY_OF.set(word, key)

const ALTERNATIVES = [...KEY_OF.keys()]
  .sort((a, b) => b.length - a.length)
  // Blanks inside of Chinese labels are typography ("姓 名").
  .map((word) => (/^\p{Script=Han}{2,4}$/u.test(word) ? [...word].join('\\s*') : word.replace(/[/.]/g, '\\$&')))
  .join('|')
const PAIR = new RegExp(`(?<![\\p{L}\\d])(${ALTERNATIVES})\\s*[:](?!//)\\s*`, 'giu')
const LABEL_CELL = new RegExp(`^(${ALTERNATIVES})\\s*:?$`, 'iu')

const keyOf = (label: string): LabelKey | null =>
  KEY_OF.get(label.toLowerCase().trim()) ?? KEY_OF.get(label.toLowerCase().replace(/\s+/g, '')) ?? null

export type Pair = { key: LabelKey; value: string }

/** The pairs of one line; empty where the line has no known label. */
export function pairsOf(text: string): Pair[] {
  const cells = text.split('\t')
  const out: Pair[] = []
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]!.trim()
    const label = LABEL_CELL.exec(cell)
    if (label) {
      const next = cells[i + 1]
      const key = keyOf(label[1]!)
      if (key && next !== undefined && !LABEL_CELL.test(next.trim())) {
        if (next.trim() !== '') out.push({ key, value: next.trim() })
        i++
      }
      continue
    }
    const matches = [...cell.matchAll(PAIR)]
    matches.forEach((match, n) => {
      const key = keyOf(match[1]!)
      const value = cell.slice(match.index + match[0].length, matches[n + 1]?.index).trim()
      if (key && value) out.push({ key, value: value.replace(/[\s|;,;]+$/, '') })
    })
  }
  return out
}

/** The key of a line that is a label and nothing else; its value is the next line. */
export function bareLabel(text: string): LabelKey | null {
  const label = LABEL_CELL.exec(text.trim())
  return label ? keyOf(label[1]!) : null
}

/** All pairs of some lines, with values that stand on the line below their label. */
export function allPairs(lines: string[]): Pair[] {
  return lines.flatMap((line, i) => {
    const key = bareLabel(line)
    const next = lines[i + 1]
    if (!key || next === undefined || next.includes('\t') || bareLabel(next) || pairsOf(next).length > 0) return pairsOf(line)
    return [{ key, value: next }]
  })
}
