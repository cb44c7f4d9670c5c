/**
 * The skill taxonomy: `taxonomy/*.tsv`, one concept a line (id, kind, English name, Chinese name, aliases, parent). Read at the first use, not at
 * import: parse children that meet a skills section need it, most other processes do not.
 */
import { readdirSync, readFileSync } from 'node:fs'

export const KINDS = [
  'programming-language',
  'framework',
  'tool',
  'platform',
  'standard',
  'method',
  'domain',
  'certificate',
  'language',
  'soft',
  'group',
] as const
export type Kind = (typeof KINDS)[number]

/** `everyday`: also an ordinary word or letter ("Go", "销售"); in running text it counts only where the words around it say so. */
export type Alias = { text: string; everyday: boolean }

export type Concept = {
  /** Stable, kebab-case. */
  id: string
  /** A `group` only holds others together ("Soft Skills"): a known name, but never found in running text. */
  kind: Kind
  /** The name that is shown: the English one, else the Chinese one. */
  name: string
  en: string | null
  zh: string | null
  /** All spellings in lower case, the names among them. */
  aliases: Alias[]
  /** Id of the wider concept; null at the top. */
  parent: string | null
}

export type Taxonomy = {
  concepts: Concept[]
  byId: Map<string, Concept>
  /** By folded spelling. The first concept that claims a spelling keeps it; a test sees to it that none does twice. */
  byAlias: Map<string, Concept>
}

const FOLDER = new URL('taxonomy/', import.meta.url)
let loaded: Taxonomy | undefined

/** The whole taxonomy, read once per process. */
export function taxonomy(): Taxonomy {
  loaded ??= load()
  return loaded
}

/** The table of a file of the folder without its heading. */
export function readTable(file: string): string[][] {
  const lines = readFileSync(new URL(file, FOLDER), 'utf8').split('\n')
  return lines.slice(1).flatMap((line) => (line === '' ? [] : [line.split('\t')]))
}

/** Names of the concept files, sorted. */
export const conceptFiles = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.tsv') && file !== 'titles.tsv')
    .sort()

/** A spelling of the files as it is looked up. They are in lower case and NFKC already (a test sees to it), which saves half of the loading time. */
export const foldAlias = (text: string): string => (text.includes('-') ? text.replaceAll('-', ' ') : text)

function load(): Taxonomy {
  const concepts = conceptFiles().flatMap((file) => readTable(file).map(toConcept))
  const byAlias = new Map<string, Concept>()
  for (const concept of concepts)
    for (const { text } of concept.aliases) {
      const key = foldAlias(text)
      if (!byAlias.has(key)) byAlias.set(key, concept)
    }
  return { concepts, byId: new Map(concepts.map((concept) => [concept.id, concept])), byAlias }
}

function toConcept([id = '', kind = '', en = '', zh = '', spellings = '', parent = '']: string[]): Concept {
  const aliases = spellings === '' ? [] : spellings.split(',').map(toAlias)
  // A name that is an everyday word is listed among the aliases, with its mark.
  for (const name of [zh, en]) {
    const text = name.toLowerCase()
    if (text !== '' && !aliases.some((alias) => alias.text === text)) aliases.unshift({ text, everyday: false })
  }
  return { id, kind: kind as Kind, name: en || zh, en: en || null, zh: zh || null, aliases, parent: parent || null }
}

const toAlias = (spelling: string): Alias =>
  spelling.endsWith('!') ? { text: spelling.slice(0, -1), everyday: true } : { text: spelling, everyday: false }
