/**
 * The one shape every format is read into: a block is a line of text with what is known about its place and look. What a format cannot
 * tell is null, so that later stages ask "do we know?" and never compare with an invented 0.
 */
export type Block = {
  /** 1-based page, null where the format has no pages (HTML, TXT, DOCX). */
  page: number | null
  /** Left edge, baseline from the top of the page, width and height in points. */
  x: number | null
  y: number | null
  w: number | null
  h: number | null
  /** Font size in points and an opaque font id, equal for equal fonts of one document. */
  size: number | null
  font: string | null
  bold: boolean | null
  /** True for what the format itself marks as a heading (h1-h6, heading styles). */
  heading: boolean
  /** Targets of the links that the line holds. */
  links?: string[]
  /** The first line of a column that has nothing to do with the line before. */
  opens?: boolean
  /** Cleaned text of one line. A tab separates cells: table cells, tab stops, or wide gaps on a page. */
  text: string
}

/** A block of which only the text (and maybe the look) is known. */
export function plainBlock(text: string, look: Partial<Block> = {}): Block {
  return { page: null, x: null, y: null, w: null, h: null, size: null, font: null, bold: null, heading: false, ...look, text }
}

const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]|\ufe0e|\ufe0f/g
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
const BLANKS = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g
/** A soft hyphen between digits or blanks is a dash in disguise (some TeX and Word exports write date ranges with it). */
const SOFT_HYPHEN_DASH = /(?<=[\d\s])\u00ad+(?=[\s\d\p{L}])/gu

/** CJK radicals that NFKC leaves alone; Chrome and some fonts write them into the text layer in place of the ideographs. */
const RADICALS: Record<string, string> = Object.fromEntries(
  '⺠民⺟母⺩王⺮竹⺼月⻁虎⻄西⻅见⻆角⻉贝⻋车⻌走⻓长⻔门⻘青⻙韦⻚页⻛风⻜飞⻝食⻢马⻣骨⻤鬼⻥鱼⻦鸟⻨麦⻩黄⻪黾⻬齐⻮齿⻰龙⻳龟⺎兀⺝月⺱网⻊足⻑長⻟食⻞食'
    .match(/../gu)
    ?.map((pair) => [...pair]) ?? [],
)
const RADICAL = /[\u2e80-\u2eff]/g
const DASHES = /[\u2010\u2011\u2212\ufe63\uff0d]/g

/**
 * NFKC (full-width forms, ligatures, Kangxi radicals), then removal of what cannot be seen: zero-width characters, bidi marks, soft hyphens and
 * control characters (NUL must never reach a store). Tabs stay as cell borders; other blanks become single spaces.
 */
export function cleanText(raw: string): string {
  return (
    raw
      .replace(SOFT_HYPHEN_DASH, '-')
      // NFKC would make the traditional form of it, which no simplified text uses.
      .replaceAll('\u2f3e', '户')
      .replace(INVISIBLE, '')
      .replace(BLANKS, ' ')
      .normalize('NFKC')
      .replace(RADICAL, (radical) => RADICALS[radical] ?? radical)
      .replace(DASHES, '-')
      .replace(CONTROL, '')
      .replace(/[^\S\t]+/g, ' ')
      .replace(/ ?\t[\t ]*/g, '\t')
      .replace(/^[\s]+|[\s]+$/g, '')
  )
}

/** NFKC made full-width punctuation narrow; beside ideographs it gets its width back, for text that people read. */
export function widenPunctuation(text: string): string {
  return text.replace(/(?<=\p{Script=Han}[)"”』」》]?)[,;:?!]|[,;?!](?=\p{Script=Han})/gu, (mark) => WIDE[mark] ?? mark)
}
const WIDE: Record<string, string> = { ',': '，', ';': '；', ':': '：', '?': '？', '!': '！' }

const SPACED = /(?<![^\s\t])(?:[\p{L}\d&] ){2,}[\p{L}\d&](?![^\s\t])/gu
const CJK = /\p{Script=Han}/u

/** Joins letter-spaced text: "E X P E R I E N C E" and "工 作 经 历" become words; ordinary text is left alone. */
export function joinSpaced(text: string): string {
  return text.replace(SPACED, (run) => {
    const letters = run.split(' ')
    const han = letters.filter((c) => CJK.test(c)).length
    // Two Latin initials with a middle initial ("J K R") stay; three or more blanks between single letters are typography.
    return han === letters.length || letters.length >= 4 ? letters.join('') : run
  })
}
