/** Invented résumés as lines with their look, each line labelled: what the reader's two small models learn from. */
import { type Block, plainBlock } from '../../src/resume/block.ts'
import type { SectionKind } from '../../src/resume/headings.ts'
import { EN, HEADINGS, ZH } from './words.ts'

export type LabelledLine = { block: Block; heading: SectionKind | null }
export type PieceLabel = 'COMPANY' | 'TITLE' | 'DEPT' | 'PLACE' | 'SCHOOL' | 'DEGREE' | 'FIELD' | 'OTHER'
/** Pieces of an entry's head in order, with the line each stands in, counted from 0. */
export type LabelledHead = { pieces: { text: string; line: number; label: PieceLabel }[] }
export type LabelledDocument = { lines: LabelledLine[]; heads: LabelledHead[] }

type Random = () => number
type Look = { size: number | null; font: string | null; bold: boolean | null; heading: boolean }
type Style = {
  body: Look
  head: Look
  strong: Look
  capitals: boolean
  prefix: string
  suffix: string
  spaced: boolean
  bullet: string
  dated: 'line' | 'before' | 'after' | 'own'
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!
const chance = (random: Random, share: number): boolean => random() < share

export function inventDocument(random: Random): LabelledDocument {
  const zh = chance(random, 0.5)
  const style = inventStyle(random, zh)
  const lines: LabelledLine[] = []
  const heads: LabelledHead[] = []
  const put = (text: string, look: Look = style.body, heading: SectionKind | null = null) =>
    lines.push({
      block: plainBlock(text, { ...look, page: look.size === null ? null : 1, x: 40, y: lines.length * 14, w: 200, h: look.size }),
      heading,
    })
  header(random, zh, style, put)
  const kinds = sections(random, zh)
  for (const kind of kinds) {
    put(headingText(random, zh, kind, style), style.head, kind)
    content(random, zh, kind, style, put, heads)
  }
  return { lines, heads }
}

function inventStyle(random: Random, zh: boolean): Style {
  const sized = chance(random, 0.75)
  const size = sized ? pick(random, [9, 10, 10.5, 11, 12]) : null
  const larger = pick(random, [1, 1, 1.1, 1.2, 1.35, 1.5])
  const marked = chance(random, 0.7)
  const body: Look = { size, font: sized ? 'a' : null, bold: sized && chance(random, 0.5) ? null : false, heading: false }
  const head: Look = {
    size: size && Math.round(size * larger * 10) / 10,
    font: sized ? (marked ? 'b' : 'a') : null,
    bold: body.bold === null ? null : marked,
    heading: !sized && chance(random, 0.4),
  }
  // Employers and titles may be set in the same bold type as the headings.
  const strong: Look = chance(random, 0.6)
    ? {
        ...body,
        size: size && Math.round(size * pick(random, [1, 1, 1.05, 1.1, 1.2]) * 10) / 10,
        font: sized ? pick(random, ['b', 'b', 'c']) : null,
        bold: head.bold === null ? null : true,
        // Web pages mark employers as headings of a lower level.
        heading: !sized && chance(random, 0.5),
      }
    : body
  return {
    body,
    head,
    strong,
    capitals: !zh && chance(random, 0.5),
    prefix: pick(random, ['', '', '', '', zh ? '一、' : '', '■ ', '【']),
    suffix: pick(random, ['', '', '', ':', zh ? '：' : ':']),
    spaced: chance(random, 0.08),
    bullet: pick(random, ['• ', '- ', '', '● ', zh ? '1、' : '* ']),
    dated: pick(random, ['line', 'line', 'before', 'after', 'own']),
  }
}

type Put = (text: string, look?: Look, heading?: SectionKind | null) => void

function header(random: Random, zh: boolean, style: Style, put: Put): void {
  const name = zh ? pick(random, ZH.surname) + pick(random, ZH.given) : `${pick(random, EN.first)} ${pick(random, EN.last)}`
  const big = { ...style.head, size: style.body.size && style.body.size * pick(random, [1.2, 1.6, 2, 2.4]) }
  put(zh ? name : chance(random, 0.4) ? name.toUpperCase() : name, big)
  if (chance(random, 0.6)) put(titleOf(random, zh), style.body)
  put(
    zh
      ? `电话：154-0000-0${Math.floor(random() * 900 + 100)}\t邮箱：${Math.floor(random() * 900)}@example.com`
      : `(512) 555-01${Math.floor(random() * 90 + 10)} | ${name.split(' ')[0]!.toLowerCase()}@example.com | ${pick(random, EN.city)}`,
  )
  if (!zh && chance(random, 0.3)) for (const line of ['linkedin.com/in/example', pick(random, EN.city), 'EU citizen']) put(line)
  if (zh && chance(random, 0.4))
    put(`性别：${pick(random, ['男', '女'])}\t年龄：${20 + Math.floor(random() * 30)}\t现居：${pick(random, ZH.city)}`)
}

function sections(random: Random, zh: boolean): SectionKind[] {
  const optional = Object.keys(HEADINGS[zh ? 'zh' : 'en']).filter(
    (kind) => !['experience', 'education', 'skills'].includes(kind),
  ) as SectionKind[]
  const some = optional.filter(() => chance(random, 0.4))
  const all: SectionKind[] = ['experience', 'education', 'skills', ...some]
  return all
    .map((kind) => ({ kind, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ kind }) => kind)
}

function headingText(random: Random, zh: boolean, kind: SectionKind, style: Style): string {
  let text = pick(random, HEADINGS[zh ? 'zh' : 'en'][kind] ?? ['Other'])
  if (style.capitals) text = text.toUpperCase()
  if (zh && chance(random, 0.08)) text = `${text} ${pick(random, HEADINGS.en[kind] ?? ['Other'])}`
  if (style.spaced) text = zh ? [...text].join(' ') : text
  return style.prefix === '【' ? `【${text}】` : style.prefix + text + style.suffix
}

const titleOf = (random: Random, zh: boolean): string =>
  zh
    ? `${chance(random, 0.4) ? pick(random, ZH.level) : ''}${pick(random, ZH.field)}${pick(random, ZH.role)}`
    : `${chance(random, 0.4) ? `${pick(random, EN.level)} ` : ''}${pick(random, EN.field)} ${pick(random, EN.role)}`

const companyOf = (random: Random, zh: boolean): string =>
  zh
    ? `${chance(random, 0.5) ? pick(random, ZH.city) : ''}${pick(random, ZH.stem)}${chance(random, 0.85) ? pick(random, ZH.trade) : ''}${chance(random, 0.85) ? pick(random, ZH.tail) : ''}`
    : `${pick(random, EN.stems)}${chance(random, 0.3) ? ` ${pick(random, EN.stems)}` : ''}${chance(random, 0.6) ? ` ${pick(random, EN.tails)}` : ''}`

function rangeOf(random: Random, zh: boolean): string {
  const from = 2005 + Math.floor(random() * 15)
  const to = from + 1 + Math.floor(random() * 4)
  const month = () => String(1 + Math.floor(random() * 12)).padStart(2, '0')
  const open = chance(random, 0.3)
  if (zh) return `${from}.${month()}${pick(random, ['-', ' - ', '–', '至'])}${open ? '至今' : `${to}.${month()}`}`
  const names = ['Jan', 'Mar', 'Jun', 'Sep', 'Nov']
  return `${pick(random, names)} ${from} ${pick(random, ['-', '–', 'to'])} ${open ? 'Present' : `${pick(random, names)} ${to}`}`
}

type Piece = LabelledHead['pieces'][number]

function content(random: Random, zh: boolean, kind: SectionKind, style: Style, put: Put, heads: LabelledHead[]): void {
  const words = zh ? ZH : EN
  const count = 1 + Math.floor(random() * 3)
  switch (kind) {
    case 'experience':
    case 'education':
      for (let i = 0; i < count; i++) entry(random, zh, kind, style, put, heads)
      return
    case 'projects':
      for (let i = 0; i < count; i++) {
        put(
          `${zh ? `${pick(random, ZH.stem)}${pick(random, ZH.field)}平台` : `${pick(random, EN.stems)} ${pick(random, EN.field)} Tool`}\t${rangeOf(random, zh)}`,
          style.strong,
        )
        put(style.bullet + pick(random, words.did))
      }
      return
    case 'skills':
      if (chance(random, 0.3))
        for (const label of zh ? ['编程语言', '数据库', '工具'] : ['Languages', 'Databases', 'Tools'])
          put(`${label}${zh ? '：' : ': '}${skillsOf(random, zh, 3)}`)
      else if (chance(random, 0.25))
        for (const group of zh ? ['前端开发', '后端与数据库'] : ['Frontend', 'Backend & API Development']) {
          put(group, style.strong)
          put(skillsOf(random, zh, 4))
        }
      else if (chance(random, 0.5)) for (let i = 0; i < 6; i++) put((chance(random, 0.5) ? style.bullet : '') + pick(random, words.skill))
      else put(skillsOf(random, zh, 6))
      return
    case 'languages':
      put(zh ? '英语（流利）、普通话' : 'English (native), German')
      return
    case 'intent':
      put(`${titleOf(random, true)}\t${pick(random, ZH.city)}`)
      return
    case 'basic':
      put(`籍贯：${pick(random, ZH.city)}\t学历：本科`)
      return
    case 'summary':
      prose(random, zh, put)
      return
    case 'awards':
    case 'certificates':
      for (let i = 0; i < count; i++)
        put(zh ? `${2012 + i} 年${pick(random, ZH.stem)}杯一等奖` : `${pick(random, EN.stems)} Prize, ${2012 + i}`)
      return
    default:
      for (let i = 0; i < count; i++) put(chance(random, 0.5) ? style.bullet + pick(random, words.did) : pick(random, words.skill))
  }
}

/** A paragraph as a page breaks it: whole lines and a short last one. */
function prose(random: Random, zh: boolean, put: Put): void {
  const text = Array.from({ length: 3 }, () => pick(random, zh ? ZH.did : EN.did)).join(zh ? '；' : '. ')
  const width = zh ? 30 : 70
  for (let at = 0; at < text.length; at += width) put(text.slice(at, at + width).trim())
}

/** What stands inside of jobs and looks like a heading: labels, places, page numbers, short tails of sentences. */
function inside(random: Random, zh: boolean, style: Style, put: Put): void {
  const odd = zh
    ? [
        '工作描述：',
        '主要职责：',
        '工作业绩：',
        `汇报对象：${pick(random, ZH.role)}`,
        pick(random, ZH.city),
        pick(random, ZH.dept),
        '1',
        '全职',
        '项目描述',
        '技术栈：Java、Go',
      ]
    : [
        'Key achievements:',
        'Responsibilities:',
        'Tools: Jira, Git',
        `${pick(random, EN.city)}, ${pick(random, EN.region)}`,
        'in production',
        'Page 2',
        pick(random, EN.team),
        'Full-time',
        'Technologies',
        'latency.',
      ]
  put(pick(random, odd), chance(random, 0.2) ? style.strong : style.body)
}

const skillsOf = (random: Random, zh: boolean, n: number): string =>
  Array.from({ length: n }, () => pick(random, zh ? ZH.skill : EN.skill)).join(zh ? '、' : ', ')

/** Order and layout of a head: which pieces stand in which line. */
const JOB_SHAPES: PieceLabel[][][] = [
  [['COMPANY', 'TITLE']],
  [['TITLE', 'COMPANY']],
  [['COMPANY'], ['TITLE']],
  [['TITLE'], ['COMPANY']],
  [['TITLE'], ['COMPANY', 'PLACE']],
  [['COMPANY', 'PLACE'], ['TITLE']],
  [['TITLE', 'COMPANY', 'PLACE']],
  [['COMPANY', 'DEPT', 'TITLE']],
  [
    ['COMPANY', 'PLACE'],
    ['TITLE', 'DEPT'],
  ],
  [['TITLE', 'COMPANY', 'DEPT']],
]
const STUDY_SHAPES: PieceLabel[][][] = [
  [['SCHOOL', 'FIELD', 'DEGREE']],
  [['SCHOOL'], ['DEGREE', 'FIELD']],
  [['DEGREE', 'FIELD'], ['SCHOOL']],
  [['DEGREE', 'FIELD', 'SCHOOL']],
  [['SCHOOL', 'DEGREE', 'FIELD']],
  [
    ['SCHOOL', 'PLACE'],
    ['DEGREE', 'FIELD'],
  ],
]

function pieceOf(random: Random, zh: boolean, label: PieceLabel): string {
  const words = zh ? ZH : EN
  switch (label) {
    case 'COMPANY':
      return companyOf(random, zh)
    case 'TITLE':
      return titleOf(random, zh)
    case 'DEPT':
      return zh ? pick(random, ZH.dept) : pick(random, EN.team)
    case 'PLACE':
      return zh
        ? pick(random, ZH.city)
        : chance(random, 0.6)
          ? `${pick(random, EN.city)}, ${pick(random, EN.region)}`
          : pick(random, EN.city)
    case 'SCHOOL':
      return pick(random, words.school)
    case 'DEGREE':
      return pick(random, words.degree)
    case 'FIELD':
      return pick(random, words.study)
    case 'OTHER':
      return zh ? '全职' : 'Full-time'
  }
}

function entry(random: Random, zh: boolean, kind: 'experience' | 'education', style: Style, put: Put, heads: LabelledHead[]): void {
  const shape = pick(random, kind === 'experience' ? JOB_SHAPES : STUDY_SHAPES)
  const between = pick(random, zh ? ['\t', ' | ', '  ', ' - ', ' · '] : ['\t', ' | ', ', ', ' – ', ' · '])
  const range = rangeOf(random, zh)
  const pieces: Piece[] = []
  shape.forEach((labels, line) => {
    const own = labels.map((label) => ({ text: pieceOf(random, zh, label), line, label }))
    if (chance(random, 0.05)) own.push({ text: pieceOf(random, zh, 'OTHER'), line, label: 'OTHER' })
    pieces.push(...own)
    const text = own.map((piece) => piece.text).join(between)
    const dated = style.dated === 'own' ? false : style.dated === 'after' ? line === shape.length - 1 : line === 0
    if (style.dated === 'own' && line === 0) put(range)
    put(dated ? (style.dated === 'before' ? `${range}\t${text}` : `${text}\t${range}`) : text, line === 0 ? style.strong : style.body)
  })
  heads.push({ pieces })
  if (chance(random, 0.4)) inside(random, zh, style, put)
  for (let i = Math.floor(random() * 4); i > 0; i--) {
    if (chance(random, 0.15)) prose(random, zh, put)
    else put(style.bullet + pick(random, zh ? ZH.did : EN.did))
    if (chance(random, 0.1)) inside(random, zh, style, put)
  }
}
