/**
 * `npm run eval -- skillspan --dir DIR`: the matcher on SkillSpan (Zhang et al. 2022), which labels every skill and piece of knowledge in English
 * adverts, named or described. DIR holds dev.jsonl and train.jsonl ({tokens, tags_skill, tags_knowledge} a line). Not in this repository.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findSkillMentions, skillConcept } from '../src/skills/match.ts'

type Line = { tokens: string[]; tags_skill: string[]; tags_knowledge: string[] }
/** Tokens, end exclusive. */
type Span = { from: number; to: number }
type Counts = { strict: number; touching: number; found: number; asked: number }

const share = (a: number, b: number): number => (b === 0 ? 0 : Math.round((a / b) * 1000) / 1000)

function goldSpans(tags: string[]): Span[] {
  const spans: Span[] = []
  for (const [i, tag] of tags.entries()) {
    if (tag === 'B') spans.push({ from: i, to: i + 1 })
    else if (tag === 'I' && spans.at(-1)?.to === i) spans.at(-1)!.to = i + 1
  }
  return spans
}

/** Mentions as whole tokens of the line, by whether they are traits of character. */
function foundSpans(tokens: string[]): { soft: Span[]; hard: Span[] } {
  const starts: number[] = []
  let length = 0
  for (const token of tokens) {
    starts.push(length)
    length += token.length + 1
  }
  const spans = { soft: [] as Span[], hard: [] as Span[] }
  for (const { from, to, text } of findSkillMentions(tokens.join(' '))) {
    const first = starts.findLastIndex((start) => start <= from)
    const last = starts.findLastIndex((start) => start < to)
    spans[skillConcept(text)?.kind === 'soft' ? 'soft' : 'hard'].push({ from: first, to: last + 1 })
  }
  return spans
}

function add(counts: Counts, found: Span[], asked: Span[]): void {
  counts.found += found.length
  counts.asked += asked.length
  counts.strict += found.filter((one) => asked.some((other) => other.from === one.from && other.to === one.to)).length
  counts.touching += found.filter((one) => asked.some((other) => other.from < one.to && one.from < other.to)).length
}

/** Prints one row for each part and label. Resolves to 0, or to 3 where the data is not there. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { dir: { type: 'string' } } })
  if (!values.dir || !existsSync(join(values.dir, 'dev.jsonl'))) {
    console.log('SKIP skillspan: --dir DIR has to name a folder with dev.jsonl of SkillSpan, which is not part of this repository')
    return 3
  }
  const rows = []
  for (const part of ['dev', 'train'].filter((name) => existsSync(join(values.dir!, `${name}.jsonl`)))) {
    const knowledge: Counts = { strict: 0, touching: 0, found: 0, asked: 0 }
    const all: Counts = { strict: 0, touching: 0, found: 0, asked: 0 }
    for (const line of readFileSync(join(values.dir, `${part}.jsonl`), 'utf8')
      .split('\n')
      .filter(Boolean)) {
      const { tokens, tags_skill, tags_knowledge } = JSON.parse(line) as Line
      const { hard, soft } = foundSpans(tokens)
      add(knowledge, hard, goldSpans(tags_knowledge))
      add(all, [...hard, ...soft], [...goldSpans(tags_knowledge), ...goldSpans(tags_skill)])
    }
    for (const [label, counts] of Object.entries({ knowledge, all })) {
      const { strict, touching, found, asked } = counts
      rows.push({
        part,
        label,
        spans: asked,
        precision: share(strict, found),
        recall: share(strict, asked),
        f1: share(2 * strict, found + asked),
        touchingPrecision: share(touching, found),
      })
    }
  }
  console.table(rows)
  console.log(JSON.stringify({ eval: 'skillspan', rows }))
  return 0
}
