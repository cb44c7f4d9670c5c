/** A talent in the form of JSON Resume (schema 1.0.0 of jsonresume.org). */
import type { Level, Talent } from './schema.ts'

const STUDY: Record<Level, string> = {
  highschool: 'High School',
  associate: 'Associate',
  bachelor: 'Bachelor',
  master: 'Master',
  phd: 'Doctorate',
}

/** An end in the present is no date there: the field is left out, as are all that are not known. */
const dates = ({ start, end }: { start: string | null; end: string | null }) => ({
  ...(start && start !== 'present' && { startDate: start }),
  ...(end && end !== 'present' && { endDate: end }),
})

const known = <T extends Record<string, unknown>>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== '')) as Partial<T>

const withScheme = (link: string): string => (/^https?:\/\//i.test(link) ? link : `https://${link}`)

export function toJsonResume(talent: Talent): Record<string, unknown> {
  const [email] = talent.emails
  const [phone] = talent.phones
  return {
    $schema: 'https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json',
    basics: {
      ...known({ name: talent.name, label: talent.title, email, phone, summary: talent.summary }),
      ...(talent.location && { location: { address: talent.location } }),
      profiles: talent.links.map((link) => ({ url: withScheme(link) })),
    },
    work: talent.experience.map((job) => ({
      ...known({ name: job.company, position: job.title, location: job.location }),
      ...dates(job),
      highlights: job.bullets,
    })),
    education: talent.education.map((entry) => ({
      ...known({ institution: entry.school, area: entry.field, studyType: entry.level ? STUDY[entry.level] : entry.degree }),
      ...dates(entry),
    })),
    projects: talent.projects.map((project) => ({
      ...known({ name: project.name }),
      ...(project.role && { roles: [project.role] }),
      ...dates(project),
      highlights: project.bullets,
    })),
    skills: talent.skills.map((name) => ({ name })),
    languages: talent.languages.map((language) => ({ language })),
    certificates: talent.certificates.map(({ name, date }) => known({ name, date })),
  }
}
