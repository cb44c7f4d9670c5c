/** The reader pool. A named pipe is a file whose reading the test controls: opening it for writing returns when the child has opened it for reading. */
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createReader, type Reader, type ReaderOptions } from '../src/resume/reader.ts'

const sample = (name: string) => fileURLToPath(new URL(`../samples/resumes/${name}`, import.meta.url))
let folder: string
let readers: Reader[]
let writers: FileHandle[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'looma-reader-'))
  readers = []
  writers = []
})
afterEach(async () => {
  await Promise.all(readers.map((reader) => reader.close()))
  await Promise.all(writers.map((writer) => writer.close().catch(() => {})))
  rmSync(folder, { recursive: true, force: true })
})

function reader(options: ReaderOptions): Reader {
  const made = createReader(options)
  readers.push(made)
  return made
}

function pipe(): string {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  return path
}

/** Resolves when the child is in the middle of reading the pipe. */
async function opened(path: string): Promise<FileHandle> {
  const writer = await open(path, 'w')
  writers.push(writer)
  return writer
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error) => error.code,
  )

test('reads documents side by side and tells unreadable ones', async () => {
  const pool = reader({ processes: 2 })
  const files = [
    'zh-01-backend.pdf',
    'en-03-frontend.docx',
    'zh-06-sales.txt',
    'en-07-nurse.html',
    'unreadable-empty.pdf',
    'unreadable-encrypted.pdf',
    'zh-01-scan.pdf',
  ]
  const outcomes = await Promise.all(files.map((file) => pool.read(sample(file))))
  expect(outcomes.map((one) => (one.status === 'read' ? one.talent.name : one.code))).toEqual([
    '骆云舟',
    'Aoife Brannigan',
    '贺长风',
    'Imani Okonjo',
    'empty',
    'encrypted',
    'no-text',
  ])
  expect(outcomes[0]).toMatchObject({ type: 'pdf', pages: 1, language: 'zh' })
  expect(pool.pids()).toHaveLength(2)
})

test('a child killed in the middle of a document costs that document, the rest goes on', async () => {
  const path = pipe()
  const pool = reader({ processes: 1 })
  const lost = codeOf(pool.read(path))
  const others = Promise.all([pool.read(sample('zh-06-sales.txt')), pool.read(sample('en-06-sales.txt'))])
  await opened(path)
  const [pid] = pool.pids()
  process.kill(pid!, 'SIGKILL')
  expect(await lost).toBe('host-crashed')
  expect((await others).map((one) => one.status)).toEqual(['read', 'read'])
  expect(pool.pids()).not.toContain(pid)
})

test('a document that takes too long is ended', async () => {
  const path = pipe()
  const pool = reader({ processes: 1, timeoutMs: 400 })
  expect(await codeOf(pool.read(path))).toBe('timed-out')
})

test('abort ends the running and the waiting read, and only these', async () => {
  const path = pipe()
  const pool = reader({ processes: 1 })
  const [running, waiting] = [new AbortController(), new AbortController()]
  const first = codeOf(pool.read(path, { signal: running.signal }))
  const second = codeOf(pool.read(sample('zh-06-sales.txt'), { signal: waiting.signal }))
  const third = pool.read(sample('en-06-sales.txt'), { signal: new AbortController().signal })
  await opened(path)
  waiting.abort()
  expect(await second).toBe('cancelled')
  running.abort()
  expect(await first).toBe('cancelled')
  expect((await third).status).toBe('read')
  expect(await codeOf(pool.read(path, { signal: AbortSignal.abort() }))).toBe('cancelled')
})

test.skipIf(process.platform !== 'linux')('a document that takes too much memory is ended', async () => {
  const path = pipe()
  const pool = reader({ processes: 1, memoryMb: 256, maxBytes: 8 * 1024 ** 3 })
  const outcome = codeOf(pool.read(path))
  const writer = await opened(path)
  // The pipe takes data as long as the child reads it; its end is a broken pipe.
  const chunk = Buffer.alloc(4 * 1024 * 1024, 'a')
  const fed = (async () => {
    for (let i = 0; i < 2000; i++) await writer.write(chunk)
  })()
  await expect(fed).rejects.toMatchObject({ code: 'EPIPE' })
  expect(await outcome).toBe('host-crashed')
})

test('files over the limit, growing files and missing files', async () => {
  const pool = reader({ processes: 1, maxBytes: 1000 })
  const large = join(folder, 'large.txt')
  writeFileSync(large, 'a'.repeat(1001))
  expect(await pool.read(large)).toEqual({ status: 'unreadable', code: 'too-large' })
  expect(await pool.read(join(folder, 'missing'))).toEqual({ status: 'unreadable', code: 'blob-missing' })
  const path = pipe()
  const growing = pool.read(path)
  const writer = await opened(path)
  await writer.write('a'.repeat(1001))
  // A read that waits on a pipe cannot be called back; the end of the pipe lets the child close it.
  await writer.close()
  expect(await growing).toEqual({ status: 'unreadable', code: 'too-large' })
})

test('a child is replaced after its share of files', async () => {
  const pool = reader({ processes: 1, filesPerProcess: 1 })
  await pool.read(sample('zh-06-sales.txt'))
  const [before] = pool.pids()
  await pool.read(sample('en-06-sales.txt'))
  expect(pool.pids()).not.toContain(before)
})

test('close ends running and waiting reads, twice is once', async () => {
  const path = pipe()
  const pool = reader({ processes: 1 })
  const reads = [codeOf(pool.read(path)), codeOf(pool.read(sample('zh-06-sales.txt')))]
  await opened(path)
  await Promise.all([pool.close(), pool.close()])
  expect(await Promise.all(reads)).toEqual(['shutting-down', 'shutting-down'])
  expect(pool.pids()).toEqual([])
  expect(await codeOf(pool.read(path))).toBe('shutting-down')
})

test.skipIf(process.platform !== 'linux')('children get no environment and do not outlive their parent', async () => {
  const path = pipe()
  const script = join(folder, 'parent.ts')
  const source = JSON.stringify(new URL('../src/resume/reader.ts', import.meta.url).href)
  writeFileSync(
    script,
    `import { createReader } from ${source}\nconst pool = createReader({ processes: 1 })\npool.read(${JSON.stringify(path)}).catch(() => {})\nprocess.send(pool.pids())\n`,
  )
  const parent = fork(script, [], { env: { SECRET: 'not for children' }, execArgv: ['--no-warnings'] })
  const [[pid]] = (await once(parent, 'message')) as [number[]]
  await opened(path)
  // The channel's own two variables are all there is.
  expect(
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .map((pair) => pair.split('=')[0])
      .filter((name) => name && !name.startsWith('NODE_CHANNEL')),
  ).toEqual([])
  parent.kill('SIGKILL')
  await expect.poll(() => isAlive(pid!), { timeout: 10_000 }).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody collects is dead too: its state is Z.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
