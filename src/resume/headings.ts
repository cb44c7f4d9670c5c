/** Section headings of Chinese and English résumés. */

export type SectionKind =
  | 'basic'
  | 'intent'
  | 'summary'
  | 'education'
  | 'experience'
  | 'projects'
  | 'skills'
  | 'certificates'
  | 'awards'
  | 'languages'
  | 'training'
  | 'publications'
  | 'references'
  | 'other'

/** Divided by blanks; simplified and traditional. */
const CHINESE: Record<SectionKind, string> = {
  basic: `个人信息 基本信息 个人资料 基本资料 基本情况 个人概况 个人简历 个人履历 简历 联系方式 联系我 联系信息 联络方式
    個人資料 基本資料 聯絡方式`,
  intent: '求职意向 求职目标 应聘意向 期望工作 职业意向 求职期望 应聘岗位 期望职位 職涯目標 求職條件 求职条件 希望條件',
  summary: `自我评价 个人评价 个人优势 个人总结 自我介绍 个人简介 个人介绍 自我描述 自我总结 自我鉴定 职业概述 职业总结
    个人概述 优势亮点 核心优势 职业概况 关于我 個人簡介 自我介紹 自傳 自我評價 简介 概述 顾问评语 推荐理由 推荐意见
    候选人评价`,
  education: `教育背景 教育经历 教育情况 学历 学历背景 教育 教育培训 教育信息 学习经历 教育程度 学业背景 求学经历 學歷
    教育背景與學歷 教育程度 學經歷`,
  experience: `工作经历 工作经验 实习经历 实习经验 实践经历 职业经历 工作履历 从业经历 任职经历 就业经历 工作背景 实习 工作
    社会实践 实践经验 社会实践经历 校园经历 校园实践 在校经历 学生工作 社团经历 志愿者经历 志愿经历 实习实践 工作經歷
    工作經驗 職務經歷 科研经历 研究经历 兼职经历 职业履历`,
  projects: `项目经历 项目经验 项目 主要项目 个人项目 项目实践 项目作品 开源项目 专案经历 專案經歷 專案經驗 项目业绩 作品集 作品
    作品展示`,
  skills: `专业技能 技能特长 个人技能 技能 技术栈 职业技能 技能标签 掌握技能 核心技能 工作技能 技术能力 专业能力 核心能力 擅长
    专业特长 特长 擅長工具 工作技能 專長 技能專長 个人能力 能力 技能清单 语言技能 语言及技能 技能与语言 技能/语言
    技能证书 技能与证书 计算机能力 计算机技能 电脑技能 专长 it技能 技能特點 技能及证书 证书/技能 技能/证书 技能总结
    技能概述 技能爱好`,
  certificates: '证书 资格证书 技能证书 职业资格 证书资质 资质证书 专业证书 所获证书 获得证书 证书信息 证照 證照 專業證照 职业证书',
  awards: `获奖情况 荣誉奖项 获奖经历 奖项 荣誉 获奖 所获荣誉 所获奖项 荣誉证书 奖励荣誉 奖项荣誉 获奖荣誉 荣誉与奖项 奖励情况
    奖励 奖惩情况`,
  languages: '语言能力 外语能力 语言 语言水平 外语水平 語言能力',
  training: '培训经历 培训 培训情况 进修经历 培训经验',
  publications: '发表论文 论文 学术成果 科研成果 论文发表 专利 学术论文 论文与专利',
  references: '证明人 推荐人 紧急联系人 联系人 家庭成员 家庭情况 家庭成员及社会关系 社会关系 推薦人',
  other: `其他 其他信息 附加信息 兴趣爱好 爱好 个人爱好 兴趣 兴趣与爱好 备注 补充说明 附件 其它 声明 薪资 期望薪资 其他情况
    離職原因 興趣 应聘者声明 人才标签`,
}

/** Divided by bars and line ends. */
const ENGLISH: Record<SectionKind, string> = {
  basic: `contact|contacts|contact info|contact information|contact details|get in touch|personal information
    personal details|personal data|personal info|personal particulars|details|about|info|curriculum vitae|resume|cv`,
  intent: 'objective|career objective|job objective|desired position|target position',
  summary: `profile|summary|professional summary|executive summary|career summary|about me|professional profile
    personal profile|career profile|personal statement|summary of qualifications|qualifications summary|highlights
    overview|career highlights|profile summary`,
  education: `education|educational background|academic background|education and training|education & training
    academic qualifications|education background|academic history|academics|educational qualifications
    education and qualifications|education & qualifications|qualifications|academic credentials
    education and certifications|education & certifications|academic`,
  experience: `experience|work experience|professional experience|employment|employment history|work history|career history
    professional background|internships|internship|internship experience|internship experiences|relevant experience
    job experience|volunteer experience|volunteering|volunteer|leadership|leadership experience
    leadership and activities|leadership & activities|additional experience|other experience|research experience|research
    teaching experience|involvement|activities|extracurricular activities|career|positions held|work|experiences
    professional history|work experience and internships|industry experience|early career|previous experience
    selected experience|extracurriculars`,
  projects: `projects|project experience|personal projects|selected projects|academic projects|key projects|project
    side projects|open source|portfolio|project work|notable projects|technical projects`,
  skills: `skills|technical skills|professional skills|key skills|core skills|core competencies|competencies|technologies
    areas of expertise|expertise|tech stack|skill set|skillset|skills summary|technical proficiencies
    technical expertise|software|tools|programming|programming languages|computer skills|skills & tools
    skills and tools|additional skills|it skills|digital skills|technical competencies|key competencies
    skills & interests|skills and interests|strengths|technical summary|hard skills|soft skills|skills and technologies
    skills & technologies|professional competencies|specialties|top skills|skills & expertise|proficiencies|technology`,
  certificates: `certifications|certification|certificates|licenses|licenses & certifications|licenses and certifications|licences
    certifications and licenses|professional certifications|certifications & training|professional development
    credentials`,
  awards: `awards|honors|honours|awards and honors|honors & awards|honors and awards|achievements|awards & honors
    accomplishments|scholarships|honours and awards|recognition|key achievements|awards and achievements`,
  languages: 'languages|language|language skills|language proficiency|languages knowledge|knowledge of languages|foreign languages',
  training: 'courses|coursework|relevant coursework|training|trainings|relevant courses|continuing education|workshops',
  publications: 'publications|patents|papers|presentations|talks|publications and presentations|conferences',
  references: 'references|referees|reference|emergency contact|recommendations|recommendation|recommenders',
  other: `interests|hobbies|additional information|miscellaneous|other|hobbies & interests|interests and hobbies|memberships
    professional memberships|affiliations|professional affiliations|strengths and interests|other information
    additional|declaration|hobbies and interests|notes|a day of my life|most proud of|life philosophy|links|social
    service|community service|professional service|interests & hobbies`,
}

/** Last words that make an unknown short English heading one of a kind ("Relevant Clinical Experience"). */
const HEAD_NOUNS: [RegExp, SectionKind][] = [
  [/\b(?:experience|employment|internships?|career)$/, 'experience'],
  [/\beducation$/, 'education'],
  [/\b(?:skills|competencies|technologies|tools)$/, 'skills'],
  [/\bprojects$/, 'projects'],
  [/\b(?:certifications?|certificates|licenses)$/, 'certificates'],
  [/\b(?:awards|honors|achievements)$/, 'awards'],
  [/\b(?:summary|profile)$/, 'summary'],
  [/\b(?:publications|patents)$/, 'publications'],
  [/\b(?:coursework|courses|training)$/, 'training'],
  [/(?:工作|实习|从业|任职|實習)(?:经历|经验|經歷|經驗)$/, 'experience'],
  [/(?:项目|專案)(?:经历|经验|經歷|經驗)$/, 'projects'],
  [/教育(?:经历|背景|經歷)$/, 'education'],
  [/技能$/, 'skills'],
]

const KIND_OF = lexicon()

function lexicon(): Map<string, SectionKind> {
  const kinds = new Map<string, SectionKind>()
  const add = (words: Record<SectionKind, string>, divider: RegExp) => {
    for (const [kind, list] of Object.entries(words) as [SectionKind, string][]) {
      for (const word of list.split(divider)) {
        const key = headingKey(word)
        // The first kind that claims a word keeps it.
        if (key && !kinds.has(key)) kinds.set(key, kind)
      }
    }
  }
  add(CHINESE, /\s+/)
  add(ENGLISH, /\||\n/)
  return kinds
}

/** Lower case, without numbering, brackets, icons and punctuation at the ends; blanks between Chinese characters are gone. */
function headingKey(text: string): string {
  return text
    .toLowerCase()
    .replace(/^[\s\p{P}\p{S}\p{Co}]*(?:(?:[一二三四五六七八九十]{1,2}|\d{1,2})[、.．)]\s*)?[\s\p{P}\p{S}\p{Co}]*/u, '')
    .replace(/[\s\p{P}\p{S}\p{Co}]+$/u, '')
    .replace(/(?<=\p{Script=Han})\s+(?=\p{Script=Han})/gu, '')
    .replace(/\s+/g, ' ')
}

export type Heading = { kind: SectionKind; rest: string }

/**
 * The section that a line opens, or null. `rest` is content on the same line: behind a colon ("技能：SQL") or in the next cell.
 * Joined headings ("实习/项目经历", "教育背景 Education") take the kind of their first known part.
 */
export function headingOf(text: string): Heading | null {
  const [cell = '', ...others] = text.split('\t')
  const whole = kindOf(cell)
  if (whole) return { kind: whole, rest: others.join('\t') }
  const colon = /^([^::]{2,30})[::]\s*(\S.*)$/.exec(cell)
  const labelled = colon ? KIND_OF.get(headingKey(colon[1]!)) : undefined
  // "Education: BSc" and "技能：SQL" open a section; "姓名：…" style labels of forms never do.
  if (labelled && ['skills', 'languages', 'certificates', 'summary', 'awards', 'intent'].includes(labelled))
    return { kind: labelled, rest: [colon![2]!, ...others].join('\t') }
  return null
}

function kindOf(cell: string): SectionKind | null {
  if (cell.length > 48) return null
  const key = headingKey(cell)
  if (key.length < 2) return null
  const exact = KIND_OF.get(key)
  if (exact) return exact
  const han = headingKey(key.replace(/[a-z&'’ ]+/g, ' '))
  const latin = headingKey(key.replace(/\p{Script=Han}+/gu, ' '))
  if (han && latin && han !== key) {
    const mixed = KIND_OF.get(han) ?? KIND_OF.get(latin)
    if (mixed && KIND_OF.has(latin)) return mixed
  }
  if (/[,。;:《》()]/.test(key)) return null
  const parts = key.split(/\s*(?:[/、&|·]|与|和|及|\band\b)\s*/)
  const joined = parts.length > 1 && parts.length < 4 ? parts.map((part) => KIND_OF.get(part)) : []
  if (joined.length > 0 && joined.some(Boolean) && (joined.every(Boolean) || joined.at(-1))) return joined.find(Boolean) ?? null
  return nounKind(cell, key)
}

/** Head nouns count only on lines that look like a heading: few words, capitals or Chinese, no sentence. */
function nounKind(cell: string, key: string): SectionKind | null {
  const words = key.split(' ')
  const titled = /\p{Script=Han}/u.test(key)
    ? key.length <= 8
    : words.length <= 4 && words.length > 0 && cell.split(/\s+/).every((w) => !/^[a-z]{4,}/.test(w))
  if (!titled || /[\d,,。;;]/.test(key)) return null
  return HEAD_NOUNS.find(([noun]) => noun.test(key))?.[1] ?? null
}
