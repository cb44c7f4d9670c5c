/** Bytes of a text file to a string, without trusting any name or header. */
import iconv from 'iconv-lite'
import { AppError } from '../../errors.ts'

/** Characters that fill any Chinese résumé; how many a decoding shows tells GBK from Big5 from Latin text. */
const FREQUENT = new Set(
  '的一年人有在工大学作业中国月教经公司生历本科管理话电姓名男女技能专市校育负责目项部实验時間學業經歷職務電話專業'.split(''),
)

/**
 * Decodes UTF-8, UTF-16 (with or without a byte order mark), GB18030, Big5 or Windows-1252. Stray NUL bytes are removed.
 * Throws `unsupported-type` where the bytes are not text.
 */
export function decodeText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = decode(buffer).replaceAll('\0', '')
  const sample = text.slice(0, 20_000)
  const odd = sample.match(/[\u0001-\u0008\u000e-\u001f\u007f-\u009f\ufffd]/g)?.length ?? 0
  if (odd > sample.length * 0.05) throw new AppError('unsupported-type')
  return text
}

function decode(buffer: Buffer): string {
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return iconv.decode(buffer, 'utf16-le')
  if (buffer[0] === 0xfe && buffer[1] === 0xff) return iconv.decode(buffer, 'utf16-be')
  const wide = unmarkedUtf16(buffer)
  if (wide) return iconv.decode(buffer, wide)
  const utf8 = buffer.toString('utf8')
  // One cut character at the end is a truncated download, not another charset.
  if (!utf8.slice(0, -2).includes('\ufffd')) return utf8
  return ['gb18030', 'big5', 'windows-1252']
    .map((charset) => iconv.decode(buffer, charset))
    .map((text) => ({ text, score: plausibility(text) }))
    .reduce((best, next) => (next.score > best.score ? next : best)).text
}

/** UTF-16 without a mark: line feeds and digits leave a zero in every second byte, always on the same side. */
function unmarkedUtf16(buffer: Buffer): 'utf16-le' | 'utf16-be' | null {
  if (buffer.length < 4 || buffer.length % 2) return null
  const end = Math.min(buffer.length, 4096)
  let even = 0
  let odd = 0
  for (let i = 0; i < end; i++) if (buffer[i] === 0) i % 2 ? odd++ : even++
  if (even + odd < end / 50) return null
  if (odd > even * 10) return 'utf16-le'
  return even > odd * 10 ? 'utf16-be' : null
}

function plausibility(text: string): number {
  const sample = text.slice(0, 4000)
  let score = 0
  for (const c of sample) {
    if (FREQUENT.has(c)) score += 4
    else if (c === '\ufffd' || (c >= '\u0080' && c <= '\u009f') || (c >= '\ue000' && c <= '\uf8ff')) score -= 5
    else if (c >= 'À' && c <= 'ÿ') score += 0.5
  }
  return score / Math.max(1, sample.length)
}
