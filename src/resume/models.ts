/** The reader's two small models, trained by models/reader/train.ts; each is read when it is first needed. */
import { readFileSync } from 'node:fs'
import type { Block } from './block.ts'
import { headFeatures, type Piece } from './head-features.ts'
import { lineFeatures } from './line-features.ts'
import { type TaggerModel, tag, toModel } from './tagger.ts'

const loaded = new Map<string, TaggerModel>()

function modelOf(name: 'headings' | 'heads'): TaggerModel {
  const known = loaded.get(name)
  if (known) return known
  const model = toModel(JSON.parse(readFileSync(new URL(`./weights/${name}.json`, import.meta.url), 'utf8')))
  loaded.set(name, model)
  return model
}

/** The lines of a document that are headings. */
export function headingLines(blocks: Block[]): Set<Block> {
  return new Set(tag(modelOf('headings'), lineFeatures(blocks)).map((span) => blocks[span.from]!))
}

/** What each piece of an entry's head names: COMPANY, TITLE, DEPT, PLACE, SCHOOL, DEGREE, FIELD or OTHER. */
export function pieceKinds(pieces: Piece[]): string[] {
  const kinds = new Map(tag(modelOf('heads'), headFeatures(pieces)).map((span) => [span.from, span.kind]))
  return pieces.map((_, i) => kinds.get(i) ?? 'OTHER')
}
