/** `looma parse` as people run it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const SAMPLES = join(ROOT, 'samples', 'resumes')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'looma-parse-'))
  await mkdir(join(folder, 'more'))
  await copyFile(join(SAMPLES, 'zh-06-sales.txt'), join(folder, 'b.txt'))
  await copyFile(join(SAMPLES, 'en-03-frontend.docx'), join(folder, 'more', 'a.docx'))
  await copyFile(join(SAMPLES, 'unreadable-empty.pdf'), join(folder, 'more', 'empty.pdf'))
  await writeFile(join(folder, 'notes.md'), 'no résumé')
  await writeFile(join(folder, '.hidden.txt'), 'no résumé')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function looma(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, ['--no-warnings', join(ROOT, 'src', 'cli.ts'), 'parse', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, PARSE_HOSTS: '1' },
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: code as number, out, err }
}

it('reads the résumés of a folder in the order of their names, and says which it could not', async () => {
  const { code, out, err } = await looma('.', '--json')
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; status: string; code?: string; title?: string; reading?: unknown })
  expect(lines.map(({ file, status, code }) => [file, status, code])).toEqual([
    ['b.txt', 'read', undefined],
    ['more/a.docx', 'read', undefined],
    ['more/empty.pdf', 'unreadable', 'empty'],
  ])
  expect(lines[2]!.title).toBe('The file is empty.')
  expect(lines[0]!.reading).toBeUndefined()
  expect({ code, err }).toEqual({ code: 1, err: '2 read, 1 unreadable\n' })
})

it('tells a person what was found', async () => {
  const { code, out, err } = await looma(join('more', 'a.docx'))
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^more\/a\.docx\n {2}name {8}Aoife Brannigan\n {2}contacts {4}aoife\.brannigan@example\.com · \+353 1 555 0103\n/)
})

it('explains each field by its lines', async () => {
  const { out } = await looma(join('more', 'a.docx'), '--explain')
  expect(out).toMatch(
    / {2}0\.\d\d {2}\/experience\/0\/company = Liffey Digital Ltd\n {8}line \d+: Liffey Digital Ltd ⇥ Frontend Developer ⇥ May 2019 – Present\n/,
  )
  const { out: json } = await looma(join('more', 'a.docx'), '--explain', '--json')
  expect(JSON.parse(json)).toMatchObject({ reading: { fields: expect.any(Array), blocks: expect.any(Array) } })
})

it('writes JSON Resume', async () => {
  const { out } = await looma('b.txt', '--json-resume')
  expect(JSON.parse(out)).toMatchObject({ basics: { name: expect.any(String) }, work: expect.any(Array) })
})

it('writes a report that needs nothing else, with all fields beside the lines they mark', async () => {
  const { code, out } = await looma('.', '--report', 'out.html')
  expect(code).toBe(1)
  expect(out).toContain('unreadable (empty)')
  const page = await readFile(join(folder, 'out.html'), 'utf8')
  expect(page).not.toMatch(/(?:src|href)="(?!#|data:)/)
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]))
  const marks = [...page.matchAll(/data-at="([^"]+)"/g)].flatMap((match) => match[1]!.split(' '))
  expect(marks.length).toBeGreaterThan(40)
  expect(marks.filter((id) => !ids.has(id))).toEqual([])
})

it('text of a document is text in the report', async () => {
  await writeFile(join(folder, 'odd.txt'), 'Ada <img src=x onerror=alert(1)> Quill\nada@example.com\nSkills\nSQL, <b>Go</b>\n')
  await looma('odd.txt', '--report', 'odd.html')
  const page = await readFile(join(folder, 'odd.html'), 'utf8')
  expect(page).not.toContain('<img')
  expect(page).toContain('&#60;img')
})

it.each([
  [[], "missing required argument 'path'"],
  [['nowhere.pdf'], 'there is no such file or folder'],
  [['b.txt', '--jsn'], "unknown option '--jsn'"],
  [['b.txt', '--json', '--json-resume'], 'cannot be used with'],
])('wrong arguments end with 2: %j', async (args, words) => {
  const { code, out, err } = await looma(...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(words)
})

it('a folder without a résumé is told', async () => {
  await mkdir(join(folder, 'none'), { recursive: true })
  const { code, err } = await looma('none')
  expect(code).toBe(1)
  expect(err).toContain('there is no résumé in none')
})
