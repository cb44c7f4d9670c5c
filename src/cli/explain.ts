/** Each value with the line it came from. */
import type { Reading } from '../canonical/reading.ts'
import type { Talent } from '../canonical/schema.ts'
import { valueAt } from './fields.ts'

const MAX_LINE = 100

/** One line per field: confidence, pointer, value; below it page, number and text of each line it was read from. Indented by two blanks. */
export function explain(talent: Talent, { fields, blocks }: Reading): string {
  return fields
    .map(({ path, confidence, blocks: at }) => {
      const value = valueAt(talent, path).replaceAll('\n', ' ')
      const lines = at.map(
        (i) =>
          `        ${blocks[i]!.page === null ? '' : `page ${blocks[i]!.page}, `}line ${i + 1}: ${cut(blocks[i]!.text.replaceAll('\t', ' ⇥ '))}\n`,
      )
      return `  ${confidence.toFixed(2)}  ${path} = ${cut(value)}\n${lines.join('')}`
    })
    .join('')
}

const cut = (text: string): string => (text.length <= MAX_LINE ? text : `${text.slice(0, MAX_LINE - 1)}…`)
