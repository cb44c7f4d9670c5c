/** Letters: Chinese résumés written as sentences, without sections. */
import type { Education, Experience } from '../canonical/schema.ts'
import { findDates, findRange } from './dates.ts'
import { levelOf, titleScore } from './words.ts'

const HAN = '[\\p{Script=Han}()（）·A-Za-z]'
const EMPLOYER = `${HAN}{2,28}?(?:公司|集团|医院|学校|小学|中学|大学|学院|银行|研究院|研究所|事务所|工厂|酒店|中心|局|厂)`
const STUDY = new RegExp(`(?:毕业于|就读于|毕业院校为)(${HAN}{2,20}?(?:大学|学院|学校))(${HAN}{2,20}?)(?:专业|系)`, 'u')
const WORK = new RegExp(
  `(?:在|于|进入|加入|就职于|任职于|任教于|现任职于|受聘于)(${EMPLOYER})(?:[^。;；]{0,8}?)(?:担任|任|从事|做|工作,任)(${HAN}{2,16}?)(?=[,，。;；、]|期间|工作|一职|至今|$)`,
  'gu',
)

/** What sentences say about schools: "2021年6月毕业于某某大学某某专业，获文学学士学位". */
export function educationInProse(text: string): Education[] {
  return sentences(text).flatMap((sentence) => {
    const found = STUDY.exec(sentence)
    if (!found) return []
    const degree = /(?:获得?|取得)?(\p{Script=Han}{0,4}(?:学士|硕士|博士)|本科|大专|专科|研究生)/u.exec(sentence)?.[1] ?? null
    const end = findDates(sentence.slice(0, found.index)).at(-1) ?? null
    return [{ school: found[1]!, degree, level: degree ? levelOf(degree) : null, field: found[2]!, start: null, end }]
  })
}

/** What sentences say about jobs: "2020年9月至12月在某某中学担任实习语文教师"; the last dates before the employer count. */
export function experienceInProse(text: string): Experience[] {
  return sentences(text).flatMap((sentence) =>
    [...sentence.matchAll(WORK)].flatMap((match) => {
      const title = match[2]!
      if (titleScore(title) === 0) return []
      const before = sentence.slice(0, match.index)
      const dates = /[^,，]*$/.exec(before)![0] || before
      const range = findRange(dates)
      const single = findDates(dates).at(-1) ?? findDates(before).at(-1) ?? null
      const lasts = /至今|现任|现在|目前/.test(sentence.slice(Math.max(0, match.index - 12), match.index + match[0].length + 4))
      return [
        {
          company: match[1]!,
          title,
          location: null,
          start: range?.start ?? single,
          end: range?.end ?? (lasts ? 'present' : null),
          bullets: [],
        },
      ]
    }),
  )
}

const sentences = (text: string): string[] => text.split(/[。;；\n]+/).filter((sentence) => sentence.length > 8)
