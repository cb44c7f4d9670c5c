/** Zervigo's records in canonical fields: pure functions. Null stays null, no time is invented, and what does not fit is said, not guessed. */
import type { TalentInput } from '../../canonical/incoming.ts'
import { AppError, type Fault } from '../../errors.ts'
import type { Mapped, Raw } from '../source.ts'
import { arrayOf, date, first, list, numberOf, plain, text } from './fields.ts'
import { levelOf, statusOf } from './values.ts'

type Row = Record<string, unknown>

/** Throws `record-rejected` where the record cannot be used at all. */
export function mapZervigo(raw: Raw): Mapped {
  if (!/^[1-9]\d{0,17}$/.test(raw.id)) throw rejected('/id', 'is not a whole number above 0')
  const key = { system: 'zervigo', entity: raw.entity, id: raw.id }
  const faults: Fault[] = []
  switch (raw.entity) {
    case 'users':
      return {
        kind: 'talent',
        key,
        data: user(raw.value, faults),
        unknown: isPrivate(raw.value) ? [] : unknownOf(raw.value, USER_FIELDS),
        faults,
      }
    case 'jobs':
      return { kind: 'position', key, data: job(raw.value), unknown: unknownOf(raw.value, JOB_FIELDS), faults }
    case 'companies':
      return { kind: 'company', key, data: company(raw.value), unknown: unknownOf(raw.value, COMPANY_FIELDS), faults }
    case 'applications':
      return { kind: 'relation', key, data: application(raw.value), unknown: unknownOf(raw.value, APPLICATION_FIELDS), faults }
    default:
      throw rejected('', `Zervigo has no ${raw.entity}`)
  }
}

const rejected = (pointer: string, detail: string): AppError =>
  new AppError('record-rejected', undefined, { faults: [{ pointer, detail }] })
const unknownOf = (value: Row, known: Set<string>): string[] => Object.keys(value).filter((name) => !known.has(name))

/** Known fields, those that are read and those that are left out on purpose (counters, logins, what is private). */
const USER_FIELDS = new Set(
  'id uuid username name userName user_name email phone userPhone contact_phone status role created_at updated_at deleted_at last_login last_login_at last_login_time last_login_ip email_verified phone_verified subscription_status subscription_type subscription_expires_at subscription_expiry subscription_features accessible_versions version_quota first_name last_name avatar_url userStatus loginStatus is_private profile skills education experience password_hash wechat qq legal_representative_id'.split(
    ' ',
  ),
)
const JOB_FIELDS = new Set(
  'id title description requirements responsibilities company company_id companyId company_name companyName company_logo companyLogo job_category job_subcategory job_level work_type workType job_type work_location location work_address remote_allowed salary salary_min salary_max salaryMin salaryMax salary_currency salaryCurrency salary_period salaryPeriod salary_negotiable experience experience_required education education_required tags skills skills_required technologies languages_required benefits perks status isActive postTime publish_at publishAt expire_at created_at updated_at updatedAt createdAt created_by deleted_at view_count viewCount apply_count favorite_count industry'.split(
    ' ',
  ),
)
const COMPANY_FIELDS = new Set(
  'id company_id name company_name short_name industry company_size size website address location city province country description status verification_status logo_url is_verified contact_name contact_phone contact_email created_at updated_at deleted_at created_by legal_rep_user_id authorized_users unified_social_credit_code view_count'.split(
    ' ',
  ),
)
const APPLICATION_FIELDS = new Set('id job_id user_id resume_id cover_letter status stage created_at updated_at applied_at'.split(' '))

const EMAIL = /^[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>()]+$/u
const PHONE = /^\+?[\d\s().-]{5,24}$/

function user(value: Row, faults: Fault[]): TalentInput {
  const profile = (value.profile ?? null) as Row | null
  const status = statusOf.talent(first(value, 'status', 'userStatus'), value.deleted_at, faults)
  // Whoever is not public, or whose résumé is private, is known to exist; nothing else is taken over without a rule of their own.
  if (isPrivate(value)) return { status }
  const email = text(value.email)?.toLowerCase() ?? null
  const emails = email !== null && EMAIL.test(email) ? [email] : []
  if (email !== null && emails.length === 0) faults.push({ pointer: '/email', detail: 'is not an e-mail address' })
  const phone = text(first(value, 'phone', 'userPhone', 'contact_phone')) ?? text(profile?.phone)
  if (phone !== null && !PHONE.test(phone)) faults.push({ pointer: '/phone', detail: 'is not a phone number' })
  const full = fullName(text(value.first_name), text(value.last_name))
  const name =
    text(profile?.real_name) ?? text(first(value, 'real_name', 'name')) ?? full ?? text(first(value, 'username', 'userName', 'user_name'))
  if (name === null && emails.length === 0) throw rejected('/username', 'the record has neither a name nor an e-mail address')
  const data: TalentInput = {
    name,
    emails,
    phones: phone !== null && PHONE.test(phone) ? [phone] : [],
    status,
  }
  if (profile !== null) Object.assign(data, ofProfile(profile, faults))
  if (Array.isArray(value.skills))
    data.skills = [...new Set(arrayOf(value.skills).flatMap((one) => text(first(one, 'skill_name', 'name')) ?? []))]
  if (Array.isArray(value.education)) data.education = educationOf(value.education)
  if (Array.isArray(value.experience)) data.experience = experienceOf(value.experience)
  return data
}

const isPrivate = ({ is_private, profile }: Row): boolean => is_private === true || (profile as Row | null | undefined)?.is_public === false

/** 欧阳静远, but Ada Quill. */
function fullName(given: string | null, family: string | null): string | null {
  const chinese = /\p{Script=Han}/u.test(`${family}${given}`)
  return text((chinese ? [family, given] : [given, family]).filter(Boolean).join(chinese ? '' : ' '))
}

function ofProfile(profile: Row, faults: Fault[]): TalentInput {
  const years = numberOf(profile.work_experience)
  const fits = years !== null && years >= 0 && years <= 50
  if (years !== null && !fits) faults.push({ pointer: '/work_experience', detail: 'is not between 0 and 50 years' })
  const cities = list(profile.location_preferences)
  return {
    title: text(profile.current_position),
    location: text(profile.city) ?? text(profile.province) ?? null,
    years: fits ? years : null,
    ...(cities.length > 0 && { intention: { title: null, cities, salary: null } }),
  }
}

/** The highest degree first: whoever reads the first entry for the highest is right. */
function educationOf(rows: unknown[]): NonNullable<TalentInput['education']> {
  const rank = { phd: 5, master: 4, bachelor: 3, associate: 2, highschool: 1 }
  return arrayOf(rows)
    .map((one) => ({
      school: text(first(one, 'school_name', 'school')),
      degree: text(one.degree),
      level: levelOf(one.degree),
      field: text(first(one, 'major', 'field')),
      start: date(one.start_date),
      end: one.is_current === true ? 'present' : date(one.end_date),
    }))
    .sort((a, b) => (b.level ? rank[b.level] : 0) - (a.level ? rank[a.level] : 0) || ((a.start ?? '') < (b.start ?? '') ? 1 : -1))
}

function experienceOf(rows: unknown[]): NonNullable<TalentInput['experience']> {
  return arrayOf(rows)
    .map((one) => ({
      company: text(first(one, 'company_name', 'company')),
      title: text(first(one, 'position', 'title')),
      location: text(first(one, 'location', 'work_location')),
      start: date(one.start_date),
      end: one.is_current === true ? 'present' : date(one.end_date),
      bullets: [...plain(first(one, 'job_description', 'description')), ...plain(one.achievements)],
    }))
    .sort((a, b) => ((a.start ?? '') < (b.start ?? '') ? 1 : -1))
}

function job(value: Row): Extract<Mapped, { kind: 'position' }>['data'] {
  const title = text(value.title)
  if (title === null) throw rejected('/title', 'the job has no title')
  const years = yearsOf(first(value, 'experience_required', 'experience'))
  return {
    title,
    company: text(first(value, 'company_name', 'companyName', 'company')),
    city: cityOf(text(first(value, 'work_location', 'location'))),
    remote: value.remote_allowed === true || /remote|远程/i.test(String(first(value, 'work_type', 'workType') ?? '')),
    description: [value.description, value.responsibilities, value.requirements].flatMap(plain).join('\n').slice(0, 20_000),
    mustSkills: list(first(value, 'skills_required', 'skills', 'technologies', 'tags')),
    minYears: years[0],
    maxYears: years[1],
    minLevel: levelOf(first(value, 'education_required', 'education')),
    status: statusOf.position(value.status, value.isActive),
  }
}

/** `3-5年`, `5+年`, `3 years`, `应届` or `不限`. */
export function yearsOf(value: unknown): [number | null, number | null] {
  const words = text(value)
  if (words === null || /不限|any/i.test(words)) return [null, null]
  if (/应届|entry|fresh/i.test(words)) return [0, 1]
  const found = /(\d{1,2})(?:\s*[-–~至]\s*(\d{1,2}))?/.exec(words)
  if (!found) return [null, null]
  const low = Number(found[1])
  const most = /以下|within|under/i.test(words) && found[2] === undefined
  return most ? [null, low] : [low, found[2] === undefined ? null : Math.max(low, Number(found[2]))]
}

/** `上海·浦东` is in Shanghai: the city stands first. */
const cityOf = (location: string | null): string | null => (location === null ? null : location.split(/[·•|/]/)[0]!.trim() || null)

function company(value: Row): Extract<Mapped, { kind: 'company' }>['data'] {
  const name = text(first(value, 'company_name', 'name'))
  if (name === null) throw rejected('/company_name', 'the company has no name')
  return {
    name,
    industry: text(value.industry),
    size: text(first(value, 'company_size', 'size')),
    city: cityOf(text(first(value, 'city', 'location'))),
    website: text(value.website),
    description: plain(value.description).join('\n').slice(0, 20_000) || null,
    status: statusOf.company(value.status),
  }
}

function application(value: Row): Extract<Mapped, { kind: 'relation' }>['data'] {
  const end = (entity: string, id: unknown) => {
    if (!/^[1-9]\d{0,17}$/.test(String(id)))
      throw rejected(`/${entity === 'users' ? 'user_id' : 'job_id'}`, 'is not a whole number above 0')
    return { system: 'zervigo', entity, id: String(id) }
  }
  return {
    type: 'applied',
    from: { kind: 'talent', key: end('users', value.user_id) },
    to: { kind: 'position', key: end('jobs', value.job_id) },
    status: text(value.status),
  }
}
