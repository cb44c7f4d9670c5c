/**
 * What the words around a spelling say: is it a whole word, is an everyday word meant as a skill, is it a job title, an employer, a major, or
 * something that is not asked for? Positions are those of a folded text (fold.ts); `source` is the same text with its capitals where lengths allow.
 */
import type { Concept } from './taxonomy.ts'

export type Span = { from: number; to: number; alias: string; everyday: boolean; concept: Concept }
export type Context = { folded: string; source: string }

const LATIN = /[a-z0-9]/
const HAN = /\p{Script=Han}/u
/** Words before and behind a span that are looked at, in UTF-16 units. */
const REACH = 48

/** Kinds whose names survive in job titles: a "Java developer" knows Java, but a "risk analyst" is a title. */
const NAMED = new Set(['programming-language', 'framework', 'tool', 'platform', 'standard', 'certificate'])
/** Kinds with versions: "Vue3", "Java 8". */
const VERSIONED = new Set(['programming-language', 'framework', 'tool', 'platform'])

/** "C" must not be found in "C++" or "R&D", nor "Java" in "JavaScript". */
export function isWhole({ folded }: Context, { from, to, alias, everyday, concept }: Span): boolean {
  const before = folded[from - 1] ?? ''
  const after = folded[to] ?? ''
  if (LATIN.test(alias[0]!) || alias[0] === '.') {
    if (LATIN.test(before) || before === '@' || before === '&' || (before === '.' && LATIN.test(folded[from - 2] ?? ''))) return false
  }
  if (!LATIN.test(alias.at(-1)!)) return true
  // An address or its label: "http://…", "GitHub: https://…".
  if (/^ ?:?(?: ?\/\/| ?https?:| ?www\.)/.test(folded.slice(to, to + 10))) return false
  if (after === '+' || after === '#' || after === '&' || after === '@') return /^\+\s?\p{L}/u.test(folded.slice(to, to + 3))
  if (/^\.(?:com|cn|net|org|io|edu|gov|me)\b/.test(folded.slice(to, to + 5))) return false
  if (!LATIN.test(after)) return true
  const rest = /^[a-z0-9]+/.exec(folded.slice(to, to + REACH))![0]
  if (rest === 's') return !everyday && alias.length >= 5 && !VERSIONED.has(concept.kind)
  return VERSIONED.has(concept.kind) && alias.length >= 3 && /^\d{1,2}$/.test(rest)
}

/** What follows where the everyday sense is meant, of words that sentences and lists often begin with. */
const ORDINARY: Record<string, RegExp> = { fluent: /^(?: in\b|\))/, excel: /^ (?:at|in)\b/, react: /^ (?:to|quickly|fast|well)\b/ }

const DIVIDER = /[,，、;；/|()（）[\]【】:：•·+&>"'“”《》]/
const LEFT_HAN =
  /(?:熟悉|熟练|精通|掌握|了解|负责|从事|擅长|具备|具有|能够|使用|运用|利用|基于|采用|用|会|懂|做|有|和|与|及|或|含|的|如|包括|熟知|学习|良好|较强|优秀|优良|一定|过|专业|深入|流利|基础|能进行|进行)$/u
const RIGHT_HAN =
  /^(?:等|能力|经验|工作|技能|技巧|技术|知识|方面|基础|及|和|与|或|以及|类|相关|软件|工具|语言|开发|编程|框架|熟练|良好|流利|优秀|者|优先|表|函数|操作|的|脚本|流程|全流程|体系|项目|系统|强|佳|专长|事务|服务器|环境|数据库|实操|应用|实战|经历|功底|素养|意识|资格|证)/u
const LEFT_LATIN =
  /(?:^|[^a-z0-9])(?:in|with|using|of|and|or|to|know|knows|like|including|eg|e\.g\.|plus|learn|advanced|basic|strong|excellent|good|solid|embedded|proficient|fluent|speaks?|grasp of|as|via|both|native|spoken|written|verbal|write|writes|is|are|some|the|modern|core|own|from|by|[a-z]+(?:ed|ing)|skills|tools|languages?)$/
const RIGHT_LATIN =
  /^(?:and|or|is|are|with|both|languages?|spoken|written|verbal|for|to a|a plus|experience|knowledge|skills?|programming|developers?|development|required|preferred|fluently|certified|certifications?|scripts?|scripting|queries|framework|code|apps?|services?|jobs?|pipelines?|dashboards?|charts?|macros?|servers?|workers?|clusters?|databases?|streaming|components?|on|at work|level|native|basic|intermediate|advanced|proficiency|standards?|projects?|in|using|via|by|from|reports?|templates?|as|machining|speaking|b[12]|c[12]|modules?|web|back ?end|front ?end|api|apis|tests?|testing|sites?|design|pivot|spreadsheets?|models?|functions?)(?![a-z0-9])/

/** Whether another skill stands right before and right behind, with blanks between: "Java Spring Hibernate". */
export type Beside = { left: boolean; right: boolean }

/** Everyday words count with their capitals where a skill would stand, without them only as an item of a list. */
export function isMeant(context: Context, span: Span, beside: Beside): boolean {
  const { folded, source } = context
  const left = folded.slice(Math.max(0, span.from - REACH), span.from)
  const right = folded.slice(span.to, span.to + REACH)
  const open = left.trimEnd()
  const close = right.trimStart()
  const lineBefore = /(?:^|\n)[^\S\n]*$/.test(left)
  const lineBehind = /^[^\S\n]*(?:\n|$)/.test(right)
  const listLeft = lineBefore || DIVIDER.test(open.at(-1) ?? '')
  const listRight = lineBehind || DIVIDER.test(close[0] ?? '') || /^[.。!！;](?:\s|$|\p{Script=Han})/u.test(close)
  if (HAN.test(span.alias)) {
    const stop = /[。！？!?.\d]$/.test(open)
    return (listLeft || stop || LEFT_HAN.test(open)) && (listRight || RIGHT_HAN.test(close))
  }
  // "Chef: menu planning" is a heading of another kind; "Fluent in Spanish" a level, "Excel at work" a verb.
  if (lineBefore && close[0] === ':' && NAMED.has(span.concept.kind)) return false
  if (ORDINARY[span.alias]?.test(right)) return false
  if (isCapital(source.slice(span.from, span.to), span)) {
    const cued =
      beside.left || listLeft || LEFT_HAN.test(open) || HAN.test(open.at(-1) ?? '') || LEFT_LATIN.test(open) || /[.。]$/.test(open)
    return (
      cued && (beside.right || listRight || HAN.test(close[0] ?? '') || RIGHT_LATIN.test(close)) && !/^[^\S\n]?(?:\d{4}|level)/.test(right)
    )
  }
  const both = (listLeft || /[,、]\s(?:and|or)\s$/.test(left) || /\b(?:and|or)\s$/.test(left)) && (listRight || /^(?:and|or)\s/.test(close))
  return both && (listLeft || listRight || span.concept.kind === 'method')
}

/** The spelling of the name itself, or capitals throughout; longer nicknames may have the first letter alone. */
function isCapital(written: string, { alias, concept }: Span): boolean {
  if (written === concept.name && /\p{Lu}/u.test(written)) return true
  if (alias.length <= 3) return written === written.toUpperCase() && /\p{Lu}/u.test(written)
  return written.split(' ').every((word) => /^\p{Lu}/u.test(word))
}

const TITLE_HAN =
  /^(?:(?:高级|资深|初级|中级|开发|测试|设计|研发|应用|实施|算法|管理)?(?:工程师|架构师|设计师)|师(?!资|范|生|傅)|专员|主管|经理|总监|顾问|助理|岗(?!位)|专家|实习生|老师|教师|讲师|负责人|人员|组长|主任|代表|护士|医生|医师|律师|操作[工员]|员(?!工))/u
const TITLE_LATIN =
  /^ (?:and [a-z]+ )?(?:(?:senior|lead|principal|software|systems?|research|project|programme|program) )?(?:engineers?|developers?|managers?|analysts?|architects?|consultants?|generalists?|specialists?|scientists?|officers?|assistants?|coordinators?|associates?|administrators?|technicians?|directors?|executives?|nurses?|teachers?|designers?|leads?|interns?|supervisors?|operators?|clerks?|advis[eo]rs?|instructors?|director|partner|professors?|lawyers?|therapists?|recruiters?|buyers?|representatives?|agents?)(?![a-z])/

/** "数据分析师", "Security analyst": a job, not a skill that is named. */
export function isTitle({ folded }: Context, { to, alias, concept }: Span): boolean {
  if (concept.kind === 'certificate') return false
  const right = folded.slice(to, to + REACH)
  if (NAMED.has(concept.kind)) return false
  return HAN.test(alias.at(-1)!) ? TITLE_HAN.test(right) : TITLE_LATIN.test(right) || TITLE_HAN.test(right)
}

const EMPLOYER_HAN =
  /^(?:[(（][\p{Script=Han}a-z]{1,8}[)）])?(?:软件|网络|科技|技术|信息|股份|有限|责任|集团|控股|实业|中国|[(（]中国[)）])+(?:公司|集团|[，,、。;；]|$)|^(?:[(（][\p{Script=Han}a-z]{1,8}[)）])?(?:公司|集团|研究院|事务所|大学|学院|医院)/u
const EMPLOYER_LATIN =
  /^,? (?:corp(?:oration)?|inc|ltd|llc|gmbh|se|ag|plc|co|technologies|tower|university|college|school of|institute|hospital|dining|helicopter|museum)(?![a-z])/
const CUSTOMERS = /(?:客户包括|客户有|服务客户|合作客户|客户涵盖|(?:customers?|clients?) (?:include|such as|are))[^。；;.\n]*$/

/** "Oracle Corp", "用友网络科技股份有限公司", "customers include SAP". */
export function isEmployer({ folded }: Context, { from, to, concept }: Span): boolean {
  const right = folded.slice(to, to + REACH)
  if (EMPLOYER_HAN.test(right) || EMPLOYER_LATIN.test(right)) return true
  return NAMED.has(concept.kind) && CUSTOMERS.test(folded.slice(Math.max(0, from - 120), from))
}

/** A field of study: "会计学本科", "degree in Statistics". */
export function isMajor({ folded }: Context, { from, to, concept }: Span): boolean {
  if (NAMED.has(concept.kind)) return false
  if (/^学?(?:专业(?!技能|知识|能力|技术)|本科|大专|硕士|博士|学士|系(?!统|列)|学院)/u.test(folded.slice(to, to + 8))) return true
  return /\b(?:degree|bachelor'?s?|master'?s?|major(?:ed)?|bsc|msc|ba|ma|phd)(?: of \w+)? in $/.test(
    folded.slice(Math.max(0, from - REACH), from),
  )
}

const NOT_ZH = /(?:不要求|不需要|不需|无需|无须|不必|不用|不会|不懂|不写|没有|未接触过|零)[^，,。；;：:但而\n]{0,14}$/u
const NOT_EN =
  /\b(?:no|not an?|not|without|never|do not need(?: to know)?|don't need(?: to know)?|need not know|no need for)(?: (?:prior|previous|any|to|know|need|know|have|use|require|required|deep|formal|[a-z]+ing))* $/
const PLUS_EN = /\bnot (?:only|just|limited to|least) $/

/** "无需会Java", "no Java experience required". "不仅", "not only" say the opposite. */
export function isNegated({ folded }: Context, { from, to }: Span): boolean {
  const left = folded.slice(Math.max(0, from - REACH), from)
  const clause = left.slice(left.search(/[^，,。；;.!?\n]*$/))
  if (/不仅|不只|不限于/.test(clause)) return false
  if (NOT_ZH.test(clause)) return true
  if (PLUS_EN.test(clause)) return false
  if (NOT_EN.test(clause)) return true
  return /^ (?:experience |knowledge |skills? )?(?:is |are )?not (?:required|needed|necessary)/.test(folded.slice(to, to + REACH))
}
