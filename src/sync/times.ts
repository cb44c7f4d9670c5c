/** Times as sources write them, to milliseconds UTC. What cannot be read is null: a time is never invented. */

const LOCAL = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?$/
const ABSOLUTE = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})$/i

/**
 * RFC 3339, `YYYY-MM-DD HH:MM:SS` (or a date alone, midnight) in `zone`, epoch seconds or milliseconds. `zone` is an IANA name.
 * With `trust: false` even a time that names an offset is read in `zone`: some sources label local times with Z.
 */
export function parseTime(value: unknown, zone: string, { trust = true } = {}): number | null {
  if (typeof value === 'number') return epoch(value)
  if (typeof value !== 'string') return null
  const text = value.trim()
  if (/^\d{10}(\d{3})?$/.test(text)) return epoch(Number(text))
  if (ABSOLUTE.test(text)) {
    if (!trust) return parseTime(text.replace(/\s?(Z|[+-]\d{2}:?\d{2})$/i, ''), zone)
    const ms = Date.parse(text.replace(' ', 'T').replace(/\s/g, ''))
    return Number.isNaN(ms) ? null : ms
  }
  const local = LOCAL.exec(text)
  if (!local) return null
  const [year, month, day, hour = 0, minute = 0, second = 0] = local
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part)))
  const ms = local[7] ? Math.floor(Number(`0.${local[7]}`) * 1000) : 0
  const wall = Date.UTC(year!, month! - 1, day, hour, minute, second, ms)
  // 2026-02-30 is no date, nor is a thirteenth month.
  const date = new Date(wall)
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month! - 1 || hour > 23 || minute > 59 || second > 59) return null
  // The offset holds at the instant, not at the wall time: the second look settles it around a change of the clock.
  const guess = wall - offset(wall, zone)
  return wall - offset(guess, zone)
}

/** After 2001 in milliseconds, before 5138 in seconds: no number is both. */
function epoch(value: number): number | null {
  if (!Number.isFinite(value) || value <= 0) return null
  return value < 100_000_000_000 ? Math.round(value * 1000) : Math.round(value)
}

const DAY_MS = 86_400_000
const DAYS = 20_000
const days = new Map<string, number | null>()

/** Milliseconds that `zone` is ahead of UTC at an instant. Kept by day: to ask for it costs more than all else of a record. */
function offset(at: number, zone: string): number {
  const day = Math.floor(at / DAY_MS)
  const key = `${zone} ${day}`
  let known = days.get(key)
  if (known === undefined) {
    const [from, to] = [offsetAt(day * DAY_MS, zone), offsetAt((day + 1) * DAY_MS, zone)]
    // The clocks are changed on this day.
    known = from === to ? from : null
    if (days.size >= DAYS) days.clear()
    days.set(key, known)
  }
  return known ?? offsetAt(at, zone)
}

const formats = new Map<string, Intl.DateTimeFormat>()

function offsetAt(at: number, zone: string): number {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(zone, format)
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  return Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute, part.second) - Math.floor(at / 1000) * 1000
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
