/**
 * Looma over TLS (REDIS_URL, MONGO_URL, NEO4J_URL, ELASTIC_URL, S3_URL): before each server stands an end of TLS with a certificate of an authority
 * of our own, which processes trust by NODE_EXTRA_CA_CERTS and by nothing else.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueToken } from '../../src/api/auth.ts'
import { client } from '../client.ts'
import { spawnLooma } from '../processes.ts'
import { lines } from '../queue.ts'
import { tempDir, testConfig } from '../support.ts'
import { FOUR_SERVERS, fourServers } from './servers.ts'

const { S3_URL } = process.env
const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

let dataDir: string
let trusting: Record<string, string>
const fronts: Server[] = []

/** An authority, and a certificate of it for `localhost` alone. */
function certify(dir: string): { ca: string; key: Buffer; cert: Buffer } {
  mkdirSync(dir)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' })
  const fresh = ['req', '-newkey', 'rsa:2048', '-nodes']
  openssl(...fresh, '-x509', '-days', '2', '-subj', '/CN=Looma test authority', '-keyout', 'ca.key', '-out', 'ca.pem')
  openssl(...fresh, '-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'request.pem')
  writeFileSync(join(dir, 'names'), 'subjectAltName=DNS:localhost')
  openssl('x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '2', '-extfile', 'names', '-out', 'cert.pem')
  return { ca: join(dir, 'ca.pem'), key: readFileSync(join(dir, 'key.pem')), cert: readFileSync(join(dir, 'cert.pem')) }
}

/** `address` with an end of TLS before it: another port, of the host `localhost`. */
async function secured(address: string, at: { key: Buffer; cert: Buffer }): Promise<URL> {
  const url = new URL(address)
  const far = { host: url.hostname, port: Number(url.port) }
  const front = createServer(at, (near) => {
    const inner = connect(far)
    pipeline(near, inner, near, () => undefined)
  })
  front.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  fronts.push(front)
  url.host = `localhost:${(front.address() as AddressInfo).port}`
  return url
}

/** `looma` with these arguments, as a process of its own. */
const looma = (args: string[], env: Record<string, string>) =>
  new Promise<{ code: number; out: string }>((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...env }, timeout: 120_000 }
    execFile(process.execPath, ['--no-warnings', CLI, ...args, '--data', dataDir], options, (error, out) =>
      resolve({ code: error ? Number(error.code) : 0, out }),
    )
  })
type Report = { parts: { part: string; findings: { what: string; level: string; found: string; fix: string | null }[] }[] }
const reachable = (out: string) =>
  (JSON.parse(out) as Report).parts.map(({ part, findings }) => ({ part, ...findings.find(({ what }) => what === 'reachable')! }))

describe.skipIf(!FOUR_SERVERS || !S3_URL)('TLS (REDIS_URL, MONGO_URL, NEO4J_URL, ELASTIC_URL, S3_URL)', () => {
  beforeAll(async () => {
    dataDir = await tempDir()
    const at = certify(join(dataDir, 'certificates'))
    const plain = await fourServers(10)
    const withScheme = async (name: string, scheme: string) => (await secured(plain[name]!, at)).href.replace(/^\w+:/, scheme)
    const mongo = new URL(await withScheme('DOCUMENTS_URL', 'mongodb:'))
    mongo.searchParams.set('tls', 'true')
    const s3 = new URL(S3_URL!)
    s3.searchParams.set('endpoint', (await secured(s3.searchParams.get('endpoint')!, at)).href.replace(/^http:/, 'https:'))
    trusting = {
      NODE_EXTRA_CA_CERTS: at.ca,
      QUEUE_URL: await withScheme('QUEUE_URL', 'rediss:'),
      DOCUMENTS_URL: mongo.href,
      GRAPH_URL: await withScheme('GRAPH_URL', 'bolt+s:'),
      SEARCH_URL: await withScheme('SEARCH_URL', 'https:'),
      BLOBS_URL: s3.href,
      S3_ACCESS_KEY_ID: process.env.S3_ACCESS_KEY_ID ?? 'minioadmin',
      S3_SECRET_ACCESS_KEY: process.env.S3_SECRET_ACCESS_KEY ?? 'minioadmin',
    }
  })
  afterAll(async () => {
    for (const front of fronts) front.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('reaches every server whose certificate is of an authority it trusts, and a batch goes through all of them', async () => {
    const { out } = await looma(['doctor', '--json'], trusting)
    expect(reachable(out).filter(({ level }) => level !== 'ok')).toEqual([])
    const system = await spawnLooma('all', dataDir, trusting)
    const acme = client(system.apiUrl, await issueToken(testConfig(dataDir), { tenant: 'acme', role: 'recruiter', subject: 'tls' }, 1))
    expect((await acme.batch(lines(20, 'tls'))).counts).toMatchObject({ done: 20 })
    await system.kill('SIGTERM')
  })

  it('refuses every server whose certificate is of nobody it knows, and says so', async () => {
    const { NODE_EXTRA_CA_CERTS: _ca, ...doubting } = trusting
    const { code, out } = await looma(['doctor', '--json'], doubting)
    expect(code).toBe(1)
    for (const { part, level, found, fix } of reachable(out))
      expect(`${part} ${level} ${found}: ${fix}`).toMatch(/ error .*certificate.*: .*CA_CERTS/)
  })

  it('refuses a certificate of another name', async () => {
    const elsewhere = Object.fromEntries(Object.entries(trusting).map(([key, value]) => [key, value.replace('localhost', '127.0.0.1')]))
    const { code, out } = await looma(['doctor', '--json'], elsewhere)
    expect(code).toBe(1)
    for (const { part, level, found, fix } of reachable(out))
      expect(`${part} ${level} ${found}: ${fix}`).toMatch(/ error .*(altnames|certificate).*: .*host/)
  })
})
