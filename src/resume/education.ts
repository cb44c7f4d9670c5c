/** Schools from the sections that list them, or from the labels of a form. */
import type { Education } from '../canonical/schema.ts'
import { findDate } from './dates.ts'
import { type Entry, stripBullet, toEntries } from './entries.ts'
import { splitCommas, toPieces } from './heads.ts'
import { allPairs, type Pair } from './labels.ts'
import { isPlace, levelOf, schoolScore } from './words.ts'
import { unwrapped } from './wrapped.ts'

/** `lines` are those of one section. */
export function readEducation(lines: string[]): Education[] {
  const texts = unwrapped(lines)
  const dated = toEntries(texts, { single: true })
  const entries = dated.length > 0 ? mergeLate(dated.flatMap(splitUndated)) : undated(texts)
  return entries.map(toEducation).filter((entry) => entry.school !== null || (entry.level !== null && entry.field !== null))
}

/** The one school a form's labels name ("毕业院校：… 学历：… 专业：…"), or null. */
export function educationFromPairs(pairs: Pair[]): Education | null {
  const value = (key: Pair['key']) => pairs.find((pair) => pair.key === key)?.value ?? null
  const school = value('school')
  if (!school) return null
  const degree = value('level')
  const end = findDate(value('graduation') ?? '')?.end ?? null
  return { school: toPieces(school)[0] ?? school, degree, level: degree ? levelOf(degree) : null, field: value('field'), start: null, end }
}

const namesSchool = (line: string): boolean => toParts(line).some((part) => schoolScore(part) > 0)

/** A line that names a school, behind the head of an entry that has one, opens an entry without dates. */
function splitUndated(entry: Entry): Entry[] {
  const own = entry.head.slice(0, entry.own)
  const rest = [...entry.head.slice(entry.own), ...entry.body]
  const at = own.some(namesSchool) ? rest.findIndex((line) => line.length < 90 && isNewSchool(line)) : -1
  if (at < 0) return [entry]
  const first = { ...entry, head: [...own, ...rest.slice(0, at)], body: [] }
  return [first, ...undated(rest.slice(at))]
}

/** A department of the school above is no school, nor is a place where one studied for a while. */
const isNewSchool = (line: string): boolean =>
  stripBullet(line) === line &&
  !NOISE.test(line) &&
  toParts(line).some((part) => schoolScore(part) > 0 && !/学院$|學院$|\b(?:school|college|faculty) of\b/i.test(part))

const LATE = /毕业|畢業|预计|expected|graduat|anticipated/i

/** "预计 2016 年 3 月毕业" below a school is no entry of its own: it says more about the one above. */
function mergeLate(entries: Entry[]): Entry[] {
  const out: Entry[] = []
  for (const entry of entries) {
    const last = out.at(-1)
    const late =
      last &&
      entry.start === null &&
      [...entry.head, ...entry.body].some((line) => LATE.test(line)) &&
      last.head.some(namesSchool) &&
      !last.head.some((line) => levelOf(line) !== null) &&
      ![...entry.head, ...entry.body].some(namesSchool)
    if (last && late)
      out[out.length - 1] = {
        ...last,
        head: [...last.head, ...entry.head],
        end: last.end ?? entry.end,
        body: [...last.body, ...entry.body],
      }
    else out.push(entry)
  }
  return out
}

const NOISE =
  /gpa|绩点|排名|rank|主修课程|核心课程|courses?work|主要课程|thesis|论文|honou?rs?\b|cum laude|dean'?s list|expected|graduat|relevant|grade|专业课|(?:一|二|三)等奖|奖学金|scholarship|minor/i

export function toEducation(entry: Entry): Education {
  const lines = [...entry.head, ...entry.body.slice(0, 3).filter((line) => line.length < 80)]
  const pairs = allPairs(lines)
  const labelled = (key: Pair['key']) => pairs.find((pair) => pair.key === key)?.value ?? null
  const plain = lines.filter((line) => allPairs([line]).every((pair) => pair.key === 'ignored'))
  const pieces = plain.flatMap(toPieces)
  const parts = plain.flatMap(toParts)
  const school = labelled('school') ?? findSchool(parts, pieces)
  const rest = parts.filter((part) => part !== school && !isPlace(part))
  const degreePart = rest.find((part) => levelOf(part) !== null) ?? null
  const inside = /[(（]([^()（）]*)[)）]$/.exec(school ?? '')?.[1] ?? ''
  const degree = labelled('level') ?? degreePart ?? (levelOf(inside) ? inside : null)
  const level = degree ? levelOf(degree) : null
  const programme = degreePart === null ? (rest.find((part) => PROGRAMME.test(part)) ?? null) : null
  const field =
    labelled('field') ??
    (programme ? ((/\bin\b/.test(programme) ? fieldIn(programme) : null) ?? clean(programme)) : null) ??
    (degreePart ? fieldIn(degreePart) : null) ??
    findField(rest, degreePart)
  return {
    school: school ? bareSchool(school) : null,
    degree: degree?.replace(/[.。]$/, '').slice(0, 300) ?? null,
    level,
    field,
    start: entry.start,
    end: entry.end,
  }
}

/** "Stonebrook College BSc in History" is a school and a degree, in either order. */
function splitDegree(piece: string): string[] {
  const degree = /\b(?:B\.?Sc?|M\.?Sc?|B\.?A|M\.?A|B\.?Eng|M\.?Eng|MBA|Ph\.?D|Bachelor|Master|Doctor|Associate|Diploma)\b/.exec(piece)
  if (!degree || schoolScore(piece) === 0 || degree.index === 0) return [piece]
  const [school, rest] = [piece.slice(0, degree.index).trim(), piece.slice(degree.index)]
  return schoolScore(school) > 0 && schoolScore(rest) === 0 && !/\bof$/i.test(school) ? [school.replace(/[\s,–-]+$/, ''), rest] : [piece]
}

/** Pieces divided at commas and at the ends of sentences: "NAU (National Aviation University). Computer science". */
const toParts = (line: string): string[] =>
  toPieces(line)
    .flatMap(splitDegree)
    .flatMap((piece) => (/\p{Script=Han}/u.test(piece) ? [piece] : piece.split(/(?<=[)\p{Ll}]{2})\.\s+(?=\p{Lu})/u)))
    .flatMap((piece) =>
      schoolScore(piece) > 0 && /^[^,]*,\s+[^,]*$/.test(piece) && /\bUniversity of [^,]+,/.test(piece) ? [piece] : splitCommas(piece),
    )

/** Without what brackets add: the programme the school belonged to, the degree, the city. */
function bareSchool(school: string): string {
  const inside = /\s*[([【]([^()[\]【】]*)[)\]】]$/.exec(school)
  if (!inside) return school
  return /985|211|双一流|统招|全日制|自考|成人/.test(inside[1]!) ||
    levelOf(inside[1]!) !== null ||
    isPlace(inside[1]!) ||
    /^[A-Z][a-z]+$/.test(inside[1]!)
    ? school.slice(0, inside.index)
    : school
}

/** What is taken in place of a degree: a course of studies, not a school. */
const PROGRAMME = /\b(?:programme?|certificate|diploma|bootcamp|immersive|nanodegree|course|specialization|training)\b|课程|培训班/i

function findSchool(parts: string[], pieces: string[]): string | null {
  // A department ("…学院") beside its university is no school.
  const rank = (part: string) => schoolScore(part) + (/大[学學](?:\(|$)|\bUniversity\b/.test(part) ? 1 : 0) - (PROGRAMME.test(part) ? 2 : 0)
  const best = parts.filter((part) => schoolScore(part) > 0).sort((a, b) => rank(b) - rank(a))[0]
  if (best && schoolScore(best) > 0) {
    // "University of California, Berkeley": the comma belongs to the name where a bare place follows.
    const whole = pieces.find(
      (piece) =>
        piece.startsWith(best) && /^(?:the )?university of/i.test(piece) && piece.split(/,\s+/).length === 2 && !/[A-Z]{2}$/.test(piece),
    )
    return whole ?? best
  }
  return (
    parts.find(
      (part) => !PROGRAMME.test(part) && levelOf(part) === null && !isPlace(part) && !NOISE.test(part) && /\p{L}{2}/u.test(part),
    ) ?? null
  )
}

/** "BSc in Physics", "Master of Public Health", "管理学学士 · 信息管理", "计算机科学与技术(本科)". */
function fieldIn(part: string): string | null {
  const inside =
    /\b(?:degree\s+)?in\s+(?:the\s+)?(.+)$/i.exec(part)?.[1] ??
    /^(?:bachelor|master|doctor|associate)(?:'?s)?(?:\s+degree)?\s+of\s+(?:science|arts|engineering|business|technology|applied science)\s+(?:in\s+|-\s*)?(.+)$/i.exec(
      part,
    )?.[1]
  if (inside) return clean(inside)
  const of = /^(?:bachelor|master|doctor|associate)(?:'?s)?(?:\s+degree)?\s+of\s+(?!science$|arts$|engineering$|philosophy$)(.+)$/i.exec(
    part,
  )?.[1]
  if (of) return clean(of)
  if (/\p{Script=Han}/u.test(part)) {
    const bare = part
      .replace(/\([^)]*\)/g, '')
      .replace(/^(?:MSc|BSc|MBA|MA|BA|MS|BS|MEng|BEng|PhD)\.?\s+/, '')
      .replace(
        /(?:全日制|统招|在读|毕业|畢業)?(?:博士|硕士|碩士|本科|大专|专科|学士|學士|研究生|学位|学历|高中|中专|双学位)+(?:研究生|学位|在读|毕业)?$/u,
        '',
      )
    // "管理学学士" names the kind of degree, "经济学(本科)" the field.
    return bare.length >= 2 && !(/学$/.test(bare) && /学(?:学士|硕士|博士|碩士|學士)/.test(part)) ? clean(bare) : null
  }
  const after = part.replace(/^(?:[A-Z][A-Za-z]{0,4}\.?){1,4}(?:\([^)]*\))?\s+/, '')
  return after !== part && levelOf(after) === null ? clean(after) : null
}

function findField(rest: string[], degree: string | null): string | null {
  const at = degree ? rest.indexOf(degree) : -1
  const usable = (part: string | undefined): part is string =>
    part !== undefined &&
    part !== degree &&
    !/^(?:毕业|畢業|在读|在讀|肄业|结业|全日制|统招|已毕业)$/.test(part) &&
    !NOISE.test(part) &&
    levelOf(part) === null &&
    schoolScore(part) === 0 &&
    !/[\d:]|^[A-Z]{2}$/.test(part) &&
    part.length <= 60 &&
    /\p{L}{2}/u.test(part)
  const after = rest[at + 1]
  if (at >= 0 && usable(after)) return clean(after)
  const found = rest.find(usable)
  return found ? clean(found) : null
}

function clean(field: string): string | null {
  const text = field
    .replace(/[,;(].*$/, '')
    .replace(/[.。:]+$/, '')
    .replace(/专业$/, '')
    .replace(/\s+(?:with|EQF)\b.*$/i, '')
    .trim()
  return text.length >= 2 ? text.slice(0, 300) : null
}

/** Schools without any date: a line with a second school, or a second degree, opens the next entry, so that either may come first. */
function undated(texts: string[]): Entry[] {
  const entries: (Entry & { school: boolean; level: boolean })[] = []
  for (const text of texts) {
    const last = entries.at(-1)
    const [school, level] = [last?.school ? isNewSchool(text) : namesSchool(text), levelOf(text) !== null]
    if ((school || level) && (!last || (school && last.school) || (level && last.level)))
      entries.push({ start: null, end: null, head: [text], own: 1, body: [], school, level })
    else if (last) {
      last.head.push(text)
      last.school ||= school
      last.level ||= level
    }
  }
  return entries.map((entry) => ({ ...entry, head: entry.head.slice(0, 4) }))
}
