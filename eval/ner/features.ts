/** Features of characters for taggers of Chinese text: the characters around, alone and joined, and their kinds. */

const kindOf = (c: string): string =>
  c === ''
    ? '^'
    : /\d/.test(c)
      ? '9'
      : /[A-Za-z]/.test(c)
        ? 'a'
        : /\p{Script=Han}/u.test(c)
          ? '汉'
          : /\s/.test(c)
            ? ' '
            : /[·•]/.test(c)
              ? '·'
              : ','

/** One list per character. */
export function characterFeatures(text: string[]): string[][] {
  const at = (i: number): string => (i < 0 ? '<' : (text[i] ?? '>'))
  return text.map((c, i) => {
    const [a, b, d, e] = [at(i - 2), at(i - 1), at(i + 1), at(i + 2)]
    return [
      `0${c}`,
      `-1${b}`,
      `-2${a}`,
      `+1${d}`,
      `+2${e}`,
      `a${b}${c}`,
      `b${c}${d}`,
      `c${a}${b}`,
      `d${d}${e}`,
      `e${b}${d}`,
      `f${a}${b}${c}`,
      `g${b}${c}${d}`,
      `h${c}${d}${e}`,
      `k${kindOf(b)}${kindOf(c)}${kindOf(d)}`,
    ]
  })
}
