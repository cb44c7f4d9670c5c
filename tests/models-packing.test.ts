import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packByBudget, pickSlice } from '../src/models/packing.ts'

const lengths = fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 80 })
const budget = fc.integer({ min: 1, max: 2000 })
const widest = (indexes: number[], of: number[]) => Math.max(...indexes.map((i) => of[i]!))

test('every text is in exactly one batch, and no batch of several is above the budget', () => {
  fc.assert(
    fc.property(lengths, budget, (of, limit) => {
      const batches = packByBudget(of, limit)
      expect(batches.flat().sort((a, b) => a - b)).toEqual([...of.keys()])
      for (const batch of batches) if (batch.length > 1) expect(widest(batch, of) * batch.length).toBeLessThanOrEqual(limit)
    }),
  )
})

test('no two batches that follow each other could have been one', () => {
  fc.assert(
    fc.property(lengths, budget, (of, limit) => {
      const batches = packByBudget(of, limit)
      for (const [i, batch] of batches.entries()) {
        const next = batches[i + 1]?.[0]
        if (next !== undefined) expect(of[next]! * (batch.length + 1)).toBeGreaterThan(limit)
      }
    }),
  )
})

test('mixed lengths are packed with little padding', () => {
  const of = Array.from({ length: 400 }, (_, i) => 4 + ((i * 37) % 250))
  const batches = packByBudget(of, 1024)
  const padded = batches.reduce((sum, batch) => sum + widest(batch, of) * batch.length, 0)
  const inOrder = 400 * 253
  expect(of.reduce((a, b) => a + b, 0) / padded).toBeGreaterThan(0.9)
  expect(padded).toBeLessThan(inOrder * 0.6)
})

test('a slice has the oldest text, no text twice, and is within the budget unless that text alone is above it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 80 }), budget, (of, limit) => {
      const slice = pickSlice(of, limit)
      expect(slice).toContain(0)
      expect(new Set(slice).size).toBe(slice.length)
      if (slice.length > 1) expect(slice.reduce((sum, i) => sum + of[i]!, 0)).toBeLessThanOrEqual(limit)
      // It is a run of neighbours in length: whatever was left out is not strictly between two that were taken.
      const taken = slice.map((i) => of[i]!)
      for (const [i, length] of of.entries())
        if (!slice.includes(i)) expect(length > Math.min(...taken) && length < Math.max(...taken)).toBe(false)
    }),
  )
})

test('a slice takes everything when everything fits, and nothing from nothing', () => {
  expect(pickSlice([5, 1, 9], 15).sort()).toEqual([0, 1, 2])
  expect(pickSlice([], 15)).toEqual([])
})
