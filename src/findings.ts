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
