import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import type { Blobs } from '../../src/stores/ports.ts'
import { type Open, suite } from './suite.ts'

/** `list` names every file that is kept, once for each tenant, and temporary ones too. */
export function blobsContract(
  name: string,
  open: Open<Blobs & { list: () => Promise<string[]>; read: (path: string) => Promise<Buffer> }>,
): void {
  const hello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
  const stream = (...parts: string[]) => Readable.from(parts.map((part) => Buffer.from(part)))
  const put = (store: Blobs, tenant: string, content: Readable, maxBytes = 100) => store.put(tenant, content, { maxBytes })

  suite(name, open, (store) => {
    it('stores under the sha256, once, and gives the bytes back', async () => {
      expect(await put(store(), 'a', stream('hel', 'lo'))).toMatchObject({ sha256: hello, bytes: 5 })
      await Promise.all([put(store(), 'a', stream('hello')), put(store(), 'a', stream('hello'))])
      expect(await store().list()).toHaveLength(1)
      expect((await store().read(await store().file('a', hello))).toString()).toBe('hello')
      expect((await put(store(), 'a', stream())).bytes).toBe(0)
    })

    it('takes a copy back only while it is the only one that was stored', async () => {
      const first = await put(store(), 'a', stream('hello'))
      const second = await put(store(), 'a', stream('hello'))
      expect(first.made).not.toBeNull()
      expect(second.made).toBeNull()
      await store().remove('a', hello, first.made!)
      expect(await store().has('a', hello)).toBe(true)
      await store().remove('a', hello)
      const third = await put(store(), 'a', stream('hello'))
      await store().remove('a', hello, third.made!)
      expect(await store().has('a', hello)).toBe(false)
      await store().remove('a', hello, third.made!)
    })

    it('keeps tenants apart, whatever their names', async () => {
      const tenants = ['a', 'A', '..', '../a', 'a/b', '租户', '', 'con', 'x'.repeat(300)]
      for (const tenant of tenants) {
        expect(await store().has(tenant, hello)).toBe(false)
        await put(store(), tenant, stream('hello'))
        expect(await store().has(tenant, hello)).toBe(true)
      }
      await store().remove('a', hello)
      expect(await store().has('a', hello)).toBe(false)
      expect(await store().has('A', hello)).toBe(true)
      expect(await store().list()).toHaveLength(tenants.length - 1)
    })

    it('answers for names that are no sha256 as for missing files', async () => {
      await put(store(), 'a', stream('hello'))
      for (const name of ['', '..', '../../tmp', hello.toUpperCase(), `${hello}/`, '0'.repeat(64)]) {
        expect(await store().has('a', name)).toBe(false)
        await expect(store().file('a', name)).rejects.toMatchObject({ code: 'blob-missing' })
        await store().remove('a', name)
      }
      expect(await store().has('a', hello)).toBe(true)
    })

    it('leaves nothing behind when the content is too large, fails or ends early', async () => {
      await expect(put(store(), 'a', stream('123456', '7'), 6)).rejects.toMatchObject({ code: 'too-large' })
      expect((await put(store(), 'b', stream('123456'), 6)).bytes).toBe(6)
      const lost = new Error('client went away')
      const failing = Readable.from(
        (async function* () {
          yield Buffer.from('part')
          throw lost
        })(),
      )
      await expect(put(store(), 'a', failing)).rejects.toBe(lost)
      const cut = new Readable({ read() {} })
      cut.push('part')
      const putting = put(store(), 'a', cut)
      cut.destroy()
      await expect(putting).rejects.toThrow()
      expect(await store().list()).toHaveLength(1)
    })
  })
}
