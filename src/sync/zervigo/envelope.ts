/** The forms in which Zervigo's generations answer, made into one: the data, or an error that says what to do. */
import { AppError } from '../../errors.ts'
import type { HttpAnswer } from '../http.ts'

/** `missing`: the one asked for does not exist. `unauthorized`: the token is not taken; a new login may help, once. */
export type Opened = { is: 'data'; data: unknown } | { is: 'missing' } | { is: 'unauthorized' }

/** Business codes of generation C, which come with HTTP 200 as well. */
const UNAUTHORIZED = new Set([401, 1002])
const REFUSED = new Set([403, 1003])
/** 1001 hides internal errors too, but nothing becomes better by asking again. */
const MISSING = new Set([404, 1001, 1004])

/**
 * C: `{code, message, data}` with any HTTP status. A and B: `{success, data}` or `{success: false, error}`; C's own login check uses the latter.
 * Throws `source-refused`, `source-down` or `source-changed`.
 */
export function openEnvelope({ status, body, text }: HttpAnswer): Opened {
  if (status === 401) return { is: 'unauthorized' }
  if (status === 403) throw new AppError('source-refused', 'the account lacks the right to read this')
  if (body === undefined) {
    // Cut off on its way, or something else that answers on this port.
    if (/^\s*[[{]/.test(text)) throw new AppError('source-down', 'an answer was cut off')
    throw new AppError('source-changed', `answered ${status} with something that is not JSON`)
  }
  const { code, success, data } = (body ?? {}) as { code?: unknown; success?: unknown; data?: unknown }
  if (typeof code === 'number') {
    if (code === 0) return { is: 'data', data }
    if (UNAUTHORIZED.has(code)) return { is: 'unauthorized' }
    if (REFUSED.has(code)) throw new AppError('source-refused', `answered code ${code}`)
    if (MISSING.has(code)) return { is: 'missing' }
    if (code === 400) throw new AppError('source-changed', 'takes the request for a bad one')
    throw new AppError('source-down', `answered code ${code}`)
  }
  if (success === true) return { is: 'data', data: data ?? body }
  if (status === 404) return { is: 'missing' }
  if (success === false) throw new AppError('source-down', `answered ${status} without success`)
  throw new AppError('source-changed', `answered ${status} in a form that is not Zervigo's`)
}
