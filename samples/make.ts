/**
 * Makes samples/resumes from samples/make/people.ts. Only needed to change the samples: the files are committed.
 * `node samples/make.ts` needs chromium (with a CJK font), pdftoppm and qpdf on the PATH, for the PDFs.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import iconv from 'iconv-lite'
import { toDocxBody, toHtml, toText } from './make/layouts.ts'
import { PEOPLE, type Person } from './make/people.ts'
import { docxEntries, writeZip } from './make/zip.ts'

const OUT = fileURLToPath(new URL('./resumes/', import.meta.url))
const ENCODINGS = { utf8: 'utf8', gbk: 'gbk', utf16le: 'utf16-le' }

function make(): void {
  mkdirSync(OUT, { recursive: true })
  const work = mkdtempSync(join(tmpdir(), 'looma-samples-'))
  try {
    for (const person of PEOPLE) makeOne(person, work)
    makeBroken(work)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function makeOne(person: Person, work: string): void {
  const path = join(OUT, person.file)
  if (path.endsWith('.pdf')) print(toHtml(person), path, work)
  else if (path.endsWith('.docx')) writeFileSync(path, writeZip(docxEntries(toDocxBody(person))))
  else if (path.endsWith('.html')) writeFileSync(path, toHtml(person))
  else writeFileSync(path, iconv.encode(toText(person), ENCODINGS[person.encoding ?? 'utf8'], { addBOM: person.encoding === 'utf16le' }))
}

/** What every real batch holds too: an empty file, a locked one and a scan. */
function makeBroken(work: string): void {
  writeFileSync(join(OUT, 'unreadable-empty.pdf'), '')
  execFileSync('qpdf', [
    '--encrypt',
    'open-sesame',
    'owner',
    '256',
    '--',
    join(OUT, 'en-01-backend.pdf'),
    join(OUT, 'unreadable-encrypted.pdf'),
  ])
  execFileSync('pdftoppm', ['-jpeg', '-gray', '-r', '70', '-singlefile', join(OUT, 'zh-01-backend.pdf'), join(work, 'scan')])
  const image = readFileSync(join(work, 'scan.jpg')).toString('base64')
  print(
    `<style>@page{size:A4;margin:0}img{width:100%}</style><img src="data:image/jpeg;base64,${image}">`,
    join(OUT, 'zh-01-scan.pdf'),
    work,
  )
}

function print(html: string, path: string, work: string): void {
  const page = join(work, 'page.html')
  writeFileSync(page, html)
  const options = ['--headless', '--no-sandbox', '--disable-gpu', '--no-pdf-header-footer', `--user-data-dir=${join(work, 'profile')}`]
  execFileSync('chromium', [...options, `--print-to-pdf=${path}`, `file://${page}`], { stdio: 'ignore' })
}

make()
