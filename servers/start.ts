/**
 * The servers that Looma can work on, each started on 127.0.0.1 with whatever is at hand: its own program, the development scripts beside the
 * project, or Docker with the image of compose.yaml. For tests, benches, chaos and the demo; nothing here belongs in production.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { environment } from '../src/config.ts'

export const SERVER_NAMES = ['redis', 'postgres', 'mongo', 'elastic', 'elastic9', 'neo4j', 's3'] as const
export type ServerName = (typeof SERVER_NAMES)[number]

/** One way to have a server: what is run, and the line of its output that says that it answers. */
type Way = {
  command: string[]
  ready: RegExp
  /** Done before each start. */
  prepare?: () => void
  /** The command ends when the server is up, and has printed its process id. */
  detaches?: boolean
  env?: Record<string, string>
}
type Definition = {
  /** Variable that tests read its address from. */
  variable: string
  url: (port: number) => string
  ways: (port: number, dir: string) => (Way | false)[]
  /** What to install where no way is open. */
  needs: string
}

/** `pid` is the server itself: what ends it ends nothing else. */
export type Server = { name: ServerName; variable: string; url: string; port: number; dir: string; pid: number; via: string }

const SCRIPTS = resolve(import.meta.dirname, '..', '..', 'shared', 'servers')
const START_MS = 600_000

const find = (program: string): string | undefined =>
  (environment().PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))
const has = (...programs: string[]): boolean => programs.every((program) => find(program) !== undefined)

let docker: boolean | undefined
/** An installed client is not enough: its daemon has to answer. */
function hasDocker(): boolean {
  try {
    docker ??= has('docker') && execFileSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 }) !== undefined
  } catch {
    docker = false
  }
  return docker
}
/** The image that compose.yaml pins for a service. */
const imageOf = (service: string): string =>
  new RegExp(`^ {2}${service}:\\n(?: {4}.*\\n)*? {4}image: (\\S+)`, 'm').exec(
    readFileSync(join(import.meta.dirname, '..', 'compose.yaml'), 'utf8'),
  )![1]!

function container(image: string, port: number, inner: number, ready: RegExp, env: string[] = [], args: string[] = []): Way | false {
  if (!hasDocker()) return false
  const settings = env.flatMap((one) => ['-e', one])
  return { command: ['docker', 'run', '--rm', '-p', `127.0.0.1:${port}:${inner}`, ...settings, image, ...args], ready }
}

const REDIS_ARGS = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction', '--save', '']

const DEFINITIONS: Record<ServerName, Definition> = {
  redis: {
    variable: 'REDIS_URL',
    url: (port) => `redis://127.0.0.1:${port}`,
    needs: 'redis-server, or Docker',
    ways: (port, dir) => [
      has('redis-server') && {
        command: ['redis-server', '--bind', '127.0.0.1', '--port', String(port), '--dir', dir, ...REDIS_ARGS],
        ready: /Ready to accept connections/,
      },
      container(imageOf('queue'), port, 6379, /Ready to accept connections/, [], ['redis-server', ...REDIS_ARGS]),
    ],
  },
  postgres: {
    variable: 'POSTGRES_URL',
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    needs: 'PostgreSQL, or Docker',
    ways: (port, dir) => [
      postgres(port, dir),
      container('postgres:17.2-bookworm', port, 5432, /init process complete[\s\S]*ready to accept/, ['POSTGRES_HOST_AUTH_METHOD=trust']),
    ],
  },
  mongo: {
    variable: 'MONGO_URL',
    url: (port) => `mongodb://127.0.0.1:${port}`,
    needs: 'mongod, Docker, or Java and Maven with ../shared/servers (a stand-in)',
    ways: (port, dir) => [
      has('mongod') && {
        command: ['mongod', '--bind_ip', '127.0.0.1', '--port', String(port), '--dbpath', dir],
        ready: /Waiting for connections/,
      },
      container(imageOf('documents'), port, 27_017, /Waiting for connections/),
      started('start-mongo.sh', port, dir, { ready: /^\d+$/m, detaches: true, env: { MJS_HEAP: '1500m' } }),
    ],
  },
  elastic: {
    variable: 'ELASTIC_URL',
    url: (port) => `http://127.0.0.1:${port}`,
    needs: 'Docker, or Java and Maven with ../shared/servers',
    ways: (port, dir) => [
      started('start-elasticsearch.sh', port, dir),
      container(imageOf('search'), port, 9200, /"message":"started/, ['discovery.type=single-node', 'xpack.security.enabled=false']),
    ],
  },
  elastic9: {
    variable: 'ELASTIC9_URL',
    url: (port) => `http://127.0.0.1:${port}`,
    needs: 'Docker, or Java and Maven with ../shared/servers',
    ways: (port, dir) => [
      started('start-elasticsearch9.sh', port, dir),
      container('elasticsearch:9.0.0', port, 9200, /"message":"started/, ['discovery.type=single-node', 'xpack.security.enabled=false']),
    ],
  },
  neo4j: {
    variable: 'NEO4J_URL',
    url: (port) => `bolt://127.0.0.1:${port}`,
    needs: 'Docker, or Java and Maven with ../shared/servers',
    ways: (port, dir) => [
      started('start-neo4j.sh', port, dir),
      container(imageOf('graph'), port, 7687, /Started\.\s*$/m, ['NEO4J_AUTH=none']),
    ],
  },
  s3: {
    variable: 'S3_URL',
    url: (port) => `s3://looma?endpoint=http://127.0.0.1:${port}&pathStyle=true`,
    needs: 'Go (it builds MinIO once)',
    ways: (port, dir) => [
      has('go') && { command: ['bash', join(import.meta.dirname, 'start-s3.sh'), String(port), dir], ready: /^READY.* pid=(\d+)/m },
    ],
  },
}

/** A script beside the project: prints READY and the server's process id once it answers. */
function started(name: string, port: number, dir: string, way: Omit<Way, 'command'> = { ready: /^READY.* pid=(\d+)/m }): Way | false {
  const path = join(SCRIPTS, name)
  return has('java', 'mvn') && existsSync(path) && { command: ['bash', path, String(port), dir], ...way }
}

function postgres(port: number, dir: string): Way | false {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort((a, b) => Number(a) - Number(b)) : []
  const bin = has('postgres', 'initdb') ? '' : versions.length > 0 ? `/usr/lib/postgresql/${versions.at(-1)}/bin/` : null
  if (bin === null) return false
  // The server refuses to run as root.
  const root = process.getuid?.() === 0
  const as = root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : []
  const data = join(dir, 'data')
  return {
    command: [
      ...as,
      `${bin}postgres`,
      '-D',
      data,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `port=${port}`,
      '-c',
      'unix_socket_directories=',
    ],
    ready: /ready to accept connections/,
    prepare() {
      if (existsSync(data)) return
      if (root) execFileSync('chown', ['postgres', dir])
      chmodSync(dir, 0o711)
      const [program = '', ...args] = [...as, `${bin}initdb`, '-D', data, '-A', 'trust', '-U', 'postgres']
      execFileSync(program, args, { stdio: 'ignore' })
    },
  }
}

/**
 * Starts a server whose data is in `dir` and resolves once it answers; it lives on when this process ends. A first start may fetch what it needs
 * (up to ten minutes). Throws with the end of its output when it does not start, and `Missing` where it cannot be had here.
 */
export async function startServer(name: ServerName, dir: string, port?: number): Promise<Server> {
  const { variable, url, ways, needs } = DEFINITIONS[name]
  const at = port ?? (await freePort())
  mkdirSync(dir, { recursive: true })
  const way = ways(at, dir).find((one) => one !== false)
  if (!way) throw new Missing(`${name} needs ${needs}`)
  way.prepare?.()
  const log = `${dir}.log`
  const out = openSync(log, 'w')
  const [program, ...args] = way.command as [string, ...string[]]
  const child = spawn(program, args, { detached: true, stdio: ['ignore', out, out], env: { ...environment(), ...way.env } })
  let ended: string | undefined
  child.once('error', (error) => {
    ended = error.message
  })
  child.once('exit', (code, signal) => {
    if (!way.detaches || code !== 0) ended = `ended with ${signal ?? code}`
  })
  child.unref()
  const until = Date.now() + START_MS
  for (;;) {
    // Maven colours even what goes to a file.
    const text = stripVTControlCharacters(readFileSync(log, 'utf8'))
    const found = way.ready.exec(text)
    if (found) {
      const pid = Number(found[1] ?? (way.detaches ? found[0] : child.pid))
      return { name, variable, url: url(at), port: at, dir, pid, via: way.command.slice(0, 2).join(' ') }
    }
    if (ended !== undefined || Date.now() > until) {
      child.kill()
      throw new Error(`${name} did not start: ${ended ?? 'no answer in ten minutes'}\n${text.slice(-2000)}`)
    }
    await delay(100)
  }
}

export class Missing extends Error {}

/** Resolves when the process is gone; after a minute without an end it is killed. */
export async function endServer({ pid }: Pick<Server, 'pid'>, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (!isRunning(pid)) return
  process.kill(pid, signal)
  for (let i = 0; i < 600 && isRunning(pid); i++) await delay(100)
  if (isRunning(pid)) process.kill(pid, 'SIGKILL')
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A dead child of somebody who has not looked yet.
    return !existsSync(`/proc/${pid}/stat`) || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}
