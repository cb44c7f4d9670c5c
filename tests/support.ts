/** A whole Looma on a temporary data folder, and a small client for it. `await using` stops it and removes the folder. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { inject } from 'vitest'
import { issueToken, type Role } from '../src/api/auth.ts'
import { type Config, readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { type Running, startLooma } from '../src/main.ts'
import { type Client, client } from './client.ts'

export { type Client, client, ndjson } from './client.ts'

export type System = Running & { config: Config; dataDir: string; as(tenant: string, role?: Role): Promise<Client> } & AsyncDisposable

export async function tempDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'looma-test-'))
}

export function testConfig(dataDir: string, env: Record<string, string> = {}): Config {
  return readConfig('all', {
    DATA_DIR: dataDir,
    PORT: '0',
    ADMIN_PORT: '0',
    LOG_LEVEL: 'silent',
    MODEL_HOSTS: '1',
    PARSE_HOSTS: '1',
    ...env,
  })
}

export async function startSystem(env: Record<string, string> = {}, dataDir?: string): Promise<System> {
  const folder = dataDir ?? (await tempDir())
  if (!dataDir) await cp(inject('queueTemplate'), join(folder, 'queue'), { recursive: true })
  const config = testConfig(folder, env)
  const running = await startLooma(config, createLog(config.logLevel))
  return {
    ...running,
    config,
    dataDir: folder,
    as: async (tenant, role = 'recruiter') => client(running.apiUrl!, await issueToken(config, { tenant, role, subject: 'test' }, 1)),
    async [Symbol.asyncDispose]() {
      await running.stop()
      if (!dataDir) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The `looma` command as people run it. */
export async function looma(args: string[], { cwd, env }: { cwd: string; env: Record<string, string> }) {
  const cli = join(import.meta.dirname, '..', 'src', 'cli.ts')
  const child = spawn(process.execPath, ['--no-warnings', cli, ...args], { cwd, env: { PATH: process.env.PATH, ...env } })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { out, err, code: code as number }
}
