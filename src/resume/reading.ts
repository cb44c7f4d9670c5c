/** A profile's values with their lines and confidence. */
import type { Reading } from '../canonical/reading.ts'
import type { Talent } from '../canonical/schema.ts'
import { confidenceOf, signOf } from './confidence.ts'
import { placesOf } from './evidence.ts'
import type { Section } from './sections.ts'

/** Only lines that some value was read from are kept, in document order. */
export function toReading(talent: Talent, sections: Section[]): Reading {
  const { blocks, places } = placesOf(talent, sections)
  const used = [...new Set(places.flatMap((place) => place.blocks))].sort((a, b) => a - b)
  const index = new Map(used.map((at, i) => [at, i]))
  return {
    fields: places.map((place) => ({
      path: place.path,
      confidence: confidenceOf(signOf(place, talent, blocks)),
      blocks: place.blocks.map((at) => index.get(at)!),
    })),
    blocks: used.map((at) => {
      const { page, x, y, w, h, text } = blocks[at]!
      return { page, x, y, w, h, text }
    }),
  }
}
