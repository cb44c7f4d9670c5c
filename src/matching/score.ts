/** From features to one number. Weights are set by hand until there are outcomes to learn from. */
import { FEATURES, type Feature, type Features } from './features.ts'

/** Changes whenever a weight, a feature or a formula does; stored with every match. */
export const SCORER = 'hand-2'

/** Sums to 1. */
export const WEIGHTS: Record<Feature, number> = {
  mustSkills: 0.34,
  niceSkills: 0.08,
  years: 0.12,
  education: 0.06,
  location: 0.08,
  title: 0.2,
  text: 0.12,
}

/** What a feature counts as where its data is missing: neither a merit nor a fault. */
export const NEUTRAL = 0.5

/**
 * `score` 0–1: the weighted mean of the features, halved where no must-have skill is there and whole where all are, so that nothing else
 * can make up for missing must-haves (all musts and nothing else: 0.34; everything but the musts: 0.33). `confidence` 0–1: the weight
 * of the features that were known. Both to four digits: the vectors of one text differ in the eighth digit by what else was in their batch, and
 * what is equal must not be ordered by that.
 */
export function score(features: Features): { score: number; confidence: number } {
  let sum = 0
  let confidence = 0
  for (const feature of FEATURES) {
    const value = features[feature]
    sum += WEIGHTS[feature] * (value ?? NEUTRAL)
    if (value !== null) confidence += WEIGHTS[feature]
  }
  const must = features.mustSkills ?? NEUTRAL
  return { score: round(sum * (0.5 + 0.5 * must)), confidence: round(confidence) }
}

const round = (value: number) => Math.round(value * 10_000) / 10_000
