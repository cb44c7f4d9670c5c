/** Who the résumé is about: name, place, title. */
import { canonicalCity } from '../skills/cities.ts'
import type { Block } from './block.ts'
import { headingOf } from './headings.ts'
import { splitCommas, toPieces } from './heads.ts'
import { bareLabel, type Pair, pairsOf } from './labels.ts'
import type { Section } from './sections.ts'
import { companyScore, isPlace, schoolScore, titleScore } from './words.ts'

/** The commonest surnames, enough for nineteen of twenty people; two-character ones are listed whole. */
const SURNAMES = new Set(
  '王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝茹尉张陳劉黃趙吳許鄧馮韓蔣蘇呂盧鍾譚陸賈鄒閻賀顧龔萬錢嚴湯龐顏莊聶葉楊羅鄭謝孫馬'.split(
    '',
  ),
)
const DOUBLE =
  /^(?:欧阳|司徒|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯|轩辕|长孙|宇文|端木|赫连|独孤|南宫|西门|万俟|澹台|百里|呼延|闻人|歐陽|諸葛)/
const CHINESE_NAME = /^\p{Script=Han}(?: ?\p{Script=Han}){1,3}$|^\p{Script=Han}{2,6}·\p{Script=Han}{2,8}$/u
const LATIN_NAME =
  /^(?:(?:dr|mr|ms|mrs|prof)\.?\s+)?\p{Lu}[\p{L}'’.-]*(?:\s+(?:\p{Lu}[\p{L}'’.-]*|de|da|van|von|der|den|bin|al|la|le|del|di|ter|st\.)){1,4}$/u
const NOT_A_NAME =
  /简历|履历|个人|求职|应聘|教育|工作|项目|技能|联系|电话|专业|大学|经历|基本|信息|姓名|性别|男|女$|推荐|报告|登记|在职|离职|自荐|尊敬|首页|resume|curriculum|vitae|profile|summary|contact|page \d|street|avenue|road|updated|university|college|information|name here|^sex |gender|nationality/i

/** The candidate's name, or null: the labelled one, else the best of the short lines at the top or in large type. */
export function findName(blocks: Block[], pairs: Pair[]): string | null {
  const labelled = pairs.find((pair) => pair.key === 'name' && !/[*＊]/.test(pair.value))?.value
  if (labelled && labelled.length <= 40)
    return nameIn(labelled) ?? (/\p{L}/u.test(labelled) && !NOT_A_NAME.test(labelled) ? (toPieces(labelled)[0] ?? null) : null)
  const first = blocks.filter((block) => block.page === null || block.page === 1)
  const top = first.slice(0, 15)
  const large = first
    .filter((block) => block.size !== null)
    .toSorted((a, b) => b.size! - a.size!)
    .slice(0, 3)
  const split = splitName(large)
  if (split) return split
  const body = typicalSize(blocks)
  for (const block of [...large.filter((block) => block.size! > body * 1.15), ...top]) {
    const heading = headingOf(block.text)
    if (heading && heading.rest === '' && !CHINESE_NAME.test(block.text)) continue
    const name = nameIn(heading?.rest || block.text) ?? (block === large[0] && block.size! > body * 1.3 ? largeName(block.text) : null)
    if (name) return name
  }
  const said =
    /(?:我叫|我是|姓名|自荐人|my name is|i am)[ \t]*:?[ \t]*(\p{Script=Han}{2,4}|\p{Lu}[\p{L}'-]+ \p{Lu}[\p{L}'-]+)(?![\p{Script=Han}\p{L}])/u.exec(
      blocks.map((block) => block.text).join('\n'),
    )
  return said?.[1] ?? null
}

/** A name in a line, or null; job titles, places and headings look like names and are refused. */
function nameIn(line: string): string | null {
  const text = line.replace(/^(?:个人简历|简历|履历|resume|cv)\s*[-:|]?\s*/i, '').replace(/的?(?:个人)?简历$/, '')
  for (const piece of [text, ...text.split(/\t|[|,/]| · |\s-\s|\s{2,}/), ...text.split(/[\s(]+/)].map((part) => part.trim())) {
    if (piece.length < 2 || /[\d@:]/.test(piece) || NOT_A_NAME.test(piece)) continue
    const han = piece.replace(/\s/g, '')
    if (CHINESE_NAME.test(piece) && isChineseName(han)) return han
    if (LATIN_NAME.test(piece) && piece === text.split(/\t|[|,/]| · /)[0]?.trim() && isLatinName(piece)) return piece
  }
  return null
}

/** The one line in the largest type of the first page is taken by its look, with rarer surnames and pen names. */
function largeName(line: string): string | null {
  const text = line.split('\t')[0]!.replace(/\s/g, '')
  return /^\p{Script=Han}{2,6}$/u.test(text) &&
    !NOT_A_NAME.test(text) &&
    !headingOf(text) &&
    titleScore(text) === 0 &&
    companyScore(text) === 0
    ? text
    : null
}

function isChineseName(text: string): boolean {
  if (titleScore(text) > 0 || companyScore(text) > 0 || schoolScore(text) > 0 || isPlace(text) || headingOf(text) || bareLabel(text))
    return false
  return (
    text.includes('·') ||
    DOUBLE.test(text) ||
    (text.length <= 3 && SURNAMES.has(text[0]!)) ||
    (text.length === 4 && SURNAMES.has(text[0]!) && SURNAMES.has(text[1]!))
  )
}

function isLatinName(text: string): boolean {
  if (headingOf(text) || isPlace(text) || companyScore(text) > 0 || schoolScore(text) > 0) return false
  return titleScore(text) === 0
}

/** Some templates set the name in huge type on two lines. */
function splitName(large: Block[]): string | null {
  const [a, b, c] = large
  if (!a || !b || a.size !== b.size || (c && c.size === a.size) || a.size! < 18) return null
  const [upper, lower] = [a, b].toSorted((x, y) => x.y! - y.y!)
  const single = /^\p{Lu}[\p{L}'’-]+$/u
  return single.test(upper!.text) && single.test(lower!.text) && !headingOf(upper!.text) && lower!.y! - upper!.y! < a.size! * 2
    ? `${upper!.text} ${lower!.text}`
    : null
}

function typicalSize(blocks: Block[]): number {
  const sizes = blocks.map((block) => block.size ?? 0).toSorted((a, b) => a - b)
  return sizes[Math.floor(sizes.length / 2)] ?? 0
}

/** The place the candidate lives in, as written, or null. */
export function findLocation(sections: Section[], pairs: Pair[]): string | null {
  const labelled = pairs.find((pair) => pair.key === 'location' && !/^\s*[x*]+\s*$/i.test(pair.value))
  if (labelled) return toPieces(labelled.value)[0] ?? labelled.value
  const about = (kinds: Section['kind'][]) => sections.filter((section) => kinds.includes(section.kind))
  // A column beside the text may have headings of its own over the contacts.
  for (const section of [...about(['header', 'basic']), ...about(['other']).slice(0, 1)]) {
    for (const { text } of section.blocks.slice(0, 12)) {
      const pieces = toPieces(text)
      const place = pieces.find(isPlace)
      if (place) return place
      const behind = pieces
        .flatMap((piece) => (/\d|@/.test(piece) ? [] : [splitCommas(piece).slice(-2).join(', ')]))
        .find((part) => part.includes(',') && isPlace(part))
      if (behind) return behind
      const resident = /(?:现居住?|居住|现住|based in|lives? in)\s*[:于在]?\s*(\S{2,20})/i.exec(text)?.[1]
      if (resident && canonicalCity(resident)) return resident
    }
  }
  return null
}

/** The title looked for or held: a label, else a title line under the name, else null. */
export function findTitle(sections: Section[], pairs: Pair[]): string | null {
  const wanted = pairs.find((pair) => pair.key === 'wanted') ?? pairs.find((pair) => pair.key === 'title')
  if (wanted) return splitCommas(toPieces(wanted.value)[0] ?? wanted.value)[0] ?? null
  for (const { text } of sections.find((section) => section.kind === 'header' && section.blocks.length > 0)?.blocks.slice(0, 6) ?? []) {
    if (/[@\d]/.test(text) || pairsOf(text).length > 0) continue
    const title = toPieces(text).find((piece) => titleScore(piece) >= 2 && companyScore(piece) < 2)
    if (title) return title
  }
  const intent = sections.find((section) => section.kind === 'intent')?.blocks[0]?.text
  return intent ? (toPieces(intent).find((piece) => titleScore(piece) >= 2) ?? null) : null
}
