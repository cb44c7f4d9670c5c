/** The system that the demo talks to: one program on a temporary folder, several on servers, or the one that Docker Compose runs. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { addresses } from '../../servers/state.ts'

/** `text` tells what has started, `login` how an operator gets in. */
export type DemoSystem = { text: string; api: string; admin: string; token: string; login: string } & AsyncDisposable

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')
const run = promisify(execFile)

export const embedded = (): Promise<DemoSystem> => processes(['all'], {})

/** Throws with what to start where no servers are to be had. */
export async function onServers(): Promise<DemoSystem> {
  const { REDIS_URL: redis, MONGO_URL: mongo, NEO4J_URL: graph, ELASTIC_URL: elastic } = addresses()
  if (!redis || !mongo || !graph || !elastic) return compose()
  return processes(['api', 'worker', 'worker', 'scheduler', 'scheduler'], {
    // New servers are slow with their first queries, and say so.
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'error',
    QUEUE_URL: `${redis}/15`,
    DOCUMENTS_URL: `${mongo}/looma_demo`,
    GRAPH_URL: graph,
    SEARCH_URL: `${elastic}/looma_demo`,
    MODEL_HOSTS: '1',
    PARSE_HOSTS: '1',
    OCR_HOSTS: '1',
  })
}

async function compose(): Promise<DemoSystem> {
  const looma = async (...args: string[]) =>
    (await run('docker', ['compose', 'exec', '-T', 'api', 'node', 'src/cli.ts', ...args]).catch(() => null))?.stdout.trim()
  const token = await looma('token', '--tenant', 'demo')
  if (!token) throw new Error('no servers are running; start them by "docker compose up -d --wait" or "npm run servers -- up"')
  return {
    text: 'On the system of docker compose',
    api: 'http://127.0.0.1:3000',
    admin: 'http://127.0.0.1:3001',
    token,
    login: 'user operator, password: docker compose exec api cat /data/operator-password',
    async [Symbol.asyncDispose]() {},
  }
}

/** Looma's processes, the API first, on a temporary data folder. */
async function processes(roles: string[], env: Record<string, string>): Promise<DemoSystem> {
  const data = await mkdtemp(join(tmpdir(), 'looma-demo-'))
  const all = { ...process.env, LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn', ...env }
  const children: ChildProcess[] = []
  const end = async () => {
    const living = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const exits = living.map((child) => once(child, 'exit'))
    for (const child of living) child.kill('SIGTERM')
    await Promise.all(exits)
    await rm(data, { recursive: true, force: true })
  }
  const serve = (role: string) => {
    const args = ['serve', '--role', role, '--data', data, '--port', '0', '--admin-port', '0']
    const child = spawn(process.execPath, [CLI, ...args], { env: all, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return upText(child)
  }
  try {
    if (Object.keys(env).length > 0) await run(process.execPath, [CLI, 'migrate', '--data', data], { env: all })
    // The first one makes the secrets in the folder.
    const first = await serve(roles[0]!)
    await Promise.all(roles.slice(1).map(serve))
    const token = (await run(process.execPath, [CLI, 'token', '--tenant', 'demo', '--data', data], { env: all })).stdout.trim()
    const password = (await readFile(join(data, 'operator-password'), 'utf8')).trim()
    const others = roles.length > 1 ? `and ${roles.slice(1).join(', ')} as processes of their own\n` : ''
    return {
      text: first + others,
      api: /api +(http:\S+)/.exec(first)![1]!,
      admin: /admin +(http:\S+)/.exec(first)![1]!,
      token,
      login: `user operator, password ${password}`,
      [Symbol.asyncDispose]: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

async function upText(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout!) {
    text += String(chunk)
    if (/^ {2}model +\S/m.test(text)) {
      child.stdout!.resume()
      return text
    }
  }
  throw new Error('Looma ended before it was up')
}
