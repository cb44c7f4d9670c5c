import type { Task } from './sets.ts'

/** Shares from 0 to 1, rounded to 4 places. `beatsRivals`: the right answer stands above all of its hard negatives. */
export type Score = { recall1: number; recall5: number; mrr: number; beatsRivals?: number }

/** Gives the similarity of every query to every pool text, [queries][pool]; only the order within a row matters. */
export type Ranker = (queries: string[], pool: string[]) => Promise<ArrayLike<number>[]>

/**
 * The place of the right answer, from 1. Ties get the middle of their places: a baseline that knows none of the words (all zeros) then stands
 * where chance would put it, not first.
 */
function place(scores: ArrayLike<number>, gold: number, among?: number[]): number {
  const others = among ?? Array.from(scores, (_, index) => index)
  let above = 0
  let equal = 0
  for (const index of others) {
    if (index === gold) continue
    if (scores[index]! > scores[gold]!) above++
    else if (scores[index]! === scores[gold]!) equal++
  }
  return 1 + above + equal / 2
}

const mean = (values: number[]): number => Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 1e4) / 1e4

/** recall@1, recall@5 and mean reciprocal rank (Voorhees, 1999) of one ranker on one task. */
export async function score(task: Task, rank: Ranker): Promise<Score> {
  const matrix = await rank(task.queries, task.pool)
  const places = matrix.map((row, query) => place(row, task.gold[query]!))
  const result: Score = {
    recall1: mean(places.map((at) => Number(at <= 1))),
    recall5: mean(places.map((at) => Number(at <= 5))),
    mrr: mean(places.map((at) => 1 / at)),
  }
  const { rivals } = task
  if (rivals) result.beatsRivals = mean(matrix.map((row, query) => Number(place(row, task.gold[query]!, rivals[query]!) === 1)))
  return result
}
