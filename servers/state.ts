/** Which servers `npm run servers -- up` has started: a file in .cache, so that tests, benches and the demo find them. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isRunning, type Server } from './start.ts'

const FILE = join(import.meta.dirname, '..', '.cache', 'servers.json')

type State = { dir: string; servers: Server[] }

/** Only those that still run. */
export function readState(): State {
  let state: State
  try {
    state = JSON.parse(readFileSync(FILE, 'utf8')) as State
  } catch {
    return { dir: '', servers: [] }
  }
  return { ...state, servers: state.servers.filter(({ pid }) => isRunning(pid)) }
}

export function writeState(state: State): void {
  if (state.servers.length === 0) {
    rmSync(FILE, { force: true })
    return
  }
  mkdirSync(dirname(FILE), { recursive: true })
  writeFileSync(FILE, `${JSON.stringify(state, null, 2)}\n`)
}

/** Their addresses by variable: REDIS_URL, MONGO_URL, … */
export const addresses = (): Record<string, string> => Object.fromEntries(readState().servers.map(({ variable, url }) => [variable, url]))
