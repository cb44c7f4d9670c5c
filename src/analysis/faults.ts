/** What in the dates of a talent cannot be right. */
import type { Talent } from '../canonical/schema.ts'
import { type Job, monthOf } from './career.ts'

export type DateFault = { code: 'date-order' | 'future-date' | 'overlap'; en: string; zh: string; evidence: string[] }

/** Two posts at once are common for a while: handing over, part time. In months. */
const MAX_OVERLAP = 6

export function dateFaults(talent: Talent, jobs: Job[], now: Date): DateFault[] {
  const faults: DateFault[] = []
  const today = `${now.getUTCFullYear()}-${String(now.getUTCMonth() + 1).padStart(2, '0')}`
  for (const list of ['experience', 'education'] as const)
    talent[list].forEach(({ start, end }, i) => {
      const base = `/${list}/${i}`
      if (start && end && start !== 'present' && end !== 'present' && compare(end, start) < 0)
        faults.push({
          code: 'date-order',
          en: `It ends (${end}) before it begins (${start}).`,
          zh: `结束时间（${end}）早于开始时间（${start}）。`,
          evidence: [`${base}/start`, `${base}/end`],
        })
      if (list === 'experience' && start && start !== 'present' && compare(start, today) > 0)
        faults.push({
          code: 'future-date',
          en: `It begins in the future (${start}).`,
          zh: `开始时间在未来（${start}）。`,
          evidence: [`${base}/start`],
        })
    })
  const spans = jobs.flatMap((one) => (one.span && !one.internship ? [{ ...one, ...one.span }] : [])).sort((a, b) => a.from - b.from)
  for (let i = 1; i < spans.length; i++) {
    const [before, after] = [spans[i - 1]!, spans[i]!]
    const months = Math.min(before.to, after.to, monthOf(now)) - after.from
    if (months > MAX_OVERLAP && before.job.company !== after.job.company)
      faults.push({
        code: 'overlap',
        en: `Two employers at the same time for ${months} months.`,
        zh: `两段工作重叠 ${months} 个月。`,
        evidence: [`/experience/${before.index}`, `/experience/${after.index}`],
      })
  }
  return faults
}

/** At the coarser precision of the two. */
function compare(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  const [x, y] = [a.slice(0, length), b.slice(0, length)]
  return x < y ? -1 : x > y ? 1 : 0
}
