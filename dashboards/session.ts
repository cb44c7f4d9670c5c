/** Login of the admin port: two users, a signed cookie, and a brake on guessing. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import type { Request, Response } from 'express'
import { jwtVerify, SignJWT } from 'jose'
import { keptSecret } from '../src/api/auth.ts'
import type { Config } from '../src/config.ts'

type AdminRole = 'viewer' | 'operator'
export type Session = { user: string; role: AdminRole }

export type Sessions = {
  /** Sets the cookie and answers the session, null for a wrong name or password, `wait` after too many of those. */
  login(res: Response, user: string, password: string): Promise<Session | null | 'wait'>
  read(req: Request): Promise<Session | null>
  logout(res: Response): void
}

const COOKIE = 'looma_admin'
const HOURS = 8
const MAX_FAILURES = 10
const WINDOW_MS = 60_000

/** Passwords: the operator's from the configuration or a file made in the data folder, the viewer's always from such a file. */
function adminPasswords(config: Pick<Config, 'admin' | 'dataDir'>): Record<AdminRole, string> {
  return {
    operator: config.admin.password ?? keptSecret(join(config.dataDir, 'operator-password')),
    viewer: keptSecret(join(config.dataDir, 'viewer-password')),
  }
}

export function createSessions(config: Pick<Config, 'admin' | 'dataDir'>, now: () => number = Date.now): Sessions {
  const passwords = adminPasswords(config)
  // A restart ends all sessions; nothing has to be stored for that.
  const key = randomBytes(32)
  let failures = 0
  let windowStart = 0
  return {
    async login(res, user, password) {
      if (now() - windowStart > WINDOW_MS) {
        windowStart = now()
        failures = 0
      }
      if (failures >= MAX_FAILURES) return 'wait'
      const role = user === 'operator' || user === 'viewer' ? user : null
      if (!role || !same(passwords[role], password)) {
        failures++
        return null
      }
      const token = await new SignJWT({ role })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(user)
        .setExpirationTime(`${HOURS}h`)
        .sign(key)
      res.cookie(COOKIE, token, { httpOnly: true, sameSite: 'strict', path: '/', maxAge: HOURS * 3_600_000 })
      return { user, role }
    },
    async read(req) {
      const token = /(?:^|;\s*)looma_admin=([^;]+)/.exec(req.headers.cookie ?? '')?.[1]
      if (!token) return null
      try {
        const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] })
        return { user: String(payload.sub), role: payload.role as AdminRole }
      } catch {
        return null
      }
    },
    logout: (res) => void res.clearCookie(COOKIE, { path: '/' }),
  }
}

const same = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
