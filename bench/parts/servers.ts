import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueToken } from '../../src/api/auth.ts'
import { readConfig } from '../../src/config.ts'

export type Server = { url: string; child: ChildProcess } & AsyncDisposable
export type Api = Server & { token: string }

const ROOT = join(import.meta.dirname, '..', '..')

/** The role `api` in its own process over a new data folder. `hooks` are modules that it loads first; `node` are further options of its Node. */
export async function startApi(queueUrl: string, options: { hooks?: string[]; node?: string[] } = {}): Promise<Api> {
  const dataDir = await mkdtemp(join(tmpdir(), 'looma-bench-'))
  const env = { DATA_DIR: dataDir, QUEUE_URL: queueUrl, PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'error', MODEL_HOSTS: '1' }
  const token = await issueToken(readConfig('api', env), { tenant: 'bench', role: 'service', subject: 'bench' }, 1)
  const hooks = (options.hooks ?? []).flatMap((file) => ['--import', file])
  const server = await start(
    [...(options.node ?? []), ...hooks, join(ROOT, 'src', 'cli.ts'), 'serve', '--role', 'api'],
    env,
    /api +(http:\S+)/,
  )
  return {
    ...server,
    token,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** node:http that writes each body into a Redis stream and answers: nothing less can be called an enqueue over HTTP. */
export const startFloor = (redisUrl: string): Promise<Server> =>
  start([join(import.meta.dirname, 'floor.child.ts'), redisUrl], {}, /(http:\S+)/)

async function start(args: string[], env: Record<string, string>, address: RegExp): Promise<Server> {
  const child = spawn(process.execPath, ['--no-warnings', ...args], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const exited = once(child, 'exit')
  const url = await new Promise<string>((resolve, reject) => {
    let out = ''
    child.stdout!.on('data', (text: Buffer) => {
      out += text
      const found = address.exec(out)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`a server ended at start with code ${code}`)))
  })
  return {
    url,
    child,
    async [Symbol.asyncDispose]() {
      process.off('exit', kill)
      child.kill('SIGTERM')
      await exited
    },
  }
}
