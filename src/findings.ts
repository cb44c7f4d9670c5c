/** What `looma doctor` finds out about a part of the system. */
export type Finding = {
  what: string
  level: 'ok' | 'warning' | 'error'
  found: string
  /** What to do about it: a command or a setting. Null when all is well. */
  fix: string | null
}

/** `fix` counts only where `isFine` is false; `level` is then how bad that is. */
export function finding(what: string, found: string, isFine: boolean, fix: string, level: 'warning' | 'error' = 'warning'): Finding {
  return isFine ? { what, level: 'ok', found, fix: null } : { what, level, found, fix }
}

/** A server that cannot be reached, for the reason found; `url` is what may have to be corrected: `QUEUE_URL`. */
export const unreachable = (found: string, url: string): Finding =>
  finding('reachable', found, false, UNTRUSTED.test(found) ? TRUST : `start it, or correct ${url}`, 'error')

/** What Node and the clients say of a certificate that they refuse. */
const UNTRUSTED = /certificate|altname|_SIGNATURE|\bCERT_/i
const TRUST = 'name the host as its certificate does; NODE_EXTRA_CA_CERTS is for the file of an authority of your own'
