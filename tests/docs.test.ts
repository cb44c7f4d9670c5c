/** What the documents promise is checked against the code; the commands of the first steps and the five steps of "add a job" are run. */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { Env } from '../src/config.ts'
import { Payload } from '../src/queues/define.ts'
import { jobNames, jobs } from '../src/queues/index.ts'
import { loadProcessors } from '../src/workers/host.ts'
import { startSystem } from './support.ts'

const ROOT = join(import.meta.dirname, '..')
const READMES = ['README.md', 'README.zh-CN.md']
const run = promisify(execFile)
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
/** Fenced blocks of a language, without the indentation of the list they stand in. */
const fenced = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\``, 'gm'))].map((m) =>
    m[2]!.replaceAll(/^ {3}/gm, (indent) => (m[1] ? '' : indent)),
  )

describe('configuration', () => {
  const parsed = Env.parse({}) as Record<string, unknown>
  /** Defaults that depend on the machine are told in words. */
  const keys = Object.entries(Env.shape).map(([key, schema]) => ({
    key,
    value: key.endsWith('_HOSTS') ? '' : String(parsed[key] ?? ''),
    meaning: (schema as z.ZodType).meta()?.description,
  }))
  const rows = (file: string) =>
    [...read(file).matchAll(/^\| `([A-Z0-9_]+)` \| (?:`([^`]*)` )?\| (.+) \|$/gm)].map(([, key, value = '', meaning]) => ({
      key,
      value,
      meaning,
    }))

  it('the table of README.md has every key, its default and its meaning', () => {
    expect(rows('README.md')).toEqual(keys)
  })

  it('the table of README.zh-CN.md has every key and its default, and a meaning in Chinese', () => {
    const found = rows('README.zh-CN.md')
    expect(found.map(({ key, value }) => ({ key, value }))).toEqual(keys.map(({ key, value }) => ({ key, value })))
    expect(found.filter(({ key, meaning }) => key !== 'LOG_LEVEL' && key !== 'QUEUE_URL' && !/\p{Script=Han}/u.test(meaning!))).toEqual([])
  })

  it('.env.example has every key, its default and its meaning, all commented out', () => {
    const found = [...read('.env.example').matchAll(/^# (.+)\n# ([A-Z0-9_]+)=(.*)$/gm)].map(([, meaning, key, value]) => ({
      key,
      value,
      meaning,
    }))
    expect(found).toEqual(keys)
    expect(read('.env.example').match(/^[^#\n]/m)).toBeNull()
  })
})

describe('documents', () => {
  const pages = [...globSync('*.md', { cwd: ROOT }), ...globSync('docs/**/*.md', { cwd: ROOT })].map((page) => page.replaceAll('\\', '/'))
  const matches = (pattern: RegExp) => pages.flatMap((page) => [...read(page).matchAll(pattern)].map((m) => ({ page, m })))

  it('name npm scripts, benches and evaluations that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    expect(matches(/npm run ([\w:-]+)/g).filter(({ m }) => !scripts[m[1]!])).toEqual([])
    expect(matches(/npm run (bench|eval|chaos) -- ([\w-]+)/g).filter(({ m }) => !existsSync(join(ROOT, m[1]!, `${m[2]}.ts`)))).toEqual([])
  })

  it('link to files and headings that exist', () => {
    const slugs = (file: string) =>
      [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
        title!
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
          .replaceAll(' ', '-'),
      )
    const broken = matches(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)
      .map(({ page, m }) => ({ page, target: m[1] ? join(dirname(page), m[1]) : page, heading: m[2] }))
      .filter(({ target, heading }) => !existsSync(join(ROOT, target)) || (heading && !slugs(target).includes(heading)))
    expect(broken).toEqual([])
  })

  it('each decision says its context, what was decided, what follows and what was rejected', () => {
    const decisions = pages.filter((page) => page.startsWith('docs/decisions/'))
    expect(decisions.length).toBeGreaterThan(0)
    for (const page of decisions)
      expect(
        [...read(page).matchAll(/^\*\*(\w+)\.\*\*/gm)].map((m) => m[1]),
        page,
      ).toEqual(['Context', 'Decision', 'Consequences', 'Rejected'])
  })

  it.each(READMES)('the state diagram of %s has the states of a chunk', (file) => {
    const states = /^(?:export )?type ChunkState = (.+)$/m.exec(
      globSync('src/{ledger,stores}/*.ts', { cwd: ROOT }).map(read).join('\n'),
    )![1]!
    const [diagram] = fenced(read(file), 'mermaid').filter((block) => block.startsWith('stateDiagram'))
    const drawn = new Set([...diagram!.matchAll(/^ *(\S+) --> (\w+|\[\*\])/gm)].flatMap((m) => [m[1]!, m[2]!]))
    drawn.delete('[*]')
    expect([...drawn].sort()).toEqual([...states.matchAll(/'(\w+)'/g)].map((m) => m[1]!).sort())
  })
})

const canRun = ['bash', 'curl'].every((program) => spawnSync(program, ['--version']).status === 0)
describe.skipIf(!canRun)('the first steps (with bash and curl)', () => {
  let system: Awaited<ReturnType<typeof startSystem>>
  beforeAll(async () => {
    system = await startSystem()
  })
  afterAll(() => system[Symbol.asyncDispose]())

  it.each(READMES)('of %s', async (file) => {
    const section = read(file)
      .split(/^## /m)
      .filter((part) => /^(First steps|上手|Errors|错误)/.test(part))
      .join('')
    const script = fenced(section, 'sh')
      .filter((block) => block.trim() !== 'npm start')
      .join('\necho\n')
      .replaceAll(/^(TOKEN|API)=.*$/gm, '')
    const { token } = await system.as(`steps-${READMES.indexOf(file)}`)
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, API: system.apiUrl!, TOKEN: token },
      maxBuffer: 8 * 1024 * 1024,
    })
    expect(stdout).toContain('event: closed')
    expect(stdout.match(/^\d+,resume,\S+,(done|unreadable),/gm)).toHaveLength(27)
    expect(stdout.match(/^\d+,position,\S+,done,/gm)).toHaveLength(12)
    expect(stdout).toContain('"reasons":[{"feature":')
    expect(stdout).toContain('"counts":{"submitted":1,"done":1,')
    expect(stdout).toContain('"accepted":12')
    expect(stdout).toContain('"title":"未找到该资源。"')
  })
})

describe('jobs', () => {
  it.each(jobNames)('%s: its example fits its schema and survives JSON, and its limits make sense', (name) => {
    const job = jobs[name]
    expect(existsSync(join(ROOT, `src/queues/${name}.ts`))).toBe(true)
    expect(job.name).toBe(name)
    expect(Object.keys(job.example)).toEqual(Object.keys(job.takes))
    for (const [type, schema] of Object.entries(job.takes)) {
      const example = job.example[type]
      expect(JSON.parse(JSON.stringify(example))).toEqual(example)
      expect(schema.safeParse(example).error).toBeUndefined()
      expect(JSON.stringify(z.toJSONSchema(schema, { io: 'input' })).length).toBeLessThan(64 * 1024)
    }
    expect(job.attempts).toBeGreaterThanOrEqual(1)
    expect(job.deadlineMs).toBeGreaterThan(0)
    expect(job.chunk).toBeGreaterThan(0)
    for (const next of job.next) expect(jobNames).toContain(next)
  })

  it('the largest payload that may travel through the queue is under 64 KB', () => {
    const largest = { tenant: '人'.repeat(64), batchId: 'b'.repeat(64), chunk: Number.MAX_SAFE_INTEGER, dispatch: Number.MAX_SAFE_INTEGER }
    expect(Payload.parse(largest)).toEqual(largest)
    expect(Buffer.byteLength(JSON.stringify(largest))).toBeLessThan(64 * 1024)
    expect(Payload.safeParse({ ...largest, tenant: 'a'.repeat(65) }).success).toBe(false)
    expect(Payload.safeParse({ ...largest, chunk: 0, text: 'résumé' }).success).toBe(false)
  })

  it('are refused without a processor, and a processor without a job', async () => {
    await expect(loadProcessors(undefined, [...jobNames, 'check-talent'])).rejects.toThrow(
      'no processor for check-talent: add src/workers/<job>.ts',
    )
    await expect(loadProcessors(undefined, jobNames.slice(1))).rejects.toThrow(`no contract for ${jobNames[0]}: add src/queues/<job>.ts`)
  })
})

/** Runs in the copy, where the steps were taken. Prints what the copy knows of the job, and what became of items that were submitted to it. */
const PROBE = `
const { itemTypes, jobNames } = await import('./src/queues/index.ts')
const { loadProcessors } = await import('./src/workers/host.ts')
const { readConfig } = await import('./src/config.ts')
const { issueToken } = await import('./src/api/auth.ts')
const { startLooma } = await import('./src/main.ts')
const refusal = (names) => loadProcessors(undefined, names).then(() => null, (error) => error.message)
const type = itemTypes.get('check-talent')
const config = readConfig('all', { DATA_DIR: 'data', PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'silent', MODEL_HOSTS: '1', PARSE_HOSTS: '1' })
const looma = await startLooma(config)
const authorization = 'Bearer ' + await issueToken(config, { tenant: 'steps', role: 'recruiter', subject: 'test' }, 1)
const ask = async (path, lines) => (await fetch(looma.apiUrl + path, {
  headers: { authorization, prefer: 'wait=50', 'content-type': 'application/x-ndjson' },
  ...(lines && { method: 'POST', body: lines.map((line) => JSON.stringify(line)).join('\\n') }),
})).json()
const talent = await ask('/v1/batches', [{ type: 'talent', name: '林晓' }])
const [{ subject }] = (await ask(talent.links.items)).data
const batch = await ask('/v1/batches', [subject.id, 't_nobody'].map((talentId) => ({ type: 'check-talent', talentId })))
const items = (await ask(batch.links.items)).data
const openapi = JSON.stringify(await ask('/openapi.json'))
const metrics = await (await fetch(looma.adminUrl + '/metrics')).text()
await looma.stop()
console.log(JSON.stringify({
  stages: type.stages,
  fits: type.schema.safeParse(type.example).success,
  runs: (await loadProcessors()).has('check-talent'),
  withoutContract: await refusal(jobNames.filter((name) => name !== 'check-talent')),
  outcomes: items.map(({ outcome, code }) => [outcome, code]),
  documented: openapi.includes('check-talent'),
  measured: metrics.includes('looma_queue_paused{queue="check-talent"}'),
}))`

describe('adding a job', () => {
  const section = (file: string) =>
    read(file)
      .split(/^## /m)
      .find((part) => /^(Add a job|五步)/.test(part))!
  const blocks = (file: string) => ({ files: fenced(section(file), 'ts'), edits: fenced(section(file), 'diff') })

  it('takes the same steps in both READMEs', () => {
    expect(blocks('README.zh-CN.md')).toEqual(blocks('README.md'))
  })

  it('takes the five steps of the README, and the new job works', async () => {
    // A blank and Chinese letters, as in many a user's folder.
    const folder = await mkdtemp(join(tmpdir(), 'looma 五步-'))
    try {
      for (const part of ['src', 'dashboards', 'package.json', 'tsconfig.json'])
        await cp(join(ROOT, part), join(folder, part), { recursive: true })
      for (const part of ['node_modules', 'models']) await symlink(join(ROOT, part), join(folder, part), 'junction')
      await cp(inject('queueTemplate'), join(folder, 'data', 'queue'), { recursive: true })
      const { files, edits } = blocks('README.md')
      const written: string[] = []
      for (const code of files) {
        const file = /^\/\/ (src\/\S+)\n/.exec(code)![1]!
        await writeFile(join(folder, file), code)
        written.push(file)
      }
      expect(written).toEqual(['src/queues/check-talent.ts', 'src/workers/check-talent.ts'])
      expect(edits).toHaveLength(1)
      await applyDiff(folder, edits[0]!)
      await writeFile(
        join(folder, 'tsconfig.steps.json'),
        JSON.stringify({ extends: './tsconfig.json', include: [...written, 'src/queues/index.ts'] }),
      )
      await writeFile(join(folder, 'probe.js'), PROBE)
      await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.steps.json'], { cwd: folder })
      const { stdout } = await run(process.execPath, ['--no-warnings', 'probe.js'], { cwd: folder })
      expect(JSON.parse(stdout)).toEqual({
        stages: ['check-talent'],
        fits: true,
        runs: true,
        withoutContract: 'no contract for check-talent: add src/queues/<job>.ts and name it in src/queues/index.ts',
        outcomes: [
          ['done', null],
          ['failed', 'subject-missing'],
        ],
        documented: true,
        measured: true,
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

/** A diff without line numbers: `--- file`, then lines that stand in the file (blank), go (-) or come (+), a + right after the - it replaces or before the line it precedes. */
async function applyDiff(folder: string, diff: string): Promise<void> {
  const [head, ...lines] = diff.trimEnd().split('\n')
  const file = join(folder, /^--- (\S+)$/.exec(head!)![1]!)
  const before = readFileSync(file, 'utf8').split('\n')
  const after: string[] = []
  let at = 0
  for (const line of lines) {
    const rest = line.slice(1)
    const isNew = line.startsWith('+')
    // Unchanged lines between two hunks are left out of the diff: up to the next line that it names, the file goes on as it is.
    const next = isNew
      ? lines
          .slice(lines.indexOf(line))
          .find((one) => !one.startsWith('+'))
          ?.slice(1)
      : rest
    const replaces = isNew && lines[lines.indexOf(line) - 1]?.startsWith('-')
    const until = replaces || next === undefined ? at : before.indexOf(next, at)
    expect(until, `the README names a line that is not in the file: ${next}`).toBeGreaterThanOrEqual(at)
    after.push(...before.slice(at, until))
    at = until
    if (isNew) after.push(rest)
    else {
      if (line.startsWith(' ')) after.push(rest)
      at++
    }
  }
  await writeFile(file, [...after, ...before.slice(at)].join('\n'))
}
