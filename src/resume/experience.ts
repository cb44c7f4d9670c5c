/** Jobs from the sections that list them. */
import type { Education, Experience, Project } from '../canonical/schema.ts'
import { joinBullets } from './bullets.ts'
import { toEducation } from './education.ts'
import { type Entry, stripBullet, toEntries } from './entries.ts'
import type { Piece } from './head-features.ts'
import { isMeasured, splitCommas, toPieces } from './heads.ts'
import { allPairs, pairsOf } from './labels.ts'
import { pieceKinds } from './models.ts'
import { toProject } from './projects.ts'
import { companyScore, isPlace, isRegion, levelOf, schoolScore, titleScore } from './words.ts'
import { unwrapped } from './wrapped.ts'

/** What a section of jobs holds: sections are often named for several things ("实习/项目经历", "学习及工作经历"). */
export type Mixed = { jobs: Experience[]; studies: Education[]; projects: Project[] }

/** `lines` are those of one section. Jobs without any date are found by their heads. */
export function readExperience(lines: string[]): Mixed {
  const all = datedOrNot(unwrapped(lines)).map((entry) => ({ entry, job: toJob(entry) }))
  const kinds = Map.groupBy(all, ({ entry, job }) => kindOf(entry, job))
  return {
    jobs: toJobs(kinds.get('job') ?? []),
    studies: (kinds.get('study') ?? []).map(({ entry }) => toEducation(entry)),
    projects: (kinds.get('project') ?? []).map(({ entry }) => toProject(entry)),
  }
}

const OWN_PROJECT = /个人项目|课程项目|课程设计|毕业设计|\b(?:personal|side|course|class) project\b/i
const PROJECT_NAME = /(?:项目|平台|系统|模板|课题|小程序|网站|工具|\bproject|\bapp|\bplatform)$/i

function kindOf({ head, body }: Entry, { company, title }: Experience): 'job' | 'study' | 'project' {
  const named = title !== null && titleScore(title) > 0
  if (!named && company && schoolScore(company) > 0 && head.some((line) => levelOf(line) !== null)) return 'study'
  if (named) return 'job'
  const own = [...head, ...body.slice(0, 2)].some((line) => line.length < 60 && OWN_PROJECT.test(line))
  return own || (company !== null && companyScore(company) === 0 && PROJECT_NAME.test(company)) ? 'project' : 'job'
}

function toJobs(some: { entry: Entry; job: Experience }[]): Experience[] {
  const entries = some.map(({ entry }) => entry)
  const jobs = some.map(({ job }) => job)
  keepTitles(entries, jobs)
  shareEmployers(jobs)
  return withoutBanners(jobs).filter((job) => job.company !== null || job.title !== null)
}

/** Ranges are the rule; lone dates beside titles ("Developer - 2019") come next, then heads without any date. */
function datedOrNot(texts: string[]): Entry[] {
  const ranged = toEntries(texts, { single: false })
  if (ranged.length > 0) return ranged
  const lone = toEntries(texts, { single: true }).filter((entry) =>
    entry.head
      .slice(0, entry.own)
      .flatMap(toPieces)
      .some((piece) => titleScore(piece) > 0),
  )
  return lone.length > 0 ? lone.map((entry) => ({ ...entry, start: entry.end })) : undated(texts)
}

function toJob(entry: Entry): Experience {
  const pairs = allPairs(entry.head)
  const labelled = (key: 'company' | 'title') => pairs.find((pair) => pair.key === key)?.value ?? null
  const found = assignHead(entry)
  const title = labelled('title') ?? found.title ?? titleBeforeColon(entry.body[0] ?? '')
  const company = labelled('company') ?? found.company
  const location = found.place
  // Lists whose bullets are drawn, not written, look like more lines of the head: those that named nothing are content.
  const unused = entry.head
    .slice(entry.own)
    .filter((line) => ![company, title, location].some((value) => value && line.includes(value)) && !allPairs([line]).length)
  return { company, title, location, start: entry.start, end: entry.end, bullets: joinBullets([...unused, ...entry.body]) }
}

/** "研发总监：负责……" on the first line below the employer. */
function titleBeforeColon(line: string): string | null {
  const words = /^([^:]{2,20}):/.exec(line)?.[1]
  return words && titleScore(words) >= 2 ? words : null
}

type Found = { company: string | null; title: string | null; place: string | null }

/** What stands up to the dates names the job; lines behind them are only asked where that is not enough. */
function assignHead(entry: Entry): Found {
  const plain = (lines: string[]) =>
    lines.flatMap((text, line) => (pairsOf(text).length === 0 ? toPieces(text).map((piece) => ({ text: piece, line })) : []))
  const pieces = plain(entry.head)
  const place = pieces.find(({ text }) => isPlace(text))?.text ?? null
  const own = pick(plain(entry.head.slice(0, entry.own)).filter(({ text }) => !isPlace(text)))
  const found =
    own.company && own.title && titleScore(own.title) > 0
      ? { ...own, place: placeIn(own.company) }
      : assign(pieces.filter(({ text }) => !isPlace(text)))
  return { title: found.title, company: found.company && withoutPlace(found.company), place: place ?? found.place }
}

function assign(pieces: Piece[]): Found {
  const whole = pick(pieces)
  if (whole.company && whole.title) return { ...whole, place: placeIn(whole.company) }
  // "Title, Company, City" in one piece: the commas are the borders.
  const parts = pieces.flatMap(({ text, line }) => splitCommas(text).map((part) => ({ text: part, line })))
  if (parts.length === pieces.length) return { ...whole, place: null }
  const finer = pick(parts.filter(({ text }) => !isPlace(text) && !/^[A-Z]{2}$/.test(text)))
  return {
    company: finer.company ?? whole.company,
    title: finer.title ?? whole.title,
    place: parts.find(({ text }) => isPlace(text))?.text ?? null,
  }
}

const SELF_EMPLOYED = /^(?:self[- ]employed|freelancer?|independent|自由职业|个体经营)$/i

/**
 * The best title, then the best employer among the rest, by their words. Where those say nothing, the tagger does, by order and neighbours; where
 * it sees none either, the first name left is taken for the employer.
 */
function pick(pieces: Piece[]): { company: string | null; title: string | null } {
  const some = pieces.slice(0, 6)
  const candidates = some.map(({ text }) => text)
  // "Partners" and "Associates" are in both lists.
  const title = best(
    candidates,
    (piece) => titleScore(piece) - (companyScore(piece) > 0 && companyScore(piece) >= titleScore(piece) ? 1.5 : 0),
  )
  // Who works on their own has that for an employer.
  const alone = candidates.find((piece) => SELF_EMPLOYED.test(piece))
  if (alone && title && candidates.some((piece) => piece !== alone && titleScore(piece) > 0))
    return {
      company: alone,
      title: best(
        candidates.filter((piece) => piece !== alone),
        titleScore,
      ),
    }
  const rest = candidates.filter((piece) => piece !== title)
  const named = best(rest, companyScore)
  const kinds = title && named ? [] : pieceKinds(some)
  const tagged = (kind: string, other: string | null) =>
    some.find(({ text }, i) => kinds[i] === kind && text !== other && isNameLike(text))?.text
  const company = named ?? tagged('COMPANY', title) ?? rest.find(isNameLike) ?? null
  return { company, title: title ?? tagged('TITLE', company) ?? rest.find((piece) => piece !== company && isNameLike(piece)) ?? null }
}

/** Short, and not the middle of a sentence. */
const isNameLike = (piece: string): boolean =>
  /\p{Script=Han}/u.test(piece)
    ? piece.length <= 25 && /\p{Script=Han}{2}/u.test(piece)
    : /^[\p{Lu}\d]|^[a-z]+\.[a-z]+$/u.test(piece) && /\p{L}{2}/u.test(piece) && piece.split(/\s+/).length <= 7

function best(pieces: string[], score: (piece: string) => number): string | null {
  let found: string | null = null
  let top = 0
  for (const piece of pieces) {
    const value = score(piece)
    if (value > top) [found, top] = [piece, value]
  }
  return found
}

/** "Acme, Austin, TX" and "Acme (Austin)" without the place; "University of California, Berkeley" is a name. */
function withoutPlace(company: string): string {
  const { name } = splitPlace(company)
  if (name !== company && !/\bUniversity of\b/i.test(name)) return name
  return company.replace(/\s+\((?![A-Z]{2,6}\))[^)]*\)$/, '')
}

function placeIn(company: string): string | null {
  return splitPlace(company).place
}

/** "Acme Corp, Springfield, IL": what stands in front of a state or country is its city, known or not. */
function splitPlace(text: string): { name: string; place: string | null } {
  const parts = splitCommas(text)
  const last = parts.at(-1)!
  if (parts.length >= 3 && isRegion(last) && companyScore(parts.at(-2)!) === 0)
    return { name: parts.slice(0, -2).join(', '), place: parts.slice(-2).join(', ') }
  if (parts.length >= 2 && (isPlace(last) || isRegion(last)) && companyScore(last) === 0)
    return { name: parts.slice(0, -1).join(', '), place: last }
  return { name: text, place: null }
}

/**
 * Under one employer's line, "Senior Engineer, Payments Core" is a title with its team, as it is in the first role; read alone it would pass for
 * a title and an employer.
 */
function keepTitles(entries: Entry[], jobs: Experience[]): void {
  entries.forEach(({ head, own }, i) => {
    const [job, above] = [jobs[i]!, jobs[i - 1]]
    const whole = own === 1 ? head[0]! : null
    const first = above && entries[i - 1]!.head.slice(0, entries[i - 1]!.own)
    const sameShape = first?.some((line) => line === above!.title) && above!.title!.includes(',')
    if (whole && sameShape && above!.company && job.title !== whole && job.company !== null && whole === `${job.title}, ${job.company}`)
      Object.assign(job, { title: whole, company: above!.company })
  })
}

/** "Acme, 2018 - present" over the roles held there is no job of its own. */
function withoutBanners(jobs: Experience[]): Experience[] {
  return jobs.filter((job, i) => {
    const next = jobs[i + 1]
    return !(
      job.title === null &&
      job.bullets.length === 0 &&
      next &&
      next.company === job.company &&
      next.title !== null &&
      holds(job, next)
    )
  })
}

/** Dates compare as text: years before months, `present` last. */
const holds = (outer: Experience, inner: Experience): boolean =>
  outer.start !== null &&
  inner.start !== null &&
  inner.start >= outer.start &&
  (outer.end === 'present' || (inner.end ?? '') <= (outer.end ?? ''))

/** One employer line over several roles: a role whose head names no employer belongs to the one above. */
function shareEmployers(jobs: Experience[]): void {
  jobs.forEach((job, i) => {
    const above = jobs[i - 1]
    // The team or client beside a role is no employer where the employer's own line stands over it.
    const banner = above && above.title === null && above.bullets.length === 0 && companyScore(above.company ?? '') >= 2
    if (banner && job.title !== null && companyScore(job.company ?? '') === 0 && holds(above, job)) job.company = above.company
    if (job.company === null && job.title !== null && above?.company) job.company = above.company
  })
}

/** Jobs that carry no dates: a line that looks like a title or an employer, behind content, opens the next one. */
function undated(texts: string[]): Entry[] {
  const entries: Entry[] = []
  let open = false
  // "PHP Developer (9 month)": where lengths are told in place of dates, they mark the heads.
  const measured = texts.filter(isMeasured).length >= 2
  for (const text of texts) {
    if (measured && isMeasured(text)) {
      entries.push({ start: null, end: null, head: [text], own: 2, body: [] })
      open = true
      continue
    }
    if (measured && entries.length > 0) {
      const last = entries.at(-1)!
      if (open && last.head.length < 2 && text.length < 70 && stripBullet(text) === text) last.head.push(text)
      else {
        last.body.push(text)
        open = false
      }
      continue
    }
    const score =
      text.length < 70 && !/[.。;]$/.test(text) && stripBullet(text) === text
        ? Math.max(...toPieces(text).map((piece) => Math.max(titleScore(piece), companyScore(piece))), 0)
        : 0
    const last = entries.at(-1)
    if (score >= 2 && (!open || !last || last.head.length >= 2)) {
      entries.push({ start: null, end: null, head: [text], own: 2, body: [] })
      open = true
    } else if (last && open && score >= 2) last.head.push(text)
    else {
      last?.body.push(text)
      open = false
    }
  }
  return entries
}
