/** Counts how often values found by each sign are right, and how far the confidence in use is from that. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Talent } from '../../src/canonical/schema.ts'
import { confidenceOf, signOf } from '../../src/resume/confidence.ts'
import { linesOf, placesOf } from '../../src/resume/evidence.ts'
import { interpret, readBlocks } from '../../src/resume/read.ts'
import { toSections } from '../../src/resume/sections.ts'
import { align, fieldRight, normal, same, sameEmail, samePhone, sameUrl, type Truth } from './score.ts'

type Judged = { document: string; sign: string; right: boolean }

/**
 * Prints the table for src/resume/confidence.ts. Resolves to the expected calibration error (ten bins, 0 to 1) of the table in use, and to that of
 * documents whose own values the table was not counted on (`heldOut`: each document by a table of all others).
 */
export async function calibrate(dir: string, truths: Truth[]): Promise<{ calibrationError: number; heldOut: number }> {
  const judged: Judged[] = []
  for (const truth of truths) {
    const read = await readBlocks(readFileSync(join(dir, truth.id, truth.file))).catch(() => null)
    if (read && read.blocks.length > 0) judged.push(...judge(truth, read.blocks).map((one) => ({ ...one, document: truth.id })))
  }
  const groups = Map.groupBy(judged, (one) => one.sign)
  for (const [sign, list] of [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`  '${sign}': ${share(list).toFixed(2)}, // ${list.filter((one) => one.right).length} of ${list.length}`)
  }
  const others = judged.map(({ document, sign, right }) => ({
    confidence: share(groups.get(sign)!.filter((one) => one.document !== document)),
    right,
  }))
  return {
    calibrationError: calibrationError(judged.map(({ sign, right }) => ({ confidence: confidenceOf(sign), right }))),
    heldOut: calibrationError(others),
  }
}

/** Of right values; a sign seen twice does not claim certainty. */
const share = (list: Judged[]): number => (list.filter((one) => one.right).length + 1) / (list.length + 2)

function judge(truth: Truth, blocks: Parameters<typeof interpret>[0]): Omit<Judged, 'document'>[] {
  const { talent } = interpret(blocks)
  const sections = toSections(blocks)
  const lines = linesOf(sections)
  const rightAt = judgeOf(truth, talent)
  return placesOf(talent, sections).flatMap((place) => {
    const right = rightAt(place.path, place.value)
    return right === null ? [] : [{ sign: signOf(place, talent, lines), right }]
  })
}

/** Whether a value is right; null where the truth says nothing about it. */
function judgeOf(truth: Truth, talent: Talent): (path: string, value: string) => boolean | null {
  const schools = invert(align(truth.education, talent.education, ['school', 'level', 'field', 'start', 'end']))
  const jobs = invert(align(truth.experience, talent.experience, ['company', 'title', 'start', 'end']))
  return (path, value) => {
    const [, list, index, field] = path.split('/')
    const n = Number(index)
    if (list === 'name') return truth.name ? same(truth.name, value) : null
    if (list === 'emails') return truth.email.some((one) => sameEmail(one, value))
    if (list === 'phones') return truth.phone.some((one) => samePhone(one, value))
    if (list === 'links') return truth.urls.some((one) => sameUrl(one, value))
    if (list === 'location')
      return truth.location
        ? truth.location.split('|').some((one) => normal(one).includes(normal(value)) || normal(value).includes(normal(one)))
        : null
    if (list === 'skills') return truth.skills ? truth.skills.some((one) => same(one, value)) : null
    const of =
      list === 'education' ? truth.education[schools.get(n) ?? -1] : list === 'experience' ? truth.experience[jobs.get(n) ?? -1] : null
    if (of === null || !['school', 'level', 'field', 'company', 'title', 'start', 'end'].includes(field ?? '')) return null
    if (of === undefined) return false
    const value0 = (of as Record<string, string | null>)[field!]
    return value0 == null ? null : fieldRight(field!, value0, value)
  }
}

const invert = (map: Map<number, number>): Map<number, number> => new Map([...map].map(([a, b]) => [b, a]))

const BINS = 10

function calibrationError(all: { confidence: number; right: boolean }[]): number {
  const bins = Map.groupBy(all, ({ confidence }) => Math.min(BINS - 1, Math.floor(confidence * BINS)))
  let error = 0
  for (const list of bins.values()) {
    const sure = list.reduce((sum, one) => sum + one.confidence, 0) / list.length
    const right = list.filter((one) => one.right).length / list.length
    error += (list.length / all.length) * Math.abs(sure - right)
  }
  return error
}
