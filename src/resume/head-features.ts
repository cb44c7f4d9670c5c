/** What the tagger sees of the pieces of an entry's head. */
import { companyScore, isPlace, levelOf, schoolScore, titleScore } from './words.ts'

export type Piece = { text: string; line: number }

/** One list per piece; `signs` as `signOf` gives them. Its words and their lists, its place, and those of its neighbours. */
export function headFeatures(pieces: Piece[], signs = pieces.map(({ text }) => signOf(text))): string[][] {
  return pieces.map(({ text, line }, i) => {
    const before = pieces[i - 1]
    const after = pieces[i + 1]
    const words = wordsOf(text)
    const where = `${line}${i === 0 ? 'f' : before?.line === line ? 'm' : 'n'}${after === undefined ? 'l' : after.line === line ? 's' : 'e'}`
    return [
      '*',
      `sign ${signs[i]}`,
      `at ${where}`,
      `sign ${signs[i]} at ${where}`,
      `before ${signs[i - 1] ?? '<'}`,
      `after ${signs[i + 1] ?? '>'}`,
      `sign ${signs[i - 1] ?? '<'} ${signs[i]}`,
      `sign ${signs[i]} ${signs[i + 1] ?? '>'}`,
      `first ${words[0]}`,
      `last ${words.at(-1)}`,
      `shape ${shapeOf(text)}`,
      `of ${Math.min(pieces.length, 5)} at ${Math.min(i, 4)}`,
    ]
  })
}

/** Lists that the piece is on, with how surely. */
export function signOf(text: string): string {
  const marks = [
    titleScore(text) > 0 ? `t${titleScore(text)}` : '',
    companyScore(text) > 0 ? `c${companyScore(text)}` : '',
    schoolScore(text) > 0 ? `s${schoolScore(text)}` : '',
    levelOf(text) !== null ? 'd' : '',
    isPlace(text) ? 'p' : '',
  ].join('')
  return marks === '' ? '-' : marks
}

const wordsOf = (text: string): string[] =>
  /\p{Script=Han}/u.test(text) ? [text.slice(0, 2), text.slice(-2)] : text.toLowerCase().split(/\s+/)

function shapeOf(text: string): string {
  const han = /\p{Script=Han}/u.test(text)
  const length = han ? Math.min(Math.ceil(text.length / 4), 5) : Math.min(text.split(/\s+/).length, 6)
  return `${han ? '汉' : 'a'}${length}${/\d/.test(text) ? '9' : ''}${/^[A-Z\d&.]+$/.test(text) ? 'A' : ''}${/[a-z]/.test(text[0] ?? '') ? 'a' : ''}`
}
