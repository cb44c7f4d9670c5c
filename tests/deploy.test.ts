/** What can be said of compose.yaml and the Dockerfile without Docker: that they name what is there, pinned, checked and confined. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { Env, readConfig } from '../src/config.ts'
import { VERSION } from '../src/version.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

type Service = {
  image: string
  build?: string
  user?: string
  command?: string[]
  environment?: Record<string, string | number>
  healthcheck?: { test?: string[]; disable?: boolean }
  depends_on?: Record<string, { condition: string }>
  volumes?: string[]
  ports?: string[]
  mem_limit?: string
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
}
const compose = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, Service>; volumes: Record<string, null> }
const services = Object.entries(compose.services)
const ours = services.filter(([, service]) => service.build !== undefined)
const servers = services.filter(([, service]) => service.build === undefined)

describe('compose.yaml', () => {
  it('names every role and every server', () => {
    expect(ours.map(([name, { command }]) => [name, command!.join(' ')])).toEqual([
      ['migrate', 'migrate'],
      ['api', 'serve --role api'],
      ['worker', 'serve --role worker'],
      ['scheduler', 'serve --role scheduler'],
    ])
    expect(servers.map(([name]) => name)).toEqual(['queue', 'documents', 'graph', 'search'])
  })

  it.each(services)('%s is pinned, confined and bounded', (_name, service) => {
    expect(service.image).toMatch(/^[a-z0-9]+:\d+\.\d+\.\d+(-[a-z]+)?$/)
    expect(service.user).toMatch(/^(?!root)[a-z0-9]+$/)
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.security_opt).toEqual(['no-new-privileges:true'])
    expect(service.mem_limit).toMatch(/^\d+[mg]$/)
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
    for (const volume of service.volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0])
  })

  it.each(servers)('%s tells when it is ready, and knows its password from outside only', (_name, service) => {
    expect(service.healthcheck?.test?.length).toBeGreaterThan(1)
    expect(JSON.stringify(service)).toMatch(/\$\{LOOMA_PASSWORD\}/)
  })

  it.each(ours)('%s starts after what it needs, writes to its volume only, and sets keys that there are', (name, service) => {
    expect(service.read_only).toBe(true)
    expect(service.image).toBe(`looma:${VERSION}`)
    const waits = Object.entries(service.depends_on!)
    for (const [on, { condition }] of waits)
      expect([on, condition]).toEqual([on, on === 'migrate' ? 'service_completed_successfully' : 'service_healthy'])
    const on = waits.map(([other]) => other)
    expect(on).toEqual(expect.arrayContaining(name === 'migrate' ? ['queue', 'documents', 'graph', 'search'] : ['queue', 'migrate']))
    const keys = Object.keys(service.environment!).map((key) => key.replace(/_FILE$/, ''))
    expect(keys.filter((key) => !(key in Env.shape))).toEqual([])
  })

  it('has values that the configuration takes', () => {
    for (const [, { environment }] of ours) {
      const env = Object.fromEntries(
        Object.entries(environment!).map(([key, value]) => [key, String(value).replace(/\$\{LOOMA_PASSWORD[^}]*\}/, 'ab12')]),
      )
      expect(readConfig('api', env)).toMatchObject({ queueUrl: 'redis://:ab12@queue:6379', graphUrl: 'neo4j://neo4j:ab12@graph:7687' })
    }
  })
})

describe('Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n')
  const of = (word: string) => lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  const copied = of('COPY')
    .filter((line) => !line.startsWith('--from'))
    .flatMap((line) => line.split(' ').slice(0, -1))

  it('is built from a pinned image, the Node of package.json', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: { node: string } }
    for (const from of of('FROM')) expect(from.split(' ')[0]).toBe(`node:${dependencies.node}-bookworm-slim`)
  })

  it('copies what there is and what .dockerignore lets through, all that runs and nothing else', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    expect([...new Set(copied)].sort()).toEqual(allowed.sort())
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    expect(allowed).toEqual(expect.arrayContaining(['src', 'dashboards', 'bin', 'models/default']))
  })

  it('runs as another user than root, without developer packages, and tells when it is alive', () => {
    expect(of('USER')).toEqual(['node'])
    expect(of('RUN')[0]).toContain('npm ci --omit=dev')
    expect(of('HEALTHCHECK')[0]).toContain('/livez')
  })
})
