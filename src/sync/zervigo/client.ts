/** Requests to Zervigo's services: one login for all, renewed once where a token is no longer taken. Only reads, and only at the hosts named. */
import { AppError } from '../../errors.ts'
import { request } from '../http.ts'
import { openEnvelope } from './envelope.ts'
import { PROFILES, type ZervigoSettings } from './profiles.ts'

/** Source data is not trusted: a page of a hundred records with fields of any size is still a page. */
const MAX_BYTES = 64 * 1024 * 1024

export type Client = {
  /** Data of an answer; null where the one asked for does not exist. */
  get(url: URL, options: { login: boolean; signal: AbortSignal }): Promise<unknown>
  login(signal: AbortSignal): Promise<void>
}

export function createClient(settings: ZervigoSettings): Client {
  const profile = PROFILES[settings.generation]
  const limits = { timeoutMs: settings.timeoutMs, maxBytes: MAX_BYTES }
  /** Of whoever asks first: a login changes the account's own row, so there is never more than one. */
  let token: Promise<string> | null = null

  async function logIn(signal: AbortSignal): Promise<string> {
    const { username, password } = settings
    const answer = await request(new URL(profile.login.path, settings.urls.auth), {
      method: 'POST',
      json: { username, password },
      signal,
      ...limits,
    })
    const opened = openEnvelope(answer)
    if (opened.is !== 'data') throw new AppError('source-refused', 'the user name or the password is not right')
    const found = profile.login.token(opened.data as Record<string, unknown>)
    if (typeof found !== 'string' || found === '') throw new AppError('source-changed', 'the login answers no token')
    return found
  }
  async function tokenFor(signal: AbortSignal): Promise<string> {
    const mine = token ?? logIn(signal)
    token = mine
    try {
      return await mine
    } catch (error) {
      if (token === mine) token = null
      throw error
    }
  }

  return {
    async get(url, { login, signal }) {
      for (let attempt = 0; ; attempt++) {
        const own = login ? await tokenFor(signal) : null
        const answer = await request(url, { headers: own === null ? {} : { authorization: `Bearer ${own}` }, signal, ...limits })
        const opened = openEnvelope(answer)
        if (opened.is === 'data') return opened.data
        if (opened.is === 'missing') return null
        if (!login || attempt > 0) throw new AppError('source-refused', 'a fresh token is not taken')
        // Somebody else may have logged in again meanwhile.
        if ((await token) === own) token = null
      }
    },
    async login(signal) {
      await tokenFor(signal)
    },
  }
}
