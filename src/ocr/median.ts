/** The value at which half of the weight lies to each side; null of nothing. */
export function weightedMedian(values: { value: number; weight: number }[]): number | null {
  const half = values.reduce((sum, { weight }) => sum + weight, 0) / 2
  let sum = 0
  for (const { value, weight } of values.toSorted((a, b) => a.value - b.value)) {
    sum += weight
    if (sum >= half) return value
  }
  return null
}
