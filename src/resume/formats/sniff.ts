/** What a file is, by its bytes. Names and declared types are what the sender says, and a renamed program must not reach a reader. */
import { fileTypeFromBuffer } from 'file-type'
import { AppError } from '../../errors.ts'
import { decodeText } from './decode.ts'

export const DOCUMENT_TYPES = ['pdf', 'docx', 'doc', 'odt', 'rtf', 'html', 'txt', 'png', 'jpeg'] as const
export type DocumentType = (typeof DOCUMENT_TYPES)[number]
export type Sniffed = { type: 'pdf' | 'zip' | 'doc' | 'rtf' | 'png' | 'jpeg' } | { type: 'html' | 'txt'; text: string }

const OLE = [0xd0, 0xcf, 0x11, 0xe0]
/** Streams of OLE containers: password-protected new Office files hold the first, old Word documents the second. */
const ENCRYPTED_PACKAGE = Buffer.from('EncryptedPackage', 'utf16le')
const WORD_DOCUMENT = Buffer.from('WordDocument', 'utf16le')
const MARKUP = /<(?:!doctype html|html|head|body|meta|div|p|table|h[1-6]|ul|ol|span|br|dl|section)\b[^<>]*>/gi

/** Throws `empty`, `encrypted` or `unsupported-type`; what a zip holds is up to `withArchive`. */
export async function sniff(bytes: Uint8Array): Promise<Sniffed> {
  if (bytes.length === 0) throw new AppError('empty')
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024))
  // The PDF standard lets up to 1,024 bytes of other content stand before the header, and mail gateways do add some.
  if (head.includes('%PDF-') && !head.subarray(0, 2).equals(Buffer.from('MZ'))) return { type: 'pdf' }
  if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4) return { type: 'zip' }
  if (OLE.every((byte, i) => head[i] === byte)) {
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (all.includes(ENCRYPTED_PACKAGE)) throw new AppError('encrypted')
    if (all.includes(WORD_DOCUMENT)) return { type: 'doc' }
    throw new AppError('unsupported-type')
  }
  if (/^\s*\{\\rtf/.test(head.toString('latin1'))) return { type: 'rtf' }
  const known = await fileTypeFromBuffer(bytes)
  if (known?.mime === 'image/png') return { type: 'png' }
  if (known?.mime === 'image/jpeg') return { type: 'jpeg' }
  if (known && !['application/xml', 'text/html', 'text/plain'].includes(known.mime)) throw new AppError('unsupported-type')
  const text = decodeText(bytes)
  if (text.trim() === '') throw new AppError('empty')
  return { type: isHtml(text) ? 'html' : 'txt', text }
}

function isHtml(text: string): boolean {
  const start = text.slice(0, 4096)
  if (/^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype html|html|head|body)\b/i.test(start)) return true
  return (start.match(MARKUP)?.length ?? 0) >= 4
}
