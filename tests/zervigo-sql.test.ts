/** The SQL connector on a real PostgreSQL: the embedded one here; tests/servers runs the same statements over the network. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import type { Documents } from '../src/stores/ports.ts'
import { NO_RULES } from '../src/sync/merge.ts'
import { canonicalId } from '../src/sync/records.ts'
import { type RunInput, runSync } from '../src/sync/run.ts'
import type { Raw, Source } from '../src/sync/source.ts'
import { ZervigoSqlSettings, zervigoSqlSource } from '../src/sync/zervigo/sql.ts'

const SCHEMA = readFileSync(join(import.meta.dirname, '../samples/zervigo/schema.sql'), 'utf8')
const signal = new AbortController().signal
const NOW = Date.parse('2026-03-01T04:00:00Z')
let db: PGlite
let source: Source
let documents: Documents & { close(): void }
let runs = 0

beforeAll(async () => {
  db = await PGlite.create()
})
afterAll(() => db.close())
beforeEach(async () => {
  await db.exec(`drop schema public cascade; create schema public; ${SCHEMA}`)
  source = zervigoSqlSource(ZervigoSqlSettings.parse({ url: 'postgres://unused' }), (text, values) => db.query(text, values))
  documents = openDocuments(':memory:')
  return () => documents.close()
})

/** People with everything that is told about them. The times are wall time in Shanghai. */
async function people(n: number, at = '2026-02-01 08:00:00'): Promise<void> {
  await db.exec(`
    insert into zervigo_auth_users (username, email, phone, password_hash, updated_at)
      select 'u' || i, 'U' || i || '@Example.com', case when i % 3 = 0 then null else '+86 138' || lpad(i::text, 8, '0') end, 'topsecret-hash', '${at}' from generate_series(1, ${n}) i;
    insert into zervigo_user_profiles (user_id, real_name, city, current_position, work_experience, location_preferences, wechat, qq, updated_at)
      select i, '王' || i, '上海', '工程师', i % 60, array['上海', '杭州'], 'wx-secret', 'qq-secret', '${at}' from generate_series(1, ${n}) i;
    insert into zervigo_user_skills (user_id, skill_name, updated_at) select i, s, '${at}' from generate_series(1, ${n}) i, unnest(array['Java', 'SQL', 'Java']) s;
    insert into zervigo_user_education (user_id, school_name, degree, major, start_date, end_date, updated_at)
      select i, '星海大学', d, '软件工程', case d when '本科' then date '2010-09-01' else date '2014-09-01' end, date '2017-06-30', '${at}' from generate_series(1, ${n}) i, unnest(array['本科', '硕士']) d;
    insert into zervigo_user_experience (user_id, company_name, position, start_date, is_current, job_description, updated_at)
      select i, '云杉科技', '工程师', date '2017-07-01', true, '负责平台' || chr(10) || '带队', '${at}' from generate_series(1, ${n}) i;`)
}
const run = (input: Partial<RunInput> = {}) =>
  runSync(
    { documents, source, name: 'sql', tenant: 'a', rules: NO_RULES, lagMs: 600_000, pageSize: 7, now: () => NOW, signal },
    { mode: 'incremental', ...input },
    `run_${++runs}`,
  )
const talent = (id: number) =>
  documents.get('a', 'talent', canonicalId('a', 'talent', { system: 'zervigo', entity: 'users', id: String(id) }))
async function all(entity: string, since?: number): Promise<Raw[]> {
  const found: Raw[] = []
  const options = { from: null, limit: 7, signal }
  for await (const { records } of since === undefined ? source.scan(entity, options) : source.changes(entity, { ...options, since }))
    found.push(...records)
  return found
}

describe('Zervigo in PostgreSQL', () => {
  it('brings what no service gives out: profile, skills, education and experience', async () => {
    await people(20)
    expect((await run()).entities.users).toMatchObject({ read: 20, inserted: 20 })
    expect((await talent(4))?.data).toMatchObject({
      name: '王4',
      emails: ['u4@example.com'],
      phones: ['+86 13800000004'],
      title: '工程师',
      location: '上海',
      years: 4,
      status: 'active',
      skills: ['Java', 'SQL'],
      intention: { cities: ['上海', '杭州'] },
      education: [
        { school: '星海大学', degree: '硕士', level: 'master', field: '软件工程', start: '2014-09', end: '2017-06' },
        { school: '星海大学', degree: '本科', level: 'bachelor' },
      ],
      experience: [{ company: '云杉科技', title: '工程师', start: '2017-07', end: 'present', bullets: ['负责平台', '带队'] }],
    })
    expect((await run()).written).toBe(0)
  })

  it('trap 16: never fetches a password hash or a chat name, and takes nothing of who is private', async () => {
    await people(3)
    await db.exec(
      `update zervigo_user_profiles set is_public = false where user_id = 2; insert into resume_permission (resume_id, privacy_level) values ('resume_3_1700000000', 'PRIVATE')`,
    )
    const text = JSON.stringify(await all('users'))
    for (const secret of ['topsecret', 'wx-secret', 'qq-secret']) expect(text).not.toContain(secret)
    await run()
    expect((await talent(1))?.data.name).toBe('王1')
    for (const id of [2, 3])
      expect((await talent(id))?.data).toMatchObject({ name: null, emails: [], skills: [], experience: [], status: 'active' })
    expect(JSON.stringify(await documents.page('a', 'talent', { limit: 9 }))).not.toContain('王2')
  })

  it('trap 3 and AC50: reads in order of time and id, and the watermark with its overlap misses no late commit', async () => {
    await people(20)
    await db.exec(
      `alter table zervigo_auth_users disable trigger all; update zervigo_auth_users set updated_at = '2026-02-02 09:00:00' where id in (3, 9); update zervigo_auth_users set updated_at = '2026-02-03 09:00:00' where id = 12`,
    )
    const at = Date.parse('2026-02-02T01:00:00Z')
    expect((await all('users', at)).map(({ id, at: when }) => [id, when])).toEqual([
      ['3', at],
      ['9', at],
      ['12', at + 86_400_000],
    ])
    await run()
    // A transaction that began 5 minutes before the newest one and became visible after the run.
    await db.exec(`update zervigo_auth_users set phone = '13900000005', updated_at = '2026-02-03 08:55:00' where id = 5`)
    const late = await run()
    expect(late.entities.users).toMatchObject({ updated: 1 })
    expect(late.entities.users!.read).toBeLessThan(5)
    expect((await talent(5))?.data.phones).toEqual(['13900000005'])
  })

  it('takes a new skill for a change of the person', async () => {
    await people(5)
    await run()
    await db.exec(`insert into zervigo_user_skills (user_id, skill_name, updated_at) values (2, 'Go', '2026-02-20 08:00:00')`)
    expect((await run()).entities.users).toMatchObject({ updated: 1 })
    expect((await talent(2))?.data.skills).toEqual(['Go', 'Java', 'SQL'])
  })

  it('trap 5: the zone of the server is a setting; the same wall time is another instant', async () => {
    await people(1)
    const berlin = zervigoSqlSource(ZervigoSqlSettings.parse({ url: 'postgres://unused', zone: 'Europe/Berlin' }), (text, values) =>
      db.query(text, values),
    )
    expect((await all('users'))[0]?.at).toBe(Date.parse('2026-02-01T00:00:00Z'))
    expect((await berlin.one('users', '1', signal))?.at).toBe(Date.parse('2026-02-01T07:00:00Z'))
  })

  it('trap 7: a soft delete archives, a hard delete is found by a full run', async () => {
    await people(60)
    await run()
    await db.exec(
      `update zervigo_auth_users set deleted_at = '2026-02-20 08:00:00' where id = 7; delete from zervigo_auth_users where id = 9`,
    )
    expect((await run()).entities.users).toMatchObject({ deleted: 1 })
    expect((await talent(7))?.data).toMatchObject({ status: 'archived', name: '王7' })
    expect((await run({ mode: 'full' })).entities.users).toMatchObject({ deleted: 1 })
    expect((await talent(9))?.data.status).toBe('archived')
  })

  it('ties applications to the people and positions they name', async () => {
    await people(2)
    await db.exec(`
      insert into zervigo_jobs (title, description, company_id, company_name, work_location, experience_required, education_required, skills_required, status, updated_at)
        values ('Java 开发', '写代码', 1, '云杉科技', '上海·浦东', '5+年', '本科及以上', array['Spring', 'Java'], 'published', '2026-02-01 08:00:00');
      insert into companies (company_name, industry, company_size, city, updated_at) values ('云杉科技', '互联网', '101-500人', '上海', '2026-02-01 08:00:00');
      insert into zervigo_job_applications (job_id, user_id, updated_at) values (1, 2, '2026-02-01 08:00:00');`)
    expect(await run()).toMatchObject({
      status: 'done',
      entities: { companies: { inserted: 1 }, jobs: { inserted: 1 }, applications: { inserted: 1 } },
    })
    const key = { system: 'zervigo', entity: 'jobs', id: '1' }
    const position = await documents.get('a', 'position', canonicalId('a', 'position', key))
    expect(position?.data).toMatchObject({
      city: '上海',
      minYears: 5,
      maxYears: null,
      minLevel: 'bachelor',
      mustSkills: ['Java', 'Spring'],
      status: 'open',
    })
    const [relation] = await documents.page('a', 'relation', { limit: 9 })
    expect(relation?.data).toMatchObject({
      type: 'applied',
      from: { kind: 'talent', id: (await talent(2))!.id },
      to: { kind: 'position', id: position!.id },
      status: 'pending',
    })
  })

  it('says what is missing where a table is not there', async () => {
    await db.exec('drop table zervigo_job_applications')
    await expect(source.check(signal)).rejects.toMatchObject({
      code: 'source-changed',
      detail: expect.stringContaining('zervigo_job_applications'),
    })
  })

  it('keeps reading where rows are written at the same time', async () => {
    await people(60)
    let wrote = 0
    const busy = zervigoSqlSource(ZervigoSqlSettings.parse({ url: 'postgres://unused', entities: ['users'] }), async (text, values) => {
      const found = await db.query(text, values)
      if (wrote++ < 5) await db.exec(`update zervigo_auth_users set phone = '1${wrote}' where id = ${wrote * 7}`)
      return found
    })
    source = busy
    await run()
    await run({ mode: 'full' })
    const { rows } = await db.query<{ id: number; phone: string | null }>('select id, phone from zervigo_auth_users')
    for (const { id, phone } of rows) if (phone?.startsWith('+')) expect((await talent(id))?.data.phones).toEqual([phone])
    expect(await documents.count('a', 'talent')).toBe(60)
  })
})
