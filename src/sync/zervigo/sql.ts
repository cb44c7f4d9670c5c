/**
 * Zervigo's PostgreSQL. Only here are profiles, skills, education and work experience: no service gives them out. Every statement reads; names
 * of columns are written out, so that a password hash, a chat name or a column that is new is never even fetched.
 */
import pg from 'pg'
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { plainUrl } from '../../plain-url.ts'
import type { Page, Raw, ReadOptions, Source } from '../source.ts'
import { isZone } from '../times.ts'
import { mapZervigo } from './mapping.ts'

export const ZervigoSqlSettings = z.strictObject({
  url: z.string().regex(/^postgres(ql)?:\/\/./, 'must begin with postgres://'),
  zone: z
    .string()
    .default('Asia/Shanghai')
    .refine(isZone, 'is not a time zone')
    .meta({ description: 'Of the server that wrote the times: the columns hold none.' }),
  entities: z
    .array(z.enum(['companies', 'users', 'jobs', 'applications']))
    .min(1)
    .default(['companies', 'users', 'jobs', 'applications'])
    .meta({ description: 'In this order. Leave out what an installation does not have.' }),
  timeoutMs: z.number().int().min(100).max(600_000).default(30_000),
})
export type ZervigoSqlSettings = z.infer<typeof ZervigoSqlSettings>

/** What is asked of a database; `rows` as node-postgres gives them. */
export type Query = (text: string, values: unknown[]) => Promise<{ rows: unknown[] }>

/** A row of every statement below. */
type Row = { id: string; at: number | null; deleted: boolean; value: Record<string, unknown> }

const array = (fields: string, from: string, order: string): string =>
  `(select coalesce(json_agg(json_build_object(${fields}) order by ${order}), '[]') from ${from})`

/** `id`, `at` and `row` of one record, by entity. The times of a person are the latest of all that is told about them. */
const ENTITIES: Record<string, { table: string; id: string; at: string; deleted: string; row: string }> = {
  users: {
    table: 'zervigo_auth_users u left join zervigo_user_profiles p on p.user_id = u.id',
    id: 'u.id',
    at: `greatest(u.updated_at, u.deleted_at, p.updated_at,
      (select max(updated_at) from zervigo_user_skills where user_id = u.id),
      (select max(updated_at) from zervigo_user_education where user_id = u.id),
      (select max(updated_at) from zervigo_user_experience where user_id = u.id))`,
    deleted: `(u.deleted_at is not null or u.status = 'deleted')`,
    row: `json_build_object('id', u.id, 'username', u.username, 'email', u.email, 'phone', u.phone, 'status', u.status, 'deleted_at', u.deleted_at,
      'is_private', exists (select 1 from resume_permission r where split_part(r.resume_id, '_', 2) = u.id::text and r.privacy_level = 'PRIVATE'),
      'profile', case when p.user_id is null then null else json_build_object('real_name', p.real_name, 'phone', p.phone, 'province', p.province,
        'city', p.city, 'current_position', p.current_position, 'work_experience', p.work_experience,
        'location_preferences', p.location_preferences, 'is_public', p.is_public) end,
      'skills', ${array(`'skill_name', s.skill_name`, 'zervigo_user_skills s where s.user_id = u.id', 's.skill_name')},
      'education', ${array(`'school_name', e.school_name, 'major', e.major, 'degree', e.degree, 'start_date', e.start_date, 'end_date', e.end_date, 'is_current', e.is_current`, 'zervigo_user_education e where e.user_id = u.id', 'e.start_date, e.id')},
      'experience', ${array(`'company_name', x.company_name, 'position', x.position, 'start_date', x.start_date, 'end_date', x.end_date, 'is_current', x.is_current, 'job_description', x.job_description, 'achievements', x.achievements`, 'zervigo_user_experience x where x.user_id = u.id', 'x.start_date, x.id')})`,
  },
  jobs: {
    table: 'zervigo_jobs j',
    id: 'j.id',
    at: 'j.updated_at',
    deleted: 'false',
    row: `json_build_object('id', j.id, 'title', j.title, 'description', j.description, 'requirements', j.requirements,
      'responsibilities', j.responsibilities, 'company_id', j.company_id, 'company_name', j.company_name, 'work_type', j.work_type,
      'work_location', j.work_location, 'remote_allowed', j.remote_allowed, 'experience_required', j.experience_required,
      'education_required', j.education_required, 'skills_required', j.skills_required, 'status', j.status)`,
  },
  companies: {
    table: 'companies c',
    id: 'c.company_id',
    at: 'c.updated_at',
    deleted: 'false',
    row: `json_build_object('company_id', c.company_id, 'company_name', c.company_name, 'industry', c.industry, 'company_size', c.company_size,
      'website', c.website, 'city', c.city, 'status', c.status)`,
  },
  applications: {
    table: 'zervigo_job_applications a',
    id: 'a.id',
    at: 'a.updated_at',
    deleted: 'false',
    row: `json_build_object('id', a.id, 'job_id', a.job_id, 'user_id', a.user_id, 'status', a.status)`,
  },
}

/** Columns without a zone hold the server's wall time. Whole milliseconds: the watermark compares them. */
const millis = (column: string): string => `floor(extract(epoch from (${column}) at time zone $1) * 1000)::float8`
const columns = ({ id, at, deleted, row }: (typeof ENTITIES)[string]): string =>
  `${id}::text as id, ${millis(at)} as at, ${deleted} as deleted, ${row} as value`

/** The statements, for the tests that run them. */
const SQL = {
  scan: (entity: string) => {
    const e = ENTITIES[entity]!
    return `select ${columns(e)} from ${e.table} where ${e.id} > $2 order by ${e.id} limit $3`
  },
  changes: (entity: string) => {
    const e = ENTITIES[entity]!
    // Which ones first, what they say after: the rows are dear, the times are not.
    return `with changed as (select ${e.id} as cid, ${millis(e.at)} as cat from ${e.table} where ${e.at} is not null),
      page as (select cid, cat from changed where cat > $2 or (cat = $2 and cid > $3) order by cat, cid limit $4)
      select ${columns(e)} from ${e.table} join page on page.cid = ${e.id} order by page.cat, page.cid`
  },
  one: (entity: string) => {
    const e = ENTITIES[entity]!
    return `select ${columns(e)} from ${e.table} where ${e.id} = $2`
  },
}

/** `query` is for tests; by default a pool of two read-only connections is opened at the first statement. */
export function zervigoSqlSource(settings: ZervigoSqlSettings, query?: Query): Source {
  const { zone, entities } = settings
  let pool: pg.Pool | null = null
  const ask: Query =
    query ??
    ((text, values) => {
      pool ??= openPool(settings)
      return pool.query(text, values)
    })
  const rows = async (text: string, values: unknown[]): Promise<Row[]> => {
    try {
      return (await ask(text, [zone, ...values])).rows as Row[]
    } catch (cause) {
      throw sqlError(cause)
    }
  }
  const rawOf = (entity: string, { id, at, deleted, value }: Row): Raw => ({ entity, id, at, ...(deleted && { deleted }), value })

  return {
    system: 'zervigo',
    entities: entities.map((name) => ({ name, incremental: true, cheapOne: true })),
    async check() {
      for (const entity of Object.keys(ENTITIES))
        await rows(`select 1 from ${ENTITIES[entity]!.table} where $1::text is not null limit 0`, [])
    },
    async *scan(entity, { from, limit, signal }: ReadOptions): AsyncIterable<Page> {
      for (let after = String(from ?? 0); ; ) {
        signal.throwIfAborted()
        const found = await rows(SQL.scan(entity), [after, limit])
        if (found.length === 0) return
        after = found.at(-1)!.id
        yield { records: found.map((row) => rawOf(entity, row)), checkpoint: after, total: null }
        if (found.length < limit) return
      }
    },
    async *changes(entity, { from, since, limit, signal }): AsyncIterable<Page> {
      for (let last = (from as [number, string] | null) ?? [since, '0']; ; ) {
        signal.throwIfAborted()
        const found = await rows(SQL.changes(entity), [...last, limit])
        if (found.length === 0) return
        const end = found.at(-1)!
        last = [end.at!, end.id]
        yield { records: found.map((row) => rawOf(entity, row)), checkpoint: last, total: null }
        if (found.length < limit) return
      }
    },
    async one(entity, id) {
      if (!/^\d{1,18}$/.test(id)) return null
      const [row] = await rows(SQL.one(entity), [id])
      return row ? rawOf(entity, row) : null
    },
    map: mapZervigo,
    close: async () => void (await pool?.end()),
  }
}

function openPool({ url, timeoutMs }: ZervigoSqlSettings): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    application_name: 'looma-sync',
    options: '-c default_transaction_read_only=on',
  })
  // A connection that breaks while it is idle is opened anew by the next statement.
  pool.on('error', () => undefined)
  return pool
}

function sqlError(cause: unknown): AppError {
  const { code, message } = cause as { code?: string; message?: string }
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return new AppError('source-down', plainUrl(message ?? ''), { cause })
  if (code === '28P01' || code === '28000' || code === '42501') return new AppError('source-refused', `PostgreSQL: ${message}`, { cause })
  if (code.startsWith('42') || code === '3D000' || code === '3F000')
    return new AppError('source-changed', `PostgreSQL: ${message}`, { cause })
  return new AppError('source-down', `PostgreSQL: ${message}`, { cause })
}
