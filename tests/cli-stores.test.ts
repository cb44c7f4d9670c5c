/** `looma doctor` and `looma migrate` where no server is needed: embedded stores, and servers that are out of reach. */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doctor, migrateStores } from '../src/cli/stores.ts'
import { tempDir, testConfig } from './support.ts'

let dataDir: string
beforeAll(async () => {
  dataDir = await tempDir()
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

const collected = () => {
  const lines: string[] = []
  return { lines, print: (line: string) => void lines.push(line) }
}
/** Nobody listens there. */
const AWAY = { QUEUE_URL: 'redis://looma:opensesame@127.0.0.1:1', DOCUMENTS_URL: 'mongodb://looma:opensesame@127.0.0.1:1/looma' }

describe('looma doctor', () => {
  it('finds nothing wrong with the embedded stores, part by part', async () => {
    const { lines, print } = collected()
    expect(await doctor(testConfig(dataDir), { json: true }, print)).toBe(0)
    const { errors, parts } = JSON.parse(lines.join('')) as { errors: number; parts: { part: string; adapter: string }[] }
    expect(errors).toBe(0)
    expect(parts.map(({ part, adapter }) => `${part} ${adapter}`)).toEqual([
      'queue pglite',
      'ledger sqlite',
      'documents sqlite',
      'search sqlite',
      'graph sqlite',
      'blobs folder',
    ])
  })

  it('says of each server that is out of reach what to do, and ends with 1', async () => {
    const { lines, print } = collected()
    expect(await doctor(testConfig(dataDir, AWAY), {}, print)).toBe(1)
    const text = lines.join('\n')
    expect(text).toMatch(/queue {2}redis .*\n {2}✗ reachable .*ECONNREFUSED.*\n.*QUEUE_URL/)
    expect(text).toMatch(/documents {2}mongodb .*\n {2}✗ reachable/)
    expect(text).toMatch(/3 errors/)
    expect(text).not.toContain('opensesame')
  })
})

describe('looma migrate', () => {
  it('has nothing to do for embedded stores', async () => {
    const { lines, print } = collected()
    expect(await migrateStores(testConfig(dataDir), {}, print)).toBe(0)
    expect(lines).toHaveLength(5)
    expect(lines.join('\n')).toContain('migrates itself when it is opened')
  })

  it('names the store that failed, and ends with 1', async () => {
    const { lines, print } = collected()
    expect(await migrateStores(testConfig(dataDir, { DOCUMENTS_URL: AWAY.DOCUMENTS_URL }), { dryRun: true }, print)).toBe(1)
    expect(lines.filter((line) => line.includes('FAILED')).map((line) => line.split(' ')[0])).toEqual(['ledger', 'documents'])
    expect(lines.join('\n')).not.toContain('opensesame')
  })
})
