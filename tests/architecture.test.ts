/** The rules of the code's structure: who may import whom, no cycles, one reader of the environment, nothing at import, small files. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const files = globSync(['src/**/*.ts', 'dashboards/**/*.ts'], { cwd: ROOT }).sort()
const text = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))

type Import = { to: string; typeOnly: boolean }
const imports = new Map(
  files.map((file) => {
    const found: Import[] = []
    for (const m of text.get(file)!.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm))
      found.push({ to: relative(ROOT, join(ROOT, dirname(file), m[2]!)), typeOnly: m[1] !== undefined })
    for (const m of text.get(file)!.matchAll(/import\(\s*['"](\.[^'"]+)['"]\s*\)/g))
      found.push({ to: relative(ROOT, join(ROOT, dirname(file), m[1]!)), typeOnly: false })
    return [file, found] as const
  }),
)

/** What a folder may import, besides itself. `src` are the files directly in src/: config, errors, log, lifecycle, metrics. */
const MAY: Record<string, string[]> = {
  canonical: ['src'],
  skills: ['canonical'],
  resume: ['canonical', 'skills', 'src'],
  ocr: ['resume', 'models', 'pages', 'src'],
  pages: ['resume', 'src'],
  models: ['canonical', 'stores', 'src'],
  stores: ['canonical', 'ledger', 'queues', 'skills', 'src'],
  matching: ['canonical', 'skills', 'stores', 'models', 'src'],
  sync: ['canonical', 'ledger', 'matching', 'models', 'skills', 'stores', 'src'],
  queues: ['canonical', 'ledger', 'src'],
  ledger: ['queues', 'src'],
  analysis: ['canonical', 'matching'],
  cli: ['api', 'canonical', 'matching', 'models', 'ocr', 'pages', 'queues', 'resume', 'stores', 'sync', 'src'],
  schedulers: ['canonical', 'ledger', 'queues', 'stores', 'sync', 'src'],
  workers: ['canonical', 'ledger', 'queues', 'matching', 'models', 'ocr', 'resume', 'stores', 'sync', 'src'],
  api: ['analysis', 'canonical', 'ledger', 'queues', 'matching', 'models', 'pages', 'schedulers', 'skills', 'stores', 'sync', 'src'],
  dashboards: ['api', 'canonical', 'ledger', 'queues', 'stores', 'sync', 'src'],
}
const folderOf = (file: string): string => {
  const parts = file.split('/')
  return parts[0] === 'dashboards' ? 'dashboards' : parts.length === 2 ? 'src' : parts[1]!
}
const ROOTS = new Set(['src/main.ts', 'src/cli.ts'])

describe('imports', () => {
  it('go only where the layers allow', () => {
    const wrong: string[] = []
    for (const [file, list] of imports) {
      if (ROOTS.has(file) || folderOf(file) === 'src') continue
      for (const { to } of list) {
        const [from, target] = [folderOf(file), folderOf(to)]
        if (from !== target && !MAY[from]?.includes(target)) wrong.push(`${file} -> ${to}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('the domain knows neither Express nor BullMQ', () => {
    const wrong = files.filter(
      (file) =>
        ['analysis', 'canonical', 'skills', 'resume', 'ocr', 'matching', 'models', 'ledger'].includes(folderOf(file)) &&
        /from '(express|bullmq|@bull-board)/.test(text.get(file)!),
    )
    expect(wrong).toEqual([])
  })

  it('an API never loads a processor, ONNX or a document reader, however far away', () => {
    const seen = new Set<string>()
    const visit = (file: string) => {
      if (seen.has(file)) return
      seen.add(file)
      for (const { to, typeOnly } of imports.get(file) ?? []) if (!typeOnly) visit(to)
    }
    visit('src/api/app.ts')
    const heavy = [...seen].filter(
      (file) =>
        /^src\/(workers|resume|ocr)\//.test(file) || /from '(onnxruntime-node|pdfjs-dist|word-extractor|@napi-rs)/.test(text.get(file)!),
    )
    expect(heavy).toEqual([])
  })

  it('have no cycles', () => {
    const state = new Map<string, 'open' | 'done'>()
    const cycles: string[] = []
    const visit = (file: string, path: string[]) => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
        return
      }
      state.set(file, 'open')
      for (const { to, typeOnly } of imports.get(file) ?? []) if (!typeOnly) visit(to, [...path, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])
    expect(cycles).toEqual([])
  })
})

describe('files', () => {
  it('only config.ts reads the environment', () => {
    expect(files.filter((file) => /process\.env/.test(text.get(file)!.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')))).toEqual(['src/config.ts'])
  })

  it('are small and named for what they hold', () => {
    expect(files.filter((file) => text.get(file)!.split('\n').length > 320)).toEqual([])
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|misc|types|shared)(\.|\/)/.test(file))).toEqual([])
  })

  it('do nothing when they are imported', () => {
    // Statements at the left margin that call something, apart from definitions. Entry points of processes are meant to run.
    const wrong = files
      .filter((file) => !/\.(child|thread)\.ts$/.test(file) && file !== 'src/cli.ts')
      .flatMap((file) =>
        text
          .get(file)!
          .replace(/\/\*[\s\S]*?\*\/|`(?:\\.|[^`\\])*`/g, '')
          .split('\n')
          .filter(
            (line) =>
              /^(await |void |[a-z][\w.]*\(|setInterval|setTimeout|process\.)/.test(line) &&
              !/^(export|function|async function|const|let|import|type)\b/.test(line),
          )
          .map((line) => `${file}: ${line}`),
      )
    expect(wrong).toEqual([])
  })

  it('a file with a dot names a port and its adapter, or a process', () => {
    const dotted = files.map((file) => file.split('/').at(-1)!.replace(/\.ts$/, '')).filter((name) => name.includes('.'))
    expect(
      dotted.filter(
        (name) =>
          !/^(documents|search|graph|blobs|ledger)\.(sqlite|folder|mongo|neo4j|elastic|s3)(\.[a-z]+)?$|^ledger\.(front|rows|view)$|\.(child|thread)$/.test(
            name,
          ),
      ),
    ).toEqual([])
  })
})
