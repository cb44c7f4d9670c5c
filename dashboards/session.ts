/** Login of the admin port: two users, a session that ends with logout, and a brake on guessing. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import type { Request, Response } from 'express'
import { keptSecret } from '../src/api/auth.ts'
import type { Config } from '../src/config.ts'

type AdminRole = 'viewer' | 'operator'
export type Session = { user: string; role: AdminRole }

export type Sessions = {
  /** Sets the cookie and answers the session, null for a wrong name or password, `wait` after too many of those from one address. */
  login(req: Request, res: Response, user: string, password: string): Session | null | 'wait'
  read(req: Request): Session | null
  logout(req: Request, res: Response): void
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
  const open = new Map<string, { session: Session; until: number }>()
  /** Wrong guesses of this minute by address: somebody who guesses keeps no one else out. */
  const failures = new Map<string, number>()
  let windowStart = 0
  return {
    login(req, res, user, password) {
      if (now() - windowStart > WINDOW_MS) {
        windowStart = now()
        failures.clear()
      }
      const address = req.socket.remoteAddress ?? ''
      const before = failures.get(address) ?? 0
      if (before >= MAX_FAILURES) return 'wait'
      const role = user === 'operator' || user === 'viewer' ? user : null
      if (!role || !same(passwords[role], password)) {
        failures.set(address, before + 1)
        return null
      }
      for (const [token, { until }] of open) if (until <= now()) open.delete(token)
      const token = randomBytes(32).toString('base64url')
      const session: Session = { user, role }
      open.set(token, { session, until: now() + HOURS * 3_600_000 })
      res.cookie(COOKIE, token, { httpOnly: true, sameSite: 'strict', path: '/', maxAge: HOURS * 3_600_000 })
      return session
    },
    read(req) {
      const found = open.get(tokenOf(req))
      return found && found.until > now() ? found.session : null
    },
    logout(req, res) {
      open.delete(tokenOf(req))
      res.clearCookie(COOKIE, { path: '/' })
    },
  }
}

const tokenOf = (req: Request): string => /(?:^|;\s*)looma_admin=([^;]+)/.exec(req.headers.cookie ?? '')?.[1] ?? ''

const same = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
