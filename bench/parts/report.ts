export const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Three digits behind the point are more than these measurements are worth. */
export const round = (value: number, digits = 3): number => Number(value.toFixed(digits))

/** A table for people, then the summary as the last line, one JSON object for scripts. */
export function report(rows: Record<string, string | number>[], summary: Record<string, unknown>): void {
  console.table(rows)
  console.log(JSON.stringify(summary))
}
