/** The `looma` command as people run it: real processes, their output and exit codes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { createAuthenticate } from '../src/api/auth.ts'
import { testConfig } from './support.ts'

const ROOT = join(import.meta.dirname, '..')
const CLI = join(ROOT, 'src', 'cli.ts')
const BIN = join(ROOT, 'bin', 'looma.js')
const SERVE = ['serve', '--port', '0', '--admin-port', '0']

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'looma-cli-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Options = { env?: Record<string, string>; input?: string; program?: string; cwd?: string; detached?: boolean }

function start(args: string[], { env = {}, program = process.execPath, cwd = folder, detached = false }: Options = {}): ChildProcess {
  return spawn(program, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, MODEL_HOSTS: '1', PARSE_HOSTS: '1', LOG_LEVEL: 'error', ...env },
    detached,
  })
}

async function run(args: string[], options: Options = {}): Promise<{ code: number | null; out: string; err: string }> {
  const child = start(args, options)
  child.stdin!.end(options.input)
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')])
  return { code, out, err }
}

const looma = (args: string[], options?: Options) => run(['--no-warnings', CLI, ...args], options)

/** An older Node on the path, where the machine has one: `npx looma` in a shell may be run by it. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .map((dir) => join(dir, 'node'))
  .find((node) => {
    const major = Number(/^v(\d+)/.exec(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1])
    return major >= 20 && major < 24
  })

describe('looma', () => {
  it('without arguments prints what there is, and that is no mistake', async () => {
    const { code, out, err } = await looma([])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    for (const word of ['Usage: looma', 'serve', 'token', 'embed']) expect(out).toContain(word)
    expect((await looma(['--help'])).out).toBe(out)
  })

  it('tells its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
    expect(await looma(['--version'])).toMatchObject({ code: 0, out: `${version}\n` })
  })

  it.each([
    ['an unknown command', ['sevre'], 'Did you mean serve?'],
    ['an unknown option', ['--frobnicate'], '--frobnicate'],
    ['an unknown option of a command', ['serve', '--ports', '1'], '--ports'],
    ['an unknown role', ['serve', '--role', 'king'], 'all, api, worker, scheduler'],
    ['a word too many', ['serve', 'now'], 'too many arguments'],
    ['no tenant', ['token'], '--tenant'],
    ['a tenant that is no name', ['token', '--tenant', '../acme'], 'letters, digits, dot, dash and underscore'],
    ['an unknown role of a token', ['token', '--tenant', 'acme', '--role', 'king'], 'recruiter'],
    ['hours that are no number', ['token', '--tenant', 'acme', '--hours', 'many'], 'from 0.01 to 87600'],
    ['hours without end', ['token', '--tenant', 'acme', '--hours', '1e300'], 'from 0.01 to 87600'],
    ['a token for nobody', ['token', '--tenant', 'acme', '--subject', ' '], 'must not be empty'],
  ])('%s: exit code 2, what is wrong and a hint on stderr, nothing on stdout', async (_name, args, told) => {
    const { code, out, err } = await looma(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(told)
    expect(err).toMatch(/\(looma( \w+)? --help lists (what there is|its options)\)/)
    expect(await readdir(folder)).toEqual([])
  })

  it('a configuration that is not valid: exit code 2, every fault, and where the keys are listed', async () => {
    const { code, out, err } = await looma([...SERVE, '--role', 'worker'], { env: { AUTH_SECRET: 'hunter2' } })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('set QUEUE_URL=redis://')
    expect(err).toContain('AUTH_SECRET: must have at least 32 characters')
    expect(err).toContain('.env.example')
    expect(err).not.toContain('hunter2')
    expect(await readdir(folder)).toEqual([])
  })
})

it('a data folder that cannot be: exit code 1 and a sentence with its key', async () => {
  for (const data of [join(import.meta.dirname, 'cli.test.ts'), ...(process.platform === 'linux' ? ['/proc/looma'] : [])]) {
    const { code, out, err } = await looma(['serve', '--data', data, '--port', '0', '--admin-port', '0'])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(`the data folder ${data} (DATA_DIR) cannot be written: `)
  }
})

describe('looma token', () => {
  it('prints a token that the API of the same data folder takes, and no other', async () => {
    const { code, out } = await looma([
      'token',
      '--tenant',
      'acme',
      '--role',
      'analyst',
      '--subject',
      'kim',
      '--data',
      join(folder, 'data'),
    ])
    expect(code).toBe(0)
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const header = `Bearer ${out.trim()}`
    const here = createAuthenticate(testConfig(join(folder, 'data')))
    expect(await here(header)).toEqual({ tenant: 'acme', role: 'analyst', subject: 'kim' })
    const elsewhere = createAuthenticate(testConfig(join(folder, 'other')))
    await expect(elsewhere(header)).rejects.toMatchObject({ code: 'unauthenticated' })
    const otherAudience = createAuthenticate(testConfig(join(folder, 'data'), { AUTH_AUDIENCE: 'hr' }))
    await expect(otherAudience(header)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('expires after the hours asked for', async () => {
    const { out } = await looma(['token', '--tenant', 'acme', '--hours', '2', '--data', folder])
    const { iat, exp } = JSON.parse(Buffer.from(out.split('.')[1]!, 'base64url').toString()) as { iat: number; exp: number }
    expect(exp - iat).toBe(2 * 3600)
  })

  it('is refused where another issuer makes the tokens', async () => {
    const env = { AUTH_ISSUER: 'https://issuer.example', AUTH_JWKS_URL: 'https://issuer.example/keys' }
    const { code, out, err } = await looma(['token', '--tenant', 'acme'], { env })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('tokens come from that issuer')
  })
})

describe('looma embed', () => {
  it('works without a server: a vector for each line, a bad line by its number, and no data folder', async () => {
    const input = [
      '{"id":"a","text":"数据工程师"}',
      '{"id":2,"text":"data engineer"}',
      'not json',
      '{"id":"c","text":"registered nurse"}',
    ].join('\n')
    const { code, out, err } = await looma(['embed'], { input })
    expect(code).toBe(1)
    expect(err).toContain('3 embedded, 1 failed')
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id?: unknown; vector?: number[]; line?: number; error?: { code: string } })
    expect(lines.map(({ id }) => id)).toEqual(['a', 2, undefined, 'c'])
    expect(lines[2]).toEqual({ line: 3, error: { code: 'malformed-line' } })
    const [zh, en, , nurse] = lines.map(({ vector }) => vector ?? [])
    const cosine = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)
    expect(cosine(zh!, zh!)).toBeCloseTo(1, 4)
    expect(cosine(zh!, en!)).toBeGreaterThan(cosine(zh!, nurse!))
    expect(await readdir(folder)).toEqual([])
  })

  it('exits with 0 when every line has its vector', async () => {
    const { code, out } = await looma(['embed'], { input: '{"id":1,"text":"会计"}\n' })
    expect({ code, lines: out.trimEnd().split('\n').length }).toEqual({ code: 0, lines: 1 })
  })
})

describe('the ways to call it', () => {
  it('npx looma, in the project folder', async () => {
    const { code, out } = await run(['--no-install', 'looma'], { program: process.platform === 'win32' ? 'npx.cmd' : 'npx', cwd: ROOT })
    expect({ code, usage: out.includes('Usage: looma') }).toEqual({ code: 0, usage: true })
  })

  it('bin/looma.js, by this Node', async () => {
    expect((await run([BIN, 'token'])).code).toBe(2)
    expect((await run([BIN])).out).toContain('Usage: looma')
  })

  describe.skipIf(!oldNode)('bin/looma.js, by an older Node on the path (20 to 23)', () => {
    const old = (args: string[], options: Options = {}) =>
      run([options.cwd ? join(options.cwd, 'bin', 'looma.js') : BIN, ...args], { ...options, program: oldNode! })

    it('passes on output, input and exit codes', async () => {
      expect((await old([])).out).toContain('Usage: looma')
      expect((await old(['token'])).code).toBe(2)
      const { code, out } = await old(['embed'], { input: '{"id":1,"text":"会计"}\n' })
      expect({ code, id: JSON.parse(out).id }).toEqual({ code: 0, id: 1 })
    })

    it('works in a folder with a blank and Chinese letters in its name', async () => {
      const home = join(folder, '人才 库')
      for (const part of ['bin', 'src', 'package.json']) await cp(join(ROOT, part), join(home, part), { recursive: true })
      await symlink(join(ROOT, 'node_modules'), join(home, 'node_modules'), 'junction')
      expect((await old([], { cwd: home })).out).toContain('Usage: looma')
    })

    // Ctrl-C reaches the whole process group; passed on as well, it would be the second signal, which ends Looma at once.
    it.skipIf(process.platform === 'win32')('stops in order at one Ctrl-C', async () => {
      await cp(inject('queueTemplate'), join(folder, 'data', 'queue'), { recursive: true })
      const child = start([BIN, ...SERVE], { program: oldNode!, detached: true, env: { LOG_LEVEL: 'info' } })
      const exited = once(child, 'exit')
      const log = text(child.stderr!)
      for await (const chunk of child.stdout!) if (/^ {2}model /m.test(String(chunk))) break
      const { pid } = JSON.parse(await readFile(join(folder, 'data', 'lock.json'), 'utf8')) as { pid: number }
      try {
        expect(pid).not.toBe(child.pid)
        process.kill(-child.pid!, 'SIGINT')
        expect(await exited).toEqual([0, null])
        expect((await log).match(/"msg":"stopping"/g)).toHaveLength(1)
        expect(() => process.kill(pid, 0)).toThrow('ESRCH')
      } finally {
        // What a failed test would leave behind.
        if (child.exitCode === null) for (const one of [pid, child.pid!]) process.kill(one, 'SIGKILL')
      }
    })
  })
})
