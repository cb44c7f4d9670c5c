/** A disk that is really full: a small file system in memory, mounted by root. */
import { cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { issueToken } from '../../src/api/auth.ts'
import { killLeftovers, type Process, spawnLooma } from '../processes.ts'
import { canMount, fill, free, mount, unmount } from '../small-disk.ts'
import { type Client, client, tempDir, testConfig } from '../support.ts'
import { freshRedis, REDIS_URL } from './redis.ts'

const MEGABYTES = 120

const able = await canMount()

const talents = (n: number, mark: string) =>
  Array.from({ length: n }, (_, i) => ({
    type: 'talent',
    id: `${mark}-${i}`,
    name: `Person ${i}`,
    skills: ['SQL'],
    summary: `${mark} ${'x'.repeat(800)}`,
  }))

describe.skipIf(!able)('a full disk (tmpfs, needs root)', () => {
  let dataDir: string
  let looma: Process
  let acme: Client

  beforeEach(async () => {
    dataDir = await tempDir()
    mount(dataDir, MEGABYTES)
  })
  afterEach(async () => {
    killLeftovers()
    unmount(dataDir)
    await rm(dataDir, { recursive: true, force: true })
  })

  const start = async (env: Record<string, string> = {}) => {
    looma = await spawnLooma('all', dataDir, env)
    acme = client(looma.apiUrl, await issueToken(testConfig(dataDir, env), { tenant: 'acme', role: 'recruiter', subject: 'disk' }, 1))
  }
  const closed = async (id: string) => {
    const events = await acme.call(`/v1/batches/${id}/events`)
    await events.text()
    return acme.get<{ state: string; counts: Record<string, number> }>(`/v1/batches/${id}`)
  }
  const sound = async () => {
    for (const name of (await readdir(dataDir)).filter((file) => file.endsWith('.sqlite'))) {
      const db = new DatabaseSync(join(dataDir, name))
      expect(db.prepare('pragma integrity_check').get(), name).toEqual({ integrity_check: 'ok' })
      db.close()
    }
  }

  async function goThrough() {
    const before = await acme.batch(talents(50, 'before'))
    expect(before.counts).toMatchObject({ done: 50 })
    // Accepted while there is room, at work when there is none any more.
    const accepted = (await (await acme.call('/v1/batches', { lines: talents(3000, 'accepted') })).json()) as { id: string }
    await fill(dataDir)

    const form = new FormData()
    form.append('file', new Blob(['Jane Roe\njane@example.com\n'.repeat(20_000)]), 'jane.txt')
    for (const answer of [
      await acme.call('/v1/batches', { lines: talents(2000, 'refused') }),
      await acme.call('/v1/batches', { method: 'POST', body: form }),
    ]) {
      const problem = (await answer.json()) as { code: string; title: string }
      expect({ status: answer.status, code: problem.code }).toEqual({ status: 507, code: 'disk-full' })
    }
    // Reading goes on.
    expect(await acme.get(`/v1/batches/${before.id}`)).toMatchObject({ state: 'closed' })
    const during = await acme.get<{ counts: Record<string, number> }>(`/v1/batches/${accepted.id}`)
    expect(during.counts).toMatchObject({ failed: 0, unreadable: 0 })

    await free(dataDir)
    const { state, counts } = await closed(accepted.id)
    expect({ state, counts }).toMatchObject({ state: 'closed', counts: { submitted: 3000, done: 3000, failed: 0 } })
    // Nothing of what was refused is there.
    const { data } = await acme.get<{ data: { id: string }[] }>('/v1/batches?limit=100')
    expect(data.map(({ id }) => id).sort()).toEqual([before.id, accepted.id].sort())
    expect((await acme.batch(talents(50, 'after'))).counts).toMatchObject({ done: 50 })
    expect((await looma.kill('SIGTERM')).code).toBe(0)
    await sound()
  }

  it('costs nothing but time, on the embedded queue', async () => {
    await cp(inject('queueTemplate'), join(dataDir, 'queue'), { recursive: true })
    await start()
    await goThrough()
  })

  it.skipIf(!REDIS_URL)('costs nothing but time, with the queue on Redis', async () => {
    await start({ QUEUE_URL: await freshRedis(4) })
    await goThrough()
  })

  it('may be killed while it lasts', async () => {
    await cp(inject('queueTemplate'), join(dataDir, 'queue'), { recursive: true })
    await start()
    const { id } = (await (await acme.call('/v1/batches', { lines: talents(3000, 'accepted') })).json()) as { id: string }
    await fill(dataDir)
    await acme.call('/v1/batches', { lines: talents(100, 'refused') })
    await looma.kill('SIGKILL')
    await free(dataDir)
    await start()
    expect(await closed(id)).toMatchObject({ state: 'closed', counts: { submitted: 3000, done: 3000 } })
    expect((await looma.kill('SIGTERM')).code).toBe(0)
    await sound()
  })
})
