/**
 * `npm run eval -- degrade [--dir DIR] [--seed N]`: what each kind of change to a document costs. DIR holds one folder per document with `resume.*` and
 * `truth.json`; without it the committed samples serve. The lines of each document are changed, read again and scored.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PEOPLE } from '../samples/make/people.ts'
import type { Block } from '../src/resume/block.ts'
import { interpret, readBlocks } from '../src/resume/read.ts'
import { MUTATIONS } from './degrade/mutations.ts'
import { fieldMean, merge, type Profile, rateOf, scoreOne, type Tally, type Truth } from './resumes/score.ts'

type Document = { truth: Truth; blocks: Block[] }

/** Resolves to the exit code: 0, or 3 where DIR is not there. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { dir: { type: 'string' }, seed: { type: 'string', default: '1' } } })
  if (values.dir && !existsSync(values.dir)) {
    console.log(`SKIP degrade: ${values.dir} is not there`)
    return 3
  }
  const documents = await (values.dir ? corpus(values.dir) : samples())
  const rows = Object.entries(MUTATIONS).map(([name, mutate]) => {
    const tallies = documents.map(({ truth, blocks }, i) => ({
      lang: truth.lang,
      tally: scoreOne(truth, profileOf(mutate(blocks, Number(values.seed) + i)), false),
    }))
    const of = (lang: string) => figures(tallies.filter((one) => one.lang === lang).map((one) => one.tally))
    return { name, en: of('en'), zh: of('zh') }
  })
  const plain = rows[0]!
  console.log(`${documents.length} documents; field mean and F1 of complete jobs, in brackets what the change cost`)
  for (const { name, en, zh } of rows) console.log(`${name.padEnd(34)} en ${show(en, plain.en)}   zh ${show(zh, plain.zh)}`)
  console.log(JSON.stringify({ eval: 'degrade', documents: documents.length, mutations: rows }))
  return 0
}

type Figures = { fieldMean: number; completeJobs: number }

const round = (value: number | null): number => Math.round((value ?? 0) * 1000) / 1000
const figures = (tallies: Tally[]): Figures => {
  const all = merge(tallies)
  return { fieldMean: round(fieldMean(all)), completeJobs: round(rateOf(all.get('job.complete'))) }
}
const show = (one: Figures, plain: Figures): string =>
  (['fieldMean', 'completeJobs'] as const).map((key) => `${one[key].toFixed(3)} (${(one[key] - plain[key]).toFixed(3)})`).join('  ')

function profileOf(blocks: Block[]): Profile {
  const { name, emails: email, phones: phone, links: urls, location, education, experience, skills } = interpret(blocks).talent
  return { status: 'ok', name, email, phone, urls, location, education, experience, skills }
}

async function corpus(dir: string): Promise<Document[]> {
  const out: Document[] = []
  for (const id of readdirSync(dir).sort()) {
    const path = join(dir, id, 'truth.json')
    if (!existsSync(path)) continue
    const truth = JSON.parse(readFileSync(path, 'utf8')) as Truth
    // Documents whose text layer is broken say nothing about lines.
    if ((truth.text_layer ?? 'ok') !== 'ok') continue
    const read = await readBlocks(readFileSync(join(dir, id, truth.file))).catch(() => null)
    if (read) out.push({ truth, blocks: read.blocks })
  }
  return out
}

async function samples(): Promise<Document[]> {
  const folder = fileURLToPath(new URL('../samples/resumes/', import.meta.url))
  const out: Document[] = []
  for (const person of PEOPLE) {
    const date = (text: string) => (/至今|present/i.test(text) ? 'present' : text.replace(/^(\d{2})\/(\d{4})$/, '$2-$1').replace('.', '-'))
    const truth: Truth = {
      id: person.file,
      lang: person.zh ? 'zh' : 'en',
      format: person.file.split('.').at(-1)!,
      file: person.file,
      name: person.name,
      email: [person.email],
      phone: [person.phone],
      urls: [],
      location: person.city,
      education: person.schools.map(({ school, field }) => ({ school, level: null, field, start: null, end: null })),
      experience: person.jobs.map(({ company, title, end }) => ({
        company,
        title,
        start: null,
        end: date(end) === 'present' ? 'present' : null,
      })),
      skills: person.skills,
    }
    out.push({ truth, blocks: (await readBlocks(readFileSync(join(folder, person.file)))).blocks })
  }
  return out
}
