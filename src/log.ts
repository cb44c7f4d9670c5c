import { type Logger, pino } from 'pino'

export type { Logger }

/** JSON lines on stderr, so that stdout stays free for results. Values under keys that may hold personal data or secrets are removed. */
export function createLog(level: string, base: Record<string, unknown> = {}): Logger {
  return pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['token', 'password', 'authorization', 'cookie', '*.authorization', '*.cookie', 'data', 'input', 'text'],
        remove: true,
      },
    },
    pino.destination({ dest: 2, sync: false }),
  )
}
