/** What the person looks for (求职意向): role, cities, salary. */
import type { Intention } from '../canonical/schema.ts'
import { splitCommas, toPieces } from './heads.ts'
import type { Pair } from './labels.ts'
import type { Section } from './sections.ts'
import { isPlace, titleScore } from './words.ts'

/** "15k-20k", "15001-20000元/月", "年薪30-40万", "面议", "$120,000". */
const SALARY =
  /(?:月薪|年薪|薪资|薪水)?\s*(?:[￥¥$€£]\s*)?\d[\d,.]*\s*(?:k|千|万)?\s*(?:[-~–至到]\s*(?:[￥¥$€£]\s*)?\d[\d,.]*\s*(?:k|千|万)?)?\s*(?:元|k|千|万|rmb|usd|cny)?\s*(?:\/|每|per\s)?\s*(?:月|年|month|year|annum)?(?:以上|\+)?/iu
const MONEY = /[￥¥$€£]|k\b|千|万|元|月薪|年薪|salary|rmb|usd|cny/iu

/** `pairs` are the labelled values of the sections about the person. Null where nothing says what is wanted. */
export function findIntention(sections: Section[], pairs: Pair[]): Intention | null {
  const lines = sections.filter((section) => section.kind === 'intent').flatMap((section) => section.blocks.map((block) => block.text))
  const pieces = lines.flatMap((line) => (/[:：]/.test(line) ? [] : toPieces(line).flatMap(splitCommas)))
  const value = (key: Pair['key']) => pairs.find((pair) => pair.key === key)?.value ?? null
  const wanted = value('wanted')
  const title = (wanted && splitCommas(toPieces(wanted)[0] ?? wanted)[0]) ?? pieces.find((piece) => titleScore(piece) >= 2) ?? null
  const place = value('wantedCity')
  const cities = place ? place.split(/[,，、;；/|\s]+/).filter((city) => city !== '') : pieces.filter(isPlace)
  const salary = value('salary') ?? pieces.find((piece) => MONEY.test(piece) && SALARY.test(piece) && piece.length <= 30) ?? null
  if (title === null && cities.length === 0 && salary === null) return null
  return {
    title: title?.slice(0, 300) ?? null,
    cities: cities.map((city) => city.slice(0, 120)).slice(0, 20),
    salary: salary?.slice(0, 300) ?? null,
  }
}
