/** `npm run eval -- skills [--mistakes]`: how well the matcher finds the explicit mentions of the gold set. */
import { parseArgs } from 'node:util'
import { findSkillMentions, skillConcept } from '../src/skills/match.ts'
import { taxonomy } from '../src/skills/taxonomy.ts'
import { type GoldMention, goldPieces, type Half, halfOf, type Piece } from './skills/gold.ts'

/** What the gated half has to reach. */
const GATE = 0.88

type Counts = { right: number; found: number; asked: number }
type Row = { half: Half; lang: string; pieces: number; mentions: number; precision: number; recall: number; f1: number }

const share = (a: number, b: number): number => (b === 0 ? 0 : Math.round((a / b) * 1000) / 1000)

/** Right: the same concept, and the spans touch. A gold skill that the taxonomy does not know is missed, whatever was found. */
function compare({ text, mentions }: Piece): { right: number; found: number; missed: GoldMention[]; wrong: string[] } {
  const found = findSkillMentions(text)
  const free = new Set(found)
  const missed: GoldMention[] = []
  for (const mention of mentions) {
    const id = skillConcept(mention.skill)?.id
    const hit = [...free].find((one) => one.id === id && one.from < mention.from + mention.text.length && mention.from < one.to)
    if (hit) free.delete(hit)
    else missed.push(mention)
  }
  return { right: mentions.length - missed.length, found: found.length, missed, wrong: [...free].map((one) => `${one.text}=${one.skill}`) }
}

function rowOf(half: Half, lang: string, pieces: Piece[]): Row {
  const sum: Counts = { right: 0, found: 0, asked: 0 }
  for (const piece of pieces) {
    const { right, found } = compare(piece)
    sum.right += right
    sum.found += found
    sum.asked += piece.mentions.length
  }
  const { right, found, asked } = sum
  return {
    half,
    lang,
    pieces: pieces.length,
    mentions: asked,
    precision: share(right, found),
    recall: share(right, asked),
    f1: share(2 * right, found + asked),
  }
}

/**
 * Prints precision, recall and F1 of mentions by half and language and, as the last line, one JSON object. `--mistakes` lists those of the dev half;
 * the held half's are never shown. Resolves to the exit code: 1 where the held half is below the gate.
 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { mistakes: { type: 'boolean', default: false } } })
  const pieces = goldPieces()
  if (values.mistakes)
    for (const piece of pieces.filter(({ id }) => halfOf(id) === 'dev')) {
      const { missed, wrong } = compare(piece)
      if (missed.length + wrong.length > 0)
        console.log(`${piece.id} ${piece.text}\n    missed ${missed.map((one) => `${one.text}=${one.skill}`)}; wrong ${wrong}`)
    }
  const rows = (['dev', 'held'] as Half[]).flatMap((half) =>
    ['zh', 'en', 'both'].map((lang) =>
      rowOf(
        half,
        lang,
        pieces.filter((piece) => halfOf(piece.id) === half && (lang === 'both' || piece.lang === lang)),
      ),
    ),
  )
  console.table(rows)
  const held = rows.find((row) => row.half === 'held' && row.lang === 'both')!
  console.log(JSON.stringify({ eval: 'skills', concepts: taxonomy().concepts.length, gate: GATE, f1: held.f1, rows }))
  return held.f1 < GATE ? 1 : 0
}
