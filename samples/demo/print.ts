/** Progress bars and tables for a terminal; plain lines where the output is none. Chinese characters are two columns wide. */

export type Bar = { name: string; done: number; total: number; bad: number }

export const width = (): number => (process.stdout.isTTY ? process.stdout.columns : 0)

const columns = (text: string): number =>
  [...text].reduce(
    (n, c) => n + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(c) ? 2 : 1),
    0,
  )
const padded = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - columns(text)))

/** Draws the bars over the ones before; without a terminal it prints a line whenever a stage is through. */
export function bars(out: NodeJS.WriteStream): (now: Bar[]) => void {
  let drawn = 0
  const through = new Set<string>()
  return (now) => {
    if (!out.isTTY) {
      for (const { name, done, total, bad } of now)
        if (total > 0 && done === total && !through.has(name)) {
          through.add(name)
          out.write(`  ${padded(name, 13)} ${done}/${total}${bad > 0 ? `, ${bad} ended here` : ''}\n`)
        }
      return
    }
    if (drawn > 0) out.write(`\u001b[${drawn}A`)
    for (const { name, done, total, bad } of now) {
      const full = total === 0 ? 0 : Math.round((done / total) * 30)
      out.write(
        `\u001b[2K  ${padded(name, 13)} ${'█'.repeat(full)}${'░'.repeat(30 - full)} ${done}/${total}${bad > 0 ? `  (${bad} ended here)` : ''}\n`,
      )
    }
    drawn = now.length
  }
}

export function table(rows: string[][]): string {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, columns(cell))
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, i) => padded(cell, widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
