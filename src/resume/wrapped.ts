/** What narrow columns broke in two is put together again, before entries are looked for. */
import { findRange, OPEN_RANGE } from './dates.ts'

/** "Nov. 2020 –" above "Present", in the last cell (dates flush right) or in the first (a rail of dates). */
function joinDates(texts: string[]): string[] {
  const out: string[] = []
  for (let i = 0; i < texts.length; i++) {
    const joined = joinRows(texts[i]!, texts[i + 1])
    if (joined) {
      out.push(...joined)
      i++
    } else out.push(texts[i]!)
  }
  return out
}

function joinRows(upper: string, lower: string | undefined): string[] | null {
  if (lower === undefined || findRange(upper)) return null
  const [above, below] = [upper.split('\t'), lower.split('\t')]
  if (above.length > 2 || below.length > 2) return null
  const whole = (first: string | undefined, second: string | undefined) => {
    if (first === undefined || second === undefined || !OPEN_RANGE.test(first)) return null
    const text = `${first} ${second}`
    const range = findRange(text)
    return range && range.index + range.length > first.length ? { text, rest: text.slice(range.index + range.length).trim() } : null
  }
  const last = whole(above.at(-1), below.at(-1))
  if (last && last.rest === '') {
    const [left, more] = [above.length === 2 ? above[0]! : '', below.length === 2 ? below[0]! : '']
    // A head in one piece ("Company — Title") was broken too; else its parts stand in lines of their own.
    if (/\s[—–|·-]\s|,\s/.test(left)) return [`${more ? `${left} ${more}` : left}\t${last.text}`]
    return [`${left}\t${last.text}`.trim(), ...(more ? [more] : [])]
  }
  const first = above.length === 2 ? whole(above[0], below[0]) : null
  if (first && first.rest === '') return [`${first.text}\t${above[1]}`, ...(below[1] ? [below[1]] : [])]
  return null
}

/** "Massachusetts Institute of" goes on in the next line. */
function joinNames(texts: string[]): string[] {
  const out: string[] = []
  for (const text of texts) {
    const last = out.at(-1)
    const open = last && /^[\p{Lu}•].{0,90}\s(?:of|and|for|&|de|at)$/u.test(last) && last.split(/\s+/).length <= 14
    if (open && /^\p{Lu}/u.test(text) && text.length < 60) out[out.length - 1] = `${last} ${text}`
    else out.push(text)
  }
  return out
}

export const unwrapped = (texts: string[]): string[] => joinNames(joinDates(texts))
