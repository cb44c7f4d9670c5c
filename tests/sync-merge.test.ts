/** The pure parts of a sync: mapping, checking, deciding and merging. Acceptance cases by their numbers. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Correction } from '../src/canonical/correction.ts'
import type { Talent } from '../src/canonical/schema.ts'
import type { Doc } from '../src/stores/ports.ts'
import { type Contribution, merge, type Rules } from '../src/sync/merge.ts'
import { decide, incoming } from '../src/sync/records.ts'
import type { Raw } from '../src/sync/source.ts'
import { parseTime } from '../src/sync/times.ts'
import { mapZervigo, yearsOf } from '../src/sync/zervigo/mapping.ts'

const AT = Date.parse('2025-09-23T10:00:00Z')
const user = (value: Record<string, unknown>): Raw => ({ entity: 'users', id: String(value.id ?? ''), at: AT, value })
const take = (value: Record<string, unknown>) => incoming('a', 'zervigo', user(value), mapZervigo)
const said = (source: string, says: Record<string, unknown>, at: number | null = AT, gone = false): Contribution => ({
  source,
  at,
  says,
  gone,
})
const rules = (priority: string[], talent: Rules['fields']['talent'] = {}): Rules => ({ priority, fields: { talent } })

describe('mapping', () => {
  it('AC10: a user becomes a talent that is valid, and names its user', () => {
    const next = take({
      id: 1,
      username: 'test_user',
      email: 'test@example.com',
      status: 'active',
      created_at: '2025-09-23T10:00:00Z',
      phone: null,
    })
    expect(next).toMatchObject({
      key: { system: 'zervigo', entity: 'users', id: '1' },
      says: { name: 'test_user', emails: ['test@example.com'], phones: [], status: 'active' },
      faults: [],
      extra: {},
    })
    expect(merge('talent', [said('zervigo', next.says)], null).data).toMatchObject({ name: 'test_user', education: [], phones: [] })
  })

  it('AC11: phones, skills and years as people write them', () => {
    for (const phone of ['+1234567890', '138-0000-0000', '+86 138 0000 0000', '(021) 5555 0100'])
      expect(
        take({
          id: 1,
          username: '张三',
          email: 'a@b.example',
          phone,
          status: 'active',
          profile: { work_experience: 5 },
          skills: [{ skill_name: 'Python' }, { skill_name: 'Sanic' }],
        }),
      ).toMatchObject({
        says: { name: '张三', phones: [phone], years: 5, skills: ['Python', 'Sanic'] },
        faults: [],
      })
  })

  it('AC12: says each fault, and a record without an id is none', () => {
    const bad = { username: 'x', email: 'invalid-email', status: 'invalid_status', profile: { work_experience: 100 } }
    expect(
      take({ id: 7, ...bad })
        .faults.map(({ pointer }) => pointer)
        .sort(),
    ).toEqual(['/email', '/status', '/work_experience'])
    expect(() => take(bad)).toThrowError(
      expect.objectContaining({ code: 'record-rejected', faults: [{ pointer: '/id', detail: expect.any(String) }] }),
    )
  })

  it('AC16: what has neither id nor name nor address is rejected with the reason', () => {
    expect(() => take({ id: null, username: '', email: 'invalid-email' })).toThrowError(
      expect.objectContaining({ code: 'record-rejected' }),
    )
    expect(() => take({ id: 3, username: '', email: '' })).toThrowError(
      expect.objectContaining({ faults: [expect.objectContaining({ pointer: '/username' })] }),
    )
  })

  it('trap 12: reads Chinese and English requirements', () => {
    expect(['3-5年', '5+年', '不限', '应届', '3 years', '5年以下', '面议', null].map(yearsOf)).toEqual([
      [3, 5],
      [5, null],
      [null, null],
      [0, 1],
      [3, null],
      [null, 5],
      [null, null],
      [null, null],
    ])
  })

  it('trap 11: finds one thing under its many names', () => {
    for (const value of [{ phone: '13800000000' }, { userPhone: '13800000000' }, { contact_phone: '13800000000' }])
      expect(take({ id: 1, username: 'x', ...value }).says.phones).toEqual(['13800000000'])
    for (const value of [{ username: '甲' }, { userName: '甲' }, { name: '甲' }, { profile: { real_name: '甲' }, username: 'u' }])
      expect(take({ id: 1, ...value }).says.name).toBe('甲')
  })

  it('keeps fields that no rule knows, apart from what is private', () => {
    expect(take({ id: 1, username: 'x', blood_type: 'A', wechat: 'w', password_hash: 'h' }).extra).toEqual({ blood_type: 'A' })
  })
})

describe('times', () => {
  it('trap 5: are read in the zone of the source where they name none, or one that means nothing', () => {
    const noon = Date.parse('2026-03-01T04:00:00Z')
    expect(parseTime('2026-03-01T12:00:00+08:00', 'UTC')).toBe(noon)
    expect(parseTime('2026-03-01 12:00:00', 'Asia/Shanghai')).toBe(noon)
    expect(parseTime('2026-03-01T12:00:00Z', 'Asia/Shanghai', { trust: false })).toBe(noon)
    expect(parseTime(noon, 'UTC')).toBe(noon)
    expect(parseTime(noon / 1000, 'UTC')).toBe(noon)
    expect(parseTime('2026/3/1 12:00', 'Asia/Shanghai')).toBe(noon)
    for (const nothing of [null, undefined, '', 'soon', '2026-02-30', '2026-13-01', 0, {}]) expect(parseTime(nothing, 'UTC')).toBeNull()
  })

  it('go through a change of the clock in both directions', () => {
    expect(parseTime('2026-03-29 01:59:59', 'Europe/Berlin')).toBe(Date.parse('2026-03-29T00:59:59Z'))
    expect(parseTime('2026-03-29 03:00:00', 'Europe/Berlin')).toBe(Date.parse('2026-03-29T01:00:00Z'))
    expect(parseTime('2026-10-25 03:00:00', 'Europe/Berlin')).toBe(Date.parse('2026-10-25T02:00:00Z'))
  })
})

describe('deciding', () => {
  it('keeps nothing of a person who was deleted before anybody saw them', () => {
    const gone = { ...take({ id: 1, username: 'Ada', blood_type: 'A' }), gone: true }
    const first = decide(undefined, gone, 1)
    expect(first).toMatchObject({ outcome: 'deleted', record: { says: {}, extra: {}, gone: true, at: gone.at } })
    // Nor of what the source changes in the deleted row afterwards.
    const known = { id: 'r', deleted: false, data: 'record' in first && first.record } as unknown as Doc<'record'>
    const later = { ...take({ id: 1, username: 'Ada B', blood_type: 'B' }), gone: true, at: AT + 9 }
    expect(decide(known, later, 2)).toMatchObject({ outcome: 'unchanged', record: { says: {}, extra: {}, gone: true, at: AT + 9 } })
    expect(decide(known, { ...later, gone: false }, 2)).toMatchObject({ outcome: 'updated', record: { says: { name: 'Ada B' } } })
  })

  const next = (says: Record<string, unknown>, at: number | null = AT) => ({ ...take({ id: 1, username: 'x' }), says, at })
  const stored = (says: Record<string, unknown>, at: number | null, fetch: number): Doc<'record'> =>
    ({ id: 'r', deleted: false, data: { ...next(says, at), fetch, rev: 3 } }) as unknown as Doc<'record'>

  it('AC19: an older state is skipped, a later one taken; equal times are told apart by the fetch', () => {
    const was = stored({ name: 'old' }, AT, 5)
    expect(decide(was, next({ name: 'new' }, AT - 1), 6).outcome).toBe('stale')
    expect(decide(was, next({ name: 'new' }, AT + 1), 1).outcome).toBe('updated')
    expect(decide(was, next({ name: 'new' }), 6)).toMatchObject({ outcome: 'updated', record: { rev: 4, fetch: 6 } })
    expect(decide(was, next({ name: 'new' }), 4).outcome).toBe('stale')
    expect(decide(was, next({ name: 'old' }), 6)).toEqual({ outcome: 'unchanged', record: null })
    expect(decide(stored({ name: 'old' }, null, 5), next({ name: 'new' }, null), 6).outcome).toBe('updated')
  })

  it('an erased record comes back by nothing', () => {
    const erased = { ...stored({}, AT, 1), deleted: true, data: {} } as unknown as Doc<'record'>
    expect(decide(erased, next({ name: 'x' }, AT + 1e9), 99)).toEqual({ outcome: 'stale' })
  })
})

describe('merging', () => {
  it('AC14: finds exactly the fields that differ, and settles each by its policy', () => {
    const looma = said('looma', { emails: ['local@x.example'], status: 'active', years: 3 }, AT - 300_000)
    const zervigo = said('zervigo', { emails: ['remote@x.example'], status: 'inactive', years: 4 }, AT)
    const merged = merge(
      'talent',
      [looma, zervigo],
      null,
      rules(['looma', 'zervigo'], { emails: { policy: 'source-priority', priority: ['zervigo'] } }),
    )
    expect(Object.keys(merged.conflicts).sort()).toEqual(['emails', 'status', 'years'])
    expect(merged.data).toMatchObject({ emails: ['remote@x.example'], status: 'active', years: 4 })
    expect(merged.conflicts.emails).toEqual({
      policy: 'source-priority',
      status: 'auto',
      chosen: 'zervigo',
      value: ['remote@x.example'],
      proposed: ['local@x.example'],
      decision: null,
      values: [
        { source: 'zervigo', value: ['remote@x.example'], at: AT },
        { source: 'looma', value: ['local@x.example'], at: AT - 300_000 },
      ],
    })
  })

  it('AC13: whoever wrote last wins where that is the policy; a source without times never does', () => {
    const merged = (a: number | null, b: number | null) =>
      (
        merge(
          'talent',
          [said('a', { title: 'A' }, a), said('b', { title: 'B' }, b)],
          null,
          rules(['a', 'b'], { title: { policy: 'last-writer' } }),
        ).data as Talent
      ).title
    expect([merged(2, 1), merged(1, 2), merged(null, 1), merged(1, null), merged(1, 1)]).toEqual(['A', 'B', 'B', 'A', 'A'])
  })

  it('joins sets, takes the more specific place, and lets an empty word yield', () => {
    const { data } = merge(
      'talent',
      [
        said('a', { skills: ['Java', 'SQL'], location: '中国', title: null, phones: [] }),
        said('b', { skills: ['java', 'Go'], location: '上海', title: 'Engineer', phones: ['1234567'] }),
      ],
      null,
      rules(['a', 'b']),
    )
    expect(data).toMatchObject({ skills: ['Java', 'SQL', 'Go'], location: '上海', title: 'Engineer', phones: ['1234567'] })
  })

  const edit = (value: unknown, read: unknown): Correction => ({
    fields: { title: { value, read, by: 'recruiter', at: '2026-01-01T00:00:00.000Z' } },
  })
  it('never overwrites what a recruiter changed: silent, agreeing and disagreeing sources', () => {
    const title = (says: string, correction: Correction) => {
      const { data, conflicts } = merge('talent', [said('a', { title: says })], correction)
      return [(data as Talent).title, conflicts.title?.status ?? null]
    }
    expect(title('Old', edit('Right', 'Old'))).toEqual(['Right', 'decided'])
    expect(title('Right', edit('Right', 'Old'))).toEqual(['Right', null])
    expect(title('Third', edit('Right', 'Old'))).toEqual(['Right', 'open'])
    expect((merge('talent', [said('a', { title: 'Old' })], edit(null, 'Old')).data as Talent).title).toBeNull()
    // A correction that no longer fits is left out.
    expect(title('Old', edit(42, 'Old'))).toEqual(['Old', null])
  })

  it('asks people where the policy says so, and keeps the most trusted value until they answer', () => {
    const { data, conflicts } = merge(
      'talent',
      [said('a', { name: '王芳' }), said('b', { name: '王方' })],
      null,
      rules(['b'], { name: { policy: 'manual' } }),
    )
    expect(data).toMatchObject({ name: '王方' })
    expect(conflicts.name).toMatchObject({ status: 'open', chosen: 'b' })
  })

  it('archives what no source has any more, and listens only to those that still have it', () => {
    expect(merge('talent', [said('a', { name: 'A', status: 'active' }, AT, true)], null).data).toMatchObject({
      name: 'A',
      status: 'archived',
    })
    expect(merge('position', [said('a', { title: 'T', status: 'open' }, AT, true)], null).data).toMatchObject({ status: 'closed' })
    expect(merge('talent', [said('a', { name: 'A' }, AT, true), said('b', { name: 'B' })], null, rules(['a'])).data).toMatchObject({
      name: 'B',
      status: null,
    })
  })

  it('a union that no longer fits its field falls back to the most trusted list', () => {
    const many = (from: number) => Array.from({ length: 300 }, (_, i) => `s${from + i}`)
    expect(
      (merge('talent', [said('a', { skills: many(0) }), said('b', { skills: many(1000) })], null, rules(['a'])).data as Talent).skills,
    ).toHaveLength(300)
  })

  it('is the same in any order, for any policy', () => {
    const value = fc.record({
      name: fc.constantFrom('A', 'B', null),
      skills: fc.uniqueArray(fc.constantFrom('Java', 'java', 'SQL', 'Go')),
      location: fc.constantFrom('上海', '中国', null),
      years: fc.constantFrom(1, 2, null),
      title: fc.constantFrom('x', 'y'),
    })
    const policies = fc.record({
      name: fc.constantFrom('source-priority', 'last-writer', 'manual', 'max'),
      title: fc.constantFrom('last-writer', 'source-priority'),
    })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, fc.constantFrom(1, 2, null), fc.boolean()), { minLength: 1, maxLength: 4 }),
        policies,
        fc.array(fc.nat()),
        (all, policy, order) => {
          const contributions = all.map(([says, at, gone], i) => said(`s${i}`, says, at, gone))
          const fields = Object.fromEntries(
            Object.entries(policy).map(([path, one]) => [path, { policy: one }]),
          ) as Rules['fields']['talent']
          const shuffled = contributions
            .map((one, i) => ({ one, at: order[i] ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one)
          expect(merge('talent', shuffled, null, rules(['s2'], fields))).toEqual(
            merge('talent', contributions, null, rules(['s2'], fields)),
          )
        },
      ),
    )
  })
})
