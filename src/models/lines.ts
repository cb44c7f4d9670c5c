/** A byte stream cut into lines, with a bound on how much of one line is ever held. */

export type Line = { n: number; bytes: Buffer } | { n: number; tooLong: true }

/** Lines without their newline, numbered from 1; a line above `limit` bytes is skipped over and reported. A last line needs no newline. */
export async function* splitLines(source: AsyncIterable<Buffer | string>, limit: number): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let size = 0
  let n = 1
  const end = (): Line => {
    const line: Line = size > limit ? { n, tooLong: true } : { n, bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts) }
    parts = []
    size = 0
    n++
    return line
  }
  for await (const piece of source) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(10, from)
      const to = newline < 0 ? chunk.length : newline
      size += to - from
      if (size > limit) parts = []
      else if (to > from) parts.push(chunk.subarray(from, to))
      if (newline >= 0) yield end()
      from = to + 1
    }
  }
  if (size > 0) yield end()
}
