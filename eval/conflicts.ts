/**
 * `npm run eval -- conflicts [--people N] [--seed S]`: how many of the conflicts between two sources and a recruiter the merge decides by itself,
 * with its default rules. What is edited, by whom and how is an assumption, stated in the tables below; the last table shows how much hangs on the
 * one that matters most, the recruiter's share.
 */
import { parseArgs } from 'node:util'
import { count } from '../bench/parts/options.ts'
import { seeded } from '../samples/zervigo/data.ts'
import { type Correction, noteCorrection, patched } from '../src/canonical/correction.ts'
import type { Talent } from '../src/canonical/schema.ts'
import { merge } from '../src/sync/merge.ts'

/** Of conflicts that are decided by a policy or by a person, the share that needs no person. */
const GATE = 0.95

/** Of all edits: both systems are written to every day, by employees, candidates and nightly jobs; a recruiter corrects what they come across. */
const RECRUITER = 0.08
/** Edits that a person's record gets between two looks at its conflicts. */
const EDITS = 5
/** An edit that says what another already says: the second system hears of a move or a new number too. Every other edit has its own words. */
const CATCHES_UP = 0.35

type Field = { path: keyof Talent; share: number; why: string; values: unknown[] }
const FIELDS: Field[] = [
  {
    path: 'skills',
    share: 0.25,
    why: 'grows all the time, in the words of each system',
    values: [['Java'], ['Java', 'Spring'], ['SQL'], ['数据分析', 'SQL'], ['Go', 'Docker'], ['Kubernetes']],
  },
  {
    path: 'title',
    share: 0.22,
    why: 'changes with every post, and is worded by whoever writes it',
    values: ['Engineer', 'Senior engineer', 'Java 开发工程师', 'Team lead', 'Architect', '产品经理'],
  },
  {
    path: 'location',
    share: 0.13,
    why: 'a city here, a province or a country there',
    values: ['上海', 'Shanghai, China', 'China', '浙江', 'Berlin', 'Germany'],
  },
  { path: 'phones', share: 0.1, why: 'a new number reaches one system first', values: [1, 2, 3, 4, 5].map((n) => [`+49 30 555000${n}`]) },
  { path: 'years', share: 0.08, why: 'counted at different times', values: [3, 4, 5, 6, 7, 8] },
  { path: 'status', share: 0.08, why: 'who has left is known to the payroll first', values: ['active', 'inactive'] },
  { path: 'emails', share: 0.06, why: 'private or of the company', values: [1, 2, 3, 4].map((n) => [`person.${n}@example.com`]) },
  { path: 'summary', share: 0.05, why: 'free text', values: ['A', 'B', 'C', 'D', 'E'].map((name) => `Summary ${name}`) },
  {
    path: 'name',
    share: 0.03,
    why: 'spelling, order of names, marriage',
    values: ['欧阳静远', 'Ouyang Jingyuan', 'Jingyuan Ouyang', '欧阳 静远'],
  },
]
const SOURCES = ['crm', 'payroll']

type Tally = Map<string, { auto: number; open: number }>

/** Returns 1 where the share is below the gate. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { people: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } } })
  const [people, seed] = [count('people', values.people), count('seed', values.seed)]
  const tally = play(people, seed, RECRUITER)
  console.table(
    FIELDS.map(({ path, share, why }) => {
      const { auto, open } = tally.get(path) ?? { auto: 0, open: 0 }
      return { path, 'share of edits': share, auto, open, automatic: rate([{ auto, open }]), why }
    }),
  )
  console.table(
    [0.02, 0.05, RECRUITER, 0.15, 0.3].map((share) => ({ "recruiter's share": share, automatic: rateOf(play(people, seed, share)) })),
  )
  const automatic = rateOf(tally)
  console.log(JSON.stringify({ eval: 'conflicts', people, seed, automatic, gate: GATE }))
  return automatic < GATE ? 1 : 0
}

const rate = (counts: { auto: number; open: number }[]): number => {
  const auto = counts.reduce((sum, one) => sum + one.auto, 0)
  const all = counts.reduce((sum, one) => sum + one.auto + one.open, 0)
  return all === 0 ? 1 : Math.round((auto / all) * 1000) / 1000
}
const rateOf = (tally: Tally): number => rate([...tally.values()])

/** Everybody begins the same in both sources: what differs afterwards comes from the edits alone. */
function play(people: number, seed: number, recruiter: number): Tally {
  const random = seeded(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const tally: Tally = new Map()
  for (let person = 0; person < people; person++) {
    const base = Object.fromEntries(FIELDS.map(({ path, values }) => [path, pick(values)]))
    const says = new Map(SOURCES.map((source) => [source, { ...base }]))
    let correction: Correction | null = null
    const merged = () =>
      merge(
        'talent',
        SOURCES.map((source) => ({ source, at: null, says: says.get(source)!, gone: false })),
        correction,
      )
    for (let edit = 0; edit < EDITS; edit++) {
      const { path, values } = fieldAt(random())
      const value = random() < CATCHES_UP ? says.get(pick(SOURCES))![path] : pick(values)
      if (random() < recruiter) {
        const before = merged().data as Talent
        const patch = { [path]: value }
        correction = noteCorrection(correction, before, patched(before, patch), patch, 'recruiter', '2026-01-01T00:00:00Z')
      } else says.get(pick(SOURCES))![path] = value
    }
    for (const [path, { status }] of Object.entries(merged().conflicts)) {
      if (status === 'decided') continue
      const counts = tally.get(path) ?? { auto: 0, open: 0 }
      tally.set(path, counts)
      counts[status]++
    }
  }
  return tally
}

function fieldAt(share: number): Field {
  let left = share
  for (const field of FIELDS) {
    left -= field.share
    if (left < 0) return field
  }
  return FIELDS.at(-1)!
}
