import { readFileSync } from 'node:fs'

/** A ranking task: query i is right when it finds pool[gold[i]]; `rivals[i]` are hard negatives of query i, as pool indexes. */
export type Task = { name: string; queries: string[]; pool: string[]; gold: number[]; rivals?: number[][] }

/** The rows of eval/embed/NAME.tsv, cells as written. All sets were written by hand before any training; the build leaves their strings out. */
const rows = (name: string): string[][] =>
  readFileSync(new URL(`${name}.tsv`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))

const column = (table: string[][], index: number): string[] => table.map((row) => row[index]!)

/** Left side finds right side, in file order; `extra` texts make the pool larger. */
const aligned = (name: string, queries: string[], targets: string[], extra: string[] = []): Task => ({
  name,
  queries,
  pool: [...targets, ...extra],
  gold: queries.map((_, index) => index),
})

/** Resume line -> title: the pool is every gold title followed by two hard negatives per line, which share words but not the work. */
function lineTask(name: string, lines: string[], titles: string[], negatives: string[]): Task {
  const rivals = negatives.map((cell) => cell.split(';'))
  const firstRival = rivals.map((_, index) => titles.length + rivals.slice(0, index).flat().length)
  return {
    ...aligned(name, lines, titles, rivals.flat()),
    rivals: rivals.map((group, index) => group.map((_, offset) => firstRival[index]! + offset)),
  }
}

/** All tasks, `fresh` last: it was not looked at while settings were chosen, and its pool holds the cross-lingual set too. */
export function tasks(): Task[] {
  const [english, chinese, crossing, fresh, lines] = ['synonyms.en', 'synonyms.zh', 'crosslingual', 'fresh', 'lines'].map(rows) as [
    string[][],
    string[][],
    string[][],
    string[][],
    string[][],
  ]
  const [lineZh, lineEn, titleZh, titleEn, rivalsZh, rivalsEn] = [0, 1, 2, 3, 4, 5].map((index) => column(lines, index)) as [
    string[],
    string[],
    string[],
    string[],
    string[],
    string[],
  ]
  return [
    aligned('synonyms en', column(english, 0), column(english, 1)),
    aligned('synonyms zh', column(chinese, 0), column(chinese, 1)),
    aligned('cross zh>en', column(crossing, 0), column(crossing, 1)),
    aligned('cross en>zh', column(crossing, 1), column(crossing, 0)),
    lineTask('line zh', lineZh, titleZh, rivalsZh),
    lineTask('line en', lineEn, titleEn, rivalsEn),
    lineTask('line zh>en', lineZh, titleEn, rivalsEn),
    lineTask('line en>zh', lineEn, titleZh, rivalsZh),
    aligned('fresh zh>en', column(fresh, 0), column(fresh, 1), column(crossing, 1)),
    aligned('fresh en>zh', column(fresh, 1), column(fresh, 0), column(crossing, 0)),
  ]
}
