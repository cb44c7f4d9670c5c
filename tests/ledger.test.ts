/** The ledger on SQLite: the contract, and what is particular to one file. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { frontOf } from '../src/stores/ledger.front.ts'
import { openLedgerFile } from '../src/stores/ledger.sqlite.file.ts'
import { openLedgerHere } from '../src/stores/ledger.sqlite.ts'
import type { Plan } from '../src/stores/query-stats.ts'
import { chunk, ledgerContract } from './contracts/ledger.ts'

const plans = new Map<string, Plan>()
ledgerContract('the ledger on sqlite', async (now) => {
  const ledger = openLedgerHere(':memory:', now)
  return {
    ...ledger,
    async close() {
      for (const plan of await ledger.inspect.plans()) plans.set(plan.query, plan)
      await ledger.close()
    },
  }
})

it('none of the statements that the contract took reads a whole table', () => {
  expect(plans.size).toBeGreaterThan(50)
  // Once, when a process starts that has the file for itself.
  const atStart = 'delete from idempotency where status is null'
  expect([...plans.values()].filter(({ query, full }) => full.length > 0 && query !== atStart)).toEqual([])
})

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'looma-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

describe('a submission', () => {
  it('stores all of a submission or nothing, whenever its process is killed', async () => {
    await using dir = await folder()
    const path = join(dir.path, 'ledger.sqlite')
    const writer = spawn(process.execPath, ['--no-warnings', fileURLToPath(new URL('./ledger.writer.ts', import.meta.url)), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(writer, 'exit')
    // Each answered batch is a line: after some of them it is killed in the middle of its work.
    let answered = ''
    for await (const text of writer.stdout) {
      answered += text
      if (answered.length > 4000) break
    }
    writer.kill('SIGKILL')
    await exited
    const ids = answered.slice(0, answered.lastIndexOf('\n')).split('\n')
    const ledger = openLedgerHere(path)
    const stored = await ledger.batches('acme', { limit: 10_000 })
    expect(stored.map(({ id }) => id)).toEqual(expect.arrayContaining(ids))
    for (const batch of stored) {
      expect(batch).toMatchObject({ state: 'open', counts: { submitted: 5, waiting: 5 } })
      expect(await ledger.items('acme', batch.id, { limit: 10 })).toHaveLength(5)
      expect(await ledger.events('acme', batch.id, 0, 10)).toMatchObject([{ type: 'opened' }])
    }
    await ledger.close()
  })

  it('is stored, whatever becomes of the count of the load meanwhile', async () => {
    const count = Promise.withResolvers<never>()
    const file = { ...openLedgerFile(':memory:'), load: () => count.promise }
    const ledger = frontOf(file)
    const counted = expect(ledger.load('acme')).rejects.toThrow('down')
    const stored = ledger.submit('acme', { id: 'b1' }, [chunk(3)])
    count.reject(new Error('down'))
    expect(await stored).toMatchObject({ state: 'open', counts: { submitted: 3 } })
    await counted
    await file.close()
  })
})
