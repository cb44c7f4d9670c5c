/** Looma as real processes, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Role } from '../src/config.ts'

export type Process = {
  child: ChildProcess
  apiUrl: string
  adminUrl: string
  /** The end of what it wrote to stderr. */
  log(): string
  kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null; ms: number }>
}

const running = new Set<ChildProcess>()

/** Ends whatever a failed test left behind. */
export function killLeftovers(): void {
  for (const child of running) child.kill('SIGKILL')
}

const CLI = join(import.meta.dirname, '..', 'src', 'cli.ts')

/** Starts a role and resolves once it says that it is up. The process is ended with the test process. */
export async function spawnLooma(role: Role, dataDir: string, env: Record<string, string> = {}): Promise<Process> {
  const child = spawn(
    process.execPath,
    ['--no-warnings', CLI, 'serve', '--role', role, '--data', dataDir, '--port', '0', '--admin-port', '0'],
    {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'error', MODEL_HOSTS: '1', PARSE_HOSTS: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  running.add(child)
  let out = ''
  let err = ''
  child.stderr!.on('data', (chunk) => {
    err = (err + chunk).slice(-16_000)
  })
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  void exited.then(() => running.delete(child))
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (chunk) => {
      out += chunk
      if (/^ {2}model /m.test(out)) resolve()
    })
    void exited.then(([code, signal]) => reject(new Error(`Looma (${role}) ended at start, code ${code} signal ${signal}: ${err}`)))
  })
  exited.catch(() => undefined)
  return {
    child,
    apiUrl: /api +(http:\S+)/.exec(out)?.[1] ?? '',
    adminUrl: /admin +(http:\S+)/.exec(out)?.[1] ?? '',
    log: () => err,
    async kill(signal) {
      const began = performance.now()
      child.kill(signal)
      const [code, by] = await exited
      return { code, signal: by, ms: performance.now() - began }
    },
  }
}
