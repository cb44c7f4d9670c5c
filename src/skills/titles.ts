/** What a job title itself says of its holder: a data analyst does data analysis. `taxonomy/titles.tsv`: pattern, ids of concepts. */
import { readTable, taxonomy } from './taxonomy.ts'

let loaded: Map<string, RegExp> | undefined

/** The head of a title ends it, or stands before a divider or a grade: "Data Analyst (Retail)", "Sales Engineer II", but not "Sales Assistant". */
const BEHIND = String.raw`(?=$|\s*[,，/|(（·•;；、:：&]|\s+[-–—]|\s+(?:i{1,3}|iv|[1-3])(?![a-z0-9])|\s+(?:and|at|for)\s)`

/** A title as `titlesOf` patterns read it. */
export const foldTitle = (title: string): string => title.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase()

/** The pattern of folded titles that say this skill (a canonical name); null where no title does. No guesses: only what the words of a title say. */
export function titlesOf(skill: string): RegExp | null {
  loaded ??= load()
  return loaded.get(skill) ?? null
}

function load(): Map<string, RegExp> {
  const { byId } = taxonomy()
  const patterns = new Map<string, string[]>()
  for (const [pattern = '', skills = ''] of readTable('titles.tsv'))
    for (const id of skills.split(',')) {
      const concept = byId.get(id)
      if (!concept) throw new Error(`titles.tsv names a concept that does not exist: ${id}`)
      patterns.set(concept.name, [...(patterns.get(concept.name) ?? []), pattern])
    }
  return new Map(
    Array.from(patterns, ([name, all]) => [name, new RegExp(`(?:(?<![a-z0-9])|(?=\\p{Script=Han}))(?:${all.join('|')})${BEHIND}`, 'u')]),
  )
}
