/** `npm run bench -- skills`: megabytes per second of the skill matcher against a plain search with the same spellings, in the same run. */
import { parseArgs } from 'node:util'
import { findSkillMentions } from '../src/skills/match.ts'
import { taxonomy } from '../src/skills/taxonomy.ts'

const ROUNDS = 3
/** Sentences of adverts and résumés, invented, two to one in Chinese; repeated with other fillers until the text is long enough. */
const SENTENCES = [
  '负责交易系统后端设计与开发，使用Java和Spring Boot，参与数据库优化与日常值班，配合产品完成需求评审。',
  '任职要求：本科以上学历，三年以上相关经验，熟悉Excel表格和财务报表编制，沟通能力良好，能接受出差。',
  'You will own the data pipeline, write SQL every day, present results to customers and excel at explaining them.',
]

/**
 * The floor is what one writes first: `indexOf` of every spelling in the lower-cased text, without any rule. It runs on a hundredth of the text, because
 * it costs the number of spellings times the length. Every round measures both; the median round counts. Prints one JSON line, `ratio` is matcher by
 * floor. Returns the exit code.
 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { divide: { type: 'string', default: '1' } } })
  const began = performance.now()
  taxonomy()
  const read = performance.now()
  findSkillMentions('Java')
  const built = performance.now()
  const lines = Array.from({ length: Math.ceil(30_000 / Number(values.divide)) }, (_, i) => `${SENTENCES[i % SENTENCES.length]} ${i}`)
  const few = lines.slice(0, Math.ceil(lines.length / 100))
  const spellings = taxonomy().concepts.flatMap(({ aliases }) => aliases.map(({ text }) => text))
  const rates: { matcher: number; floor: number; ratio: number }[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const matcher = rate(lines, (text) => findSkillMentions(text).length)
    const floor = rate(few, (text) => {
      const lower = text.toLowerCase()
      return spellings.filter((spelling) => lower.includes(spelling)).length
    })
    // The first round warms the compilers up.
    if (round > 0) rates.push({ matcher, floor, ratio: matcher / floor })
  }
  const { matcher, floor, ratio } = rates.toSorted((a, b) => a.ratio - b.ratio)[rates.length >> 1]!
  console.table([
    { system: 'matcher', 'MB/s': matcher.toFixed(2) },
    { system: 'indexOf of every spelling', 'MB/s': floor.toFixed(3) },
  ])
  console.log(
    JSON.stringify({
      bench: 'skills',
      ratio: Math.round(ratio),
      mbPerSecond: Number(matcher.toFixed(2)),
      floorMbPerSecond: Number(floor.toFixed(3)),
      spellings: spellings.length,
      readMs: Math.round(read - began),
      buildMs: Math.round(built - read),
    }),
  )
  return 0
}

/** Megabytes (UTF-8) per second over all texts. */
function rate(texts: string[], find: (text: string) => number): number {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  const began = performance.now()
  let found = 0
  for (const text of texts) found += find(text)
  const seconds = (performance.now() - began) / 1000
  if (found === 0) throw new Error('the texts hold skills, but none was found')
  return bytes / 1e6 / seconds
}
