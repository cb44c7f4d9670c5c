/** What the documents promise is checked against the code, and the five steps of "add a job" are replayed. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Env } from '../src/config.ts'
import { jobNames, jobs } from '../src/queues/index.ts'
import { loadProcessors } from '../src/workers/host.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const keys = Object.keys(Env.shape)
/** Defaults that depend on the machine are left out of the tables. */
const parsedDefaults = Env.parse({}) as Record<string, unknown>
const defaults = Object.fromEntries(keys.map((key) => [key, key.endsWith('_HOSTS') ? '' : String(parsedDefaults[key] ?? '')]))

describe('configuration', () => {
  it.each(['README.md', 'README.zh-CN.md'])('%s lists every key with its default', (file) => {
    const rows = [...read(file).matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\|/gm)].map((m) => [m[1], m[2] ?? ''])
    expect(rows).toEqual(keys.map((key) => [key, defaults[key]]))
  })

  it('.env.example lists every key with its default', () => {
    const rows = [...read('.env.example').matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map((m) => [m[1], m[2]])
    expect(rows).toEqual(keys.map((key) => [key, defaults[key]]))
  })
})

describe('documents', () => {
  const pages = [...globSync('*.md', { cwd: ROOT }), ...globSync('docs/**/*.md', { cwd: ROOT })]

  it('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = pages.flatMap((page) => [...read(page).matchAll(/npm run ([\w:-]+)/g)].map((m) => m[1]!))
    expect(named.filter((name) => !scripts[name])).toEqual([])
  })

  it('link to files that exist', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map((m) => join(dirname(page), m[1]!))
        .filter((target) => !existsSync(join(ROOT, target))),
    )
    expect(broken).toEqual([])
  })
})

describe('jobs', () => {
  it.each(jobNames)('%s: its example fits its schema and survives JSON, and its limits make sense', (name) => {
    const job = jobs[name]
    expect(existsSync(join(ROOT, `src/queues/${name}.ts`))).toBe(true)
    for (const [type, schema] of Object.entries(job.takes)) {
      const parsed = schema.safeParse(JSON.parse(JSON.stringify(job.example[type])))
      expect(parsed.error).toBeUndefined()
    }
    expect(job.attempts).toBeGreaterThanOrEqual(1)
    expect(job.deadlineMs).toBeGreaterThan(0)
    expect(job.chunk).toBeGreaterThan(0)
    for (const next of job.next) expect(jobNames).toContain(next)
  })

  it('are refused without a processor, and a processor without a job', async () => {
    await expect(loadProcessors(undefined, [...jobNames, 'tag'])).rejects.toThrow('no processor for tag: add src/workers/<job>.ts')
    await expect(loadProcessors(undefined, jobNames.slice(1))).rejects.toThrow(`no contract for ${jobNames[0]}: add src/queues/<job>.ts`)
  })
})

it('adding a job takes the five steps of the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'looma-steps-'))
  try {
    cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true })
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const blocks = [...read('README.md').matchAll(/`(src\/\w+\/tag\.ts)`:\n\n {3}```ts\n([\s\S]*?) {3}```/g)]
    expect(blocks.map((m) => m[1])).toEqual(['src/queues/tag.ts', 'src/workers/tag.ts'])
    for (const [, file, code] of blocks) writeFileSync(join(folder, file!), code!.replace(/^ {3}/gm, ''))
    const index = join(folder, 'src/queues/index.ts')
    const list = readFileSync(index, 'utf8')
    writeFileSync(
      index,
      list
        .replace('import { resumeParse }', "import { tag } from './tag.ts'\nimport { resumeParse }")
        .replace(/const list = \[(.*?)\]/, 'const list = [$1, tag]'),
    )
    const script = `
      const { itemTypes, jobNames } = await import('./src/queues/index.ts')
      const { loadProcessors } = await import('./src/workers/host.ts')
      const processors = await loadProcessors()
      const type = itemTypes.get('tag')
      console.log(JSON.stringify({ known: jobNames.includes('tag'), runs: processors.has('tag'), stages: type.stages, fits: type.schema.safeParse(type.example).success }))`
    const out = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], { cwd: folder, encoding: 'utf8' })
    expect(JSON.parse(out)).toEqual({ known: true, runs: true, stages: ['tag'], fits: true })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
