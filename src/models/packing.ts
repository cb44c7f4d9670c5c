/**
 * How texts are put together. A batch is a rectangle of tokens, longest text × number of texts, and what it costs is that area, padding
 * included. Sorting by length before cutting keeps the area near the real tokens: 0.20 → 0.97 fill and 9× the throughput on mixed lengths
 * (reference measurement), where batches in order of arrival were mostly padding.
 */

/**
 * Cuts texts of the given token lengths into batches of at most `budget` padded tokens; a text longer than the budget gets a batch of its
 * own. Every index occurs exactly once. Within a batch and over the batches lengths ascend.
 */
export function packByBudget(lengths: number[], budget: number): number[][] {
  const batches: number[][] = []
  let batch: number[] = []
  for (const index of byLength(lengths)) {
    // Ascending order: the text that joins is the longest, so it sets the width of the rectangle.
    if (batch.length > 0 && Math.max(1, lengths[index]!) * (batch.length + 1) > budget) {
      batches.push(batch)
      batch = []
    }
    batch.push(index)
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}

/**
 * Chooses from waiting texts (lengths in order of arrival) the oldest and those nearest to it in length, until their sum reaches `budget`.
 * The oldest is always among them, so none starves; near lengths keep the batches full. Indexes in order of length, none twice.
 */
export function pickSlice(lengths: number[], budget: number): number[] {
  const sorted = byLength(lengths)
  const oldest = sorted.indexOf(0)
  if (oldest < 0) return []
  let from = oldest
  let to = oldest + 1
  let sum = lengths[0]!
  for (;;) {
    const shorter = from > 0 ? lengths[sorted[from - 1]!]! : undefined
    const longer = to < sorted.length ? lengths[sorted[to]!]! : undefined
    const takeShorter = shorter !== undefined && (longer === undefined || lengths[0]! - shorter <= longer - lengths[0]!)
    const next = takeShorter ? shorter : longer
    if (next === undefined || sum + next > budget) return sorted.slice(from, to)
    sum += next
    if (takeShorter) from--
    else to++
  }
}

const byLength = (lengths: number[]): number[] => lengths.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]! || a - b)
