/** Ids and hashes. Ids are unguessable; derived ones are the same whenever the same thing comes in again, which makes every write repeatable. */
import { createHash, randomBytes } from 'node:crypto'

/** 26 characters: 48 bits of time then 80 random bits, in Crockford base32, so that ids sort by creation (ULID). */
export function newId(prefix: string, now = Date.now()): string {
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(now, 0, 6)
  randomBytes(10).copy(bytes, 6)
  return `${prefix}_${base32(bytes)}`
}

/** The same parts give the same id; parts are joined by NUL, which none of them can hold. 130 bits of sha256. */
export function derivedId(prefix: string, ...parts: string[]): string {
  return `${prefix}_${base32(createHash('sha256').update(parts.join('\0')).digest().subarray(0, 16))}`
}

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
function base32(bytes: Buffer): string {
  let bits = BigInt(`0x${bytes.toString('hex')}`)
  let out = ''
  for (let i = 0; i < 26; i++) {
    out = ALPHABET[Number(bits & 31n)] + out
    bits >>= 5n
  }
  return out
}

/** JSON with sorted keys and without `undefined`, for hashing. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, v) =>
    v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v,
  )
}
