/** Tokens and roles: what a bearer must be, and what each role may do on every route. */
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Authenticate, createAuthenticate, issueToken, keptSecret, PERMISSIONS, ROLES } from '../src/api/auth.ts'
import { routes } from '../src/api/routes.ts'
import { client, type System, startSystem, tempDir } from './support.ts'

const SECRET = 'a secret of thirty-two characters!!'
const config = {
  dataDir: '/nowhere',
  auth: { secret: SECRET, issuer: undefined as string | undefined, jwksUrl: undefined as string | undefined, audience: 'looma' },
}
const bytes = (text: string) => new TextEncoder().encode(text)
const now = () => Math.floor(Date.now() / 1000)

type Claims = { tenant?: unknown; role?: unknown; sub?: string; iss?: string; aud?: string; exp?: number; nbf?: number }
/** A good token, but for what is given; a claim given as undefined is left out. */
function token(claims: Claims = {}, key: Uint8Array | CryptoKey = bytes(SECRET), header: { alg: string; kid?: string } = { alg: 'HS256' }) {
  const all = { tenant: 'acme', role: 'recruiter', sub: 'ann', iss: 'looma', aud: 'looma', exp: now() + 600, ...claims }
  return new SignJWT(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))
    .setProtectedHeader(header)
    .sign(key)
}
const codeOf = async (authenticate: Authenticate, bearer: string | undefined, scheme = 'Bearer ') =>
  authenticate(bearer === undefined ? undefined : `${scheme}${bearer}`).then(
    () => 'ok',
    (error) => (error as { code: string }).code,
  )
const unsigned = (header: object, payload: object, signature = '') =>
  `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${signature}`

describe('a token with our own secret', () => {
  const authenticate = createAuthenticate(config)

  it('says who asks', async () => {
    expect(await authenticate(`Bearer ${await token()}`)).toEqual({ tenant: 'acme', role: 'recruiter', subject: 'ann' })
    expect(await codeOf(authenticate, await token(), 'bearer ')).toBe('ok')
    const issued = await issueToken(config, { tenant: 'acme', role: 'ops', subject: 'cli' }, 1)
    expect(await authenticate(`Bearer ${issued}`)).toEqual({ tenant: 'acme', role: 'ops', subject: 'cli' })
  })

  const bad: [string, () => Promise<string> | string, string?][] = [
    ['is malformed', () => 'a.b'],
    ['is no JWT', () => 'a.b.c'],
    ['has another secret', () => token({}, bytes('b'.repeat(32)))],
    ['has a changed payload', async () => (await token()).replace(/\.[^.]+\./, `.${btoa('{"tenant":"rival","role":"admin"}')}.`)],
    [
      'has no signature',
      () => unsigned({ alg: 'none' }, { tenant: 'acme', role: 'admin', sub: 'x', iss: 'looma', aud: 'looma', exp: now() + 60 }),
    ],
    ['has alg none and a signature', () => unsigned({ alg: 'none' }, { tenant: 'acme', role: 'admin' }, 'AAAA')],
    ['has another algorithm of the same secret', () => token({}, bytes(SECRET.repeat(2)), { alg: 'HS512' })],
    ['has expired', () => token({ exp: now() - 3600 }), 'token-expired'],
    ['never expires', () => token({ exp: undefined })],
    ['is not valid yet', () => token({ nbf: now() + 3600 })],
    ['is for another audience', () => token({ aud: 'other' })],
    ['is for nobody', () => token({ aud: undefined })],
    ['comes from another issuer', () => token({ iss: 'evil' })],
    ['has no subject', () => token({ sub: undefined })],
    ['has an unknown role', () => token({ role: 'root' })],
    ['has a role from the prototype', () => token({ role: 'constructor' })],
    ['has two roles', () => token({ role: ['viewer', 'admin'] })],
    ['has no tenant', () => token({ tenant: undefined })],
    ['has a tenant that is a path', () => token({ tenant: '../acme' })],
    ['has a tenant that is no text', () => token({ tenant: { toString: 'acme' } })],
    ['has an endless tenant', () => token({ tenant: 'a'.repeat(65) })],
  ]
  it.each(bad)('that %s is refused', async (_what, make, code = 'unauthenticated') => {
    expect(await codeOf(authenticate, await make())).toBe(code)
  })

  it('must come as a bearer', async () => {
    expect(await codeOf(authenticate, undefined)).toBe('unauthenticated')
    expect(await codeOf(authenticate, await token(), 'Basic ')).toBe('unauthenticated')
    expect(await codeOf(authenticate, await token(), '')).toBe('unauthenticated')
    expect(await codeOf(authenticate, `${await token()} x`)).toBe('unauthenticated')
  })
})

describe('the cache of verified tokens', () => {
  it('asks again after a minute, and never outlives the token', async () => {
    const clock = { t: Date.now() }
    const { server, hits } = await serveKeys([])
    try {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
      hits.keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }]
      const authenticate = createAuthenticate(withKeys(server), () => clock.t)
      const good = await token({ iss: 'https://id.example', exp: now() + 90 }, privateKey, { alg: 'ES256', kid: 'one' })
      expect(await codeOf(authenticate, good)).toBe('ok')
      // The very same caller: nothing was verified anew.
      const first = await authenticate(`Bearer ${good}`)
      expect(await authenticate(`Bearer ${good}`)).toBe(first)
      clock.t += 61_000
      expect(await authenticate(`Bearer ${good}`)).not.toBe(first)
      // Remembered until its expiry only, not for another minute.
      const second = await authenticate(`Bearer ${good}`)
      clock.t += 30_000
      expect(await authenticate(`Bearer ${good}`)).not.toBe(second)
      expect(hits.count).toBe(1)
    } finally {
      server.close()
    }
  })

  it('holds so many and no more', async () => {
    const authenticate = createAuthenticate(config, Date.now, 2)
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((sub) => token({ sub })))
    const first = await authenticate(`Bearer ${a}`)
    expect(await authenticate(`Bearer ${a}`)).toBe(first)
    await authenticate(`Bearer ${b}`)
    await authenticate(`Bearer ${c}`)
    expect(await authenticate(`Bearer ${a}`)).not.toBe(first)
  })
})

async function serveKeys(keys: JWK[]): Promise<{ server: Server; hits: { count: number; keys: JWK[]; status: number } }> {
  const hits = { count: 0, keys, status: 200 }
  const server = createServer((_req, res) => {
    hits.count++
    res.writeHead(hits.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: hits.keys }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, hits }
}
const withKeys = (server: Server) => ({
  ...config,
  auth: { ...config.auth, issuer: 'https://id.example', jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks` },
})

describe('a token of an issuer with a key set', () => {
  let served: Awaited<ReturnType<typeof serveKeys>>
  const pairs: Record<string, { publicKey: CryptoKey; privateKey: CryptoKey }> = {}
  beforeAll(async () => {
    for (const alg of ['RS256', 'ES256', 'EdDSA', 'PS256']) pairs[alg] = await generateKeyPair(alg, { extractable: true })
    const keys = await Promise.all(
      Object.entries(pairs).map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid: alg, alg })),
    )
    served = await serveKeys(keys)
  })
  afterAll(() => void served.server.close())
  const of = (alg: string, claims: Claims = {}, header: object = {}) =>
    token({ iss: 'https://id.example', ...claims }, pairs[alg]!.privateKey, { alg, kid: alg, ...header })

  it('is taken with RS256, ES256 and EdDSA, and with the claims of ours', async () => {
    const authenticate = createAuthenticate(withKeys(served.server))
    for (const alg of ['RS256', 'ES256', 'EdDSA'])
      expect(await authenticate(`Bearer ${await of(alg)}`)).toEqual({ tenant: 'acme', role: 'recruiter', subject: 'ann' })
    expect(await codeOf(authenticate, await of('RS256', { aud: 'other' }))).toBe('unauthenticated')
    expect(await codeOf(authenticate, await of('RS256', { iss: 'looma' }))).toBe('unauthenticated')
    expect(await codeOf(authenticate, await of('ES256', { exp: now() - 600 }))).toBe('token-expired')
    expect(await codeOf(authenticate, await of('ES256', { role: 'root' }))).toBe('unauthenticated')
  })

  it('is refused with an algorithm off the list, an unknown key, or our own secret', async () => {
    const authenticate = createAuthenticate(withKeys(served.server))
    expect(await codeOf(authenticate, await of('PS256'))).toBe('unauthenticated')
    expect(await codeOf(authenticate, await of('ES256', {}, { kid: 'gone' }))).toBe('unauthenticated')
    expect(await codeOf(authenticate, await token({ iss: 'https://id.example' }))).toBe('unauthenticated')
    // The public key as the secret of a symmetric signature: what an allow-list by key type prevents.
    const publicKey = bytes(JSON.stringify(await exportJWK(pairs.RS256!.publicKey)))
    expect(await codeOf(authenticate, await token({ iss: 'https://id.example' }, publicKey, { alg: 'HS256', kid: 'RS256' }))).toBe(
      'unauthenticated',
    )
  })

  it('does not become a wrong token because its issuer is down', async () => {
    const down = await serveKeys([])
    down.hits.status = 500
    const authenticate = createAuthenticate(withKeys(down.server))
    expect(await codeOf(authenticate, await of('ES256'))).toBe('keys-unavailable')
    down.server.close()
    down.server.closeAllConnections()
    await once(down.server, 'close')
    expect(await codeOf(createAuthenticate(withKeys(served.server)), await of('ES256'))).toBe('ok')
    expect(await codeOf(authenticate, await of('RS256'))).toBe('keys-unavailable')
  })
})

describe('a secret kept in a file', () => {
  it('is made once, whole, for its owner only, and read again', async () => {
    const dir = await tempDir()
    try {
      const file = join(dir, 'deep', 'secret')
      const made = keptSecret(file)
      expect(made).toMatch(/^[0-9a-f]{64}$/)
      expect(keptSecret(file)).toBe(made)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(readFileSync(file, 'utf8').trim()).toBe(made)
      // An empty file would make an empty password.
      mkdirSync(join(dir, 'empty'))
      writeFileSync(join(dir, 'empty', 'secret'), ' \n')
      expect(() => keptSecret(join(dir, 'empty', 'secret'))).toThrow(/empty/)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
})

describe('on every route', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem()
  })
  afterAll(() => system[Symbol.asyncDispose]())
  const urlOf = (path: string) => system.apiUrl + path.replaceAll(/\{\w+\}/g, 'nothing')

  it.each(ROLES)('%s may do what the table says and nothing else', async (role) => {
    const api = client(system.apiUrl!, await issueToken(system.config, { tenant: 'roles', role, subject: 'x' }, 1))
    const wrong: string[] = []
    for (const route of routes) {
      const answer = await api.call(route.path.replaceAll(/\{\w+\}/g, 'nothing'), {
        method: route.method.toUpperCase(),
        ...(route.method === 'post' && { body: '' }),
      })
      await answer.body?.cancel()
      const may = (PERMISSIONS[route.permission] as readonly string[]).includes(role)
      if ((answer.status !== 403) !== may || answer.status >= 500) wrong.push(`${route.method} ${route.path}: ${answer.status}`)
    }
    expect(wrong).toEqual([])
  })

  it('nobody may do anything without a token', async () => {
    for (const route of routes) {
      const answer = await fetch(urlOf(route.path), { method: route.method.toUpperCase() })
      expect(answer.status, route.path).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      expect(await answer.json()).toMatchObject({ code: 'unauthenticated' })
    }
    expect((await fetch(`${system.apiUrl}/v1/anything`)).status).toBe(404)
  })

  it('the table keeps what roles are for', () => {
    const may = (role: string) =>
      Object.entries(PERMISSIONS).flatMap(([name, roles]) => ((roles as readonly string[]).includes(role) ? [name] : []))
    expect(may('viewer')).toEqual(['batches:read', 'talents:read', 'positions:read'])
    expect(may('analyst')).toEqual(may('viewer'))
    // Operators see that work goes on, not whom it is about.
    expect(may('ops').filter((name) => /talents|positions|matches/.test(name))).toEqual([])
    expect(may('admin')).toEqual(Object.keys(PERMISSIONS))
    expect(may('recruiter').filter((name) => /dead-letters|queues/.test(name))).toEqual([])
    expect(may('service').filter((name) => /delete|replay|queues/.test(name))).toEqual([])
  })
})
