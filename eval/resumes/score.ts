/**
 * Scores read profiles against truth files, by the rules of the corpus: strings are equal after NFKC, case folding and removal of all but letters,
 * digits, + and #; "a|b" lists alternatives; dates are compared at the coarser precision; entries are aligned one to one, greedily.
 */

export type TruthEducation = { school: string | null; level: string | null; field: string | null; start: string | null; end: string | null }
export type TruthJob = { company: string | null; title: string | null; start: string | null; end: string | null }
export type Truth = {
  id: string
  lang: string
  layout?: string
  format: string
  file: string
  variants?: string[]
  text_layer?: string
  name: string | null
  email: string[]
  phone: string[]
  urls: string[]
  location: string | null
  education: TruthEducation[]
  experience: TruthJob[]
  skills: string[] | null
}
export type Profile = {
  status: 'ok' | 'unreadable'
  name?: string | null
  email?: string[]
  phone?: string[]
  urls?: string[]
  location?: string | null
  education?: TruthEducation[]
  experience?: TruthJob[]
  skills?: string[]
}

/** Right and total of a single value, or true positives, false positives and false negatives of a list. */
export type Counts = { right: number; total: number } | { tp: number; fp: number; fn: number }
export type Tally = Map<string, Counts>

const EDUCATION = ['school', 'level', 'field', 'start', 'end'] as const
const JOB = ['company', 'title', 'start', 'end'] as const
/** The 13 values whose unweighted mean is the field mean. */
export const MEAN = ['name', 'email', 'phone', ...EDUCATION.map((f) => `edu.${f}`), ...JOB.map((f) => `job.${f}`), 'skills']
export const BESIDE = ['urls', 'location', 'edu.complete', 'job.complete', 'status']

export const normal = (text: string | null | undefined): string =>
  (text ?? '')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}+#]/gu, '')
const alternatives = (truth: string): string[] => truth.split('|').filter((part) => part.trim() !== '')

export function same(truth: string, value: string | null | undefined): boolean {
  const key = normal(value)
  return key !== '' && (key === normal(truth) || alternatives(truth).some((one) => normal(one) === key))
}

function sameDate(truth: string, value: string | null | undefined): boolean {
  if (!value) return false
  return alternatives(truth).some((date) => {
    if (date === 'present' || value === 'present') return date === value
    const length = date.length === 4 || value.length === 4 ? 4 : 7
    return date.slice(0, length) === value.slice(0, length)
  })
}

const digits = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/\D/g, '')
    .replace(/^(?:00)?86(?=\d{8,})/, '')
export function samePhone(a: string, b: string): boolean {
  const [short, long] = [digits(a), digits(b)].sort((x, y) => x.length - y.length) as [string, string]
  return short === long ? short !== '' : short.length >= 7 && long.endsWith(short) && long.length - short.length <= 4
}
export const sameEmail = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase()
const bareUrl = (url: string): string =>
  url
    .trim()
    .toLowerCase()
    .replace(/^(?:https?:\/\/)?(?:www\.)?/, '')
    .replace(/\/+$/, '')
export const sameUrl = (a: string, b: string): boolean => bareUrl(a) === bareUrl(b)
const isMasked = (phone: string): boolean => /[x*＊●•#]/i.test(phone.replace(/ext\.?/i, ''))

/** 0 to 1: one for equal strings, 0.86 where one holds the other, else the share of common character pairs. */
function likeness(truth: string | null, value: string | null): number {
  const b = normal(value)
  if (!truth || b === '') return 0
  return Math.max(
    ...[truth, ...alternatives(truth)].map((one) => {
      const a = normal(one)
      if (a === b) return 1
      const contained = Math.min(a.length, b.length) >= 3 && (a.includes(b) || b.includes(a)) ? 0.86 : 0
      return Math.max(contained, dice(a, b))
    }),
  )
}

function dice(a: string, b: string): number {
  const pairs = (text: string) => Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2))
  const left = pairs(a)
  const right = pairs(b)
  let common = 0
  for (const pair of left) {
    const at = right.indexOf(pair)
    if (at >= 0) {
      common++
      right.splice(at, 1)
    }
  }
  return left.length + pairs(b).length === 0 ? 0 : (2 * common) / (left.length + pairs(b).length)
}

type Entry = { [field: string]: unknown }

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** Index of the prediction for each truth entry that has one. */
export function align(truth: Entry[], predicted: Entry[], fields: readonly string[]): Map<number, number> {
  const pairs: { score: number; t: number; p: number }[] = []
  truth.forEach((entry, t) => {
    predicted.forEach((guess, p) => {
      let score = 0
      for (const field of fields) {
        const value = entry[field] as string | null | undefined
        if (value == null) continue
        if (field === 'start' || field === 'end') score += sameDate(value, textOf(guess[field])) ? 0.6 : 0
        else if (field === 'level') score += same(value, textOf(guess[field])) ? 0.3 : 0
        else {
          const like = likeness(value, textOf(guess[field]))
          score += (field === 'school' || field === 'company' ? 2 : 1) * (like >= 0.4 ? like : 0)
        }
      }
      if (score >= 0.6) pairs.push({ score, t, p })
    })
  })
  pairs.sort((a, b) => b.score - a.score || a.t - b.t || a.p - b.p)
  const out = new Map<number, number>()
  const used = new Set<number>()
  for (const { t, p } of pairs) {
    if (out.has(t) || used.has(p)) continue
    out.set(t, p)
    used.add(p)
  }
  return out
}

export const fieldRight = (field: string, truth: string, value: string | null | undefined): boolean =>
  field === 'start' || field === 'end' ? sameDate(truth, value) : same(truth, value)

/** Tallies one document. `broken` says that its text cannot be read without OCR: then "unreadable" is right. */
export function scoreOne(truth: Truth, profile: Profile | undefined, broken: boolean): Tally {
  const tally: Tally = new Map()
  const status = profile?.status
  const right = (key: string, ok: boolean) => add(tally, key, { right: ok ? 1 : 0, total: 1 })
  if (broken) {
    const read = (truth.name && same(truth.name, profile?.name)) || truth.email.some((a) => profile?.email?.some((b) => sameEmail(a, b)))
    right('status', status === 'unreadable' || (status === 'ok' && (Boolean(read) || !(truth.name || truth.email.length > 0))))
    if (status === 'unreadable') return tally
  } else right('status', status === 'ok')
  const seen: Partial<Profile> = status === 'ok' ? profile! : {}
  if (truth.name) right('name', same(truth.name, seen.name))
  const emails = (list: string[] = []) => list.filter((email) => !/^x+@/i.test(email))
  add(tally, 'email', pairs(emails(truth.email), emails(seen.email), sameEmail))
  if (!truth.phone.some(isMasked))
    add(
      tally,
      'phone',
      pairs(
        truth.phone,
        (seen.phone ?? []).filter((one) => !isMasked(one)),
        samePhone,
      ),
    )
  add(tally, 'urls', pairs(truth.urls, seen.urls ?? [], sameUrl))
  if (truth.location) {
    const key = normal(seen.location)
    right(
      'location',
      key !== '' &&
        alternatives(truth.location).some(
          (one) => normal(one) === key || (key.length >= 2 && (normal(one).includes(key) || key.includes(normal(one)))),
        ),
    )
  }
  entries(tally, 'edu', truth.education, seen.education ?? [], EDUCATION)
  entries(tally, 'job', truth.experience, seen.experience ?? [], JOB)
  if (truth.skills) {
    const unique = new Map((seen.skills ?? []).map((skill) => [normal(skill), skill]))
    add(tally, 'skills', pairs(truth.skills, [...unique.values()], same))
  }
  return tally
}

function entries(tally: Tally, kind: string, truth: Entry[], predicted: Entry[], fields: readonly string[]): void {
  const matched = align(truth, predicted, fields)
  let complete = 0
  truth.forEach((entry, t) => {
    const guess = matched.has(t) ? predicted[matched.get(t)!] : undefined
    let all = guess !== undefined
    for (const field of fields) {
      const value = entry[field] as string | null | undefined
      if (value == null) continue
      const ok = guess !== undefined && fieldRight(field, value, textOf(guess[field]))
      add(tally, `${kind}.${field}`, { right: ok ? 1 : 0, total: 1 })
      all &&= ok
    }
    if (all) complete++
  })
  add(tally, `${kind}.complete`, { tp: complete, fp: predicted.length - complete, fn: truth.length - complete })
}

function pairs(truth: string[], predicted: string[], equal: (a: string, b: string) => boolean): Counts {
  const left = [...predicted]
  let tp = 0
  for (const value of truth) {
    const at = left.findIndex((one) => equal(value, one))
    if (at < 0) continue
    tp++
    left.splice(at, 1)
  }
  return { tp, fp: left.length, fn: truth.length - tp }
}

function add(tally: Tally, key: string, counts: Counts): void {
  const known = tally.get(key) as Record<string, number> | undefined
  if (!known) tally.set(key, { ...counts })
  else for (const [name, n] of Object.entries(counts)) known[name] = (known[name] ?? 0) + n
}

export function merge(tallies: Tally[]): Tally {
  const all: Tally = new Map()
  for (const tally of tallies) for (const [key, counts] of tally) add(all, key, counts)
  return all
}

/** Accuracy, or F1 of a list; null where there was nothing to find. */
export function rateOf(counts: Counts | undefined): number | null {
  if (!counts) return null
  if ('total' in counts) return counts.total === 0 ? null : counts.right / counts.total
  return counts.tp + counts.fn === 0 ? null : (2 * counts.tp) / (2 * counts.tp + counts.fp + counts.fn)
}

export function fieldMean(tally: Tally): number | null {
  const values = MEAN.map((key) => rateOf(tally.get(key))).filter((value) => value !== null)
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}
