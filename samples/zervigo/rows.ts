/** Rows as the services write them into JSON: which fields, which types, which form of time. */
import type { Company, Job, User } from './data.ts'

/** One for each zone: to make one costs more than everything else of a row. */
const clocks = new Map<string, Intl.DateTimeFormat>()
function clockOf(zone: string): Intl.DateTimeFormat {
  const clock = clocks.get(zone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  clocks.set(zone, clock)
  return clock
}
/** Local time of the server's zone, which generation C labels as UTC. Swedish is written as ISO 8601. */
const wallTime = (at: number, zone: string): string => clockOf(zone).format(at).replace(' ', 'T')
const asZ = (at: number | null, zone: string) => (at === null ? null : `${wallTime(at, zone)}Z`)
const asOffset = (at: number | null) => (at === null ? null : `${wallTime(at, 'Asia/Shanghai')}+08:00`)

export const listedUser = (user: User, zone: string) => ({
  id: user.id,
  username: user.username,
  email: user.email,
  phone: user.phone,
  status: user.status,
  email_verified: true,
  phone_verified: user.phone !== null,
  subscription_status: 'free',
  subscription_type: null,
  subscription_expires_at: null,
  created_at: asZ(user.createdAt, zone),
  updated_at: asZ(user.updatedAt, zone),
  last_login_at: asZ(user.lastLoginAt, zone),
  role: '',
})

export const legacyUser = (user: User, _zone: string) => {
  const [first, ...rest] = (user.profile?.realName ?? '').split(' ')
  return {
    id: user.id,
    uuid: `00000000-0000-4000-8000-${String(user.id).padStart(12, '0')}`,
    username: user.username,
    email: user.email,
    first_name: rest.length > 0 ? first : (first ?? '').slice(1),
    last_name: rest.length > 0 ? rest.join(' ') : (first ?? '').slice(0, 1),
    phone: user.phone ?? '',
    avatar_url: '',
    status: user.status,
    role: 'guest',
    subscription_features: '{}',
    created_at: asOffset(user.createdAt),
    updated_at: asOffset(user.updatedAt),
    deleted_at: null,
  }
}

export const listedJob = (job: Job) => ({
  id: String(job.id),
  title: job.title,
  company: job.companyName,
  companyLogo: '',
  location: job.location,
  description: job.description,
  salary: job.salary,
  experience: job.experience,
  education: job.education,
  tags: job.skills,
  postTime: new Date(job.updatedAt).toISOString().slice(0, 10),
  isActive: job.status === 'published',
})

export const jobDetail = (job: Job, zone: string) => ({
  ...listedJob(job),
  requirements: job.requirements,
  responsibilities: '',
  companyId: job.companyId,
  companyName: job.companyName,
  workType: job.workType,
  salaryMin: null,
  salaryMax: null,
  salaryCurrency: 'CNY',
  salaryPeriod: 'month',
  skills: job.skills,
  benefits: [],
  perks: [],
  status: job.status,
  publishAt: null,
  updatedAt: asZ(job.updatedAt, zone),
})

export const legacyJob = (job: Job, _zone: string) => ({
  id: job.id,
  title: job.title,
  description: job.description,
  requirements: job.requirements,
  company_id: job.companyId,
  company_name: job.companyName,
  industry: '互联网',
  location: job.location,
  experience: job.experience,
  education: job.education,
  job_type: 'full-time',
  status: 'active',
  view_count: 3,
  created_at: null,
  updated_at: asOffset(job.updatedAt),
})

export const legacyCompany = (company: Company, _zone: string) => ({
  id: company.id,
  name: company.name,
  industry: company.industry,
  size: company.size,
  location: company.city,
  status: company.status,
  is_verified: true,
  updated_at: asOffset(company.updatedAt),
})
