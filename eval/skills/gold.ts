/** The gold set of explicit skill mentions; README.md beside it says what counts. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export type GoldMention = { text: string; skill: string; from: number }
export type Piece = { id: string; lang: 'zh' | 'en'; text: string; mentions: GoldMention[] }
export type Half = 'dev' | 'held'

export const goldPieces = (): Piece[] =>
  readFileSync(new URL('gold.jsonl', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Piece)

/** Which half an id belongs to, the same on every machine: `held` is never looked at while tuning. */
export const halfOf = (id: string): Half => (createHash('sha256').update(id).digest()[0]! % 2 === 0 ? 'dev' : 'held')
