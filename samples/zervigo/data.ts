/** Invented people, jobs and companies as Zervigo would hold them: Chinese and English, with the gaps that real data has. */

export type User = {
  id: number
  username: string
  email: string
  phone: string | null
  status: string
  /** Milliseconds UTC; null in old rows. */
  createdAt: number | null
  updatedAt: number
  lastLoginAt: number | null
  deletedAt: number | null
  profile: { realName: string; city: string; position: string; years: number | null; isPublic: boolean } | null
  skills: string[]
  education: { school: string; degree: string; major: string; start: string; end: string }[]
  experience: { company: string; position: string; start: string; end: string | null; description: string }[]
}
export type Job = {
  id: number
  title: string
  companyId: number
  companyName: string
  location: string
  description: string
  requirements: string
  experience: string
  education: string
  skills: string[]
  salary: string
  workType: string
  status: string
  updatedAt: number
}
export type Company = { id: number; name: string; industry: string; size: string; city: string; status: string; updatedAt: number }
export type ZervigoData = { users: Map<number, User>; jobs: Map<number, Job>; companies: Map<number, Company> }

const FAMILY = ['王', '李', '张', '刘', '陈', '杨', '黄', '赵', '吴', '周', '欧阳', '司马']
const GIVEN = ['静远', '晓', '子涵', '雨桐', '浩然', '思琪', '建国', '丽华', '志强', '海燕']
const FIRST = ['Ada', 'Bruno', 'Chiara', 'Dmitri', 'Esther', 'Farid', 'Greta', 'Hugo']
const LAST = ['Quill', 'Okafor', 'Lindqvist', 'Marsh', 'Novak', 'Ferrante', 'Haddad', 'Sato']
const CITIES = ['上海', '北京', '深圳', '杭州', 'Berlin', 'Singapore']
const SKILLS = ['Java', 'Spring', 'Python', 'SQL', 'Go', 'React', 'TypeScript', 'Kubernetes', '数据分析', '项目管理', '机器学习', 'Docker']
const TITLES = ['Java 开发工程师', '数据分析师', '产品经理', 'Backend Engineer', 'Data Scientist', '测试工程师']
const SCHOOLS = ['星海大学', '南岭理工大学', 'Northfield University', '江城师范学院']
const DEGREES = ['本科', '硕士', '博士', '大专', 'Bachelor', 'Master']
const COMPANIES = ['云杉科技', '蓝鲸数据', 'Brightwater Labs', '山海软件', 'Kestrel Systems']

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function makeUser(id: number, random: () => number, at: number): User {
  const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!
  const some = <T>(list: T[], n: number): T[] => [...new Set(Array.from({ length: n }, () => pick(list)))]
  const chinese = random() < 0.6
  const realName = chinese ? `${pick(FAMILY)}${pick(GIVEN)}` : `${pick(FIRST)} ${pick(LAST)}`
  const from = 2008 + Math.floor(random() * 10)
  return {
    id,
    username: chinese && random() < 0.5 ? realName : `user_${id}`,
    email: `${random() < 0.1 ? 'User' : 'user'}.${id}@example.com`,
    phone: random() < 0.3 ? null : chinese ? `+86 138${String(id).padStart(8, '0')}` : `+49 30 ${String(1_000_000 + id)}`,
    status: random() < 0.85 ? 'active' : pick(['inactive', 'suspended']),
    createdAt: random() < 0.5 ? null : at - 86_400_000 * 300,
    updatedAt: at - Math.floor(random() * 86_400_000 * 200),
    lastLoginAt: random() < 0.4 ? null : at - Math.floor(random() * 86_400_000),
    deletedAt: null,
    profile:
      random() < 0.2
        ? null
        : {
            realName,
            city: pick(CITIES),
            position: pick(TITLES),
            years: random() < 0.2 ? null : Math.floor(random() * 20),
            isPublic: random() > 0.05,
          },
    skills: some(SKILLS, 1 + Math.floor(random() * 6)),
    education: [{ school: pick(SCHOOLS), degree: pick(DEGREES), major: '计算机科学', start: `${from}-09-01`, end: `${from + 4}-06-30` }],
    experience: Array.from({ length: Math.floor(random() * 3) }, (_, i) => ({
      company: pick(COMPANIES),
      position: pick(TITLES),
      start: `${from + 4 + i * 2}-07-01`,
      end: i === 0 && random() < 0.5 ? null : `${from + 6 + i * 2}-06-01`,
      description: '负责核心服务的设计与开发\nImproved throughput of the batch service',
    })),
  }
}

function makeJob(id: number, random: () => number, at: number): Job {
  const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!
  const companyId = 1001 + Math.floor(random() * COMPANIES.length)
  return {
    id,
    title: pick(TITLES),
    companyId,
    companyName: COMPANIES[companyId - 1001]!,
    location: `${pick(CITIES)}·中心`,
    description: '参与平台建设。\nBuild and run services.',
    requirements: '计算机相关专业',
    experience: pick(['3-5年', '5+年', '不限', '应届']),
    education: pick(['本科及以上', '硕士', '不限']),
    skills: [...new Set([pick(SKILLS), pick(SKILLS), pick(SKILLS)])],
    salary: random() < 0.3 ? '面议' : 'CNY 30000-45000/月',
    workType: pick(['全职', 'remote']),
    status: pick(['published', 'published', 'open', 'draft', 'paused', 'closed']),
    updatedAt: at - Math.floor(random() * 86_400_000 * 100),
  }
}

/** `users` people, a tenth as many jobs, five companies. The same for the same seed and time. */
export function makeData(users: number, { seed = 1, at = Date.now() - 3_600_000 }: { seed?: number; at?: number } = {}): ZervigoData {
  const random = seeded(seed)
  const data: ZervigoData = { users: new Map(), jobs: new Map(), companies: new Map() }
  for (let id = 1; id <= users; id++) data.users.set(id, makeUser(id, random, at))
  for (let id = 1; id <= Math.ceil(users / 10); id++) data.jobs.set(id, makeJob(id, random, at))
  COMPANIES.forEach((name, i) => {
    data.companies.set(1001 + i, {
      id: 1001 + i,
      name,
      industry: '互联网',
      size: '101-500人',
      city: CITIES[i]!,
      status: 'active',
      updatedAt: at,
    })
  })
  return data
}
