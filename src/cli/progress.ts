/** A progress bar on a terminal; nothing where the output is none, so that logs and pipes stay clean. */

const WIDTH = 30
const CLEAR = '\r\u001b[2K'

export type Progress = { step(bad: boolean): void; clear(): void }

export function createProgress(out: NodeJS.WriteStream, total: number): Progress {
  let done = 0
  let bad = 0
  return {
    step(failed) {
      done++
      if (failed) bad++
      if (!out.isTTY) return
      const full = Math.round((done / total) * WIDTH)
      out.write(`${CLEAR}${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${done}/${total}${bad > 0 ? `, ${bad} unreadable` : ''}`)
    },
    clear() {
      if (out.isTTY) out.write(CLEAR)
    },
  }
}
