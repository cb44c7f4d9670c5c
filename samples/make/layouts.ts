/** The five layouts of the samples, as HTML pages (also printed to PDF), DOCX bodies and plain text. */
import type { Job, Person, School } from './people.ts'
import { escapeXml as e, paragraph, table } from './zip.ts'

const WORDS = {
  zh: {
    summary: '个人优势',
    experience: '工作经历',
    education: '教育经历',
    skills: '专业技能',
    languages: '语言能力',
    phone: '手机',
    email: '邮箱',
    city: '现居住地',
    wanted: '求职意向',
    name: '姓名',
    contact: '联系方式',
  },
  en: {
    summary: 'Summary',
    experience: 'Experience',
    education: 'Education',
    skills: 'Skills',
    languages: 'Languages',
    phone: 'Phone',
    email: 'E-mail',
    city: 'Location',
    wanted: 'Title',
    name: 'Name',
    contact: 'Contact',
  },
}

const words = (p: Person) => (p.zh ? WORDS.zh : WORDS.en)
const dates = (one: Job | School, p: Person) => `${one.start} ${p.zh ? '-' : '–'} ${one.end}`
const spaced = (text: string, p: Person) => [...(p.zh ? text : text.toUpperCase())].join(' ')
const joined = (values: string[], p: Person) => values.join(p.zh ? '、' : ', ')

const CSS = `@page{size:A4;margin:14mm}body{font:10pt/1.5 "DejaVu Sans","WenQuanYi Micro Hei",sans-serif;margin:0;color:#222}h1{font-size:20pt;margin:0}h2{font-size:12.5pt;margin:10px 0 4px;border-bottom:1px solid #888}
p,ul{margin:2px 0}.r{display:flex;justify-content:space-between;font-weight:bold}.two{display:flex;gap:24px}.two aside{width:31%}.two main{width:65%}table{border-collapse:collapse;width:100%}td{border:1px solid #999;padding:3px 6px;vertical-align:top}`

/** A second weight doubles the embedded part of a Chinese font. */
const ONE_WEIGHT = 'h1,h2,b,.r{font-weight:normal}'

export function toHtml(p: Person): string {
  const w = words(p)
  return `<!doctype html><html lang="${p.zh ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><title>${e(w.contact)}</title><style>${CSS}${p.zh ? ONE_WEIGHT : ''}</style></head><body>${body(p)}</body></html>`
}

function body(p: Person): string {
  switch (p.layout) {
    case 'sidebar':
      return `<div class="two"><aside>${contactBlock(p)}${skills(p)}${languages(p)}</aside><main><h1>${e(p.name)}</h1><p>${e(p.title)}</p>${summary(p)}${experience(p)}${education(p)}</main></div>`
    case 'form':
      return form(p)
    case 'board':
      return `${board(p)}${summary(p)}${experience(p)}${education(p)}${skills(p)}${languages(p)}`
    default:
      return `<h1>${e(p.name)}</h1><p>${e(p.title)}</p><p>${[p.phone, p.email, p.city, p.link]
        .filter(Boolean)
        .map((v) => e(v!))
        .join(' | ')}</p>${summary(p)}${experience(p)}${education(p)}${skills(p)}${languages(p)}`
  }
}

const heading = (text: string, p: Person) => `<h2>${e(p.layout === 'spaced' ? spaced(text, p) : text)}</h2>`
const summary = (p: Person) => `${heading(words(p).summary, p)}<p>${e(p.summary)}</p>`
const skills = (p: Person) =>
  `${heading(words(p).skills, p)}${p.layout === 'sidebar' ? p.skills.map((s) => `<p>${e(s)}</p>`).join('') : `<p>${e(joined(p.skills, p))}</p>`}`
const languages = (p: Person) => `${heading(words(p).languages, p)}<p>${e(joined(p.languages, p))}</p>`
const contactBlock = (p: Person) =>
  `${heading(words(p).contact, p)}${[p.phone, p.email, p.city, p.link]
    .filter(Boolean)
    .map((v) => `<p>${e(v!)}</p>`)
    .join('')}`

function board(p: Person): string {
  const w = words(p)
  return `<h1>${e(p.name)}</h1><p>${e(w.phone)}: ${e(p.phone)} &nbsp; ${e(w.email)}: ${e(p.email)}</p><p>${e(w.city)}: ${e(p.city)} &nbsp; ${e(w.wanted)}: ${e(p.title)}</p>`
}

function experience(p: Person): string {
  const one = (job: Job) => {
    const head =
      p.layout === 'board'
        ? `<p><b>${e(dates(job, p))}</b></p><p>${e(job.company)} | ${e(job.title)}</p>`
        : `<p class="r"><span>${e(job.company)}</span> <span>${e(dates(job, p))}</span></p><p>${e(job.title)}</p>`
    return `${head}<ul>${job.bullets.map((b) => `<li>${e(b)}</li>`).join('')}</ul>`
  }
  return heading(words(p).experience, p) + p.jobs.map(one).join('')
}

function education(p: Person): string {
  const one = (s: School) =>
    `<p class="r"><span>${e(s.school)}</span> <span>${e(dates(s, p))}</span></p><p>${e(p.zh ? `${s.field} | ${s.degree}` : `${s.degree} in ${s.field}`)}</p>`
  return heading(words(p).education, p) + p.schools.map(one).join('')
}

function form(p: Person): string {
  const row = (cells: string[]) => `<tr>${cells.map((c) => `<td>${e(c)}</td>`).join('')}</tr>`
  const [facts, jobRows, schoolRows] = formRows(p)
  const part = (title: string, rows: string[][]) => `${heading(title, p)}<table>${rows.map(row).join('')}</table>`
  return `<table>${facts.map(row).join('')}</table>${summary(p)}${part(words(p).experience, jobRows)}${part(words(p).education, schoolRows)}${skills(p)}${languages(p)}`
}

function formRows(p: Person): [string[][], string[][], string[][]] {
  const w = words(p)
  const facts = [
    [w.name, p.name, w.phone, p.phone],
    [w.email, p.email, w.city, p.city],
    [w.wanted, p.title],
  ]
  return [facts, p.jobs.map((j) => [dates(j, p), j.company, j.title]), p.schools.map((s) => [dates(s, p), s.school, s.field, s.degree])]
}

export function toDocxBody(p: Person): string {
  const w = words(p)
  const h = (text: string) => paragraph(p.layout === 'spaced' ? spaced(text, p) : text, true)
  const tail = h(w.skills) + paragraph(joined(p.skills, p)) + h(w.languages) + paragraph(joined(p.languages, p))
  if (p.layout === 'form') {
    const [facts, jobRows, schoolRows] = formRows(p)
    return (
      paragraph(p.zh ? '个人简历' : 'Curriculum Vitae', true) +
      table(facts) +
      h(w.summary) +
      paragraph(p.summary) +
      h(w.experience) +
      table(jobRows) +
      h(w.education) +
      table(schoolRows) +
      tail
    )
  }
  return textLines(p)
    .map(({ text, bold }) => paragraph(text, bold))
    .join('')
}

export const toText = (p: Person): string =>
  `${textLines(p)
    .map(({ text }) => text.replaceAll('\t', '    '))
    .join('\n')}\n`

function textLines(p: Person): { text: string; bold: boolean }[] {
  const w = words(p)
  const plain = (text: string) => ({ text, bold: false })
  const h = (text: string) => ({ text: p.layout === 'spaced' ? spaced(text, p) : p.layout === 'board' ? `【${text}】` : text, bold: true })
  const top =
    p.layout === 'board'
      ? [
          plain(`${w.name}: ${p.name}\t${w.wanted}: ${p.title}`),
          plain(`${w.phone}: ${p.phone}\t${w.email}: ${p.email}`),
          plain(`${w.city}: ${p.city}`),
        ]
      : [{ text: p.name, bold: true }, plain(p.title), plain([p.phone, p.email, p.city].join(' | '))]
  const jobs = p.jobs.flatMap((job) => [
    plain(`${job.company}\t${job.title}\t${dates(job, p)}`),
    ...job.bullets.map((b) => plain(`● ${b}`)),
  ])
  const schools = p.schools.map((s) =>
    plain(`${s.school}\t${p.zh ? `${s.field}\t${s.degree}` : `${s.degree} in ${s.field}`}\t${dates(s, p)}`),
  )
  return [
    ...top,
    h(w.summary),
    plain(p.summary),
    h(w.experience),
    ...jobs,
    h(w.education),
    ...schools,
    h(w.skills),
    plain(joined(p.skills, p)),
    h(w.languages),
    plain(joined(p.languages, p)),
  ]
}
