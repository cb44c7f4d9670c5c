/** Months, gaps, changes and seniority from the jobs of a talent. */
import type { Experience, Talent } from '../canonical/schema.ts'
import { type Months, mergedMonths, toMonths } from '../matching/tenure.ts'
import type { Career, SENIORITIES } from './views.ts'

/** Gaps shorter than this are notice periods and holidays. In months. */
const MIN_GAP = 3
/** Years of work from which a talent without a telling title counts as mid or senior. */
const MID_MONTHS = 24
const SENIOR_MONTHS = 72

export type Job = { index: number; job: Experience; span: Months | null; internship: boolean }

export const monthOf = (now: Date): number => now.getUTCFullYear() * 12 + now.getUTCMonth() + 1

export function jobsOf(talent: Talent, now: Date): Job[] {
  return talent.experience.map((job, index) => ({
    index,
    job,
    span: toMonths(job.start, job.end, monthOf(now)),
    internship: isInternship(job),
  }))
}

const isInternship = ({ title, company }: Experience): boolean =>
  /实习|實習|见习|\bintern(?:ship)?\b|\btrainee\b/i.test(`${title ?? ''} ${company ?? ''}`)

export function careerOf(jobs: Job[]): Career {
  const regular = jobs.filter((one) => !one.internship)
  const spans = regular.flatMap((one) => one.span ?? [])
  const months = spans.length === 0 ? null : mergedMonths(spans)
  const employers = new Set(regular.flatMap(({ job }) => (job.company ? nameOf(job.company) : [])))
  const current = jobs.filter(({ job }) => job.end === 'present').toSorted((a, b) => (b.span?.from ?? 0) - (a.span?.from ?? 0))[0]
  return {
    months,
    internshipMonths: mergedMonths(jobs.filter((one) => one.internship).flatMap((one) => one.span ?? [])),
    current: current ? { company: current.job.company, title: current.job.title, evidence: [at(current.index)] } : null,
    jobChanges: Math.max(0, employers.size - 1),
    averageMonthsPerEmployer: months === null || employers.size === 0 ? null : Math.round((months / employers.size) * 10) / 10,
    gaps: gapsOf(regular),
    ...seniorityOf(jobs, months),
  }
}

const at = (index: number, field?: string): string => `/experience/${index}${field ? `/${field}` : ''}`
const nameOf = (company: string): string => company.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim()
const dateOf = (month: number): string => `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`
const isExact = (date: string | null): boolean => date === 'present' || /^\d{4}-\d{2}$/.test(date ?? '')

/** Only between dates with months: years alone say nothing about half a year. */
function gapsOf(jobs: Job[]): Career['gaps'] {
  const spans = jobs.flatMap(({ index, job, span }) => (span ? [{ index, job, ...span }] : [])).sort((a, b) => a.from - b.from)
  const gaps: Career['gaps'] = []
  let last = spans[0]
  for (const next of spans.slice(1)) {
    if (last && next.from - last.to >= MIN_GAP && isExact(next.job.start) && isExact(last.job.end))
      gaps.push({
        from: dateOf(last.to),
        to: dateOf(next.from - 1),
        months: next.from - last.to,
        evidence: [at(last.index, 'end'), at(next.index, 'start')],
      })
    if (!last || next.to > last.to) last = next
  }
  return gaps
}

type Seniority = (typeof SENIORITIES)[number]
/** The first that fits decides, so that "Senior Vice President" is an executive and a "Lead Engineer (Intern)" an intern. */
const TITLES: [RegExp, Seniority][] = [
  [/实习|實習|\bintern\b|\btrainee\b/i, 'intern'],
  [/助理$|\bassistant to\b/i, 'junior'],
  [/总裁|总经理|首席|董事|创始人|合伙人|\bC[EFTOIP]O\b|\bchief\b|\bpresident\b|\bvp\b|\bfounder\b|\bpartner\b|副总(?!监)/i, 'executive'],
  [/总监|負責人|负责人|主管|经理(?!助理)|部长|主任|组长|\blead\b|\bhead of\b|\bdirector\b|\bmanager\b|\bprincipal\b|\bstaff\b/i, 'lead'],
  [/高级|资深|專家|专家|\bsenior\b|\bsr\.?\b|\bexpert\b/i, 'senior'],
  [/初级|助理|\bjunior\b|\bjr\.?\b|\bassistant\b|\bgraduate\b/i, 'junior'],
]

function seniorityOf(jobs: Job[], months: number | null): { seniority: Seniority | null; seniorityEvidence: string[] } {
  const latest = jobs.toSorted((a, b) => (b.span?.to ?? 0) - (a.span?.to ?? 0) || a.index - b.index)[0]
  const said = TITLES.find(([pattern]) => pattern.test(latest?.job.title ?? ''))?.[1]
  if (latest && said) return { seniority: said, seniorityEvidence: [at(latest.index, 'title')] }
  if (months === null) return { seniority: null, seniorityEvidence: [] }
  const seniority = months >= SENIOR_MONTHS ? 'senior' : months >= MID_MONTHS ? 'mid' : 'junior'
  return { seniority, seniorityEvidence: jobs.filter((one) => one.span && !one.internship).map(({ index }) => at(index)) }
}
