/** Real processes on the embedded queue. The long kill test runs in tests/servers/. */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { issueToken } from '../src/api/auth.ts'
import { openLedgerHere } from '../src/stores/ledger.sqlite.ts'
import { survive } from './kills.ts'
import { killLeftovers, type Process, spawnLooma } from './processes.ts'
import { client, tempDir, testConfig } from './support.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await tempDir()
  await cp(inject('queueTemplate'), join(dataDir, 'queue'), { recursive: true })
})
afterEach(async () => {
  killLeftovers()
  await rm(dataDir, { recursive: true, force: true })
})

it('loses nothing and doubles nothing when the whole program is killed mid-batch and started again', async () => {
  let looma: Process = await spawnLooma('all', dataDir)
  await survive({
    dataDir,
    kills: 3,
    seed: 7,
    api: looma,
    async strike() {
      await looma.kill('SIGKILL')
      looma = await spawnLooma('all', dataDir)
      return looma
    },
  })
  const ended = await looma.kill('SIGTERM')
  expect(ended.code).toBe(0)
})

it('hands running chunks back at SIGTERM without spending an attempt', async () => {
  let looma = await spawnLooma('all', dataDir)
  const token = await issueToken(testConfig(dataDir), { tenant: 'acme', role: 'recruiter', subject: 'e2e' }, 1)
  const lines = Array.from({ length: 9000 }, (_, i) => ({ type: 'talent', id: `t${i}`, name: `Person ${i}`, title: 'Engineer' }))
  const first = client(looma.apiUrl, token)
  const { id } = (await (await first.call('/v1/batches', { lines })).json()) as { id: string }
  // Mid-run: the first items of a chunk are through, its others are not.
  for await (const text of (await first.call(`/v1/batches/${id}/events`)).body!.pipeThrough(new TextDecoderStream()))
    if (text.includes('event: items')) break
  expect((await looma.kill('SIGTERM')).code).toBe(0)
  const ledger = openLedgerHere(join(dataDir, 'ledger.sqlite'))
  const left = (await ledger.batch('acme', id))!.counts
  await ledger.close()
  expect(left.waiting).toBeGreaterThan(0)
  expect(left.running).toBe(0)

  looma = await spawnLooma('all', dataDir)
  const api = client(looma.apiUrl, token)
  await (await api.call(`/v1/batches/${id}/events`)).text()
  const receipt = (await (await api.call(`/v1/batches/${id}/receipt`)).text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { outcome: string; attempts: number })
  expect(receipt).toHaveLength(9000)
  expect(new Set(receipt.map((item) => `${item.outcome} ${item.attempts}`))).toEqual(new Set(['done 1']))
  await looma.kill('SIGTERM')
})

it('refuses a second process on the same data folder with a sentence that helps', async () => {
  const looma = await spawnLooma('all', dataDir)
  await expect(spawnLooma('all', dataDir)).rejects.toThrow(/is in use by another Looma process \(pid \d+/)
  const port = new URL(looma.apiUrl).port
  expect(port).not.toBe('')
  await looma.kill('SIGKILL')
  // The lock went with the process, whatever ended it.
  const again = await spawnLooma('all', dataDir)
  await again.kill('SIGTERM')
})
