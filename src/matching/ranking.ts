/** The best `limit` of a stream of scored items, best first, equal scores by id: the order of arrival never shows in the result. */
export type Ranked<T> = { id: string; score: number; item: T }

export function createRanking<T>(limit: number): { add: (id: string, score: number, item: T) => void; best: () => Ranked<T>[] } {
  const kept: Ranked<T>[] = []
  const isBefore = (id: string, score: number, other: Ranked<T>) => score > other.score || (score === other.score && id < other.id)
  return {
    add(id, score, item) {
      const last = kept[limit - 1]
      if (limit < 1 || (last && !isBefore(id, score, last))) return
      let low = 0
      for (let high = kept.length; low < high; ) {
        const middle = (low + high) >> 1
        if (isBefore(id, score, kept[middle]!)) high = middle
        else low = middle + 1
      }
      kept.splice(low, 0, { id, score, item })
      if (kept.length > limit) kept.pop()
    },
    best: () => kept,
  }
}
