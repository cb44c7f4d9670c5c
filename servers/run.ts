/** `npm run servers -- up|down|status [NAME...]`: real servers on 127.0.0.1 for tests, benches, chaos and the demo. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endServer, Missing, SERVER_NAMES, type ServerName, startServer } from './start.ts'
import { readState, writeState } from './state.ts'

const USAGE = `usage: npm run servers -- up|down|status [NAME...]
names: ${SERVER_NAMES.join(', ')}; all of them where none is named

up      starts what is not running yet; what cannot be had on this machine is named and left out
down    ends them and removes their data
status  prints the addresses of those that run
`

const [command = '', ...given] = process.argv.slice(2)
const wrong = given.find((name) => !(SERVER_NAMES as readonly string[]).includes(name))
const names = (given.length > 0 ? given : SERVER_NAMES) as ServerName[]
if (command === '--help' || command === '-h') process.stdout.write(USAGE)
else if (wrong !== undefined || !['up', 'down', 'status'].includes(command)) {
  process.stderr.write(wrong === undefined ? USAGE : `${wrong} is no server\n${USAGE}`)
  process.exitCode = 2
} else process.exitCode = await { up, down, status: async () => status() }[command as 'up' | 'down' | 'status']()

async function up(): Promise<number> {
  let failed = 0
  const before = readState()
  // Left by a machine that was switched off.
  if (before.servers.length === 0 && before.dir) {
    rmSync(before.dir, { recursive: true, force: true })
    writeState({ dir: '', servers: [] })
  }
  for (const name of names) {
    const { dir, servers } = readState()
    if (servers.some((one) => one.name === name)) continue
    const folder = dir || mkdtempSync(join(tmpdir(), 'looma-servers-'))
    // Some of them run as users of their own.
    chmodSync(folder, 0o711)
    const began = performance.now()
    try {
      const server = await startServer(name, join(folder, name))
      writeState({ dir: folder, servers: [...servers, server] })
      process.stdout.write(`${name.padEnd(9)} up after ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
    } catch (error) {
      if (error instanceof Missing) process.stdout.write(`${name.padEnd(9)} skipped: ${error.message}\n`)
      else {
        failed++
        process.stderr.write(`${(error as Error).message}\n`)
      }
    }
  }
  status()
  return failed > 0 ? 1 : 0
}

async function down(): Promise<number> {
  const { dir, servers } = readState()
  const ending = servers.filter(({ name }) => names.includes(name))
  await Promise.all(ending.map((server) => endServer(server)))
  for (const one of ending) rmSync(one.dir, { recursive: true, force: true })
  const left = servers.filter((one) => !ending.includes(one))
  writeState({ dir, servers: left })
  if (left.length === 0 && dir) rmSync(dir, { recursive: true, force: true })
  process.stdout.write(ending.length === 0 ? 'nothing was running\n' : `ended ${ending.map(({ name }) => name).join(', ')}\n`)
  return 0
}

function status(): number {
  const { servers } = readState()
  if (servers.length === 0) process.stdout.write('no server is running\n')
  for (const { name, variable, url, pid } of servers) process.stdout.write(`${name.padEnd(9)} ${variable}=${url}  (pid ${pid})\n`)
  return 0
}
