/** Level and schools of a talent. */
import { LEVELS, type Talent } from '../canonical/schema.ts'
import { projectsOf } from './universities.ts'
import type { Schooling } from './views.ts'

export function schoolingOf({ education }: Talent): Schooling {
  const ranks = education.flatMap(({ level }) => (level === null ? [] : [LEVELS.indexOf(level)]))
  return {
    level: ranks.length === 0 ? null : LEVELS[Math.max(...ranks)]!,
    schools: education.flatMap(({ school }, i) =>
      school === null ? [] : [{ school, projects: projectsOf(school), evidence: [`/education/${i}/school`] }],
    ),
  }
}
