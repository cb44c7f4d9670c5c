/** Words that tell titles, companies, schools, degrees and places apart. */
import type { Level } from '../canonical/schema.ts'
import { canonicalCity, isCity } from '../skills/cities.ts'

const TITLE_ZH =
  /(?:工程师|工程師|经理|經理|总监|總監|主管|专员|專員|助理|助手|设计师|設計師|分析师|顾问|顧問|会计|會計|出纳|护士|护士长|教师|老师|医生|医师|药师|销售|代表|司机|文员|秘书|总裁|总经理|董事|主任|部长|组长|队长|班组长|班长|店长|厂长|院长|校长|社长|会长|实习生|實習生|运营|策划|企劃|编辑|记者|翻译|译员|架构师|开发|测试|主席|干事|研究员|讲师|教授|律师|法务|行政|人事|客服|操作员|技术员|质检员|采购员|业务员|会计师|审计师|精算师|程序员|负责人|合伙人|创始人|志愿者|CEO|CTO|CFO|COO|HRBP|HRD|摄影师|厨师|教练|导师|培训师|叉车工|电工|焊工|工人|劳动者|指导|专家|版面设计|视觉设计|产品|产品实习|助教|员|经纪人|造价师|建造师|督导|领班|VP|副总)(?:\([^)]*\))?(?:实习生?|助理)?$/i
const TITLE_EN =
  /\b(?:engineer|developer|manager|director|analyst|designer|architect|consultant|specialist|coordinator|administrator|assistant|associate|intern|lead|head|officer|president|founder|co-?founder|chair|chief|c[etfoimp]o|vp|vice president|scientist|researcher|professor|lecturer|teacher|tutor|instructor|nurse|physician|pharmacist|therapist|technician|representative|rep|executive|accountant|auditor|bookkeeper|controller|recruiter|programmer|tester|writer|editor|journalist|translator|trainer|trainee|apprentice|member|volunteer|coach|counselor|counsellor|advisor|adviser|attorney|lawyer|paralegal|clerk|cashier|receptionist|secretary|supervisor|superintendent|operator|mechanic|electrician|driver|chef|cook|server|barista|strategist|planner|buyer|buyer|producer|photographer|artist|animator|illustrator|statistician|biostatistician|economist|actuary|fellow|partner|principal|owner|freelancer?|contributor|ambassador|facilitator|docent|educator|librarian|archivist|curator|inspector|surveyor|estimator|agent|broker|banker|trader|underwriter|teller|merchandiser|stylist|evangelist|advocate|sre|sdet|qa|student|mentor|worker|practitioner|captain|treasurer|superviser|expert|self[- ]employed|generalist|hostess|host|waiter|waitress|associate)s?\b/i
const COMPANY_ZH =
  /(?:公司|集团|集團|事务所|研究院|研究所|实验室|医院|银行|学校|大学|中学|小学|幼儿园|学院|工作室|中心|管理局|工厂|酒店|科技|协会|学会|基金会|出版社|报业|报社|传媒|诊所|诊疗所|卫生院|书坊|书店|网络|互动|证券|保险|支行|分行|分公司|学生会|研究生会|委员会|俱乐部|志愿者协会|电子|软件|制药|药业|汽车|信息技术|大厦|物业|商行|企业|厂|店|社|局)(?:\([^)]*\))?$/
const COMPANY_EN =
  /\b(?:inc|incorporated|llc|llp|ltd|limited|corp|corporation|gmbh|ag|s\.?a\.?|s\.?r\.?l|plc|pte|pty|bv|oy|ab|a\/s|aps|co\.|company|companies|university|college|school|institute|hospital|clinic|bank|group|labs?|laboratory|laboratories|systems|technologies|technology|solutions|consulting|consultancy|agency|authority|foundation|partners|services|studios?|media|networks?|software|holdings|industries|ventures|capital|insurance|center|centre|association|society|council|department|ministry|church|museum|library|club|restaurant|store|hotel|pharmaceuticals?|pharma|health|healthcare|airlines|motors|energy|logistics|international|global|digital|analytics|robotics|works|program(?:me)?|opera|orchestra|academy|district|office of|publishing|trials)\b\.?/i
const SCHOOL_ZH = /(?:大学|大學|学院|學院|学校|學校|中学|中學|一中|二中|高中|职高|技校|党校|研究生院|科学院|高級中學)(?:\([^)]*\))?$/
const SCHOOL_EN =
  /\b(?:university|universit(?:y|é|à|ät|at|ate|ed|atea|eit)|universidad|universidade|college|institute|institut|school|polytechnic|academy|conservatory|faculty|seminary|hochschule|gymnasium|lyceum|école|ecole|politecnico|mit|caltech|ucla|nyu|eth|epfl|ntnu|georgia tech|virginia tech|texas tech|general assembly|central saint martins)\b/i

const LEVELS: [RegExp, Level][] = [
  [/博士|\bph\.?\s?d\b|\bdoctor(?:ate)?\b|\bd\.?phil\b|\bdoctoral\b|\bmd-phd\b/i, 'phd'],
  [
    /硕士|碩士|研究生|\bmba\b|\bmpa\b|\bemba\b|\bmaster(?:'?s)?\b|\bm\.?\s?sc?\b\.?|\bm\.?a\b\.?|\bm\.?eng\b|\bm\.?s\b\.?|\bmph\b|\bllm\b|\bmfa\b|\bm\.?ed\b|\bm\.?tech\b|\bmca\b|\bm\.?phil\b|\bm\.?b\.?a\b/i,
    'master',
  ],
  [
    /本科|学士|學士|\bbachelor(?:'?s)?\b|\bb\.?\s?sc\b|\bb\.?a\b\.?|\bb\.?e\b\.?|\bb\.?m\b\.?|\bb\.?s\b\.?|\bb\.?eng?\b|\bb\.?tech\b|\bbba\b|\bbfa\b|\bb\.?com\b|\bllb\b|\bb\.?econ\b|\bb\.?ed\b|\bbca\b|\bundergraduate\b|\bb\.?arch\b|\bbsn\b|\bmbbs\b/i,
    'bachelor',
  ],
  [
    /大专|专科|大專|專科|高职|\bassociate(?:'?s)?\b(?=\s+(?:degree|of|in)|$)|\ba\.?a\.?s\b|\bfoundation degree\b|\bhnd\b|\bdiploma\b/i,
    'associate',
  ],
  [
    /高中|中专|中專|职高|技校|\bhigh school\b|\bsecondary school\b|\ba[- ]levels?\b|\bged\b|\bgcse\b|\bbaccalaureate\b|\babitur\b/i,
    'highschool',
  ],
]

/** The level a degree word stands for, or null. "副学士" would need its own row before it counts. */
export function levelOf(text: string): Level | null {
  return LEVELS.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

/** 0 to 3: how much a piece of text looks like a job title. */
export function titleScore(text: string): number {
  if (text.length > 80) return 0
  if (TITLE_ZH.test(text)) return 3
  if (!TITLE_EN.test(text)) return 0
  return text.split(/\s+/).length <= 8 ? 2 : 1
}

/** 0 to 3: how much a piece of text looks like an employer. */
export function companyScore(text: string): number {
  if (text.length > 100) return 0
  if (
    /(?:公司|集团|集團|事务所|研究院|研究所|医院|银行|大学|学院)(?:\([^)]*\))?$/.test(text) ||
    /\b(?:inc|llc|ltd|corp|gmbh|plc|pte)\b\.?/i.test(text)
  )
    return 3
  if (COMPANY_ZH.test(text)) return 2
  return COMPANY_EN.test(text) ? 2 : 0
}

/** 0 to 3: how much a piece of text looks like a school. */
export function schoolScore(text: string): number {
  if (text.length > 120) return 0
  if (SCHOOL_ZH.test(text)) return 3
  return SCHOOL_EN.test(text) ? 2 : 0
}

const REGION = /^[A-Z][\p{L}.' -]{1,25},\s*(?:[A-Z]{2}|[A-Z][\p{L}.]+(?:\s[A-Z][\p{L}]+){0,2})(?:\s\d{5})?$/u
const COUNTRY =
  /^(?:usa|us|u\.s\.a?\.?|united states(?: of america)?|united kingdom|uk|england|scotland|china|india|canada|germany|france|spain|italy|japan|korea|singapore|australia|ireland|netherlands|switzerland|norway|sweden|denmark|israel|russia|ukraine|romania|poland|ghana|nigeria|kenya|中国|美国|英国|日本|remote|hybrid|online|on-?site|远程)$/i

const STATES = new Set(
  'AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC ON BC QC AB NSW VIC QLD'.split(
    ' ',
  ),
)
/** A country, or a state by its letters. */
export const isRegion = (text: string): boolean => STATES.has(text) || COUNTRY.test(text)

const AROUND = /^(?:greater|downtown|metro)\s+|\s+(?:(?:metropolitan|bay)?\s*area|region)$/gi

/** True for places and nothing else: "Austin, TX", "上海", "成都-武侯区", "Greater Seattle Area", "Remote". A city inside of a name is no place. */
export function isPlace(text: string): boolean {
  const bare = text.trim().replace(/^\(([^()]*)\)$/, '$1')
  if (COUNTRY.test(bare)) return true
  if (companyScore(bare) > 0 || titleScore(bare) > 0 || schoolScore(bare) > 0) return false
  if (/\p{Script=Han}/u.test(bare)) return isChinesePlace(bare)
  const [first = '', ...others] = bare
    .replace(/\s+\([^)]*\)$/, '')
    .replace(AROUND, '')
    .split(/,\s*/)
  if (isCity(first) && others.length <= 2) return true
  return REGION.test(bare) && bare.length <= 50
}

function isChinesePlace(text: string): boolean {
  if (text.length > 16) return false
  const [first = ''] = text.split(/[-·\s/,、]/)
  return isCity(first) || (/^\p{Script=Han}{2,}[市区县省镇]$/u.test(text) && canonicalCity(text) !== null)
}
