/** The pipeline: bytes to blocks, blocks to sections, sections to entries, entries to fields. Pure, runs anywhere; production runs it in child processes (reader.ts). */
import type { Reading } from '../canonical/reading.ts'
import { type Education, Talent } from '../canonical/schema.ts'
import { AppError } from '../errors.ts'
import { readLanguages, readSkills } from './abilities.ts'
import { type Block, widenPunctuation } from './block.ts'
import { readCertificates } from './certificates.ts'
import { findContacts } from './contacts.ts'
import { educationFromPairs, readEducation } from './education.ts'
import { readExperience } from './experience.ts'
import { withArchive } from './formats/archive.ts'
import { readDoc } from './formats/doc.ts'
import { readDocx } from './formats/docx.ts'
import { readHtml } from './formats/html.ts'
import { readOdt } from './formats/odt.ts'
import { readPdf } from './formats/pdf.ts'
import { readRtf } from './formats/rtf.ts'
import { type DocumentType, sniff } from './formats/sniff.ts'
import { readText } from './formats/text.ts'
import { faultOf, NoTextLayer } from './honesty.ts'
import { findIntention } from './intention.ts'
import { allPairs, type Pair } from './labels.ts'
import { findLocation, findName, findTitle } from './person.ts'
import { readProjects } from './projects.ts'
import { educationInProse, experienceInProse } from './prose.ts'
import { toReading } from './reading.ts'
import { type Section, toSections } from './sections.ts'
import { schoolScore } from './words.ts'

export type Language = 'zh' | 'en'
/** `unread`: pages, from 1, that hold no text that can be believed while others do; what they say is not in the talent. */
export type ReadResume = { talent: Talent; reading: Reading; type: DocumentType; pages: number; unread: number[]; language: Language }

/**
 * A résumé of any supported type by its text. `pages` is 1 where a format has none. Throws an AppError of the documents group of errors.ts;
 * a NoTextLayer where the pages of the document may tell what its text does not.
 */
export async function readResume(bytes: Uint8Array): Promise<ReadResume> {
  const { type, blocks, pages, unread } = await readBlocks(bytes)
  const fault = faultOf(blocks, pages)
  if (fault) throw type === 'pdf' ? new NoTextLayer(fault) : new AppError(fault)
  return { ...interpret(blocks), type, pages, unread, language: languageOf(blocks) }
}

/** Text beyond this is no résumé, and would keep a reader busy until its time limit. In characters; a line is cut to pieces of `line`. */
const TEXT_LIMITS = { total: 1_000_000, line: 2000 }

export type Document = { type: DocumentType; blocks: Block[]; pages: number; unread: number[] }

/** The blocks of a document in reading order. Throws like `readResume`. */
export async function readBlocks(bytes: Uint8Array): Promise<Document> {
  const document = { unread: [], ...(await readByType(bytes)) }
  if (document.blocks.reduce((sum, block) => sum + block.text.length, 0) > TEXT_LIMITS.total) throw new AppError('too-large')
  return { ...document, blocks: document.blocks.flatMap(cutLong) }
}

function cutLong(block: Block): Block[] {
  if (block.text.length <= TEXT_LIMITS.line) return [block]
  return (block.text.match(new RegExp(`[^]{1,${TEXT_LIMITS.line}}`, 'gu')) ?? []).map((text) => ({ ...block, text }))
}

async function readByType(bytes: Uint8Array): Promise<Omit<Document, 'unread'> & Partial<Document>> {
  const sniffed = await sniff(bytes)
  switch (sniffed.type) {
    case 'png':
    case 'jpeg':
      throw new NoTextLayer('no-text')
    case 'pdf':
      return { type: 'pdf', ...(await readPdf(bytes)) }
    case 'zip':
      return withArchive(bytes, async (archive) => {
        const blocks = archive.type === 'docx' ? await readDocx(archive) : await readOdt(archive)
        return { type: archive.type, blocks, pages: 1 }
      })
    case 'doc':
      return { type: 'doc', blocks: await readDoc(bytes), pages: 1 }
    case 'rtf':
      return { type: 'rtf', blocks: readRtf(bytes), pages: 1 }
    case 'html':
      return { type: 'html', blocks: readHtml(sniffed.text), pages: 1 }
    case 'txt':
      return { type: 'txt', blocks: readText(sniffed.text), pages: 1 }
  }
}

/** Blocks to a profile, and where each of its values stands. */
export function interpret(blocks: Block[]): { talent: Talent; reading: Reading } {
  const sections = toSections(blocks)
  const talent = toTalent(blocks, sections)
  return { talent, reading: toReading(talent, sections) }
}

/** Blocks to a profile that fits the canonical schema: values longer than its limits are cut, never refused. */
function toTalent(blocks: Block[], sections: Section[]): Talent {
  const pairs = allPairs(sections.filter(isAboutPerson).flatMap((section) => section.blocks.map((block) => block.text)))
  const lines = (kind: Section['kind']) =>
    sections.filter((section) => section.kind === kind).map((section) => section.blocks.map((block) => block.text))
  const text = blocks.map((block) => block.text).join('\n')
  const chinese = languageOf(blocks) === 'zh'
  const mixed = lines('experience').map(readExperience)
  const jobs = withoutTranslations(
    mixed.flatMap((one) => one.jobs),
    (job) => job.company ?? job.title,
    chinese,
  )
  const experience = jobs.length > 0 || !chinese ? jobs : experienceInProse(text)
  const education = findEducation(
    [...lines('education').flatMap(readEducation), ...mixed.flatMap((one) => one.studies)],
    pairs,
    lines('other'),
    chinese ? text : '',
  )
  const summary = widenPunctuation(lines('summary').flat().join('\n'))
  const contacts = findContacts(sections)
  const talent = {
    name: cut(findName(blocks, pairs), 300),
    emails: contacts.emails.filter((email) => email.length <= 200).slice(0, 20),
    phones: contacts.phones.filter((phone) => phone.length <= 60).slice(0, 20),
    links: contacts.links.filter((link) => link.length <= 500).slice(0, 50),
    location: cut(findLocation(sections, pairs), 300),
    title: cut(findTitle(sections, pairs) ?? experience[0]?.title ?? null, 300),
    summary: cut(summary || null, 10_000),
    education: withoutTranslations(education, (entry) => entry.school, chinese)
      .slice(0, 50)
      .map((entry) => ({ ...entry, school: cut(entry.school, 300), degree: cut(entry.degree, 300), field: cut(entry.field, 300) })),
    experience: experience
      .slice(0, 100)
      .map((job) => ({ ...job, company: cut(job.company, 300), title: cut(job.title, 300), location: cut(job.location, 300) })),
    skills: readSkills(sections, text),
    languages: readLanguages(sections),
    projects: [...lines('projects').flatMap(readProjects), ...mixed.flatMap((one) => one.projects)]
      .slice(0, 100)
      .map((project) => ({ ...project, name: cut(project.name, 300), role: cut(project.role, 300) })),
    certificates: lines('certificates').flatMap(readCertificates).slice(0, 100),
    intention: findIntention(sections, pairs),
  }
  return Talent.parse(talent)
}

/** Schools of their own sections; else those a form's labels name, those under a heading nobody foresaw, or those a letter tells of. */
function findEducation(found: Education[], pairs: Pair[], others: string[][], prose: string): Education[] {
  if (found.length > 0) return found
  const form = educationFromPairs(pairs)
  if (form) return [form]
  const elsewhere = others
    .filter((lines) => lines.some((line) => line.length < 60 && schoolScore(line.split('\t')[0]!) > 0))
    .flatMap(readEducation)
  return elsewhere.length > 0 ? elsewhere.filter((entry) => schoolScore(entry.school ?? '') > 0) : educationInProse(prose)
}

/** A bilingual résumé says everything twice: of two entries with the same dates, one in each script, that in the document's language stays. */
function withoutTranslations<T extends { start: string | null; end: string | null }>(
  list: T[],
  nameOf: (entry: T) => string | null,
  chinese: boolean,
): T[] {
  const isHan = (entry: T) => /\p{Script=Han}/u.test(nameOf(entry) ?? '')
  const key = ({ start, end }: T) => `${start} ${end}`
  const kept = new Set(list.filter((entry) => isHan(entry) === chinese).map(key))
  const twice = list.filter((entry) => isHan(entry) !== chinese)
  return twice.length > 0 && twice.length === kept.size && twice.every((entry) => entry.start !== null && kept.has(key(entry)))
    ? list.filter((entry) => isHan(entry) === chinese)
    : list
}

const isAboutPerson = (section: Section): boolean => ['header', 'basic', 'intent', 'other', 'summary'].includes(section.kind)

/** Cuts at a character, not inside of a surrogate pair. */
function cut(text: string | null, max: number): string | null {
  if (text === null || text.trim() === '') return null
  return text.length <= max ? text : text.slice(0, max).replace(/[\ud800-\udbff]$/, '')
}

/**
 * Chinese résumés quote English products, English ones hardly quote Chinese, and bilingual ones count as Chinese: Chinese where there are ideographs
 * for more than half as many Latin words (a Chinese word has about one and a half).
 */
export function languageOf(blocks: Block[]): Language {
  const text = blocks.map((block) => block.text).join(' ')
  const han = text.match(/\p{Script=Han}/gu)?.length ?? 0
  const words = text.match(/\p{Script=Latin}+/gu)?.length ?? 0
  return han > words * 0.5 ? 'zh' : 'en'
}
