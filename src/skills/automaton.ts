/** Aho-Corasick (1975): finds all words of a list in one pass over a text, whatever the length of the list. */

export type Automaton = {
  /** Calls `found(word, end)` for every occurrence: `word` is the index in the list, `end` the position behind its last UTF-16 unit. */
  scan(text: string, found: (word: number, end: number) => void): void
}

/** A suffix link that has not been worked out yet. */
const UNKNOWN = -1

/**
 * Words must not be empty; of equal words the first counts. Every process that reads a skills section builds this once, so building has to be cheap:
 * states are numbers, all edges lie in one hash table of typed arrays, and the suffix link of a state is worked out when a text first needs it.
 */
export function buildAutomaton(words: string[]): Automaton {
  let units = 1
  for (const word of words) units += word.length
  let size = 1024
  while (size < 2 * units) size *= 2
  const mask = size - 1
  // Open addressing, at most half full. A target of 0 marks a free slot: no edge leads back to the root.
  const slotState = new Int32Array(size)
  const slotUnit = new Uint16Array(size)
  const slotTarget = new Int32Array(size)
  function slot(state: number, unit: number): number {
    let at = Math.imul(state, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)
    at = (at ^ (at >>> 15)) & mask
    while (slotTarget[at] !== 0 && (slotState[at] !== state || slotUnit[at] !== unit)) at = (at + 1) & mask
    return at
  }

  const letter = new Uint16Array(units)
  const before = new Int32Array(units)
  /** Index of the word that ends in a state, plus one; 0: none. */
  const ends = new Int32Array(units)
  const first = new Int32Array(65_536)
  let states = 1
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    let state = 0
    for (let i = 0; i < word.length; i++) {
      const unit = word.charCodeAt(i)
      const at = slot(state, unit)
      if (slotTarget[at] === 0) {
        slotState[at] = state
        slotUnit[at] = unit
        slotTarget[at] = states
        letter[states] = unit
        before[states] = state
        if (state === 0) first[unit] = states
        states++
      }
      state = slotTarget[at]!
    }
    if (ends[state] === 0) ends[state] = index + 1
  }

  /** The state of the longest proper suffix, and the nearest state on that chain where a word ends (0: none). */
  const suffixOf = new Int32Array(states).fill(UNKNOWN)
  const outputOf = new Int32Array(states)
  suffixOf[0] = 0
  function suffix(state: number): number {
    if (suffixOf[state] === UNKNOWN) {
      const parent = before[state]!
      const link = parent === 0 ? 0 : follow(suffix(parent), letter[state]!)
      suffixOf[state] = link
      // A suffix is shorter than its state, so this ends.
      if (link !== 0) suffix(link)
      outputOf[state] = ends[link] === 0 ? outputOf[link]! : link
    }
    return suffixOf[state]!
  }
  function follow(from: number, unit: number): number {
    let state = from
    while (state !== 0) {
      const next = slotTarget[slot(state, unit)]!
      if (next !== 0) return next
      state = suffix(state)
    }
    return first[unit]!
  }

  function scan(text: string, found: (word: number, end: number) => void): void {
    let state = 0
    for (let i = 0; i < text.length; i++) {
      state = follow(state, text.charCodeAt(i))
      if (state === 0) continue
      if (suffixOf[state] === UNKNOWN) suffix(state)
      for (let hit = ends[state] === 0 ? outputOf[state]! : state; hit !== 0; hit = outputOf[hit]!) found(ends[hit]! - 1, i + 1)
    }
  }
  return { scan }
}
