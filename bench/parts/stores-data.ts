/** What the benches of all stores write and ask, made up. */
import type { Talent } from '../../src/canonical/schema.ts'
import type { Edge, SearchEntry, VectorEntry } from '../../src/stores/ports.ts'

export const SPACE = 'bench'
const SKILLS = 200
const ENGLISH =
  'engineer python kafka design team data platform service cloud review report sales account lead build test deploy network audit plan'.split(
    ' ',
  )
const CHINESE = [
  '负责',
  '后端',
  '开发',
  '分布式系统',
  '数据平台',
  '财务报表',
  '项目管理',
  '测试',
  '运维',
  '沟通能力',
  '云计算',
  '客户',
  '产品设计',
]

/** Some 600 bytes. */
export const talent = (id: string, round: number) =>
  ({
    name: `候选人 ${id}`,
    title: `Engineer ${round}`,
    skills: ['Python', 'SQL', 'Kafka', '机器学习'],
    location: 'Shanghai',
    experience: [{ company: 'Example Trading', title: 'Engineer', start: '2019-03', end: '2023-01', bullets: ['x'.repeat(200)] }],
  }) as unknown as Talent

/** Six edges, of which one changes from round to round. */
export const edgesOf = (i: number, round: number): Edge[] => [
  ...[1, 7, 13, 31].map((step): Edge => ({ type: 'HAS_SKILL', to: `skill:s${(i * step) % SKILLS}` })),
  { type: 'HAS_SKILL', to: `skill:round ${round}` },
  { type: 'WORKED_AT', to: `company:c${i % 50}` },
]

/** About 700 characters in two languages, and one word that few others have. */
export function entryOf(id: string, random: () => number): SearchEntry {
  const words = Array.from({ length: 110 }, () => (random() < 0.6 ? pick(ENGLISH, random) : pick(CHINESE, random)))
  const title = `${pick(ENGLISH, random)} ${pick(CHINESE, random)}`
  const text = `${words.join(' ')} rare${Math.floor(random() * 2000)}`
  return {
    ...{ kind: 'talent', id, ver: 1, name: `Name ${id}`, title, text, city: 'Shanghai' },
    skills: [pick(ENGLISH, random), 'SQL'],
  } as SearchEntry
}

export function vectorOf(id: string, dims: number, random: () => number): VectorEntry {
  const one = () => Float32Array.from({ length: dims }, () => random() - 0.5)
  return { kind: 'talent', id, ver: 1, space: SPACE, vectors: { title: one(), text: one() } }
}

/** Words in both languages, one of them rare. */
export const queryOf = (random: () => number): string =>
  `${pick(ENGLISH, random)} ${pick(CHINESE, random)} rare${Math.floor(random() * 2000)}`

export const slicesOf = <T>(items: T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
const pick = (from: string[], random: () => number): string => from[Math.floor(random() * from.length)]!
