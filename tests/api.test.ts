import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ERRORS } from '../src/errors.ts'
import { type Client, ndjson, type System, startSystem } from './support.ts'

let system: System
let acme: Client
let rival: Client
beforeAll(async () => {
  system = await startSystem()
  acme = await system.as('acme')
  rival = await system.as('rival')
})
afterAll(() => system[Symbol.asyncDispose]())

const position = (id: string, more: object = {}) => ({
  type: 'position',
  id,
  title: 'Data engineer',
  city: 'Shanghai',
  mustSkills: ['Python', 'SQL'],
  minYears: 2,
  ...more,
})
const talent = (id: string, more: object = {}) => ({
  type: 'talent',
  id,
  name: '林晓',
  title: '数据工程师',
  skills: ['Python', 'SQL'],
  location: '上海',
  ...more,
})

describe('submitting', () => {
  it('takes NDJSON and ends with matched, searchable records', async () => {
    const batch = await acme.batch([position('p1'), talent('t1'), talent('t2', { name: 'Ann Baker', title: 'Nurse', skills: ['Nursing'] })])
    expect(batch.counts).toMatchObject({ submitted: 3, done: 3, failed: 0, waiting: 0, running: 0 })
    const { data } = await acme.get<{ data: { id: string; source: { externalId: string } }[] }>('/v1/positions')
    const id = data.find((p) => p.source.externalId === 'p1')!.id
    const matches = await acme.get<{
      results: { id: string; score: number; reasons: { text: { zh: string } }[] }[]
      model: string
      scorer: string
    }>(`/v1/positions/${id}/matches`)
    expect(matches.results).toHaveLength(2)
    expect(matches.results[0]!.score).toBeGreaterThan(matches.results[1]!.score)
    expect(matches.results[0]!.reasons.every((reason) => reason.text.zh.length > 0)).toBe(true)
    const best = await acme.get<{ talent: { name: string } }>(`/v1/talents/${matches.results[0]!.id}`)
    expect(best.talent.name).toBe('林晓')
    const found = await acme.get<{ data: { talent: { name: string } }[] }>(`/v1/talents?q=${encodeURIComponent('data engineer')}`)
    expect(found.data[0]!.talent.name).toBe('林晓')
  })

  it('takes JSON, and answers 202 with a place to look when not asked to wait', async () => {
    const answer = await acme.call('/v1/batches', { json: { items: [position('p-json')] } })
    expect(answer.status).toBe(202)
    const { id, links } = (await answer.json()) as { id: string; links: { self: string } }
    expect(answer.headers.get('location')).toBe(`/v1/batches/${id}`)
    expect((await acme.get<{ id: string }>(links.self)).id).toBe(id)
  })

  it('reports each bad line by number and takes the good ones', async () => {
    const deep = `{"type":"position","title":${'['.repeat(50)}${']'.repeat(50)}}`
    const batch = await acme.batch([
      position('good-1'),
      '{"bad',
      '[1,2]',
      { type: 'position' },
      { type: 'nonsense' },
      position('x', { salry: 3 }),
      '{"type":"position","title":"x","__proto__":{"admin":true}}',
      deep,
      position('good-2'),
    ])
    expect(batch.counts).toMatchObject({ submitted: 9, done: 2, failed: 7 })
    expect(batch.rejected.map(({ line, code }) => [line, code])).toEqual([
      [2, 'malformed-line'],
      [3, 'malformed-line'],
      [4, 'invalid-item'],
      [5, 'unknown-type'],
      [6, 'invalid-item'],
      [7, 'forbidden-key'],
      [8, 'too-deep'],
    ])
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('refuses a line of more than a megabyte and goes on', async () => {
    const batch = await acme.batch([`{"type":"position","title":"${'x'.repeat(1_100_000)}"}`, position('after-long')])
    expect(batch.rejected).toMatchObject([{ line: 1, code: 'too-large' }])
    expect(batch.counts.done).toBe(1)
  })

  it.each([
    ['an unknown media type', { body: 'x', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported-media-type'],
    ['an empty batch', { body: '\n\n', headers: { 'content-type': 'application/x-ndjson' } }, 422, 'empty-batch'],
    ['a broken JSON body', { body: '{"items":[', headers: { 'content-type': 'application/json' } }, 400, 'malformed-json'],
    ['JSON without items', { body: '{"rows":[]}', headers: { 'content-type': 'application/json' } }, 400, 'invalid-request'],
    [
      '10,001 items of JSON',
      {
        body: JSON.stringify({ items: Array(10_001).fill({ type: 'position', title: 'x' }) }),
        headers: { 'content-type': 'application/json' },
      },
      413,
      'too-many-items',
    ],
    [
      'huge JSON',
      { body: JSON.stringify({ items: ['x'.repeat(17 * 1024 * 1024)] }), headers: { 'content-type': 'application/json' } },
      413,
      'too-large',
    ],
    ['multipart without a boundary', { body: 'x', headers: { 'content-type': 'multipart/form-data' } }, 415, 'unsupported-media-type'],
  ])('refuses %s', async (_what, options, status, code) => {
    const before = (await acme.get<{ data: { id: string }[] }>('/v1/batches?limit=1')).data[0]?.id
    const answer = await acme.call('/v1/batches', options)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toMatch('application/problem+json')
    expect(await answer.json()).toMatchObject({ code, status })
    expect((await acme.get<{ data: { id: string }[] }>('/v1/batches?limit=1')).data[0]?.id).toBe(before)
  })

  it('checks a batch before the flight without storing anything', async () => {
    const before = (await acme.get<{ data: { id: string }[] }>('/v1/batches?limit=1')).data[0]?.id
    const answer = await acme.call('/v1/batches?dryRun=true', {
      lines: [position('dry'), position('dry'), '{"bad'],
      headers: { 'idempotency-key': 'dry' },
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      items: 3,
      accepted: 2,
      duplicates: 1,
      byType: { position: 2 },
      rejected: [{ line: 3, code: 'malformed-line' }],
    })
    expect((await acme.get<{ data: { id: string }[] }>('/v1/batches?limit=1')).data[0]?.id).toBe(before)
    expect(
      (await acme.get<{ data: { source: { externalId?: string } }[] }>('/v1/positions?limit=1000')).data.some(
        (p) => p.source.externalId === 'dry',
      ),
    ).toBe(false)
  })
})

describe('idempotency', () => {
  it('answers the same key and body with the first answer, and refuses another body', async () => {
    const send = (lines: unknown[]) => acme.call('/v1/batches', { lines, headers: { 'idempotency-key': 'key-1' } })
    const first = await send([position('i1')])
    const again = await send([position('i1')])
    expect(again.status).toBe(first.status)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await again.json()).toEqual(await first.json())
    const other = await send([position('i2')])
    expect(other.status).toBe(422)
    expect(await other.json()).toMatchObject({ code: 'idempotency-key-reused' })
  })

  it('keeps keys of tenants apart and frees a key whose request failed', async () => {
    const bad = await acme.call('/v1/batches', { lines: [], headers: { 'idempotency-key': 'key-2' } })
    expect(bad.status).toBe(422)
    const good = await acme.call('/v1/batches', { lines: [position('i3')], headers: { 'idempotency-key': 'key-2' } })
    expect(good.status).toBe(202)
    const theirs = await rival.call('/v1/batches', { lines: [position('i4')], headers: { 'idempotency-key': 'key-2' } })
    expect(theirs.status).toBe(202)
  })

  it('runs one of many equal requests that come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => acme.call('/v1/batches', { lines: [position('i5')], headers: { 'idempotency-key': 'key-3' } })),
    )
    const bodies = await Promise.all(
      answers.map(async (a) => ({ status: a.status, body: (await a.json()) as { id?: string; code?: string } })),
    )
    const ids = new Set(bodies.filter((b) => b.status === 202).map((b) => b.body.id))
    expect(ids.size).toBe(1)
    for (const { status, body } of bodies) if (status !== 202) expect(body.code).toBe('idempotency-in-flight')
  })
})

describe('reading a batch', () => {
  it('pages items, filters by outcome, and gives a receipt in both forms', async () => {
    const { id } = await acme.batch([...Array.from({ length: 5 }, (_, i) => position(`r${i}`)), '{"bad'])
    const page = await acme.get<{ data: { n: number }[]; next: string }>(`/v1/batches/${id}/items?limit=4`)
    expect(page.data.map((item) => item.n)).toEqual([0, 1, 2, 3])
    const rest = await acme.get<{ data: { n: number }[]; next: null }>(`/v1/batches/${id}/items?limit=4&cursor=${page.next}`)
    expect(rest.data.map((item) => item.n)).toEqual([4, 5])
    expect(rest.next).toBeNull()
    expect((await acme.get<{ data: unknown[] }>(`/v1/batches/${id}/items?outcome=failed`)).data).toHaveLength(1)
    const receipt = (await (await acme.call(`/v1/batches/${id}/receipt`)).text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(receipt).toHaveLength(6)
    expect(receipt[0]).toMatchObject({ n: 0, key: 'r0', outcome: 'done', attempts: 1 })
    const csv = await (await acme.call(`/v1/batches/${id}/receipt?format=csv`)).text()
    expect(csv.split('\r\n')[0]).toBe('n,type,key,outcome,code,title,detail,attempts,ms,subject')
    expect(csv.split('\r\n')[6]).toMatch(/^5,unknown,,failed,malformed-line,[^,]+,line 6/)
  })

  it('streams events from a snapshot to the end, and goes on after Last-Event-ID', async () => {
    const answer = await acme.call('/v1/batches', { lines: Array.from({ length: 3 }, (_, i) => position(`e${i}`)) })
    const { id } = (await answer.json()) as { id: string }
    const text = await (await acme.call(`/v1/batches/${id}/events`)).text()
    const blocks = text.split('\n\n').filter(Boolean)
    const types = blocks.map((block) => /event: (\w+)/.exec(block)?.[1])
    expect(types[0]).toBe('snapshot')
    expect(types).toContain('items')
    expect(types.at(-2)).toBe('closed')
    expect(types.at(-1)).toBe('progress')
    const ids = blocks.flatMap((block) => /id: (\d+)/.exec(block)?.[1] ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    const later = await (await acme.call(`/v1/batches/${id}/events`, { headers: { 'last-event-id': ids[1]! } })).text()
    expect([...later.matchAll(/id: (\d+)/g)].map((m) => m[1])).toEqual(ids.slice(2))
  })

  it('says why a batch waits', async () => {
    const answer = await acme.call('/v1/batches', { lines: Array.from({ length: 50 }, (_, i) => position(`w${i}`)) })
    const { id } = (await answer.json()) as { id: string }
    const waiting = await acme.get<{ stages: { job: string; reasons: string[]; workers: number; items: number }[] }>(
      `/v1/batches/${id}/waiting`,
    )
    for (const stage of waiting.stages) {
      expect(stage.workers).toBe(1)
      expect(stage.reasons.length).toBeGreaterThan(0)
      expect(stage.items).toBe(50)
    }
  })
})

describe('cancel, rerun, dead letters', () => {
  it('cancels what has not ended, once', async () => {
    const answer = await acme.call('/v1/batches', { lines: Array.from({ length: 3000 }, (_, i) => position(`c${i}`)) })
    const { id } = (await answer.json()) as { id: string }
    const cancelled = await acme.call(`/v1/batches/${id}/cancel`, { method: 'POST', headers: { prefer: 'wait=20' } })
    expect([200, 202]).toContain(cancelled.status)
    const { counts } = await acme.get<{ counts: Record<string, number> }>(`/v1/batches/${id}`)
    expect(counts.cancelled).toBeGreaterThan(0)
    expect(counts.waiting).toBe(0)
    expect((await acme.call(`/v1/batches/${id}/cancel`, { method: 'POST' })).status).toBeLessThan(300)
  })

  it('runs failed items again as a new batch, and replays dead letters by filter', async () => {
    const gone = 't_00000000000000000000000000'
    const first = await acme.batch([{ type: 'match', talentId: gone }, position('ok')])
    expect(first.counts).toMatchObject({ done: 1, failed: 1 })
    const rerun = await acme.call(`/v1/batches/${first.id}/rerun`, { method: 'POST', headers: { prefer: 'wait=20' } })
    const again = (await rerun.json()) as { id: string; rerunOf: string; counts: { submitted: number; failed: number } }
    expect(again).toMatchObject({ rerunOf: first.id, counts: { submitted: 1, failed: 1 } })

    const ops = await system.as('acme', 'ops')
    const letters = await ops.get<{ data: { code: string; batchId: string }[] }>(
      `/v1/dead-letters?code=subject-missing&batchId=${first.id}`,
    )
    expect(letters.data).toMatchObject([{ code: 'subject-missing', batchId: first.id }])
    const replay = await ops.call('/v1/dead-letters/replay', { json: { batchId: first.id } })
    expect(replay.status).toBe(202)
    expect((await ops.get<{ data: unknown[] }>(`/v1/dead-letters?batchId=${first.id}`)).data).toEqual([])
    const none = await ops.call('/v1/dead-letters/replay', { json: { batchId: first.id } })
    expect(await none.json()).toMatchObject({ code: 'not-acceptable-now' })
  })

  it('has nothing to run again where nothing failed', async () => {
    const { id } = await acme.batch([position('fine')])
    const answer = await acme.call(`/v1/batches/${id}/rerun`, { method: 'POST' })
    expect(answer.status).toBe(409)
  })
})

describe('messages', () => {
  it('of rejected lines, items and receipts are in the language asked for', async () => {
    const lines = [position('said'), '{"bad', { type: 'position', title: 5 }]
    const read = async (language: string) => {
      const headers = { 'accept-language': language }
      const submitted = (await (await acme.call('/v1/batches', { lines, headers: { ...headers, prefer: 'wait=20' } })).json()) as {
        id: string
        rejected: { title: string }[]
      }
      const items = await acme.call(`/v1/batches/${submitted.id}/items`, { headers })
      const { data } = (await items.json()) as { data: { title: string | null }[] }
      const receipt = await (await acme.call(`/v1/batches/${submitted.id}/receipt?format=csv`, { headers })).text()
      return { rejected: submitted.rejected.map(({ title }) => title), items: data.map(({ title }) => title), receipt }
    }
    for (const language of ['en', 'zh'] as const) {
      const titles = [ERRORS['malformed-line'][language], ERRORS['invalid-item'][language]]
      const { rejected, items, receipt } = await read(language)
      expect(rejected).toEqual(titles)
      expect(items).toEqual([null, ...titles])
      for (const title of titles) expect(receipt).toContain(title)
    }
  })
})

it('no answer of the API, refusals included, is for a cache or a page', async () => {
  for (const answer of [
    await acme.call('/v1/batches'),
    await fetch(`${system.apiUrl}/v1/batches`),
    await acme.call('/v1/batches', { method: 'PUT' }),
  ])
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })
})

it('a method that a path does not take is told by 405 and Allow', async () => {
  for (const [method, path, allow] of [
    ['PUT', '/v1/batches', 'POST, GET'],
    ['POST', '/v1/talents/t_1', 'GET, DELETE, PATCH'],
  ] as const) {
    const answer = await acme.call(path, { method })
    expect({ status: answer.status, allow: answer.headers.get('allow') }).toEqual({ status: 405, allow })
    expect(await answer.json()).toMatchObject({ code: 'method-not-allowed' })
    expect((await acme.call(path, { method: 'OPTIONS' })).status).toBe(204)
  }
})

describe('records', () => {
  it('updates a record that comes again under the same id, and deletes it everywhere', async () => {
    await acme.batch([talent('del', { name: 'Zebulon Quist', skills: ['COBOL'] })])
    await acme.batch([talent('del', { name: 'Zebulon Quist', skills: ['COBOL', 'Fortran'] })])
    const { data } = await acme.get<{ data: { id: string; talent: { skills: string[] } }[] }>('/v1/talents?q=Zebulon')
    expect(data[0]!.talent.skills).toEqual(['COBOL', 'Fortran'])
    const { id } = data[0]!
    expect((await rival.call(`/v1/talents/${id}`, { method: 'DELETE' })).status).toBe(404)
    expect((await acme.call(`/v1/talents/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect((await acme.call(`/v1/talents/${id}`)).status).toBe(404)
    expect((await acme.call(`/v1/talents/${id}/matches`)).status).toBe(404)
    expect((await acme.get<{ data: { id: string }[] }>('/v1/talents?q=Zebulon')).data.some((hit) => hit.id === id)).toBe(false)
  })

  it('finds a person by name before all who only resemble the words', async () => {
    await acme.batch([
      talent('n1', { name: '欧阳娜娜', title: '数据工程师' }),
      talent('n2', { name: 'Rosa Baker', title: 'Data analyst' }),
      talent('n3', { name: 'Otto Grau', title: 'Baker', skills: ['Bread'] }),
    ])
    const first = async (q: string) =>
      (await acme.get<{ data: { talent: { name: string } }[] }>(`/v1/talents?q=${encodeURIComponent(q)}`)).data[0]?.talent.name
    expect(await first('歐陽娜娜')).toBe('欧阳娜娜')
    expect(await first('rosa baker')).toBe('Rosa Baker')
    expect(await first('bread')).toBe('Otto Grau')
    const others = (await rival.get<{ data: { talent: { name: string } }[] }>('/v1/talents?q=rosa')).data
    expect(others.map((hit) => hit.talent.name)).not.toContain('Rosa Baker')
  })

  it('shows for one talent how long and how lately each skill was used', async () => {
    const experience = [{ title: 'Erlang developer', start: '2020-01', end: '2021-12', bullets: ['services in Erlang'] }]
    await acme.batch([talent('gone-by', { name: 'Lapsed Phoner', skills: ['erlang'], experience })])
    const { data } = await acme.get<{ data: { id: string }[] }>('/v1/talents?q=Lapsed')
    const one = await acme.get<{ skillExperience: unknown[] }>(`/v1/talents/${data[0]!.id}`)
    expect(one.skillExperience).toEqual([{ skill: 'Erlang', months: 24, lastUsed: '2021-12', level: null, mentions: 3 }])
  })

  it('filters by skill and city under whatever name they are known', async () => {
    await acme.batch([talent('go', { name: 'Gopher Grey', skills: ['Go'], location: 'Shanghai' })])
    const names = async (query: string) =>
      (await acme.get<{ data: { talent: { name: string } }[] }>(`/v1/talents?${query}`)).data.map((hit) => hit.talent.name)
    expect(await names('skill=golang')).toEqual(['Gopher Grey'])
    expect(await names(`skill=golang&city=${encodeURIComponent('上海')}`)).toEqual(['Gopher Grey'])
    expect(await names('skill=golang&city=Beijing')).toEqual([])
  })

  it('matches on request, and answers the match itself when asked to wait', async () => {
    await acme.batch([talent('m1')])
    const { data } = await acme.get<{ data: { id: string }[] }>('/v1/talents?q=林晓&limit=1')
    const answer = await acme.call('/v1/matches', { json: { talentId: data[0]!.id }, headers: { prefer: 'wait=20' } })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ subject: { kind: 'talent', id: data[0]!.id } })
    expect((await acme.call('/v1/matches', { json: { talentId: 'a', positionId: 'b' } })).status).toBe(400)
    expect((await acme.call('/v1/matches', { json: { talentId: 'nobody' } })).status).toBe(404)
  })
})

describe('languages and headers', () => {
  it('speaks Chinese and English by Accept-Language and keeps the code', async () => {
    const zh = await acme.call('/v1/batches/nothing', { headers: { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.5' } })
    const en = await acme.call('/v1/batches/nothing', { headers: { 'accept-language': 'de, en;q=0.5' } })
    expect(await zh.json()).toMatchObject({ code: 'not-found', title: '未找到该资源。' })
    expect(await en.json()).toMatchObject({ code: 'not-found', title: 'There is nothing here under this id.' })
  })

  it('hands the request id back and makes one where there is none', async () => {
    const given = await acme.call('/v1/batches', { headers: { 'x-request-id': 'abc.1' } })
    expect(given.headers.get('x-request-id')).toBe('abc.1')
    const made = await acme.call('/v1/batches', { headers: { 'x-request-id': 'bad id!' } })
    expect(made.headers.get('x-request-id')).toMatch(/^r_/)
  })

  it('names the fault in a query', async () => {
    const answer = await acme.call('/v1/batches?limit=0')
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/limit' }] })
  })
})

it('sends NDJSON the way this suite writes it', () => {
  expect(ndjson([{ a: 1 }, 'x'])).toBe('{"a":1}\nx\n')
})
