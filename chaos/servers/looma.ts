/** An API, two workers and two schedulers as processes, kept up as a supervisor would, and how much memory they take. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Role } from '../../src/config.ts'
import { type Process, spawnLooma } from '../../tests/processes.ts'
import type { Machine } from './machine.ts'

export type LoomaProcesses = {
  machines: Machine[]
  /** Of the API as it stands; another one after a fault. */
  apiUrl(): string
  /** Ends that nobody caused, and starts that never came up. */
  crashes: string[]
  /** Megabytes of each process over its life, every five seconds; one that was started again has a life of its own. */
  memory: { name: string; mb: number[] }[]
  /** What each of them wrote last. */
  logs(): string
  /** Asks all to end; answers those that did not do so in order. */
  stop(): Promise<string[]>
}

const ROLES: [string, Role][] = [
  ['api', 'api'],
  ['worker 1', 'worker'],
  ['worker 2', 'worker'],
  ['scheduler 1', 'scheduler'],
  ['scheduler 2', 'scheduler'],
]
const STARTS = 60
const SAMPLE_MS = 5000

export async function startProcesses(dataDir: string, env: Record<string, string>): Promise<LoomaProcesses> {
  const crashes: string[] = []
  const memory: LoomaProcesses['memory'] = []
  const running: Process[] = []
  let stopping = false

  async function start(at: number): Promise<void> {
    const [name, role] = ROLES[at]!
    for (let tries = 1; ; tries++)
      try {
        running[at] = await spawnLooma(role, dataDir, env)
        break
      } catch (error) {
        // As a supervisor does: what it needs may not be there yet.
        if (tries === STARTS) throw error
        await delay(1000)
      }
    memory.push({ name, mb: [] })
    lives[at] = memory.length - 1
    const { child } = running[at]!
    child.once('exit', (code, signal) => {
      if (!stopping && signal === null) crashes.push(`${name} ended by itself with ${code}`)
    })
  }
  const lives: number[] = []
  for (const at of ROLES.keys()) await start(at)
  const sampling = setInterval(() => {
    for (const [at, { child }] of running.entries()) {
      const mb = child.exitCode === null && child.signalCode === null ? residentMb(child.pid!) : null
      if (mb !== null) memory[lives[at]!]!.mb.push(mb)
    }
  }, SAMPLE_MS)
  return {
    machines: ROLES.map(([name], at) => ({
      name,
      pid: () => running[at]!.child.pid!,
      kill: async () => void (await running[at]!.kill('SIGKILL')),
      restart: () => start(at),
    })),
    apiUrl: () => running[0]!.apiUrl,
    crashes,
    memory,
    logs: () => running.map((one, at) => `${ROLES[at]![0]}:\n${one.log()}`).join('\n'),
    async stop() {
      stopping = true
      clearInterval(sampling)
      const ends = await Promise.all(running.map((one) => one.kill('SIGTERM')))
      return ends.flatMap(({ code, signal }, at) =>
        code === 0 ? [] : [`${ROLES[at]![0]} ended with ${signal ?? code} when asked to stop`],
      )
    },
  }
}

function residentMb(pid: number): number | null {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
  } catch {
    return null
  }
}
