/** A Looma that is restored from a backup made before people were erased. */
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, it, onTestFinished } from 'vitest'
import { type Client, looma as runLooma, type System, startSystem, tempDir } from './support.ts'

it('erases again, by the proofs that were kept, whom the backup or a source brings back', async () => {
  const folder = await tempDir()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const [data, backup, proofs] = ['data', 'backup', 'proofs'].map((name) => join(folder, name)) as [string, string, string]
  await cp(inject('queueTemplate'), join(data, 'queue'), { recursive: true })
  const mapping = { system: 'hr', entity: 'staff', kind: 'talent', id: 'no', fields: { name: 'name' } }
  const hr = { tenant: 'acme', kind: 'csv', path: join(folder, 'hr.csv'), mapping }
  await writeFile(join(folder, 'sources.json'), JSON.stringify({ sources: { hr } }))

  type Running = { system: System; client: Client }
  const started = async (): Promise<Running> => {
    const system = await startSystem({ SOURCES_FILE: join(folder, 'sources.json') }, data)
    return { system, client: await system.as('acme') }
  }
  const sync = async ({ client }: Running, people: string[]) => {
    await writeFile(join(folder, 'hr.csv'), `no,name\n${people.map((name, i) => `${i + 1},${name}\n`).join('')}`)
    const answer = await client.call('/v1/sources/hr/runs', { json: { mode: 'full' }, headers: { prefer: 'wait=30' } })
    expect(await answer.json()).toMatchObject({ status: 'done' })
  }
  const people = async ({ client }: Running) =>
    (await client.get<{ data: { id: string; talent: { name: string } }[] }>('/v1/talents')).data
      .map(({ id, talent }) => ({ id, name: talent.name }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  const names = async (running: Running) => (await people(running)).map(({ name }) => name)
  const looma = ({ system, client }: Running, ...args: string[]) =>
    runLooma(['erasures', ...args, '--url', system.apiUrl!], { cwd: folder, env: { LOOMA_TOKEN: client.token } })
  const erase = ({ client }: Running, id: string) => client.call(`/v1/talents/${id}/erasure`, { method: 'POST' })

  let running = await started()
  await sync(running, ['Ana', 'Bo', 'Dee'])
  await running.system.stop()
  await cp(data, backup, { recursive: true })

  running = await started()
  expect((await looma(running, 'ls')).out).toBe('Nobody was erased.\n')
  await sync(running, ['Ana', 'Bo', 'Dee', 'Cy'])
  const [ana, , cy, dee] = await people(running)
  for (const one of [ana, cy, dee]) expect((await erase(running, one!.id)).status).toBe(200)
  const exported = await looma(running, 'export')
  expect(exported).toMatchObject({ err: '', code: 0 })
  expect(exported.out.trim().split('\n')).toHaveLength(3)
  await writeFile(proofs, exported.out)
  await running.system.stop()

  await rm(data, { recursive: true })
  await cp(backup, data, { recursive: true })
  running = await started()
  onTestFinished(() => running.system.stop())
  expect(await names(running)).toEqual(['Ana', 'Bo', 'Dee'])
  // An old proof does not erase who was taken again since.
  const { id } = (await (await erase(running, ana!.id)).json()) as { id: string }
  await running.client.call(`/v1/erasures/${id}/lift`, { json: { reason: 'has applied again' } })
  await sync(running, ['Ana', 'Bo', 'Dee', 'Cy'])
  for (let time = 0; time < 2; time++) {
    const repeated = await looma(running, 'repeat', proofs)
    expect(repeated).toMatchObject({ err: '', code: 0 })
    expect(repeated.out.trim().split(', ').sort()).toEqual(['1 lifted', '2 done'])
    await sync(running, ['Ana', 'Bo', 'Dee', 'Cy'])
    expect(await names(running)).toEqual(['Ana', 'Bo'])
  }
  const list = await running.client.get<{ data: { status: string; earlier: { proof: string }[] }[] }>('/v1/erasures')
  const kept = list.data.flatMap(({ status, earlier }) => (status === 'done' ? earlier.map(({ proof }) => proof) : []))
  expect(kept).toHaveLength(2)
  for (const proof of kept) expect(exported.out).toContain(proof)

  // What is no proof of ours is refused, and costs no other line.
  await writeFile(proofs, `eyJhbGciOiJIUzI1NiJ9.e30.x\n${exported.out}`)
  const again = await looma(running, 'repeat', proofs)
  expect(again).toMatchObject({ code: 1, out: expect.stringContaining('1 refused') })
  expect(again.err).toMatch(/^line 1: .*\n.*not signed for this tenant/)

  // With another secret the proofs are signed anew where they are asked for again.
  await running.system.stop()
  const away = await looma(running, 'repeat', proofs)
  expect([away.code, away.err.trim().split('\n')]).toEqual([1, [expect.stringContaining('nothing answers')]])
  await rm(join(data, 'auth-secret'))
  running = await started()
  const unsigned = await looma(running, 'export')
  expect(unsigned).toMatchObject({ code: 1, out: '' })
  expect(unsigned.err).toContain(`POST /v1/talents/${dee!.id}/erasure signs it anew`)
  for (const one of [cy, dee]) expect(await (await erase(running, one!.id)).json()).toMatchObject({ status: 'done', genuine: true })
  expect(await looma(running, 'export')).toMatchObject({ code: 0, err: '' })
})
