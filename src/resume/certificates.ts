/** Certificates and licences from the sections that list them. */
import type { Certificate } from '../canonical/schema.ts'
import { findDate, findRange, withoutRange } from './dates.ts'
import { stripBullet } from './entries.ts'

/** `texts` are the lines of one section, each certificate once, with the date it carries. */
export function readCertificates(texts: string[]): Certificate[] {
  const seen = new Set<string>()
  return texts
    .flatMap((text) => {
      const line = stripBullet(text)
      // One line may list several ("PMP、CFA一级；CPA"), but commas belong to names with an issuer ("CKA, CNCF, 2021").
      return /\p{Script=Han}/u.test(line) ? line.split(/[、;；]|,(?!\s*\d)/) : line.split(/\s[;|]\s|;\s/)
    })
    .flatMap((part) => {
      const date = findRange(part) ?? findDate(part)
      const name = (date ? withoutRange(part, date) : part)
        .replace(/^(?:职业资格|资格证书|证书|certificates?|certifications?|获得证书)\s*[:：]\s*/i, '')
        .replaceAll('\t', ' ')
        .replace(/^[\s,.:;()|·-]+|[\s,.:;(|·-]+$/g, '')
      const words = /\p{Script=Han}/u.test(name) ? name.length <= 40 : name.split(/\s+/).length <= 15
      if (name.length < 2 || !/\p{L}/u.test(name) || !words || seen.has(name.toLowerCase())) return []
      seen.add(name.toLowerCase())
      return [{ name: name.slice(0, 120), date: date?.end ?? date?.start ?? null }]
    })
}
