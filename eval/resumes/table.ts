/** Scores as a table: one column per group of documents, one row per measure. */
import { BESIDE, fieldMean, MEAN, merge, rateOf, type Tally } from './score.ts'

export type Scored = { id: string; groups: string[]; tally: Tally }

const number = (value: number | null): string => (value === null ? '–' : value.toFixed(3))

export function printTable(scored: Scored[]): void {
  const names = [...new Set(scored.flatMap((one) => one.groups))].sort()
  const columns = [
    { name: 'all', tally: merge(scored.map((one) => one.tally)), n: scored.length },
    ...names.map((name) => {
      const some = scored.filter((one) => one.groups.includes(name))
      return { name, tally: merge(some.map((one) => one.tally)), n: some.length }
    }),
  ]
  const row = (label: string, cells: string[]) => console.log(label.padEnd(14) + cells.map((cell) => cell.padStart(13)).join(''))
  row(
    '',
    columns.map(({ name }) => name),
  )
  row(
    'documents',
    columns.map(({ n }) => String(n)),
  )
  for (const key of [...MEAN, ...BESIDE])
    row(
      key,
      columns.map(({ tally }) => number(rateOf(tally.get(key)))),
    )
  row(
    'field mean',
    columns.map(({ tally }) => number(fieldMean(tally))),
  )
}

/** What is wrong in each document. */
export function printDocuments(scored: Scored[]): void {
  for (const { id, tally } of scored) {
    const low = [...MEAN, ...BESIDE].flatMap((key) => {
      const value = rateOf(tally.get(key))
      return value === null || value === 1 ? [] : [`${key}=${value.toFixed(2)}`]
    })
    console.log(`${id.padEnd(30)} ${number(fieldMean(tally))}  ${low.join(' ')}`)
  }
}
