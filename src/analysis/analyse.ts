/** Everything that is said about a talent on request. */
import type { Reading } from '../canonical/reading.ts'
import type { Position, Talent } from '../canonical/schema.ts'
import { careerOf, jobsOf } from './career.ts'
import { dateFaults } from './faults.ts'
import { qualityOf } from './quality.ts'
import { recommend } from './recommend.ts'
import { schoolingOf } from './schooling.ts'
import type { Analysis } from './views.ts'

/**
 * `positions`: one to compare with, or those of a role; none for no recommendation about skills, years and degree. `unread`: pages of the document that
 * nobody could read.
 */
export type AnalyseOptions = { reading: Reading | null; unread: number[]; positions: Position[]; now: Date; updatedAt: Date }

/** Pure; well under a millisecond (`npm run bench -- analysis`). */
export function analyse(talent: Talent, { reading, unread, positions, now, updatedAt }: AnalyseOptions): Analysis {
  const jobs = jobsOf(talent, now)
  const career = careerOf(jobs)
  const schooling = schoolingOf(talent)
  const faults = dateFaults(talent, jobs, now)
  return {
    career,
    schooling,
    quality: qualityOf(talent, faults, { now, updatedAt }),
    recommendations: recommend({ talent, career, schooling, reading, unread, faults }, positions),
  }
}
