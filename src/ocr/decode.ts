/** From the recogniser's probabilities to characters. */

/** A character and where it stands: the middle of its columns as a share of the line's length, 0–1. */
export type Character = { text: string; at: number; confidence: number }
/** `confidence` is the mean over the characters, 0–1; 0 where there are none. */
export type Reading = { characters: Character[]; confidence: number }

/** A character with the second best class at its surest column. */
type Doubtful = Character & { second: string }

/**
 * Greedy CTC decoding (Graves et al. 2006): the best class of each column, repeats merged, blanks dropped. `probabilities` holds a row of all
 * classes for each column; `columns` is the length of the line without padding.
 */
export function decode(probabilities: Float32Array, classes: string[], columns: number): Reading {
  const found: Doubtful[] = []
  let previous = 0
  let first = 0
  for (let column = 0; column * classes.length < probabilities.length; column++) {
    const row = probabilities.subarray(column * classes.length, (column + 1) * classes.length)
    const best = largest(row, -1)
    const confidence = row[best]!
    const last = found.at(-1)
    if (best !== previous) {
      first = column
      if (best !== 0) found.push({ text: classes[best]!, at: (column + 0.5) / columns, confidence, second: secondOf(row, best, classes) })
    } else if (best !== 0 && last) {
      last.at = ((first + column) / 2 + 0.5) / columns
      if (confidence > last.confidence) Object.assign(last, { confidence, second: secondOf(row, best, classes) })
    }
    previous = best
  }
  const characters = found.map((one, i) => settle(one, found[i - 1], found[i + 1]))
  const sum = characters.reduce((total, { confidence }) => total + confidence, 0)
  return { characters, confidence: characters.length === 0 ? 0 : sum / characters.length }
}

function largest(row: Float32Array, without: number): number {
  let best = without === 0 ? 1 : 0
  for (let c = best + 1; c < row.length; c++) if (c !== without && row[c]! > row[best]!) best = c
  return best
}

/** Only a doubtful character needs one, and looking for it costs as much as the first. */
const secondOf = (row: Float32Array, best: number, classes: string[]): string => (row[best]! < DOUBTFUL ? classes[largest(row, best)]! : '')

const DOUBTFUL = 0.9
/** Digits and the letters that look like them. */
const LOOKALIKE = /^(?:[0oOD]{2}|[1lI]{2}|[5S]{2}|[8B]{2})$/

/** "c0m" is "com", and "2O19" is 2019: of two that look alike, what stands on both sides decides, where the recogniser was in doubt itself. */
function settle({ second, ...one }: Doubtful, before: Character | undefined, after: Character | undefined): Character {
  if (!before || !after || !LOOKALIKE.test(one.text + second)) return one
  const between = (kind: RegExp) => kind.test(before.text) && kind.test(after.text)
  const fits = between(/^[A-Za-z]$/) ? /^[A-Za-z]$/ : between(/^\d$/) ? /^\d$/ : null
  return fits && !fits.test(one.text) && fits.test(second) ? { ...one, text: second } : one
}
