/** A profile in a few lines for a terminal. */
import type { Talent } from '../canonical/schema.ts'

const line = (label: string, value: string): string => (value === '' ? '' : `  ${label.padEnd(12)}${value}\n`)
const list = (label: string, values: string[]): string => values.map((value, i) => line(i === 0 ? label : '', value)).join('')
const joined = (...parts: (string | null)[]): string => parts.filter((part) => part).join(' · ')
const span = ({ start, end }: { start: string | null; end: string | null }): string =>
  start && end ? `${start} – ${end}` : (end ?? start ?? '')

/** Indented by two blanks; what is not known has no line. */
export function summary(talent: Talent): string {
  const { intention } = talent
  return [
    line('name', talent.name ?? '(not found)'),
    line('contacts', joined(...talent.emails, ...talent.phones, ...talent.links)),
    line('location', talent.location ?? ''),
    line('title', talent.title ?? ''),
    line('wants', intention ? joined(intention.title, intention.cities.join(', '), intention.salary) : ''),
    list(
      'experience',
      talent.experience.map((job) => joined(span(job), job.company, job.title, job.location)),
    ),
    list(
      'education',
      talent.education.map((entry) => joined(span(entry), entry.school, entry.degree ?? entry.level, entry.field)),
    ),
    list(
      'projects',
      talent.projects.map((project) => joined(span(project), project.name, project.role)),
    ),
    line('skills', talent.skills.join(', ')),
    line('languages', talent.languages.join(', ')),
    list(
      'certificates',
      talent.certificates.map(({ name, date }) => joined(date, name)),
    ),
  ].join('')
}
