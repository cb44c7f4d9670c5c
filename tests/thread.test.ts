/** Calls into worker threads: the embedded ledger and the embedded queue both live in one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { AppError } from '../src/errors.ts'
import { openLedger } from '../src/stores/ledger.sqlite.ts'
import { startThread, type ThreadOptions } from '../src/thread.ts'
import type { Methods } from './thread.child.ts'

const ENDED = new AppError('store-down', 'it has ended')
const unexpected = (error: unknown) => {
  throw error
}
const start = (more: Partial<ThreadOptions> = {}) =>
  startThread<Methods>(new URL('./thread.child.ts', import.meta.url), {
    workerData: null,
    ended: ENDED,
    onCrash: unexpected,
    ...more,
  })

it('answers each call with its own result or error', async () => {
  const { methods, end } = await start()
  const sums = await Promise.all(Array.from({ length: 100 }, (_, i) => methods.add(i, i)))
  expect(sums).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i))
  const refused = await methods.refuse().catch((error) => error)
  expect(refused).toBeInstanceOf(AppError)
  expect(refused).toMatchObject({ code: 'disk-full', detail: 'no room' })
  expect(refused.cause.stack).toContain('ENOSPC')
  await expect(methods.fail()).rejects.toMatchObject({ message: 'duplicate key', code: '23505' })
  await expect(methods.add(1, (() => 1) as unknown as number)).rejects.toThrow('could not be cloned')
  expect(await methods.add(1, 1)).toBe(2)
  await end()
})

it('ends after the calls made before; later ones are refused', async () => {
  const { methods, end, alive } = await start()
  const before = methods.add(1, 2)
  const ended = end()
  expect(await before).toBe(3)
  await Promise.all([ended, end()])
  expect(alive()).toBe(false)
  await expect(methods.add(1, 2)).rejects.toBe(ENDED)
  await end()
})

it('refuses what is open when the thread crashes', async () => {
  const onCrash = vi.fn()
  const { methods, end, alive } = await start({ onCrash })
  const open = [methods.unheard(), methods.crash()]
  for (const call of open) await expect(call).rejects.toBe(ENDED)
  expect(alive()).toBe(false)
  expect(onCrash).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'crashed' }))
  await end()
})

it('hands on what the thread tells by itself', async () => {
  const heard = vi.fn()
  const { methods, end } = await start({ onEvent: heard })
  await methods.emit({ channel: 'c' })
  expect(heard).toHaveBeenCalledExactlyOnceWith({ channel: 'c' })
  await end()
})

it('carries the ledger: a batch goes through, and stays when the thread is ended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'looma-test-'))
  const path = join(folder, 'ledger.sqlite')
  const ledger = await openLedger(path, unexpected)
  const items = [0, 1].map((n) => ({ n, type: 'talent', key: `k${n}`, input: { name: '林晓', n } }))
  await ledger.submit('acme', { id: 'b1' }, [{ stages: ['ingest'], barrier: null, items }])
  const { dispatches } = await ledger.feed({ perTenant: 20 })
  const claim = (await ledger.claim(dispatches[0]!))!
  expect(claim.items.map(({ input }) => input)).toEqual(items.map(({ input }) => input))
  const ended = await ledger.finish(claim, { results: items.map(({ n }) => ({ n, ms: 1, to: 'pass' })), retryInMs: 0, attempted: false })
  expect(ended).toEqual({ ok: true, batchClosed: true, open: 0 })
  await ledger.close()
  await expect(ledger.batch('acme', 'b1')).rejects.toMatchObject({ code: 'store-down' })
  const again = await openLedger(path, unexpected)
  expect(await again.batch('acme', 'b1')).toMatchObject({ state: 'closed', counts: { done: 2 } })
  await again.close()
  await rm(folder, { recursive: true })
})

it('tells at its start what is wrong with the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'looma-test-'))
  await expect(openLedger(folder, unexpected)).rejects.toThrow('store-down')
  await rm(folder, { recursive: true })
})
