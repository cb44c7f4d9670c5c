/** `looma sync` and `looma schedules` as people run them, against a Looma that runs. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openGraph } from '../src/stores/graph.sqlite.ts'
import { type Client, looma as runLooma, type System, startSystem, tempDir } from './support.ts'

let system: System
let recruiter: Client
let folder: string
beforeAll(async () => {
  folder = await tempDir()
  const mapping = { system: 'hr', entity: 'staff', kind: 'talent', id: 'no', fields: { name: 'name' } }
  const hr = { tenant: 'acme', kind: 'csv', path: join(folder, 'hr.csv'), mapping }
  await writeFile(join(folder, 'hr.csv'), 'no,name,badge\n1,Lin Xiao,x\n2,Ada Quill,y\n,Nobody,\n')
  await writeFile(join(folder, 'sources.json'), JSON.stringify({ sources: { hr } }))
  system = await startSystem({ SOURCES_FILE: join(folder, 'sources.json') })
  recruiter = await system.as('acme')
})
afterAll(() => system[Symbol.asyncDispose]())

const looma = (args: string[], env: Record<string, string> = { LOOMA_TOKEN: recruiter.token }, url = system.apiUrl) =>
  runLooma([...args, ...(url ? ['--url', url] : [])], { cwd: folder, env })

describe('looma sync', () => {
  it('runs a source and prints its report', async () => {
    const dry = await looma(['sync', 'run', 'hr', '--dry-run'])
    expect(dry.out).toContain('a dry run: nothing was changed')
    expect(dry.out.match(/create talent/g)).toHaveLength(2)
    const { out, err, code } = await looma(['sync', 'run', 'hr'])
    expect({ err, code }).toEqual({ err: '', code: 0 })
    expect(out).toContain('hr: done\n  read 3 = inserted 2 + updated 0 + unchanged 0 + stale 0 + rejected 1 + deleted 0\n')
    expect(out).toContain('fields that no rule knows: badge (2)')
    const again = await looma(['sync', 'run', 'hr', '--mode', 'full', '--json'])
    expect(JSON.parse(again.out)).toMatchObject({ status: 'done', written: 0, counts: { unchanged: 2 } })
  })

  it('ends with 1 where deletes are held back, and says how to go on', async () => {
    await writeFile(join(folder, 'hr.csv'), 'no,name\n')
    const { out, code } = await looma(['sync', 'run', 'hr', '--mode', 'full'])
    expect([code, out]).toEqual([1, expect.stringContaining('2 deletes are held back')])
    expect((await looma(['sync', 'run', 'hr', '--mode', 'full', '--confirm-deletes'])).code).toBe(0)
  })

  it('lists sources and runs', async () => {
    expect((await looma(['sync', 'sources'])).out).toMatch(/^SOURCE +KIND +ENTITY.*\nhr +csv +staff/)
    expect((await looma(['sync', 'runs'])).out.trim().split('\n').length).toBeGreaterThan(3)
  })

  it('verifies all stores of a tenant, and ends with 1 where something differs', async () => {
    const stores = { SOURCES_FILE: join(folder, 'sources.json'), DATA_DIR: system.dataDir }
    const verify = (args: string[] = []) => looma(['sync', 'verify', '--tenant', 'acme', ...args], stores, '')
    const good = await verify()
    expect(good).toMatchObject({ err: '', code: 0 })
    expect(good.out).toMatch(
      /^sources +\d+ records, \d+ made from them: nothing differs\nsearch +\d+ documents, 0 of 1024 buckets unequal: nothing differs\n/,
    )
    const graph = openGraph(join(system.dataDir, 'graph.sqlite'))
    await graph.put('acme', [{ kind: 'talent', id: 't_ghost', ver: 1, edges: [] }])
    graph.close()
    const bad = await verify()
    expect([bad.code, bad.out]).toEqual([1, expect.stringContaining('talent t_ghost: orphan')])
    expect(await verify(['--repair'])).toMatchObject({ code: 0, out: expect.stringContaining('Marked') })
    // The running Looma does the rest.
    for (let i = 0; i < 100 && (await verify()).out.includes('wait to be written'); i++);
    expect(await verify()).toMatchObject({ code: 0 })
    expect(JSON.parse((await verify(['--json'])).out).projections).toHaveLength(3)
  })

  it('says what is wrong', async () => {
    const failed = async (...call: Parameters<typeof looma>) => {
      const { code, err } = await looma(...call)
      return `${code} ${err}`
    }
    expect(await failed(['sync', 'run', 'nobody'])).toMatch(/^1 .*source-unknown/)
    expect(await failed(['sync', 'run', 'hr', '--mode', 'record'])).toMatch(/^1 .*invalid-request/)
    expect(await failed(['sync', 'run'])).toMatch(/^2 .*missing required argument/)
    expect(await failed(['sync', 'run', 'hr', '--mode', 'all'])).toMatch(/^2 /)
    expect(await failed(['sync', 'sources'], {})).toMatch(/^1 say for which tenant/)
    expect(await failed(['sync', 'sources'], undefined, 'http://127.0.0.1:9')).toMatch(/^1 nothing answers at .*looma serve/)
    expect(await failed(['sync', 'sources'], { LOOMA_TOKEN: 'x' })).toMatch(/^1 .*unauthenticated/)
  })
})

describe('looma schedules', () => {
  it('lists, shows, pauses, resumes and runs', async () => {
    expect((await looma(['schedules', 'ls'])).out).toBe('No schedules.\n')
    const items = [{ type: 'sync', source: 'hr' }]
    await recruiter.call('/v1/schedules', { json: { name: 'nightly', cron: '30 2 * * *', zone: 'Asia/Shanghai', items } })
    expect((await looma(['schedules', 'ls'])).out).toMatch(/nightly +30 2 \* \* \* +Asia\/Shanghai +\d{4}-\d\d-\d\d 18:30 +0\n/)
    expect((await looma(['schedules', 'next', 'nightly'])).out.trim().split('\n')).toHaveLength(5)
    expect((await looma(['schedules', 'pause', 'nightly'])).out).toBe('nightly is paused.\n')
    expect((await looma(['schedules', 'ls'])).out).toContain('paused')
    expect((await looma(['schedules', 'resume', 'nightly'])).out).toMatch(/^nightly goes on; next/)
    expect((await looma(['schedules', 'run', 'nightly'])).out).toMatch(/^started as batch b_/)
    expect((await looma(['schedules', 'next', 'nightly'])).out).toContain('started')
    expect(await looma(['schedules', 'next', 'weekly'])).toMatchObject({ code: 1, err: 'there is no schedule weekly; there are nightly\n' })
  })
})
