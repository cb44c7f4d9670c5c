/** The Redis user of docs/deploy.md: Looma works as it, and it can do nothing beside (REDIS_URL). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { lines } from '../queue.ts'
import { startSystem } from '../support.ts'
import { freshRedis, REDIS_URL } from './redis.ts'

const PASSWORD = 'only-for-this-test'
const rules = /^user looma (.+)$/m
  .exec(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'deploy.md'), 'utf8'))![1]!
  .replace('PASSWORD', PASSWORD)
  .split(' ')

describe.skipIf(!REDIS_URL)('the Redis user of docs/deploy.md (REDIS_URL)', () => {
  it('is enough for a whole system, cancellation included, and for nothing else', async () => {
    const url = new URL(await freshRedis(9))
    const admin = new Redis(url.href)
    await admin.acl('SETUSER', 'looma', 'reset', ...rules)
    await admin.call('ACL', 'LOG', 'RESET')
    await admin.set('other:key', 'secret')
    url.username = 'looma'
    url.password = PASSWORD
    const user = new Redis(url.href)
    try {
      {
        await using system = await startSystem({ QUEUE_URL: url.href })
        const acme = await system.as('acme', 'admin')
        expect((await acme.batch(lines(300, 'x'))).counts).toMatchObject({ done: 300 })
        const { id } = (await (await acme.call('/v1/batches', { lines: lines(3000, 'y') })).json()) as { id: string }
        expect((await acme.call(`/v1/batches/${id}/cancel`, { method: 'POST' })).status).toBeLessThan(300)
        for (const path of ['/readyz', '/metrics']) expect((await fetch(system.adminUrl + path)).status).toBe(200)
      }
      // What Looma was refused would stand in the server's log.
      expect(await admin.call('ACL', 'LOG')).toEqual([])
      for (const [command, ...rest] of [
        ['FLUSHALL'],
        ['FLUSHDB'],
        ['CONFIG', 'GET', '*'],
        ['KEYS', '*'],
        ['SCAN', '0'],
        ['GET', 'other:key'],
        ['SET', 'other:key', 'x'],
        ['EVAL', "return redis.call('get', 'other:key')", '0'],
        ['EVAL', "return redis.call('flushall')", '0'],
        ['ACL', 'LIST'],
        ['CLIENT', 'KILL', 'TYPE', 'normal'],
        ['SHUTDOWN'],
        ['SCRIPT', 'FLUSH'],
        ['PUBLISH', 'any', 'x'],
        ['MONITOR'],
        ['REPLICAOF', 'NO', 'ONE'],
      ])
        await expect(user.call(command!, ...rest), command).rejects.toThrow(/NOPERM|executing the script can't/)
      expect(await admin.get('other:key')).toBe('secret')
    } finally {
      user.disconnect()
      await admin.acl('DELUSER', 'looma')
      await admin.flushdb()
      await admin.quit()
    }
  })
})
