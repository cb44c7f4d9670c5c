/** Ids and hashes. Ids are unguessable; derived ones are the same whenever the same thing comes in again, which makes every write repeatable. */
import { createHash, hash, randomFillSync } from 'node:crypto'

// Random bytes are drawn for 256 ids at a time: a call into the generator costs more than the rest of an id.
const POOL_IDS = 256
const pool = Buffer.alloc(POOL_IDS * 10)
let used = POOL_IDS

/** 26 characters: 48 bits of time then 80 random bits, in Crockford base32, so that ids sort by creation (ULID). */
export function newId(prefix: string, now = Date.now()): string {
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(now, 0, 6)
  if (used === POOL_IDS) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(bytes, 6, used * 10, ++used * 10)
  return `${prefix}_${base32(bytes)}`
}

/** The same parts give the same id; parts are joined by NUL, which none of them can hold. 130 bits of sha256. */
export function derivedId(prefix: string, ...parts: string[]): string {
  return `${prefix}_${base32(createHash('sha256').update(parts.join('\0')).digest().subarray(0, 16))}`
}

export const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'hex')

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** 26 characters for 16 bytes. */
function base32(bytes: Buffer): string {
  let out = ''
  // 130 bits: two zeros in front of the 128.
  let rest = 0
  let bits = 2
  for (const byte of bytes) {
    rest = (rest << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += ALPHABET[(rest >> bits) & 31]
    }
    rest &= 31
  }
  return out
}

/** JSON with sorted keys and without `undefined`, for hashing. `value` is made of what JSON has. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value))

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sorted)
  const out: Record<string, unknown> = {}
  for (const key of Object.keys(value).sort()) {
    const one = sorted((value as Record<string, unknown>)[key])
    // Assigned, it would be lost.
    if (key === '__proto__') Object.defineProperty(out, key, { value: one, enumerable: true })
    else out[key] = one
  }
  return out
}
