/** Dates and date ranges as résumés write them, Chinese and English. */

/** `YYYY`, `YYYY-MM` or `present`; a range with an end only is a graduation date. */
export type DateRange = { start: string | null; end: string | null; index: number; length: number }

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'
const YEAR = '(?:19[4-9]\\d|20[0-4]\\d)'
const OPEN = '(?:至\\s?今|迄今|进行中|仍在職|仍在职|现在|現在|目前|今|present|current|currently|now|ongoing|to date|today|till date)'
/** Longest forms first: a day, month and year must not be read as a month and a year with a rest. */
const DATE = [
  `${MONTH}[.,]?\\s*(?:\\d{1,2}\\s*,\\s*)?(?:of\\s+)?${YEAR}`,
  `(?:spring|summer|fall|autumn|winter)\\s+${YEAR}`,
  `\\d{1,2}[/.]\\d{1,2}[/.]${YEAR}`,
  `(?:0?[1-9]|1[0-2])\\s?[/.-]\\s?${YEAR}`,
  `${YEAR}\\s?年\\s?\\d{1,2}\\s?月(?:\\s?\\d{1,2}\\s?[日号])?`,
  `${YEAR}\\s?[./-]\\s?(?:0?[1-9]|1[0-2])(?!\\d)(?:[./-]\\d{1,2}(?!\\d))?`,
  `${MONTH}\\s?['’]\\d{2}(?!\\d)`,
  `${YEAR}\\s?年?`,
].join('|')
const DASH = '\\s*(?:-{1,3}|–|—{1,2}|‒|―|~|至|到|\\bto\\b|\\buntil\\b|\\btill\\b)\\s*'
const RANGE = new RegExp(
  `(?<![\\d\\w.])(${DATE})(?:${DASH}(${OPEN}|${DATE}|(?:0?[1-9]|1[0-2])\\s?月?(?![\\d./年]))|\\s*(至今)|\\s+(${DATE}))`,
  'giu',
)
const SINGLE = new RegExp(`(?<![\\d\\w./-])(${DATE})(?![\\d\\w-])`, 'giu')
const OPEN_ONLY = new RegExp(`^${OPEN}$`, 'i')
export const OPEN_START = new RegExp(`^\\s*-?\\s*${OPEN}(?![\\p{L}])`, 'iu')

/** Ends with a range that has no end yet: "Nov. 2020 –", "Mar 2012 to Mar". */
export const OPEN_RANGE = new RegExp(`(?<![\\d\\w.])(?:${DATE})${DASH}(?:${MONTH}\\.?)?\\s*$`, 'iu')

/** The first date range in the text, or null. */
export function findRange(text: string): DateRange | null {
  for (const match of text.matchAll(RANGE)) {
    const start = toDate(match[1]!)
    const last = (match[2] ?? match[3] ?? match[4])!
    const end = OPEN_ONLY.test(last) ? 'present' : /^\d{1,2}\s?月?$/.test(last) ? sameYear(start, last) : toDate(last)
    // "138 0000 2019-2020" style numbers and ranges that run backwards are something else.
    if (start && end && (end === 'present' || end.slice(0, 4) >= start.slice(0, 4)))
      return { start, end, index: match.index, length: match[0].length }
  }
  return null
}

/** The first single date in the text as the end of something, or null. */
export function findDate(text: string): DateRange | null {
  for (const match of text.matchAll(SINGLE)) {
    const end = toDate(match[1]!)
    if (end) return { start: null, end, index: match.index, length: match[0].length }
  }
  return null
}

/** All dates in the text as the parser reads them, those of ranges first. */
export function findDates(text: string): string[] {
  const range = findRange(text)
  const single = [...text.matchAll(SINGLE)].flatMap((match) => toDate(match[1]!) ?? [])
  return [...(range ? [range.start, range.end] : []), ...single, ...(OPEN_START.test(text) ? ['present'] : [])].filter(
    (date) => date !== null,
  )
}

/** The text without the range and the brackets or commas that held it. */
export function withoutRange(text: string, range: DateRange): string {
  const before = text.slice(0, range.index).replace(/[\s((,|·-]+$/u, '')
  const after = text.slice(range.index + range.length).replace(/^\s*[)),|·.:]?\s*/u, '')
  return [before, after].filter((part) => part.trim() !== '').join('\t')
}

function sameYear(start: string | null, month: string): string | null {
  return start ? `${start.slice(0, 4)}-${month.replace(/\D/g, '').padStart(2, '0')}` : null
}

function toDate(raw: string): string | null {
  const text = raw.toLowerCase()
  const year = /(?<!\d)(?:19|20)\d{2}/.exec(text)?.[0] ?? twoDigitYear(text)
  if (!year) return null
  const named = MONTHS.findIndex((name) => new RegExp(`(?<![a-z])${name}`).test(text))
  if (named >= 0) return `${year}-${String(named + 1).padStart(2, '0')}`
  const numbers: string[] = text.match(/\d+/g) ?? []
  const at = numbers.indexOf(year)
  // Year first: the month follows. Year last: the month stands before it ("03/2018", "15/02/2011").
  const month = Number(at === 0 ? numbers[1] : numbers[at - 1])
  return month >= 1 && month <= 12 ? `${year}-${String(month).padStart(2, '0')}` : year
}

function twoDigitYear(text: string): string | null {
  const short = /['’](\d{2})$/.exec(text)?.[1]
  if (!short) return null
  return Number(short) > 50 ? `19${short}` : `20${short}`
}
