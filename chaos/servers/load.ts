/** Systems that submit batch after batch: each waits for one to end, so that what must be there in the end is known. */
import { setTimeout as delay } from 'node:timers/promises'
import { derivedId } from '../../src/canonical/ids.ts'
import { type Client, ndjson } from '../../tests/client.ts'
import type { Submitted } from '../../tests/outcomes.ts'

export type Load = {
  tenant: string
  submitted: Submitted[]
  /** The last line of each talent and position that was not deleted since, by its id. */
  lines: Map<string, Record<string, unknown>>
  /** Text of each résumé by its file name. */
  resumes: Map<string, string>
}
type Random = () => number

const TALENTS = 100
const POSITIONS = 12
const RESUMES = 30
const PATIENCE_MS = 600_000
const ANSWER_MS = 15_000
const SKILLS = ['SQL', 'Python', 'Kubernetes', 'React', 'Java', '机器学习', '项目管理', 'Excel', 'Go', '数据分析']
const TITLES = ['Backend Engineer', '数据分析师', 'Product Manager', '前端工程师', 'Accountant']

/** Submits until it is aborted and then waits for what is open. Throws when something is refused or does not end. */
export async function submitting(load: Load, lane: string, at: () => Client, random: Random, signal: AbortSignal): Promise<void> {
  for (let n = 0; n === 0 || !signal.aborted; n++) {
    const { lines, files } = makeBatch(lane, random)
    const id = await batch(at, `${lane}-${n}`, [...lines, { type: 'talent', skills: 'wrong' }], files)
    load.submitted.push({ id, items: lines.length + 1 + files.length, unreadable: 1, failed: 1 })
    for (const line of lines) load.lines.set(line.id, line)
    for (const [name, text] of files) if (text !== '') load.resumes.set(name, text)
    const gone = `${lane}-t${Math.floor(random() * TALENTS)}`
    await insist(at, [204, 404], () => [`/v1/talents/${derivedId('t', load.tenant, 'external', gone)}`, { method: 'DELETE' }])
    load.lines.delete(gone)
    await delay(random() * 2000)
  }
}

type Made = { lines: ({ id: string } & Record<string, unknown>)[]; files: [name: string, text: string][] }

/** New and changed talents and positions, and résumés, one of them empty. */
function makeBatch(lane: string, random: Random): Made {
  const some = <T>(list: T[], n: number): T[] => [...new Set(Array.from({ length: n }, () => list[Math.floor(random() * list.length)]!))]
  const numbers = (n: number, of: number) => new Set(Array.from({ length: n }, () => Math.floor(random() * of)))
  const talents = [...numbers(20, TALENTS)].map((n) => ({
    type: 'talent',
    id: `${lane}-t${n}`,
    name: `候选人 ${lane} ${n}`,
    title: some(TITLES, 1)[0],
    skills: some(SKILLS, 4),
    experience: [{ company: `Company ${Math.floor(random() * 9)}`, title: some(TITLES, 1)[0] }],
  }))
  const positions = [...numbers(3, POSITIONS)].map((n) => ({
    type: 'position',
    id: `${lane}-p${n}`,
    title: some(TITLES, 1)[0],
    mustSkills: some(SKILLS, 3),
  }))
  const resumes = [...numbers(2, RESUMES)].map((n): [string, string] => [`${lane}-${n}.txt`, resumeText(lane, n)])
  return { lines: [...talents, ...positions], files: [...resumes, ['empty.txt', '']] }
}

const resumeText = (lane: string, n: number): string => `Robin ${'ABCDEFGHIJ'[n % 10]}. Example
robin.${lane}.${n}@example.com

Summary
${TITLES[n % 2]} with experience in ${SKILLS[n % 4]} and Excel.

Experience
2018-0${1 + (n % 9)} - 2023-04   Example Works ${n}   Engineer

Skills
${SKILLS[n % 4]}, Excel
`

/** Submits and resolves once the batch has ended. */
export async function batch(at: () => Client, key: string, lines: unknown[], files: Made['files']): Promise<string> {
  const { id } = await insist<{ id: string }>(at, [200, 202], () => {
    const form = new FormData()
    for (const [name, text] of files) form.append('file', new Blob([text]), name)
    form.append('items', new Blob([ndjson(lines)], { type: 'application/x-ndjson' }), 'items.ndjson')
    return ['/v1/batches', { method: 'POST', body: form, headers: { 'idempotency-key': key } }]
  })
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const { state, ...rest } = await insist<{ state: string }>(at, [200], () => [`/v1/batches/${id}`])
    if (state === 'closed') return id
    if (Date.now() > until) throw new Error(`batch ${id} does not end: ${JSON.stringify(rest)}`)
    await delay(300)
  }
}

/** What is sent: path and options of a call. A function, since a body can be sent once only. */
type Sent = () => Parameters<Client['call']>

/** Sends until the answer is a wanted one, as a client would that is told to come again. Answers its body. */
export async function insist<T = unknown>(at: () => Client, wanted: number[], sent: Sent): Promise<T> {
  const until = Date.now() + PATIENCE_MS
  for (let last = 'no answer'; ; ) {
    try {
      const [path, options] = sent()
      const answer = await at().call(path, { ...options, signal: AbortSignal.timeout(ANSWER_MS) })
      const text = await answer.text()
      if (wanted.includes(answer.status)) return (text === '' ? null : JSON.parse(text)) as T
      last = `${answer.status} ${text}`
      // In flight, a store or the disk that is away for now. Anything else is a fault of ours.
      if (![409, 503, 507].includes(answer.status)) throw new Error(`${path} was answered with ${last}`)
    } catch (error) {
      // The connection broke, or the process stands still.
      if (!(error instanceof TypeError) && (error as Error).name !== 'TimeoutError') throw error
    }
    if (Date.now() > until) throw new Error(`no wanted answer in ${PATIENCE_MS / 60_000} minutes, last ${last}`)
    await delay(250)
  }
}
