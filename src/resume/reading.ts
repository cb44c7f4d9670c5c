/** A profile's values with their lines and confidence. */
import type { Reading } from '../canonical/reading.ts'
import type { Talent } from '../canonical/schema.ts'
import { confidenceOf, signOf } from './confidence.ts'
import { linesOf, placesOf } from './evidence.ts'
import type { Section } from './sections.ts'

export function toReading(talent: Talent, sections: Section[]): Reading {
  const lines = linesOf(sections)
  const headings = new Set(sections.map((section) => section.heading))
  return {
    fields: placesOf(talent, sections).map((place) => ({
      path: place.path,
      confidence: confidenceOf(signOf(place, talent, lines)),
      blocks: place.blocks,
    })),
    blocks: lines.map((line) => {
      const { page, x, y, w, h, text } = line
      return { page, x, y, w, h, heading: headings.has(line), text }
    }),
  }
}
