/** The least that can be called reading a document of each format: what every reader of it has to do before it knows a word. */
import { withArchive } from '../../src/resume/formats/archive.ts'
import { decodeText } from '../../src/resume/formats/decode.ts'
import { withPdf } from '../../src/resume/formats/pdf.ts'
import type { Format } from './documents.ts'

/** PDF: pdfjs opens the file and gives the text of each page. DOCX and ODT: the XML parts are unzipped. The others: bytes to characters. */
export const FLOORS: Record<Format, (bytes: Buffer) => Promise<unknown>> = {
  pdf: (bytes) =>
    withPdf(bytes, async (document) => {
      for (let number = 1; number <= document.numPages; number++) await (await document.getPage(number)).getTextContent()
    }),
  docx: unzip,
  odt: unzip,
  doc: async (bytes) => bytes.toString('utf16le'),
  rtf: async (bytes) => bytes.toString('latin1'),
  html: async (bytes) => decodeText(bytes),
  txt: async (bytes) => decodeText(bytes),
}

function unzip(bytes: Buffer): Promise<void> {
  return withArchive(bytes, async (archive) => {
    for (const name of archive.names) await archive.read(name)
  })
}
