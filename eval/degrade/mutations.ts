/** What documents suffer on their way: each change as a function of their lines. */
import { generator } from '../../models/reader/perceptron.ts'
import { type Block, cleanText } from '../../src/resume/block.ts'
import { headingOf } from '../../src/resume/headings.ts'

type Mutation = (blocks: Block[], seed: number) => Block[]

const eachText =
  (change: (text: string) => string): Mutation =>
  (blocks) =>
    blocks.map((block) => ({ ...block, text: change(block.text) })).filter(({ text }) => text !== '')
const isHeading = (block: Block): boolean => headingOf(block.text)?.rest === ''

/** The lines from one heading to the next, what stands before the first heading in front. */
function parts(blocks: Block[]): Block[][] {
  const out: Block[][] = [[]]
  for (const block of blocks) {
    if (isHeading(block)) out.push([])
    out.at(-1)!.push(block)
  }
  return out
}

/** Words that no list holds, in the look that the heading had. */
const REWORDED: Record<string, [string, string]> = {
  experience: ['Where I have been busy', '一路走来'],
  education: ['Where I learnt it', '求知之路'],
  skills: ['What I can do', '拿手本领'],
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MONTH = new RegExp(`\\b(${MONTHS.join('|')})[a-z]*\\.?\\s+(\\d{4})`, 'g')

function otherDates(text: string): string {
  return text
    .replace(MONTH, (_all, month: string, year: string) => `${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}/${year}`)
    .replace(/\b((?:19|20)\d{2})[./](0?[1-9]|1[0-2])(?!\d)/g, (_all, year: string, month: string) => `${year}年${Number(month)}月`)
}

/** Looks alike to a recogniser of characters. */
const CONFUSED: Record<string, string> = {
  o: '0',
  O: '0',
  l: '1',
  I: 'l',
  e: 'c',
  rn: 'm',
  n: 'h',
  未: '末',
  己: '已',
  日: '曰',
  人: '入',
  大: '太',
  工: '土',
}

export const MUTATIONS: Record<string, Mutation> = {
  unchanged: (blocks) => blocks,
  'no sizes or fonts': (blocks) =>
    blocks.map((block) => ({
      ...block,
      size: null,
      font: null,
      bold: null,
      heading: false,
      x: null,
      y: null,
      w: null,
      h: null,
      page: null,
    })),
  'no bold': (blocks) => blocks.map((block) => ({ ...block, bold: block.bold === null ? null : false, heading: false })),
  'no headings': (blocks) => blocks.filter((block) => !isHeading(block)),
  'every second heading': (blocks) => {
    let n = 0
    return blocks.filter((block) => !isHeading(block) || ++n % 2 === 1)
  },
  'unknown headings': (blocks) =>
    blocks.map((block) => {
      const words = isHeading(block) ? REWORDED[headingOf(block.text)!.kind] : undefined
      return words ? { ...block, text: words[/\p{Script=Han}/u.test(block.text) ? 1 : 0] } : block
    }),
  'headings in lower case': (blocks) => blocks.map((block) => (isHeading(block) ? { ...block, text: block.text.toLowerCase() } : block)),
  'headings in capitals': (blocks) => blocks.map((block) => (isHeading(block) ? { ...block, text: block.text.toUpperCase() } : block)),
  'sections in another order': (blocks) => {
    const [head = [], ...rest] = parts(blocks)
    return [...head, ...rest.toReversed().flat()]
  },
  'other date style': eachText(otherDates),
  'no bullets': eachText((text) => text.replace(/^[•●▪■◆◇○▸►➢✓*·–—-]\s*/u, '')),
  'tabs as blanks': eachText((text) => text.replaceAll('\t', '  ').replace(/ {2,}/g, ' ')),
  'page numbers in between': (blocks) =>
    blocks.flatMap((block, i) => (i > 0 && i % 40 === 0 ? [{ ...block, text: `Page ${i / 40}` }, block] : [block])),
  'full-width forms': eachText((text) => cleanText(text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)))),
  'one letter in a hundred misread': (blocks, seed) => {
    const random = generator(seed)
    return blocks.map((block) => ({ ...block, text: block.text.replace(/\S/gu, (c) => (random() < 0.01 ? (CONFUSED[c] ?? c) : c)) }))
  },
}
