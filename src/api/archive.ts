/** ZIP archives of files, made by strangers: every entry is an item of its own, and a bad one costs itself only. */
import { open as openFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import yauzl from 'yauzl'
import type { ErrorCode } from '../errors.ts'

/** How much one entry may grow; below a megabyte nobody minds. */
const MAX_RATIO = 200
const RATIO_FROM_BYTES = 1024 * 1024
/** So many entries are looked at for the mark of an Office package, which stands among the first. */
const MAX_LOOKED_AT = 1000

/** Names are decoded here: yauzl stops at the first unsafe one, and takes all that are not marked as UTF-8 for CP437. */
const OPTIONS = { lazyEntries: true, decodeStrings: false, validateEntrySizes: true } as const

export type ArchiveEntry = { name: string } & ({ refused: ErrorCode } | { bytes: number; open: () => Promise<Readable> })

/** True for a ZIP that is not a DOCX, an ODT or another package: those name [Content_Types].xml or mimetype. */
export async function isArchive(path: string): Promise<boolean> {
  const file = await openFile(path)
  try {
    const head = Buffer.alloc(4)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    if (bytesRead < 4 || head.readUInt32LE(0) !== 0x04034b50) return false
  } finally {
    await file.close()
  }
  let zip: yauzl.ZipFile | undefined
  let seen = 0
  try {
    zip = await yauzl.openPromise(path, OPTIONS)
    for await (const { fileNameRaw } of zip.eachEntry()) {
      if (/^(\[Content_Types\]\.xml|mimetype)$/.test(fileNameRaw.toString('latin1'))) return false
      if (++seen >= MAX_LOOKED_AT) break
    }
    return true
  } catch {
    // Without a directory it is a broken file of whatever kind; with one that breaks off it was an archive.
    return zip !== undefined
  } finally {
    zip?.close()
  }
}

/**
 * Files of an archive in order, without folders, hidden files and what macOS adds. An entry whose name would leave the folder, that is
 * encrypted or that claims to grow too far comes as `refused`. `bytes` is what the entry claims to hold; its stream fails when that is wrong.
 * Throws where the archive itself breaks off.
 */
export async function* readArchive(path: string): AsyncGenerator<ArchiveEntry> {
  const zip = await yauzl.openPromise(path, OPTIONS)
  try {
    for await (const entry of zip.eachEntry()) {
      const name = entryName(entry)
      const bytes = entry.uncompressedSize
      if (yauzl.validateFileName(name) !== null) yield { name, refused: 'unsafe-archive' }
      else if (name.endsWith('/') || /(^|\/)(__MACOSX\/|\.)/.test(name)) continue
      else if (entry.generalPurposeBitFlag & 1) yield { name, refused: 'encrypted' }
      else if (bytes > RATIO_FROM_BYTES && bytes > MAX_RATIO * entry.compressedSize) yield { name, refused: 'unsafe-archive' }
      else yield { name, bytes, open: () => zip.openReadStreamPromise(entry) }
    }
  } finally {
    zip.close()
  }
}

/** Windows writes Chinese names in GBK, macOS in UTF-8, both without saying so. */
function entryName(entry: yauzl.Entry): string {
  const { generalPurposeBitFlag: flags, fileNameRaw: raw, extraFields } = entry
  const saysSo = (flags & 0x800) !== 0 || extraFields.some((field) => field.id === 0x7075)
  if (saysSo || raw.every((byte) => byte < 128)) return yauzl.getFileNameLowLevel(flags, raw, extraFields, false)
  return decoded(raw).replaceAll('\\', '/')
}

function decoded(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw)
  } catch {
    return new TextDecoder('gb18030').decode(raw)
  }
}
