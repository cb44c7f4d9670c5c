/** What talents have beyond their record: the reading of their file, corrections that last, an analysis, an export. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadImage } from '@napi-rs/canvas'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import type { Doc } from '../src/stores/ports.ts'
import { type Client, type System, startSystem } from './support.ts'

const RESUME = `姓名：骆云舟
手机：154-0000-0101    邮箱：luo@example.com
求职意向：测试工程师
工作经历
2019.07-至今\t杭州澄湖网络科技有限公司\t测试工程师
• 负责支付系统的自动化测试
教育背景
2015.09-2019.06\t浙江大学\t软件工程\t本科
专业技能
SQL、Python、Jira
`
let system: System
let api: Client
let blob: string
let id: string

const field = (reading: Reading, path: string) => {
  const found = reading.fields.find((one) => one.path === path)
  return found && { confidence: found.confidence, lines: found.blocks.map((at) => reading.blocks[at]!.text) }
}
type Reading = { fields: { path: string; confidence: number; blocks: number[] }[]; blocks: { text: string }[] }
type Stored = { talent: { name: string; skills: string[]; title: string | null; experience: { company: string }[] }; version: number }

const patch = (body: unknown, client = api) =>
  client.call(`/v1/talents/${id}`, {
    method: 'PATCH',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/merge-patch+json' },
  })

/** What the store holds beside the talent. */
async function kept<K extends 'talent' | 'reading' | 'correction'>(kind: K): Promise<Doc<K> | null> {
  const documents = openDocuments(join(system.dataDir, 'documents.sqlite'))
  try {
    return await documents.get('acme', kind, id)
  } finally {
    documents.close()
  }
}

beforeAll(async () => {
  system = await startSystem()
  api = await system.as('acme')
  const stored = await api.call('/v1/blobs', { method: 'POST', body: RESUME, headers: { 'content-type': 'application/octet-stream' } })
  blob = ((await stored.json()) as { blob: string }).blob
  await api.batch([{ type: 'resume', blob }])
  id = (await api.get<{ data: { id: string }[] }>('/v1/talents')).data[0]!.id
})
afterAll(() => system[Symbol.asyncDispose]())

it('tells for each field the line it was read from, and how sure it is', async () => {
  const reading = await api.get<Reading>(`/v1/talents/${id}/reading`)
  expect(field(reading, '/name')).toEqual({ confidence: expect.any(Number), lines: ['姓名:骆云舟'] })
  expect(field(reading, '/experience/0/company')?.lines).toEqual(['2019.07-至今\t杭州澄湖网络科技有限公司\t测试工程师'])
  expect(field(reading, '/education/0/level')?.lines).toEqual(['2015.09-2019.06\t浙江大学\t软件工程\t本科'])
  expect(field(reading, '/skills/1')?.lines).toEqual(['SQL、Python、Jira'])
  for (const { confidence } of reading.fields) expect(confidence).toBeGreaterThan(0)
  for (const { confidence } of reading.fields) expect(confidence).toBeLessThanOrEqual(1)
})

describe('a correction', () => {
  it('changes the talent, is found at once, and outlasts the next reading of the file', async () => {
    const answer = await patch({ name: '骆云洲', skills: ['SQL', 'Selenium'] })
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as Stored).talent).toMatchObject({ name: '骆云洲', skills: ['SQL', 'Selenium'] })
    const found = await api.get<{ data: { id: string }[] }>('/v1/talents?skill=Selenium')
    expect(found.data.map((one) => one.id)).toEqual([id])
    await api.batch([{ type: 'resume', blob }])
    const { talent } = await api.get<Stored>(`/v1/talents/${id}`)
    expect(talent).toMatchObject({ name: '骆云洲', skills: ['SQL', 'Selenium'], experience: [{ company: '杭州澄湖网络科技有限公司' }] })
  })

  it('is no longer said to stand in the document', async () => {
    const reading = await api.get<Reading>(`/v1/talents/${id}/reading`)
    expect(field(reading, '/name')).toBeUndefined()
    expect(field(reading, '/emails/0')?.lines).toEqual(['手机:154-0000-0101\t邮箱:luo@example.com'])
  })

  it('keeps what was read at first, however often it is corrected', async () => {
    await patch({ name: '骆云州' })
    const doc = await kept('correction')
    expect(doc?.data.fields.name).toMatchObject({ value: '骆云州', read: '骆云舟', by: 'test' })
  })

  it('null empties a field', async () => {
    expect(((await (await patch({ title: null })).json()) as Stored).talent.title).toBeNull()
  })

  it.each([
    [{ nmae: 'x' }, ''],
    [{ emails: 'a@example.com' }, '/emails'],
    [{ experience: [{ company: 'A', start: 'last year' }] }, '/experience/0/start'],
  ])('refuses %j with a pointer, and changes nothing', async (body, pointer) => {
    const before = await api.get<Stored>(`/v1/talents/${id}`)
    const answer = await patch(body)
    expect(answer.status).toBe(400)
    const problem = (await answer.json()) as { code: string; errors: { pointer: string }[] }
    expect(problem.code).toBe('invalid-request')
    expect(problem.errors[0]!.pointer).toBe(pointer === '' ? '/' : pointer)
    expect(await api.get<Stored>(`/v1/talents/${id}`)).toEqual(before)
  })

  it('needs a role that may write', async () => {
    expect((await patch({ name: 'x' }, await system.as('acme', 'viewer'))).status).toBe(403)
  })
})

it('analyses for a position, for a role and for neither', async () => {
  await api.batch([{ type: 'position', id: 'qa', title: '测试工程师', mustSkills: ['SQL', 'Docker'], minLevel: 'master' }])
  const position = (await api.get<{ data: { id: string }[] }>('/v1/positions')).data[0]!.id
  type Analysis = { career: { current: unknown }; quality: { score: number }; recommendations: { code: string; text: { zh: string } }[] }
  const plain = await api.get<Analysis>(`/v1/talents/${id}/analysis`)
  expect(plain.career.current).toMatchObject({ company: '杭州澄湖网络科技有限公司' })
  expect(plain.recommendations.map(({ code }) => code)).not.toContain('add-skill')
  for (const query of [`positionId=${position}`, `role=${encodeURIComponent('测试工程师')}`]) {
    const { recommendations } = await api.get<Analysis>(`/v1/talents/${id}/analysis?${query}`)
    expect(recommendations.map(({ code }) => code).slice(0, 2)).toEqual(['add-skill', 'raise-degree'])
    expect(recommendations[0]!.text.zh).toBe('该职位要求「Docker」，简历中未提及。')
  }
  expect((await api.call(`/v1/talents/${id}/analysis?positionId=p_none`)).status).toBe(404)
})

it('shows the pages of its document, with the lines of a field marked', async () => {
  const pdf = await readFile(new URL('../samples/resumes/zh-02-data.pdf', import.meta.url))
  const stored = await api.call('/v1/blobs', {
    method: 'POST',
    body: new Uint8Array(pdf),
    headers: { 'content-type': 'application/octet-stream' },
  })
  const batch = await api.batch([{ type: 'resume', blob: ((await stored.json()) as { blob: string }).blob }])
  const item = (await api.get<{ data: { subject: { id: string } }[] }>(`/v1/batches/${batch.id}/items`)).data[0]!
  const pages = `/v1/talents/${item.subject.id}/pages`
  const image = async (path: string) => {
    const answer = await api.call(path)
    expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({ status: 200, type: 'image/webp' })
    return Buffer.from(await answer.arrayBuffer())
  }
  const plain = await image(`${pages}/1`)
  expect(plain.subarray(0, 4).toString() + plain.subarray(8, 12).toString()).toBe('RIFFWEBP')
  const size = async (bytes: Buffer) => loadImage(bytes).then(({ width, height }) => ({ width, height }))
  const marked = await image(`${pages}/1?field=/experience/0/company`)
  expect(await size(marked)).toEqual(await size(plain))
  expect(marked.equals(plain)).toBe(false)
  expect((await image(`${pages}/1?field=/nothing`)).equals(plain)).toBe(true)
  expect((await size(await image(`${pages}/1?dpi=36`))).width).toBeLessThan((await size(plain)).width)
  for (const wrong of ['0', '2', 'x', '1.5']) expect((await api.call(`${pages}/${wrong}`)).status).toBe(404)
  expect((await api.call(`${pages}/1?dpi=9000`)).status).toBe(400)
  expect((await (await system.as('other')).call(`${pages}/1`)).status).toBe(404)
  // A text has none.
  expect(await (await api.call(`/v1/talents/${id}/pages/1`)).json()).toMatchObject({
    code: 'not-found',
    detail: 'this document has no pages',
  })
})

it('comes as JSON Resume, without what is not known', async () => {
  expect(await api.get(`/v1/talents/${id}/json-resume`)).toMatchObject({
    basics: { name: '骆云州', email: 'luo@example.com', phone: '154-0000-0101', profiles: [] },
    work: [{ name: '杭州澄湖网络科技有限公司', position: '测试工程师', startDate: '2019-07', highlights: ['负责支付系统的自动化测试'] }],
    education: [{ institution: '浙江大学', area: '软件工程', studyType: 'Bachelor', startDate: '2015-09', endDate: '2019-06' }],
    skills: [{ name: 'SQL' }, { name: 'Selenium' }],
  })
})

it('leaves nothing beside a talent that is deleted', async () => {
  expect((await api.call(`/v1/talents/${id}`, { method: 'DELETE' })).status).toBe(204)
  for (const kind of ['talent', 'reading', 'correction'] as const) expect((await kept(kind))?.deleted).toBe(true)
  for (const path of ['', '/reading', '/analysis', '/json-resume']) expect((await api.call(`/v1/talents/${id}${path}`)).status).toBe(404)
})
