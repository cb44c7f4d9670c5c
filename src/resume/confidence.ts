/** How likely a value is right, from what can be seen of how it was found. */
import type { Talent } from '../canonical/schema.ts'
import { isKnownSkill } from '../skills/match.ts'
import type { Block } from './block.ts'
import type { Place } from './evidence.ts'
import { bareLabel, pairsOf } from './labels.ts'
import { companyScore, isPlace, schoolScore, titleScore } from './words.ts'

/**
 * The sign a value was found by, as "field/sign": labelled ("姓名：…"), a telling word in it, set large, alone. Signs are few, so that the share of
 * right values of each can be counted on some dozens of documents.
 */
export function signOf(place: Place, talent: Talent, blocks: Block[]): string {
  const { path, value } = place
  const [, list = '', , entryField] = path.split('/')
  const field = entryField ?? list
  const lines = place.blocks.map((at) => blocks[at]!)
  const labelled = lines.some((block) => pairsOf(block.text).some((pair) => pair.value.includes(value)) || bareLabel(block.text) !== null)
  switch (field) {
    case 'name':
      if (list !== 'name') return `${list}/name`
      return `name/${labelled ? 'labelled' : isLarge(lines[0], blocks) ? 'large' : 'plain'}`
    case 'location':
      return `location/${labelled ? 'labelled' : isPlace(value) ? 'place' : 'plain'}`
    case 'company':
      return `company/${labelled ? 'labelled' : companyScore(value) >= 2 ? 'word' : 'plain'}`
    case 'title':
      return `title/${labelled ? 'labelled' : titleScore(value) >= 2 ? 'word' : 'plain'}`
    case 'school':
      return `school/${labelled || schoolScore(value) >= 2 ? 'word' : 'plain'}`
    case 'start':
    case 'end':
      return `${list}/${field}`
    case 'skills':
      return `skills/${isKnownSkill(value) ? 'known' : 'unknown'}`
    case 'phones':
      return `phones/${labelled || talent.phones.length === 1 ? 'sure' : 'plain'}`
    default:
      return field
  }
}

/** Set at least 15 % larger than most lines. */
function isLarge(block: Block | undefined, blocks: Block[]): boolean {
  const sizes = blocks.flatMap((one) => one.size ?? []).toSorted((a, b) => a - b)
  const typical = sizes[Math.floor(sizes.length / 2)]
  return typical !== undefined && (block?.size ?? 0) > typical * 1.15
}

/**
 * Share of right values per sign, counted by `npm run eval -- resumes --calibrate` on the development documents ((right + 1) / (all + 2), so that
 * a sign seen twice does not claim certainty). Fields without truth there have the mean of their kind.
 */
const SHARE: Record<string, number> = {
  'company/labelled': 0.67,
  'company/plain': 0.91,
  'company/word': 0.93,
  'education/end': 0.98,
  'education/start': 0.97,
  emails: 0.98,
  'experience/end': 0.96,
  'experience/start': 0.96,
  field: 0.89,
  level: 0.98,
  links: 0.78,
  'location/labelled': 0.93,
  'location/place': 0.97,
  'location/plain': 0.33,
  'name/labelled': 0.89,
  'name/large': 0.98,
  'name/plain': 0.83,
  'phones/plain': 0.75,
  'phones/sure': 0.98,
  'school/plain': 0.57,
  'school/word': 0.95,
  'skills/known': 0.93,
  'skills/unknown': 0.83,
  'title/labelled': 0.83,
  'title/plain': 0.43,
  'title/word': 0.96,
}
/** For signs that the development documents do not have. */
const UNSEEN = 0.8

/** 0 to 1, two decimals. */
export const confidenceOf = (sign: string): number => SHARE[sign] ?? UNSEEN
