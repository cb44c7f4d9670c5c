#!/usr/bin/env node
// Looma runs on Node 24, which npm installs as the package `node`. Called by an older Node, it starts that one.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const WINDOWS = process.platform === 'win32'
const cli = new URL('../src/cli.ts', import.meta.url)
if (Number(process.versions.node.split('.')[0]) >= 24) await import(cli.href)
else startNewerNode()

function startNewerNode() {
  // In a process group of its own: a terminal sends Ctrl-C to the whole group, and with the one passed on below it would come as the second
  // signal, which ends Looma without an orderly stop.
  const child = spawn(newerNode(), [fileURLToPath(cli), ...process.argv.slice(2)], { stdio: 'inherit', detached: !WINDOWS })
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', giveUp)
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1)
    // Ends by the same signal, so that the caller sees the same exit status.
    for (const one of signals) process.removeAllListeners(one)
    process.kill(process.pid, signal)
  })
}

function newerNode() {
  try {
    const home = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    return join(home, 'bin', WINDOWS ? 'node.exe' : 'node')
  } catch {
    return giveUp()
  }
}

function giveUp() {
  process.stderr.write(
    `Looma needs Node 24 and this is ${process.versions.node}. \`npm ci\` installs Node 24 as the package "node"; its install script must be allowed to run.\n`,
  )
  process.exit(1)
}
