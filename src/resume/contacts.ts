/** E-mail addresses, phones and links of the candidate, not of referees, relatives or consultants. */
import { allPairs } from './labels.ts'
import type { Section } from './sections.ts'

export type Contacts = { emails: string[]; phones: string[]; links: string[] }

const EMAIL = /[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:[a-z]{2,}|[A-Z]{2,}(?![a-z]))/g
const LINK =
  /(?:https?:\/\/|www\.)[^\s\t|,;、()<>"']+|(?<![\w@.-])(?:[a-z0-9-]+\.)*(?:linkedin\.com|github\.com|gitlab\.com|gitee\.com|behance\.net|dribbble\.com|medium\.com|stackoverflow\.com|zhihu\.com|juejin\.cn)\/[^\s\t|,;、()<>"']+/gi
/** Bare domains only count beside the contacts: in prose "Node.js" and "ASP.NET" look the same. */
const DOMAIN =
  /(?<![\w@.\-/])(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|me|cn|app|tech|ai|design|example|xyz|site)(?:\/[^\s\t|,;、()<>"']*)?(?![\w@])/gi
const PHONES = [
  /(?<![\d.-])(?:\(?\+?\(?(?:86|0086)\)?[\s-]*)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?![\d-])/g,
  /(?<![\d.-])0\d{2,3}-\d{7,8}(?!\d)/g,
  /(?<![\w.-])\(?\+\s?\(?\d{1,3}\)?[\s./()-]{0,3}\d[\d\s./()-]{5,18}\d(?![\d-])/g,
  /(?<![\w.-])(?:1[\s.-])?\(?\d{3}\)?[\s./-]*\d{3}[\s./–-]+\d{4}(?![\d-])/g,
  /(?<![\d.-])0\d{3}-\d{3}-\d{3}(?![\d-])/g,
]
const OTHERS = /证明人|紧急联系|推荐人|顾问|客服|热线|配偶|父亲|母亲|referee|reference|emergency/i

/** Order of appearance, each once. Masked numbers ("138****0000") are no phones. */
export function findContacts(sections: Section[]): Contacts {
  const lines = sections
    .filter((section) => section.kind !== 'references')
    .flatMap((section) =>
      section.blocks.map((block) => ({
        text: block.text,
        links: block.links ?? [],
        top: ['header', 'basic', 'other'].includes(section.kind),
      })),
    )
    .filter(({ text }) => !OTHERS.test(text))
  const all = joinWrapped(lines.map((line) => line.text)).join('\n')
  const emails = unique(
    (all.match(EMAIL) ?? []).map((email) => email.replace(/^[.-]+/, '')),
    (email) => email.toLowerCase(),
  )
  return {
    emails,
    phones: findPhones(
      all,
      lines.map((line) => line.text),
    ),
    links: findLinks(
      all,
      joinWrapped(lines.filter((line) => line.top).map((line) => line.text)),
      emails,
      lines.filter((line) => line.top).flatMap((line) => line.links),
    ),
  }
}

function findPhones(all: string, lines: string[]): string[] {
  const free = PHONES.flatMap((pattern) => [...all.matchAll(pattern)].map((match) => ({ text: match[0], at: match.index })))
    .sort((a, b) => a.at - b.at || b.text.length - a.text.length)
    .filter((phone, i, sorted) => i === 0 || phone.at >= sorted[i - 1]!.at + sorted[i - 1]!.text.length)
    .map((phone) => phone.text)
  const labelled = allPairs(lines).flatMap(({ key, value }) => (key === 'phone' && NUMBER.test(value) ? [value] : []))
  // Where nothing else is a phone: a number alone in a row of contacts, in groups of which none can be a year.
  const beside =
    free.length + labelled.length > 0
      ? []
      : lines
          .filter((line) => line.match(EMAIL))
          .flatMap((line) => line.split(/[|｜⇥·•]/))
          .map((part) => part.trim())
          .filter((part) => GROUPS.test(part) && !/(?<!\d)(?:19|20)\d\d(?!\d)/.test(part))
  const digits = (phone: string) => phone.replace(/\D/g, '').replace(/^(?:00)?86(?=1\d{10})/, '')
  const within = (least: number) => (phone: string) => digits(phone).length >= least && digits(phone).length <= 15
  // What is called a phone may be as short as an extension.
  const phones = [...[...free, ...beside].filter(within(7)), ...labelled.filter(within(5))]
  return unique(
    phones.map((phone) => phone.trim()),
    digits,
  )
}

const NUMBER = /^\+?[\d\s()./-]{5,20}$/
/** Three groups or more of two to four digits: neither a salary ("15000-20000") nor an address ("192.168.1.10", a ZIP code) nor an identity number. */
const GROUPS = /^\d{2,4}(?:[\s-]\d{2,4}){2,4}$/

/** `behind` are the targets of links whose text may say anything ("LinkedIn", a handle). */
function findLinks(all: string, top: string[], emails: string[], behind: string[]): string[] {
  const domains = (top.join('\n').match(DOMAIN) ?? []).filter(
    (domain) => !emails.some((email) => email.toLowerCase().endsWith(domain.toLowerCase())),
  )
  return unique(
    [...(all.match(LINK) ?? []), ...domains, ...behind].map((link) => link.replace(/[.,;:。]+$/, '')),
    (link) =>
      link
        .toLowerCase()
        .replace(/^(?:https?:\/\/)?(?:www\.)?/, '')
        .replace(/\/$/, ''),
  )
}

/** Narrow sidebars wrap links behind a hyphen or a slash: "linkedin.com/in/ana-" + "berg". */
function joinWrapped(lines: string[]): string[] {
  const out: string[] = []
  for (const line of lines) {
    const last = out.at(-1)
    if (last !== undefined && /(?:[a-z0-9-]+\.)+[a-z]{2,}\/\S*[-/]$/i.test(last) && /^[a-z0-9]/i.test(line))
      out[out.length - 1] = last + line
    else out.push(line)
  }
  return out
}

function unique(values: string[], key: (value: string) => string): string[] {
  const seen = new Set<string>()
  return values.filter((value) => !seen.has(key(value)) && seen.add(key(value)))
}
