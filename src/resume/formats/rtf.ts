/** RTF to blocks: control words for looks, lines and tables; text in the code page of its font. */
import iconv from 'iconv-lite'
import type { Block } from '../block.ts'
import { createFlow, type Look } from './flow.ts'

/** Groups whose text is not part of the page. Groups marked `\*` are left out too, except those that hold text boxes. */
const SKIPPED = new Set(
  'fonttbl colortbl stylesheet info pict object fldinst themedata colorschememapping datastore latentstyles listtable listoverridetable revtbl rsidtbl generator xmlnstbl wgrffmtfilter sp shprslt nonshppict bkmkstart bkmkend filetbl pgdsctbl ftnsep ftnsepc aftnsep aftnsepc annotation atnid atnauthor background'.split(
    ' ',
  ),
)
const KEPT = new Set(['shpinst', 'shptxt', 'shppict', 'fldrslt'])

const CHARACTERS: Record<string, string> = {
  tab: '\t',
  emdash: '—',
  endash: '–',
  bullet: '•',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  emspace: ' ',
  enspace: ' ',
  qmspace: ' ',
}
/** `\fcharsetN` of the font table, as code pages. */
const CHARSETS: Record<number, string> = {
  128: 'shift_jis',
  129: 'cp949',
  134: 'gb18030',
  136: 'big5',
  161: 'cp1253',
  162: 'cp1254',
  177: 'cp1255',
  178: 'cp1256',
  186: 'cp1257',
  204: 'cp1251',
  222: 'cp874',
  238: 'cp1250',
}

type State = { size: number | null; bold: boolean; font: number; hidden: boolean; skip: boolean; fallback: number }

/** `\word123 `, `\'hh`, `\{`, a brace, or plain text up to the next of them. Line ends of the source mean nothing. */
const TOKEN = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|([^\\{}\r\n]+)/giu

/** Never throws: what is broken off is read as far as it goes. Nesting deeper than 1,000 groups is flattened. */
export function readRtf(bytes: Uint8Array): Block[] {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const flow = createFlow()
  const stack: State[] = []
  const charsets = new Map<number, string>()
  let state: State = { size: null, bold: false, font: -1, hidden: false, skip: false, fallback: 1 }
  let codePage = 'cp1252'
  let pending: number[] = []
  let fontTable = 0
  let opensGroup = false
  let starred = false
  /** Characters still to be left out: what stands behind `\uN` for readers that know no Unicode. */
  let leftOut = 0
  let inRow = false

  const look = (): Look => ({ size: state.size, bold: state.bold, font: state.font < 0 ? null : `f${state.font}`, heading: false })
  const write = (text: string) => {
    if (state.skip || state.hidden) return
    flow.text(text, look())
  }
  const flush = () => {
    if (pending.length === 0) return
    write(iconv.decode(Buffer.from(pending), charsets.get(state.font) ?? codePage))
    pending = []
  }
  const enterRow = () => {
    if (inRow) return
    flow.openRow()
    flow.openCell()
    inRow = true
  }

  for (const [, word, number, hex, symbol, brace, plain] of source.matchAll(TOKEN)) {
    // Bytes and plain characters go together: the second half of a Chinese character may be written as a letter.
    if (hex !== undefined || plain !== undefined) {
      const bytes = hex === undefined ? Buffer.from(plain!, 'latin1') : Buffer.from(hex, 'hex')
      const kept = bytes.subarray(Math.min(leftOut, bytes.length))
      leftOut -= bytes.length - kept.length
      for (const byte of kept) pending.push(byte)
      opensGroup = false
      starred = false
      continue
    }
    flush()
    if (brace === '{') {
      if (stack.length < 1000) stack.push(state)
      state = { ...state }
      opensGroup = true
      starred = false
      leftOut = 0
      continue
    }
    if (brace === '}') {
      state = stack.pop() ?? state
      if (stack.length < fontTable) fontTable = 0
      opensGroup = false
      leftOut = 0
      continue
    }
    if (symbol === '*') {
      starred = opensGroup
      continue
    }
    if (symbol !== undefined) control(symbol)
    else if (word !== undefined) controlWord(word, number === undefined ? null : Number(number))
    opensGroup = false
    starred = false
  }
  flush()
  return flow.blocks()

  function control(symbol: string): void {
    if (leftOut > 0) leftOut--
    else if (symbol === '~') write(' ')
    else if (symbol === '_') write('-')
    else if (symbol === '\n' || symbol === '\r') endLine()
    else if ('\\{}'.includes(symbol)) write(symbol)
  }

  function endLine(): void {
    if (!state.skip) flow.endLine()
  }

  function controlWord(word: string, value: number | null): void {
    if (opensGroup || starred) {
      if (word === 'fonttbl') fontTable = stack.length
      if (SKIPPED.has(word) || (starred && !KEPT.has(word))) state.skip = true
      if (word === 'shptxt') state.skip = false
    }
    if (CHARACTERS[word] !== undefined) {
      write(CHARACTERS[word])
      return
    }
    switch (word) {
      case 'ansicpg':
        codePage =
          value === 936 ? 'gb18030' : value === 950 ? 'big5' : value && iconv.encodingExists(`cp${value}`) ? `cp${value}` : codePage
        break
      case 'f':
        state.font = value ?? -1
        break
      case 'fcharset':
        if (fontTable > 0 && value !== null && CHARSETS[value]) charsets.set(state.font, CHARSETS[value])
        break
      case 'u':
        if (value !== null) write(String.fromCharCode(value < 0 ? value + 65536 : value))
        leftOut = state.fallback
        break
      case 'uc':
        state.fallback = Math.min(Math.max(value ?? 1, 0), 8)
        break
      case 'b':
        state.bold = value !== 0
        break
      case 'fs':
        state.size = value === null ? null : value / 2
        break
      case 'plain':
        Object.assign(state, { bold: false, size: null, hidden: false })
        break
      case 'v':
      case 'deleted':
        state.hidden = value !== 0
        break
      case 'par':
      case 'line':
      case 'sect':
      case 'page':
        endLine()
        break
      case 'trowd':
      case 'intbl':
        if (!state.skip) enterRow()
        break
      case 'cell':
      case 'nestcell':
        if (state.skip) break
        enterRow()
        flow.closeCell()
        flow.openCell()
        break
      case 'row':
      case 'nestrow':
        if (inRow && !state.skip) flow.closeRow()
        inRow = false
        break
    }
  }
}
