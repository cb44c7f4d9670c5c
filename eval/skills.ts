/** `npm run eval -- skills`: how well the matcher finds the explicit mentions of the gold set. */
import { canonicalSkill, findSkills } from '../src/skills/match.ts'
import { goldPieces, type Half, halfOf, type Piece } from './skills/gold.ts'

type Counts = { right: number; found: number; asked: number }

const share = (a: number, b: number): number => (b === 0 ? 0 : Math.round((a / b) * 1000) / 1000)
const scores = ({ right, found, asked }: Counts) => ({
  precision: share(right, found),
  recall: share(right, asked),
  f1: share(2 * right, found + asked),
})

function count(pieces: Piece[]): Counts {
  const counts: Counts = { right: 0, found: 0, asked: 0 }
  for (const { text, mentions } of pieces) {
    const asked = new Set(mentions.map(({ skill }) => canonicalSkill(skill)))
    const found = findSkills(text)
    counts.asked += asked.size
    counts.found += found.length
    counts.right += found.filter((name) => asked.has(name)).length
  }
  return counts
}

/** Distinct concepts per piece, by half and language. Resolves to the exit code. */
export async function run(): Promise<number> {
  const pieces = goldPieces()
  const rows = (['dev', 'held'] as Half[]).flatMap((half) =>
    (['zh', 'en'] as const).map((lang) => {
      const own = pieces.filter((piece) => halfOf(piece.id) === half && piece.lang === lang)
      return { half, lang, pieces: own.length, ...scores(count(own)) }
    }),
  )
  console.table(rows)
  console.log(JSON.stringify({ eval: 'skills', rows }))
  return 0
}
