/** JSON columns that may be large, packed with zstd: writing a byte to the log and its checkpoint costs more than packing ten. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** Below this many characters making a compressor (some 0.1 ms) costs more than the bytes it saves. */
const SMALL = 16 * 1024
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

export type Packed = string | Uint8Array

/** Text when small, else zstd of it. The column must be of type `any`. */
export const pack = (text: string): Packed => (text.length < SMALL ? text : zstdCompressSync(text, FAST))

export const unpack = (packed: Packed): string => (typeof packed === 'string' ? packed : zstdDecompressSync(packed).toString('utf8'))
