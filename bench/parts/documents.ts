/** The documents of the parse bench: the committed samples, and the same people in the formats that samples/ does not hold. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toText } from '../../samples/make/layouts.ts'
import { PEOPLE } from '../../samples/make/people.ts'
import { escapeXml, writeZip } from '../../samples/make/zip.ts'
import { writeDoc } from '../../tests/fixtures/doc.ts'

export const FORMATS = ['pdf', 'docx', 'doc', 'odt', 'rtf', 'html', 'txt'] as const
export type Format = (typeof FORMATS)[number]
export type Sample = { name: string; format: Format; bytes: Buffer }

const SAMPLES = join(import.meta.dirname, '..', '..', 'samples', 'resumes')
const OFFICE = 'urn:oasis:names:tc:opendocument:xmlns'

/** Every readable sample but the scan, and a DOC, an ODT and an RTF of each sample that is a DOCX. */
export function documents(): Sample[] {
  const committed = readdirSync(SAMPLES)
    .filter((name) => !/^unreadable-|-scan\.pdf$/.test(name))
    .map((name) => ({ name, format: name.split('.').at(-1) as Format, bytes: readFileSync(join(SAMPLES, name)) }))
  const made = PEOPLE.filter(({ file }) => file.endsWith('.docx')).flatMap((person) => {
    const lines = toText(person).trimEnd().split('\n')
    const name = person.file.replace(/docx$/, '')
    return [
      { name: `${name}doc`, format: 'doc' as const, bytes: writeDoc(lines) },
      { name: `${name}odt`, format: 'odt' as const, bytes: toOdt(lines) },
      { name: `${name}rtf`, format: 'rtf' as const, bytes: toRtf(lines) },
    ]
  })
  return [...committed, ...made]
}

function toOdt(lines: string[]): Buffer {
  const body = lines.map((line) => `<text:p>${escapeXml(line)}</text:p>`).join('')
  const content = `<office:document-content xmlns:office="${OFFICE}:office:1.0" xmlns:text="${OFFICE}:text:1.0"><office:body><office:text>${body}</office:text></office:body></office:document-content>`
  return writeZip([
    { name: 'mimetype', data: 'application/vnd.oasis.opendocument.text' },
    { name: 'content.xml', data: content },
  ])
}

/** Letters outside of ASCII as `\u`, signed 16 bits, with a question mark for readers that do not know it: as Word writes them. */
function toRtf(lines: string[]): Buffer {
  const body = lines
    .map((line) => line.replace(/[\\{}]/g, '\\$&').replace(/[^\0-\x7f]/g, (c) => `\\u${(c.charCodeAt(0) << 16) >> 16}?`))
    .join('\\par\n')
  return Buffer.from(`{\\rtf1\\ansi\\ansicpg1252\\uc1{\\fonttbl{\\f0 Arial;}}\\f0 ${body}\\par}`, 'latin1')
}
