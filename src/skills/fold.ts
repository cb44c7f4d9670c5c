/** Spellings that are equal for us: width and compatibility forms (NFKC), case, and hyphens for blanks ("real-time" and "real time"). */

/** UTF-16 units of `folded` and, where they differ from those of the text, `at[i]`: where unit i of `folded` begins in the text. */
export type Folded = { folded: string; at: Uint32Array | null }

/** A spelling as it is looked up: folded, single blanks. */
export const foldName = (name: string): string => hyphensToBlanks(name.normalize('NFKC').toLowerCase()).replace(/\s+/g, ' ').trim()

/** Folds a text and keeps track of positions. */
export function foldText(text: string): Folded {
  const normal = text.normalize('NFKC')
  const lower = normal.toLowerCase()
  if (lower.length === text.length && (normal === text || isUnitwise(text, normal))) return { folded: hyphensToBlanks(lower), at: null }
  // Something changed its length (ligatures, "㎡", "İ"): piece by piece, each base letter with its marks.
  const parts: string[] = []
  const at: number[] = []
  for (const { 0: piece, index } of text.matchAll(/\P{M}\p{M}*|\p{M}+/gu)) {
    const part = hyphensToBlanks(piece.normalize('NFKC').toLowerCase())
    parts.push(part)
    for (let i = 0; i < part.length; i++) at.push(index)
  }
  at.push(text.length)
  return { folded: parts.join(''), at: Uint32Array.from(at) }
}

/** True where the two differ only in full-width forms, which NFKC maps one to one. */
function isUnitwise(text: string, normal: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const a = text.charCodeAt(i)
    if (a !== normal.charCodeAt(i) && !(a >= 0xff01 && a <= 0xff5e) && a !== 0x3000 && a !== 0xa0) return false
  }
  return true
}

const hyphensToBlanks = (text: string): string => text.replace(/[-\u2010\u2011]/g, ' ')
