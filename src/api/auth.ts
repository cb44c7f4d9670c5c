/** Who is asking: bearer tokens, roles, and the one table of what a role may do. The tenant comes from the token and nowhere else. */
import { hash, randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'

export const ROLES = ['admin', 'ops', 'recruiter', 'analyst', 'viewer', 'service'] as const
export type Role = (typeof ROLES)[number]

const EVERY = ROLES
export const PERMISSIONS = {
  'batches:read': EVERY,
  'batches:write': ['admin', 'recruiter', 'service'],
  'batches:cancel': ['admin', 'ops', 'recruiter', 'service'],
  'talents:read': ['admin', 'recruiter', 'analyst', 'viewer', 'service'],
  'talents:write': ['admin', 'recruiter', 'service'],
  'talents:delete': ['admin', 'recruiter'],
  'positions:read': ['admin', 'recruiter', 'analyst', 'viewer', 'service'],
  'positions:delete': ['admin', 'recruiter'],
  'matches:write': ['admin', 'recruiter', 'service'],
  'dead-letters:read': ['admin', 'ops', 'service'],
  'dead-letters:replay': ['admin', 'ops'],
  'queues:read': ['admin', 'ops'],
  'sync:read': ['admin', 'ops', 'recruiter', 'service'],
  'sync:run': ['admin', 'ops', 'recruiter', 'service'],
  'schedules:read': ['admin', 'ops', 'recruiter', 'service'],
  'schedules:write': ['admin', 'ops', 'recruiter', 'service'],
  'conflicts:decide': ['admin', 'recruiter'],
} as const satisfies Record<string, readonly Role[]>
export type Permission = keyof typeof PERMISSIONS

export type Caller = { tenant: string; role: Role; subject: string }
export type Authenticate = (header: string | undefined) => Promise<Caller>

export const TENANT = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/
const CACHE_MS = 60_000
const CACHE_SIZE = 10_000
const SKEW_S = 60

/** The secret of our own tokens: from the configuration, else made once in the data folder, readable by its owner only. */
export function authSecret(config: Pick<Config, 'auth' | 'dataDir'>): Uint8Array {
  if (config.auth.secret) return new TextEncoder().encode(config.auth.secret)
  return new TextEncoder().encode(keptSecret(join(config.dataDir, 'auth-secret')))
}

/**
 * Reads a secret from a file, or makes it: 32 random bytes in hex. Of several processes that start together one makes it, and it appears
 * whole: a half-written file would be an empty password to the others. Throws on an empty file.
 */
export function keptSecret(file: string): string {
  try {
    return readOrMake(file)
  } catch (cause) {
    throw new Error(`the secret ${file} cannot be read or made: ${(cause as Error).message}`, { cause })
  }
}

function readOrMake(file: string): string {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true })
    const draft = `${file}.${randomBytes(8).toString('hex')}`
    writeFileSync(draft, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' })
    try {
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(draft)
    }
  }
  const secret = readFileSync(file, 'utf8').trim()
  if (secret === '') throw new Error('it is empty; write a secret into it or remove it, then a new one is made')
  return secret
}

/** A token of our own for one tenant and role; `hours` until it expires. */
export async function issueToken(config: Pick<Config, 'auth' | 'dataDir'>, caller: Caller, hours: number): Promise<string> {
  return new SignJWT({ tenant: caller.tenant, role: caller.role })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(caller.subject)
    .setIssuer(config.auth.issuer ?? 'looma')
    .setAudience(config.auth.audience)
    .setIssuedAt()
    .setExpirationTime(`${hours}h`)
    .sign(authSecret(config))
}

/** What jose throws when the key set itself could not be had; the token may be good. */
const isOfKeySet = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) ||
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  error.code === 'ERR_JOSE_GENERIC'

/**
 * Verifies issuer, audience, expiry and algorithm; errors are `unauthenticated`, `token-expired` or `keys-unavailable`. Verifying costs 20 to 190 µs and is the
 * dearest part of a request, so a verified token is remembered, by its hash, until it expires and for a minute at most.
 */
export function createAuthenticate(
  config: Pick<Config, 'auth' | 'dataDir'>,
  now: () => number = Date.now,
  cacheSize = CACHE_SIZE,
): Authenticate {
  const { jwksUrl, issuer, audience } = config.auth
  const options = { issuer: issuer ?? 'looma', audience, clockTolerance: SKEW_S, requiredClaims: ['exp', 'sub'] }
  const keys = jwksUrl ? createRemoteJWKSet(new URL(jwksUrl)) : null
  const secret = keys ? null : authSecret(config)
  const verify = async (token: string): Promise<JWTPayload> =>
    keys
      ? (await jwtVerify(token, keys, { ...options, algorithms: ['RS256', 'ES256', 'EdDSA'] })).payload
      : (await jwtVerify(token, secret!, { ...options, algorithms: ['HS256'] })).payload

  const seen = new Map<string, { caller: Caller; until: number }>()
  return async (header) => {
    const token = header?.match(/^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i)?.[1]
    if (!token) throw new AppError('unauthenticated')
    const key = hash('sha256', token, 'base64')
    const known = seen.get(key)
    if (known && known.until > now()) return known.caller
    let payload: JWTPayload
    try {
      payload = await verify(token)
    } catch (error) {
      if (keys && isOfKeySet(error)) throw new AppError('keys-unavailable', undefined, { cause: error, retryAfter: 5 })
      throw new AppError(error instanceof errors.JWTExpired ? 'token-expired' : 'unauthenticated')
    }
    const { tenant, role, sub, exp } = payload as JWTPayload & { tenant?: unknown; role?: unknown }
    if (typeof tenant !== 'string' || !TENANT.test(tenant) || !ROLES.includes(role as Role)) throw new AppError('unauthenticated')
    const caller: Caller = { tenant, role: role as Role, subject: String(sub) }
    if (seen.size >= cacheSize) seen.delete(seen.keys().next().value!)
    seen.set(key, { caller, until: Math.min(now() + CACHE_MS, (exp ?? 0) * 1000) })
    return caller
  }
}

export const allows = (caller: Caller, permission: Permission): boolean =>
  (PERMISSIONS[permission] as readonly Role[]).includes(caller.role)

export function requirePermission(caller: Caller, permission: Permission): void {
  if (!allows(caller, permission)) throw new AppError('forbidden', `the role ${caller.role} has not the permission ${permission}`)
}
