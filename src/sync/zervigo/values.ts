/** Zervigo's enumerations, in English, Chinese and numbers, as ours. */
import type { Level } from '../../canonical/schema.ts'
import type { Fault } from '../../errors.ts'

/** Highest first: `本科及以上` asks for 本科. */
const LEVELS: [RegExp, Level][] = [
  [/博士|ph\.?\s?d|doctor/i, 'phd'],
  [/硕士|研究生|master|mba|m\.?sc/i, 'master'],
  [/本科|学士|bachelor|b\.?sc/i, 'bachelor'],
  [/大专|专科|高职|associate|college/i, 'associate'],
  [/高中|中专|high\s?school/i, 'highschool'],
]
export const levelOf = (value: unknown): Level | null =>
  typeof value === 'string' ? (LEVELS.find(([pattern]) => pattern.test(value))?.[1] ?? null) : null

export const statusOf = {
  talent(value: unknown, deletedAt: unknown, faults: Fault[]): 'active' | 'inactive' | 'archived' | null {
    if (value === 'deleted' || (deletedAt !== undefined && deletedAt !== null)) return 'archived'
    if (value === undefined || value === null || value === '') return null
    switch (String(value).toLowerCase()) {
      case 'active':
      case 'pending':
      case '1':
        return 'active'
      case 'inactive':
      case 'suspended':
      case 'disabled':
      case '0':
        return 'inactive'
      default:
        faults.push({ pointer: '/status', detail: 'is not a status that we know; taken as inactive' })
        return 'inactive'
    }
  },
  position(value: unknown, isActive: unknown): 'draft' | 'open' | 'paused' | 'closed' | null {
    switch (String(value ?? '').toLowerCase()) {
      case 'published':
      case 'open':
      case 'active':
        return 'open'
      case 'draft':
        return 'draft'
      case 'paused':
        return 'paused'
      case 'closed':
      case 'expired':
      case 'inactive':
        return 'closed'
      default:
        return isActive === true ? 'open' : isActive === false ? 'closed' : null
    }
  },
  company(value: unknown): 'active' | 'inactive' | null {
    if (value === undefined || value === null || value === '') return null
    return ['active', '1', 'true'].includes(String(value).toLowerCase()) ? 'active' : 'inactive'
  },
}
