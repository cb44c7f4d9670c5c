/** Finds listed skills in free text and maps spellings to canonical names. */
import { skillEntries } from './list.ts'

type Alias = { text: string; name: string }

const CANONICAL = new Map<string, string>()
/** Aliases by their first character, longest first, so that "React Native" wins over "React". */
const BY_FIRST = new Map<string, Alias[]>()
for (const { name, aliases } of skillEntries()) {
  for (const text of aliases) {
    // The first entry that claims a spelling keeps it.
    if (CANONICAL.has(text)) continue
    CANONICAL.set(text, name)
    const first = text[0]!
    BY_FIRST.set(first, [...(BY_FIRST.get(first) ?? []), { text, name }])
  }
}
for (const list of BY_FIRST.values()) list.sort((a, b) => b.text.length - a.text.length)

/**
 * Names that are also everyday words or letters. In free text they count only in this exact spelling and only as an item of a list: with a
 * comma, slash, bracket, Chinese character or line end on both sides ("C, Go" but not "C-level", "go to market", "R&D").
 */
const EVERYDAY = new Set(
  'C,R,Go,Rust,Ruby,Swift,Dart,Express,Spring,Storm,Less,Chef,Puppet,Helm,Spark,Flask,Hive,Gin,Sketch,Maya,Inventor,Wind,Lean,Sales,Marketing,Leadership,Communication,Presentation,Writing,Editing,Teaching,Research,Automation,Translation,Negotiation,Administration,Training,Networking,Assembly,Julia,Kettle,Flume,Impala,Presto,Bootstrap,Electron,Cocos,Creo,Unity,Oracle,Shell,Notion,Slack,Looker,Accessibility,Compliance,Valuation,Pricing,Outlook,English,German,French,Spanish,Russian,Japanese,Korean,Node,Apache,Lambda,REST,Office,PS,Word,Audit,Tax,Transformers,Fluent,Interviewing,Budgeting,Bidding,Statistics,Sass,HTTP,Mocha,Jest,Cypress,Advertising,Photography,Illustration,Nursing,Robotics,Recruiting,Procurement,Logistics,Treasury,Welding'.split(
    ',',
  ),
)
const EVERYDAY_LOWER = new Set([...EVERYDAY].map((word) => word.toLowerCase()))

const WORD = /[a-z0-9]/
const HAN = /\p{Script=Han}/u

/** Canonical names of the skills mentioned, each once, in order of appearance. */
export function findSkills(text: string): string[] {
  const source = text.normalize('NFKC')
  const lower = source.toLowerCase()
  // Lower-casing may change the length of exotic letters; positions would then point at other characters.
  const exact = lower.length === source.length ? source : lower
  const found = new Set<string>()
  for (let i = 0; i < lower.length; i++) {
    const alias = BY_FIRST.get(lower[i]!)?.find(({ text: word }) => lower.startsWith(word, i) && isWhole(exact, lower, i, word))
    if (!alias) continue
    found.add(alias.name)
    i += alias.text.length - 1
  }
  return [...found]
}

function isWhole(exact: string, lower: string, at: number, word: string): boolean {
  const before = lower[at - 1] ?? ''
  const after = lower[at + word.length] ?? ''
  if (WORD.test(word[0]!) && WORD.test(before)) return false
  // "C" must not be found in "C++" or "C#", nor "Java" in "JavaScript".
  if (WORD.test(word.at(-1)!) && (WORD.test(after) || after === '+' || after === '#')) return false
  if (!EVERYDAY_LOWER.has(word)) return true
  return EVERYDAY.has(exact.slice(at, at + word.length)) && isListed(exact, at, at + word.length)
}

const DIVIDER = /[,，、;；/|()（）[\]【】:：•·\n\t]/

function isListed(text: string, from: number, to: number): boolean {
  const left = text.slice(0, from).trimEnd().at(-1)
  const right = text.slice(to).slice(0, 4).trimStart()[0]
  const ends = (c: string | undefined) => c === undefined || DIVIDER.test(c) || HAN.test(c)
  return ends(left) && (ends(right) || /^\s*(?:[.。](?:\s|$)|and\b|和)/.test(text.slice(to, to + 5)))
}

/**
 * The canonical name of one skill as somebody wrote it: by the list where it is known, else tidied (NFKC, single blanks, no end punctuation).
 * Two spellings of one skill are equal after this; compare without case where the skill is not on the list.
 */
export function canonicalSkill(raw: string): string {
  const tidy = raw
    .normalize('NFKC')
    .replace(/\s+/g, ' ')
    .replace(/^[\s\p{Pd}•·*]+|[\s,.;:、。,;:]+$/gu, '')
    .trim()
  const key = tidy.toLowerCase()
  return CANONICAL.get(key) ?? CANONICAL.get(key.replace(/(?<=\p{Script=Han}) (?=[a-z])|(?<=[a-z+#]) (?=\p{Script=Han})/gu, '')) ?? tidy
}

/** True where the spelling is on the list. */
export function isKnownSkill(raw: string): boolean {
  return CANONICAL.has(raw.normalize('NFKC').trim().toLowerCase())
}
