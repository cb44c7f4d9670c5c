/** Finds the skills of the taxonomy in free text and maps spellings to canonical names. */
import { type Automaton, buildAutomaton } from './automaton.ts'
import { type Context, isEmployer, isMajor, isMeant, isNegated, isTitle, isWhole, type Span } from './context.ts'
import { foldName, foldText } from './fold.ts'
import { type Concept, foldAlias, taxonomy } from './taxonomy.ts'

/** `text` is what stands at `from`…`to` (UTF-16 units, end exclusive); `skill` the canonical name, `id` that of the concept. */
export type SkillMention = { skill: string; id: string; text: string; from: number; to: number }

type Word = { alias: string; everyday: boolean; concept: Concept }
type Matcher = { words: Word[]; automaton: Automaton }
let built: Matcher | undefined

/** Built at the first use, once per process. */
function matcher(): Matcher {
  built ??= build()
  return built
}

function build(): Matcher {
  const { concepts, byAlias } = taxonomy()
  const words: Word[] = []
  for (const concept of concepts) {
    if (concept.kind === 'group') continue
    for (const { text, everyday } of concept.aliases) {
      const alias = foldAlias(text)
      if (byAlias.get(alias) === concept) words.push({ alias, everyday, concept })
    }
  }
  return { words, automaton: buildAutomaton(words.map(({ alias }) => alias)) }
}

/**
 * The skills that the text names, in order, without overlaps: the longest spelling wins. Job titles, employers, majors and skills that are said not to
 * be needed are left out, and everyday words ("go", "销售") count only where a skill would stand. Linear in the text.
 */
export function findSkillMentions(text: string): SkillMention[] {
  const { words, automaton } = matcher()
  const { folded, at } = foldText(text)
  // Capitals: the source itself where units correspond, else the folded text, in which everyday words then need a list.
  const context: Context = { folded, source: at === null ? text.normalize('NFKC') : folded }
  const spans: Span[] = []
  automaton.scan(folded, (index, to) => {
    const word = words[index]!
    const span = { ...word, from: to - word.alias.length, to }
    if (isWhole(context, span)) spans.push(span)
  })
  spans.sort((a, b) => a.from - b.from || b.to - a.to)
  const mentions: SkillMention[] = []
  const plain = new Set(spans.filter(({ everyday }) => !everyday).map(({ from }) => from))
  let reached = 0
  /** Where a skill would stand right behind the last mention. */
  let next = -1
  for (const span of spans) {
    if (span.from < reached) continue
    if (span.everyday && !isMeant(context, span, { left: span.from === next, right: plain.has(behind(folded, span.to)) })) continue
    // What is a title or an employer is used up: "网络安全工程师" must not leave a shorter skill inside of it.
    reached = span.to
    if (isTitle(context, span) || isEmployer(context, span) || isMajor(context, span) || isNegated(context, span)) continue
    next = behind(folded, span.to)
    const [from, to] = at === null ? [span.from, span.to] : [at[span.from]!, at[span.to]!]
    mentions.push({ skill: span.concept.name, id: span.concept.id, text: text.slice(from, to), from, to })
  }
  return mentions
}

/** The position behind the blanks at `at`; -1 where there are none. */
function behind(text: string, at: number): number {
  let end = at
  while (text[end] === ' ') end++
  return end === at ? -1 : end
}

/** Canonical names of the skills mentioned, each once, in order of appearance. */
export const findSkills = (text: string): string[] => [...new Set(findSkillMentions(text).map(({ skill }) => skill))]

/**
 * The canonical name of one skill as somebody wrote it: by the taxonomy where it is known, also with a level, a version or a word such as "软件" around
 * it; else tidied (NFKC, single blanks, no end punctuation). Two spellings of one skill are equal after this; compare without case where the skill is
 * not in the taxonomy.
 */
export function canonicalSkill(raw: string): string {
  const tidy = tidied(raw)
  return conceptOf(tidy)?.name ?? tidy
}

/** The concept of a spelling, or null where none is known. */
export const skillConcept = (raw: string): Concept | null => conceptOf(tidied(raw)) ?? null

/** True where the spelling is in the taxonomy. */
export const isKnownSkill = (raw: string): boolean => taxonomy().byAlias.has(foldName(raw))

const tidied = (raw: string): string =>
  raw
    .normalize('NFKC')
    .replace(/\s+/g, ' ')
    .replace(/^[\s\p{Pd}•·*]+|[\s,.;:、。,;:]+$/gu, '')
    .trim()

/** What people put around the name of a skill: levels before it; versions, kinds of thing and claims behind it. */
const AROUND =
  /^(?:精通|熟练掌握|熟练使用|熟练运用|熟练|熟悉|掌握|了解|会用|能使用|擅长|expert in |proficient in |experienced in |experience with |knowledge of |familiar with |advanced |basic )|(?:软件|系统|技术|开发|编程|语言|编程语言|框架|工具|知识|基础|操作|使用|应用|数据库|能力|技能|经验|等| skills?| experience| programming| programming language| language| software| framework| tools?| development| library| database| certification| certified| certificate| v?\d{1,4}(?:\.(?:\d+|x))*|(?<=[a-z])\d{1,2}(?:\.\d+)*\+?)$/u

/** By the spelling; without blanks between scripts; without what stands in brackets, or the other way round; without what stands around it. */
function conceptOf(tidy: string): Concept | undefined {
  const { byAlias } = taxonomy()
  const key = foldName(tidy)
  const found = byAlias.get(key) ?? byAlias.get(key.replace(/(?<=\p{Script=Han}) (?=[a-z])|(?<=[a-z+#]) (?=\p{Script=Han})/gu, ''))
  if (found) return found
  const bracket = /^([^()]+?) ?\(([^()]+)\)$/.exec(key)
  if (bracket) return byAlias.get(bracket[1]!) ?? byAlias.get(bracket[2]!)
  // Twice: "熟练使用Excel软件".
  for (let bare = key, i = 0; i < 2; i++) {
    bare = bare.replace(AROUND, '').trim()
    const concept = byAlias.get(bare)
    if (concept && bare.length > 1) return concept
  }
  return undefined
}
