/** Schools from the sections that list them, or from the labels of a form. */
import type { Education } from '../canonical/schema.ts'
import { findDate } from './dates.ts'
import { type Entry, toEntries } from './entries.ts'
import { splitCommas, toPieces } from './heads.ts'
import { allPairs, type Pair } from './labels.ts'
import { isPlace, levelOf, schoolScore } from './words.ts'

/** `texts` are the lines of one section. */
export function readEducation(texts: string[]): Education[] {
  const dated = toEntries(texts, { single: true })
  const entries = dated.length > 0 ? dated : undated(texts)
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

const NOISE =
  /gpa|绩点|排名|rank|主修课程|核心课程|courses?work|主要课程|thesis|论文|honou?rs?\b|cum laude|dean'?s list|expected|graduat|relevant|grade|专业课|(?:一|二|三)等奖|奖学金|scholarship|minor/i

function toEducation(entry: Entry): Education {
  const lines = [...entry.head, ...entry.body.slice(0, 3).filter((line) => line.length < 80)]
  const pairs = allPairs(lines)
  const labelled = (key: Pair['key']) => pairs.find((pair) => pair.key === key)?.value ?? null
  const pieces = lines.filter((line) => allPairs([line]).every((pair) => pair.key === 'ignored')).flatMap(toPieces)
  const parts = pieces.flatMap((piece) =>
    schoolScore(piece) > 0 && /^[^,]*,\s+[^,]*$/.test(piece) && /\bUniversity of [^,]+,/.test(piece) ? [piece] : splitCommas(piece),
  )
  const school = labelled('school') ?? findSchool(parts, pieces)
  const rest = parts.filter((part) => part !== school && !isPlace(part))
  const degreePart = rest.find((part) => levelOf(part) !== null) ?? null
  const degree = labelled('level') ?? degreePart
  const level = degree ? levelOf(degree) : null
  const field = labelled('field') ?? (degreePart ? fieldIn(degreePart) : null) ?? findField(rest, degreePart)
  return {
    school: school ? school.replace(/\((?:985|211|双一流)[^)]*\)/, '') : null,
    degree: degree?.slice(0, 300) ?? null,
    level,
    field,
    start: entry.start,
    end: entry.end,
  }
}

function findSchool(parts: string[], pieces: string[]): string | null {
  const best = [...parts].sort((a, b) => schoolScore(b) - schoolScore(a))[0]
  if (best && schoolScore(best) > 0) {
    // "University of California, Berkeley": the comma belongs to the name where a bare place follows.
    const whole = pieces.find(
      (piece) =>
        piece.startsWith(best) && /^(?:the )?university of/i.test(piece) && piece.split(/,\s+/).length === 2 && !/[A-Z]{2}$/.test(piece),
    )
    return whole ?? best
  }
  return parts.find((part) => levelOf(part) === null && !isPlace(part) && !NOISE.test(part) && /\p{L}{2}/u.test(part)) ?? null
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
    .replace(/专业$/, '')
    .replace(/\s+(?:with|EQF)\b.*$/i, '')
    .trim()
  return text.length >= 2 ? text.slice(0, 300) : null
}

/** Schools without any date: every line that names one opens an entry. */
function undated(texts: string[]): Entry[] {
  const entries: Entry[] = []
  for (const text of texts) {
    const opens = toPieces(text).some((piece) => schoolScore(piece) > 0)
    const last = entries.at(-1)
    if (opens && (!last || last.head.some((line) => toPieces(line).some((piece) => schoolScore(piece) > 0))))
      entries.push({ start: null, end: null, head: [text], own: 1, body: [] })
    else if (last) last.head.push(text)
    else if (levelOf(text)) entries.push({ start: null, end: null, head: [text], own: 1, body: [] })
  }
  return entries.map((entry) => ({ ...entry, head: entry.head.slice(0, 4) }))
}
