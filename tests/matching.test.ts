/** Features, scores and reasons of single pairs; matching and projecting against real embedded stores. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Kind, Position, Talent } from '../src/canonical/schema.ts'
import { AppError } from '../src/errors.ts'
import { explain } from '../src/matching/explain.ts'
import { positionFacts, talentFacts, type Vectors } from '../src/matching/facts.ts'
import { FEATURES, type Features, featuresOf, yearsFit } from '../src/matching/features.ts'
import { matchMany, matchOne } from '../src/matching/match.ts'
import { project, sweep } from '../src/matching/project.ts'
import { edgesOf, searchEntryOf, textsOf } from '../src/matching/projections.ts'
import { createRanking } from '../src/matching/ranking.ts'
import { NEUTRAL, score, WEIGHTS } from '../src/matching/score.ts'
import { mergedMonths, yearsOfExperience } from '../src/matching/tenure.ts'
import type { Embedder } from '../src/models/ports.ts'
import { type OpenStores, openStores } from '../src/stores/open.ts'
import type { Doc, Stores } from '../src/stores/ports.ts'
import { position, talent } from './contracts/suite.ts'
import { hashingEmbedder } from './fixtures/hashing-embedder.ts'

const NOW = new Date('2026-06-15T00:00:00Z')
const job = (start: string | null, end: string | null) => ({ start, end, company: null, title: null, location: null, bullets: [] })
const pair = (t: Partial<Talent>, p: Partial<Position>, tv: Vectors = {}, pv: Vectors = {}) =>
  [talentFacts('t', talent(t), tv, NOW), positionFacts('p', position(p), pv)] as const

describe('years of experience', () => {
  it.each([
    [[job('2020-01', '2020-12')], 1],
    [[job('2020-01', '2021-12'), job('2020-06', '2020-12')], 2],
    [[job('2018-01', '2018-12'), job('2020-01', '2020-12')], 2],
    [[job('2025-07', 'present')], 1],
    [[job('2019', '2021')], 2],
    [[job('2020', '2020')], 0.5],
    [[job('2030-01', 'present')], null],
    [[job('2021-01', '2020-01')], null],
    [[job('2020-01', null), job(null, '2021')], null],
    [[job('2020-01', null), job('2021-01', '2021-06')], 0.5],
    [[], null],
  ])('%j -> %s', (experience, years) => expect(yearsOfExperience(experience, NOW)).toBe(years))

  it('counts each month once, in any order, as a set of months does', () => {
    const interval = fc.tuple(fc.nat(200), fc.nat(60)).map(([from, length]) => ({ from, to: from + length }))
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 12 }), (intervals) => {
        const months = new Set(intervals.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)))
        expect(mergedMonths(intervals)).toBe(months.size)
        expect(mergedMonths([...intervals].reverse().concat(intervals))).toBe(months.size)
      }),
    )
  })
})

describe('features', () => {
  it('compares skills by their canonical names, across languages and spellings', () => {
    const features = featuresOf(
      ...pair(
        { skills: ['golang', 'ReactJS', 'k8s'] },
        { mustSkills: ['Go', 'react', 'MySQL', 'Kubernetes'], niceSkills: ['react.js', '  GO '] },
      ),
    )
    expect(features.mustSkills).toBe(0.75)
    // Must-haves are not counted a second time as nice-to-haves.
    expect(features.niceSkills).toBeNull()
  })

  it('compares cities by their canonical names; remote suits everyone', () => {
    const location = (at: string | null, p: Partial<Position>) => featuresOf(...pair({ location: at }, p)).location
    expect(location('上海市浦东新区', { city: 'Shanghai' })).toBe(1)
    expect(location('北京', { city: 'Shanghai' })).toBe(0.2)
    expect(location('火星', { city: '火星' })).toBe(1)
    expect(location('远程', { city: 'Shanghai' })).toBeNull()
    expect(location(null, { city: 'Shanghai' })).toBeNull()
    expect(location(null, { city: 'Shanghai', remote: true })).toBe(1)
  })

  it('has soft edges for years', () => {
    expect([3, 5, 4].map((years) => yearsFit(years, 3, 5))).toEqual([1, 1, 1])
    expect(yearsFit(2.5, 3, 5)).toBeCloseTo(0.75)
    expect(yearsFit(0, 3, 5)).toBe(0)
    expect(yearsFit(6, 3, 5)).toBeCloseTo(0.9)
    expect(yearsFit(40, 3, 5)).toBe(0.4)
    expect(yearsFit(null, 3, 5)).toBeNull()
    expect(yearsFit(4, null, null)).toBeNull()
    fc.assert(
      fc.property(fc.double({ min: 0, max: 60, noNaN: true }), fc.nat(20), fc.nat(20), (years, min, span) => {
        const fit = yearsFit(years, min, min + span)!
        expect(fit).toBeGreaterThanOrEqual(0)
        expect(fit).toBeLessThanOrEqual(1)
        if (years < min) expect(yearsFit(years + 0.1, min, min + span)!).toBeGreaterThanOrEqual(fit)
      }),
    )
  })

  it('takes the highest level of education', () => {
    const education = (...levels: Talent['education'][number]['level'][]) =>
      levels.map((level) => ({ level, school: null, degree: null, field: null, start: null, end: null }))
    const educationFit = (own: Talent['education'], minLevel: Position['minLevel']) =>
      featuresOf(...pair({ education: own }, { minLevel })).education
    expect(educationFit(education('bachelor', 'master', null), 'master')).toBe(1)
    expect(educationFit(education('bachelor'), 'master')).toBe(0.5)
    expect(educationFit(education('highschool'), 'phd')).toBe(0)
    expect(educationFit(education(null), 'master')).toBeNull()
    expect(educationFit(education('phd'), null)).toBeNull()
  })

  it('is null where data is missing or vectors do not compare, and that counts as neutral', () => {
    const bare = featuresOf(...pair({}, {}, { title: Float32Array.of(1, 0) }, { title: Float32Array.of(1), text: Float32Array.of(1, 0) }))
    expect(Object.values(bare)).toEqual(FEATURES.map(() => null))
    expect(score(bare)).toEqual({ score: expect.closeTo(NEUTRAL * (0.5 + 0.5 * NEUTRAL)), confidence: 0 })
    expect(featuresOf(...pair({}, { mustSkills: ['Go'] })).mustSkills).toBeNull()
    expect(featuresOf(...pair({ skills: ['SQL'] }, { mustSkills: ['Go'] })).mustSkills).toBe(0)
  })
})

const anyFeatures = fc.record(
  Object.fromEntries(FEATURES.map((f) => [f, fc.option(fc.double({ min: 0, max: 1, noNaN: true }))])) as Record<
    keyof Features,
    fc.Arbitrary<number | null>
  >,
) as fc.Arbitrary<Features>

describe('score', () => {
  it('has weights that sum to one', () => expect(Object.values(WEIGHTS).reduce((a, b) => a + b)).toBeCloseTo(1))

  it('lets nothing make up for missing must-haves', () => {
    const all = (value: number) => Object.fromEntries(FEATURES.map((f) => [f, value])) as Features
    expect(score({ ...all(0), mustSkills: 1 }).score).toBeGreaterThan(score({ ...all(1), mustSkills: 0 }).score)
  })

  it('stays within 0–1 and falls when a feature named in the reasons falls', () => {
    fc.assert(
      fc.property(anyFeatures, fc.constantFrom(...FEATURES), (features, feature) => {
        const { score: whole, confidence } = score(features)
        expect(whole).toBeGreaterThanOrEqual(0)
        expect(whole).toBeLessThanOrEqual(1 + 1e-9)
        expect(confidence).toBeGreaterThanOrEqual(0)
        const value = features[feature]
        if (value !== null) expect(score({ ...features, [feature]: value / 2 }).score).toBeLessThanOrEqual(whole)
      }),
    )
  })
})

describe('score of vectors', () => {
  it('is the same where they differ by no more than what else was in their batch', () => {
    const at = (x: number) => ({ title: new Float32Array([x, Math.sqrt(1 - x * x)]) })
    const scores = [0.8, 0.80000001, 0.7999999].map((x) => score(featuresOf(...pair({ title: 'a' }, { title: 'b' }, at(1), at(x)))).score)
    expect(new Set(scores).size).toBe(1)
  })
})

describe('reasons', () => {
  const facts = pair(
    {
      title: '后端工程师',
      skills: ['Go', 'MySQL'],
      location: '上海',
      experience: [job('2020-01', '2023-06')],
      education: [{ level: 'master', school: null, degree: null, field: null, start: null, end: null }],
    },
    {
      title: 'Backend Engineer',
      mustSkills: ['golang', 'Kafka'],
      niceSkills: ['MySQL'],
      minYears: 3,
      maxYears: 5,
      minLevel: 'bachelor',
      city: 'Shanghai',
    },
    { title: Float32Array.of(1, 0), text: Float32Array.of(1, 0) },
    { title: Float32Array.of(0.8, 0.6), text: Float32Array.of(0.6, 0.8) },
  )
  const reasons = explain(...facts, featuresOf(...facts))
  const text = (feature: string) => reasons.find((one) => one.feature === feature)!.text

  it('name the evidence in both languages', () => {
    expect(text('mustSkills').en).toBe('Has 1 of 2 required skills: Go; missing: Kafka.')
    expect(text('mustSkills').zh).toBe('具备 2 项必备技能中的 1 项：Go；缺少：Kafka。')
    expect(text('years').en).toBe('3.5 years of experience; 3–5 asked for.')
    expect(text('years').zh).toBe('工作经验 3.5 年，要求 3–5 年。')
    expect(text('education').zh).toBe('学历：硕士，要求本科及以上。')
    expect(text('location').en).toBe('Lives in Shanghai; the position is in Shanghai.')
    expect(text('title').en).toBe('Title and skills are 80 % similar (“后端工程师” and “Backend Engineer”).')
    expect(text('text').zh).toBe('简介与经历同职位描述的相似度 60 %。')
  })

  it('come for every known feature, largest share first, and for no unknown one', () => {
    expect(reasons.map(({ feature }) => feature).sort()).toEqual([...FEATURES].sort())
    const shares = reasons.map(({ value, weight }) => value * weight)
    expect(shares).toEqual([...shares].sort((a, b) => b - a))
    const some = pair({}, { remote: true })
    expect(explain(...some, featuresOf(...some)).map(({ feature }) => feature)).toEqual(['location'])
  })

  it('a job title stands for the skill that it says, with a reason of its own', () => {
    const asked = { mustSkills: ['数据分析', 'SQL', 'Kafka'] }
    const analyst = pair({ skills: ['SQL'], experience: [{ ...job('2020-01', '2021-01'), title: 'Senior Data Analyst' }] }, asked)
    const features = featuresOf(...analyst)
    expect(features.mustSkills).toBeCloseTo(2 / 3)
    const reasons = explain(...analyst, features)
    expect(reasons[0]!.text.en).toBe('Has 2 of 3 required skills: Data Analysis, SQL; missing: Kafka.')
    expect(reasons.at(-1)).toEqual({
      feature: 'skillsByTitle',
      value: 0.3333,
      weight: 0,
      text: { en: 'By job title, not named as a skill: Data Analysis.', zh: '由职位名称得出、简历未单独列出的技能：Data Analysis。' },
    })
    const other = pair({ title: '销售助理', skills: ['SQL'] }, asked)
    expect(featuresOf(...other).mustSkills).toBeCloseTo(1 / 3)
    expect(explain(...other, featuresOf(...other)).some(({ feature }) => feature === 'skillsByTitle')).toBe(false)
    // Without any skill the résumé was not read well: a title alone does not fill the gap.
    expect(featuresOf(...pair({ title: '数据分析师' }, asked)).mustSkills).toBeNull()
  })

  it('cut long lists', () => {
    const many = pair({ skills: ['x'] }, { mustSkills: Array.from({ length: 20 }, (_, i) => `skill ${i}`) })
    expect(explain(...many, featuresOf(...many))[0]?.text.en).toMatch(/^Has 0 of 20 required skills; missing: skill 0, .*skill 7, \+12\.$/)
  })
})

describe('ranking', () => {
  it('keeps the best, ties by id, whatever the order of arrival', () => {
    const entries = fc.uniqueArray(fc.record({ id: fc.stringMatching(/^[a-z]{1,2}$/), score: fc.integer({ min: 0, max: 3 }) }), {
      selector: ({ id }) => id,
    })
    fc.assert(
      fc.property(entries, fc.nat(6), (all, limit) => {
        const ranking = createRanking<null>(limit)
        for (const { id, score: value } of all) ranking.add(id, value, null)
        const expected = [...all].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, limit)
        expect(ranking.best().map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
      }),
    )
  })
})

describe('projections', () => {
  const doc = (data: Talent | Position, kind: Kind) =>
    ({
      tenant: 'a',
      kind,
      id: '1',
      ver: 7,
      data,
      source: { by: 'api' },
      dirty: {},
      deleted: false,
      createdAt: '',
      updatedAt: '',
    }) as Doc<Kind>

  it('of a talent hold no contact data, and the name only where it is looked up', () => {
    const someone = doc(talent({ name: '张三丰', emails: ['z@x.cn'], phones: ['13800138000'], title: 'Engineer' }), 'talent')
    const { name, ...entry } = searchEntryOf(someone)
    expect(name).toBe('张三丰')
    const made = JSON.stringify([entry, edgesOf(someone), textsOf(someone)])
    for (const secret of ['张三丰', 'z@x.cn', '13800138000']) expect(made).not.toContain(secret)
  })

  it('make the same targets of the same names on both sides', () => {
    const of = edgesOf(
      doc(talent({ skills: ['golang', 'Go', 'K8S'], experience: [{ ...job('2020', '2021'), company: ' ACME  Ltd' }] }), 'talent'),
    )
    const to = edgesOf(doc(position({ mustSkills: ['Go'], niceSkills: ['Go', 'kubernetes'], company: 'acme ltd' }), 'position'))
    expect(of.map((one) => one.to).sort()).toEqual(to.map((one) => one.to).sort())
    expect(to.find((one) => one.to === 'skill:go')?.props).toEqual({ must: true })
  })
})

describe('against stores', () => {
  let stores: OpenStores
  const embedder = hashingEmbedder()
  const source = { by: 'api' as const }
  const memory = 'sqlite::memory:'
  beforeEach(async () => {
    const dataDir = await mkdtemp(`${tmpdir()}/looma-matching-`)
    stores = await openStores({ dataDir, documentsUrl: memory, searchUrl: memory, graphUrl: memory })
  })
  afterEach(async () => {
    await rm(dirname(stores.places.find(({ port }) => port === 'blobs')!.where), { recursive: true })
    await stores.close()
  })
  const talents = (tenant: string, all: Record<string, Partial<Talent>>) =>
    stores.documents.put(
      tenant,
      Object.entries(all).map(([id, data]) => ({ kind: 'talent', id, data: talent(data), source })),
    )
  const positions = (tenant: string, all: Record<string, Partial<Position>>) =>
    stores.documents.put(
      tenant,
      Object.entries(all).map(([id, data]) => ({ kind: 'position', id, data: position(data), source })),
    )
  const options = { limit: 10, now: NOW }
  const fill = async () => {
    for (const tenant of ['a', 'b']) {
      await talents(tenant, {
        go: { title: '后端工程师', skills: ['Go', 'MySQL', 'Kafka'], location: '上海', summary: '高并发后端服务' },
        web: { title: 'Frontend Engineer', skills: ['React', 'CSS'], location: 'Berlin', summary: 'web interfaces' },
        none: { title: null },
      })
      await positions(tenant, {
        be: { title: '后端工程师', mustSkills: ['golang', 'Kafka'], city: '上海', description: '负责高并发后端服务' },
        fe: { title: 'Frontend Engineer', mustSkills: ['ReactJS'], city: 'Berlin', description: 'web interfaces' },
      })
    }
    await positions('b', { 'only-b': { title: '后端工程师', mustSkills: ['Go'], remote: true } })
    return sweep(stores, embedder, { limit: 100 })
  }

  it('finds the right position for a talent and the right talent for a position', async () => {
    await fill()
    const match = await matchOne(stores, embedder, 'a', { kind: 'talent', id: 'go' }, options)
    expect(match).toMatchObject({ subject: { kind: 'talent', id: 'go' }, model: 'hashing@1', pool: 2, at: NOW.toISOString() })
    expect(match!.results.map(({ id }) => id)).toEqual(['be', 'fe'])
    expect(match!.results[0]!.reasons.map(({ feature }) => feature)).toEqual(
      expect.arrayContaining(['mustSkills', 'title', 'text', 'location']),
    )
    const back = await matchOne(stores, embedder, 'a', { kind: 'position', id: 'fe' }, { ...options, limit: 1 })
    expect(back).toMatchObject({ pool: 3, results: [{ id: 'web' }] })
  })

  it('answers in the order asked, null for what is missing or removed, the same as one by one', async () => {
    await fill()
    await stores.documents.remove('a', 'talent', 'none')
    const subjects = [
      { kind: 'position', id: 'be' },
      { kind: 'talent', id: 'none' },
      { kind: 'talent', id: 'go' },
      { kind: 'position', id: 'be' },
      { kind: 'talent', id: 'only-b' },
    ] as const
    const many = await matchMany(stores, embedder, 'a', [...subjects], options)
    expect(many.map((match) => match?.subject.id ?? null)).toEqual(['be', null, 'go', 'be', null])
    for (const [i, subject] of subjects.entries()) expect(await matchOne(stores, embedder, 'a', subject, options)).toEqual(many[i])
  })

  it('never offers what another tenant holds', async () => {
    await fill()
    const match = await matchOne(stores, embedder, 'a', { kind: 'talent', id: 'go' }, options)
    expect(match!.results.map(({ id }) => id)).not.toContain('only-b')
    expect((await matchOne(stores, embedder, 'b', { kind: 'talent', id: 'go' }, options))!.pool).toBe(3)
    expect(await matchOne(stores, embedder, 'c', { kind: 'talent', id: 'go' }, options)).toBeNull()
  })

  it('orders equal scores by id, over page borders', async () => {
    await talents('a', { t: { skills: ['Go'] } })
    const ids = Array.from({ length: 1100 }, (_, i) => `p${(i * 7919) % 1100}`)
    await positions('a', Object.fromEntries(ids.map((id) => [id, { mustSkills: ['Go'] }])))
    const match = await matchOne(stores, embedder, 'a', { kind: 'talent', id: 't' }, { ...options, limit: 4 })
    expect(match!.pool).toBe(1100)
    expect(match!.results.map(({ id }) => id)).toEqual([...ids].sort().slice(0, 4))
  })

  it('retrieves candidates by text, vectors and graph when the pool is large', async () => {
    await fill()
    for (const kind of ['talent', 'position'] as const) {
      const id = kind === 'talent' ? 'go' : 'be'
      const whole = await matchOne(stores, embedder, 'a', { kind, id }, options)
      const retrieved = await matchOne(stores, embedder, 'a', { kind, id }, { ...options, fullPool: 0 })
      expect(retrieved!.results[0]).toEqual(whole!.results[0])
    }
    const alone = await matchOne(stores, embedder, 'a', { kind: 'talent', id: 'none' }, { ...options, fullPool: 0 })
    expect(alone).toMatchObject({ pool: 0, results: [] })
  })

  it('stops when the signal says so', async () => {
    await fill()
    const signal = AbortSignal.abort(new AppError('cancelled'))
    await expect(matchOne(stores, embedder, 'a', { kind: 'talent', id: 'go' }, { ...options, signal })).rejects.toMatchObject({
      code: 'cancelled',
    })
    await stores.documents.redo('vectors', 'a', 'talent', ['go'])
    await expect(sweep(stores, embedder, { limit: 9, signal })).rejects.toMatchObject({ code: 'cancelled' })
    expect(await stores.documents.dirty('vectors', { limit: 9 })).toHaveLength(1)
  })

  it('sweeps until nothing is dirty, tombstones too', async () => {
    expect((await fill()).projected).toBe(11)
    for (const projection of ['search', 'graph', 'vectors'] as const)
      expect(await stores.documents.dirty(projection, { limit: 99 })).toEqual([])
    await stores.documents.remove('a', 'position', 'be')
    expect((await sweep(stores, embedder, { limit: 99 })).projected).toBe(1)
    expect((await sweep(stores, embedder, { limit: 99 })).projected).toBe(0)
    expect(await stores.search.text('a', 'position', '后端', { limit: 9 })).toEqual([])
    expect(await stores.graph.edges('a', 'position', 'be')).toEqual([])
    expect((await stores.search.vectors('a', 'position', embedder.space, ['be'])).size).toBe(0)
    expect((await stores.search.text('b', 'position', '后端', { limit: 9 })).length).toBe(2)
  })

  it('embeds only what is marked', async () => {
    await fill()
    const texts: string[][] = []
    const counting: Embedder = {
      ...embedder,
      embedEach(some) {
        texts.push(some)
        return embedder.embedEach(some)
      },
    }
    await stores.documents.redo('search', 'a', 'talent', ['go'])
    await sweep(stores, counting, { limit: 9 })
    expect(texts).toEqual([])
    const other = hashingEmbedder(32, 'other')
    await stores.documents.redo('vectors', 'a', 'talent', ['go'])
    await sweep(stores, other, { limit: 9 })
    expect((await stores.search.vectors('a', 'talent', 'other', ['go'])).get('go')?.title).toHaveLength(32)
    expect((await stores.search.vectors('a', 'talent', embedder.space, ['go'])).get('go')?.title).toHaveLength(64)
  })

  it('sets a poisonous text aside without holding up the others', async () => {
    const careful: Embedder = {
      ...embedder,
      embedEach: async (texts) =>
        (await embedder.embed(texts)).map((vector, i) => (texts[i]!.includes('POISON') ? new AppError('poison') : vector)),
    }
    await talents(
      'a',
      Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`t${i}`, { title: `Engineer ${i}`, summary: i === 3 ? 'POISON' : 'fine' }])),
    )
    expect((await sweep(stores, careful, { limit: 99 })).unembedded).toEqual([{ tenant: 'a', kind: 'talent', id: 't3', code: 'poison' }])
    expect(await stores.documents.dirty('vectors', { limit: 9 })).toEqual([])
    const vectors = await stores.search.vectors('a', 'talent', embedder.space, ['t3', 't4'])
    expect(Object.entries(vectors.get('t3')!).flatMap(([field, vector]) => (vector ? [field] : []))).toEqual(['title'])
    expect(Object.keys(vectors.get('t4')!).sort()).toEqual(['text', 'title'])
  })

  it('keeps the marks of what failed and projects the rest', async () => {
    await talents('a', { t: { title: '工程师', skills: ['Go'] } })
    const down: Embedder = { ...embedder, embedEach: () => Promise.reject(new AppError('model-unavailable')) }
    await expect(sweep(stores, down, { limit: 9 })).rejects.toMatchObject({ code: 'model-unavailable' })
    const [doc] = await stores.documents.dirty('vectors', { limit: 9 })
    expect(Object.keys(doc!.dirty)).toEqual(['vectors'])
    expect(await stores.graph.edges('a', 'talent', 't')).toHaveLength(1)
  })

  /** Writes, removals and projectors that read early and write late, in any order; at the end all projections must equal the documents. */
  const interleaving = (used: Stores) => {
    const act = fc.oneof(
      fc.record({ act: fc.constant('write' as const), id: fc.constantFrom('x', 'y'), word: fc.constantFrom('alpha', 'beta', 'gamma') }),
      fc.record({ act: fc.constant('remove' as const), id: fc.constantFrom('x', 'y') }),
      fc.record({ act: fc.constant('read' as const) }),
      fc.record({ act: fc.constant('project' as const), which: fc.nat(5) }),
    )
    return fc.asyncProperty(fc.array(act, { maxLength: 25 }), fc.uuid(), async (acts, tenant) => {
      const read: Doc[][] = []
      for (const one of acts) {
        if (one.act === 'write') await talents(tenant, { [one.id]: { title: one.word, skills: [one.word] } })
        else if (one.act === 'remove') await used.documents.remove(tenant, 'talent', one.id)
        else if (one.act === 'read') read.push(await used.documents.dirty('search', { tenant, limit: 9 }))
        else if (read.length > 0) await project(used, embedder, read[one.which % read.length]!)
      }
      await sweep(used, embedder, { tenant, limit: 9 })
      for (const docs of read) await project(used, embedder, docs)
      for (const projection of ['search', 'graph', 'vectors'] as const)
        expect(await used.documents.dirty(projection, { tenant, limit: 9 })).toEqual([])
      const alive = await used.documents.page(tenant, 'talent', { limit: 9 })
      for (const id of ['x', 'y']) {
        const title = alive.find((doc) => doc.id === id)?.data.title ?? null
        expect((await used.graph.edges(tenant, 'talent', id)).map(({ to }) => to)).toEqual(title === null ? [] : [`skill:${title}`])
        expect((await used.search.vectors(tenant, 'talent', embedder.space, [id])).has(id)).toBe(title !== null)
      }
      for (const word of ['alpha', 'beta', 'gamma']) {
        const hits = await used.search.text(tenant, 'talent', word, { limit: 9 })
        expect(hits.map(({ id }) => id).sort()).toEqual(alive.filter((doc) => doc.data.title === word).map(({ id }) => id))
      }
    })
  }

  it('ends equal to the documents after any interleaving', () => fc.assert(interleaving(stores), { numRuns: 30 }))

  // Each mistake must be found by the property above, or the property proves nothing.
  const mistakes: Record<string, (real: Stores) => Stores> = {
    'marks cleared without a compare': (real) => ({
      ...real,
      documents: {
        ...real.documents,
        async clean(projection, done) {
          for (const key of done) {
            const now = await real.documents.get(key.tenant, key.kind, key.id)
            if (now) await real.documents.clean(projection, [{ ...key, ver: now.ver }])
          }
        },
      },
    }),
    'no version gate': (real) => {
      let turn = 1e15
      return {
        ...real,
        graph: {
          ...real.graph,
          put: (tenant, nodes) =>
            real.graph.put(
              tenant,
              nodes.map((node) => ({ ...node, ver: turn++ })),
            ),
        },
      }
    },
    'tombstones ignored': (real) => ({ ...real, search: { ...real.search, remove: async () => {} } }),
  }
  it.each(Object.keys(mistakes))('would diverge with %s', async (name) => {
    expect((await fc.check(interleaving(mistakes[name]!(stores)), { numRuns: 300, endOnFailure: true })).failed).toBe(true)
  })
})
