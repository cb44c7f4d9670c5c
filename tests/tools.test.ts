/** The npm scripts beside the product: what they say when they are called wrongly, or when what they need is not there. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', ...args], { cwd: ROOT, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('npm scripts called wrongly', () => {
  it.each([
    ['servers/run.ts', [], /usage: npm run servers/],
    ['servers/run.ts', ['start'], /usage: npm run servers/],
    ['servers/run.ts', ['up', 'oracle'], /oracle is no server\n[\s\S]*redis, postgres, mongo/],
    ['samples/demo.ts', ['--profile', 'cloud'], /cloud is no profile: embedded or servers\nUsage: npm run demo/],
    ['samples/demo.ts', ['--fast'], /'--fast'[\s\S]*Usage: npm run demo/],
  ] as const)('%s %j ends with 2 and tells how', (script, args, says) => {
    const { status, stdout, stderr } = run(script, ...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(says)
  })

  it.each([
    ['servers/run.ts', /up {6}starts/],
    ['samples/demo.ts', /--profile servers/],
  ])('%s --help ends with 0', (script, says) => {
    const { status, stdout } = run(script, '--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(says)
  })
})
